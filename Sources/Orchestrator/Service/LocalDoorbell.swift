package import Domain
import Synchronization

/// Rings within one process: every listener hears every ring.
package final class LocalDoorbell: Doorbell {
    /// Rings held for a slow listener; the oldest are dropped beyond it, and its sweep makes up for them.
    package static let buffer = 10_000

    private struct Listeners {
        var next = 0
        var continuations: [Int: AsyncStream<DoorbellRing>.Continuation] = [:]
    }
    private let listeners = Mutex(Listeners())

    package init() {}

    package func ring(_ rings: [DoorbellRing]) async {
        let continuations = listeners.withLock { Array($0.continuations.values) }
        for continuation in continuations {
            for ring in rings { continuation.yield(ring) }
        }
    }

    package func rings() async -> AsyncStream<DoorbellRing> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DoorbellRing.self, bufferingPolicy: .bufferingNewest(Self.buffer))
        let id = listeners.withLock { listeners in
            listeners.next += 1
            listeners.continuations[listeners.next] = continuation
            return listeners.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLock { $0.continuations[id] = nil }
        }
        return stream
    }
}
