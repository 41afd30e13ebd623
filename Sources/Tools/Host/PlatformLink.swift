import Domain
import FoundationEssentials
import Sockets
import Synchronization
import ToolKit

/// What the host and its running calls share: the socket and who waits for what.
final class PlatformLink: Sendable {
    private let channel: FrameChannel
    private let running = Mutex<[UInt64: RunningCall]>([:])

    init(_ channel: FrameChannel) { self.channel = channel }

    func send(_ message: SandboxMessage) throws {
        try channel.send(Array(JSONEncoder().encode(message)))
    }

    /// Registers a call; at the limit it is refused to the platform and `nil` comes back.
    func begin(_ call: ToolCall, limit: Int) -> RunningCall? {
        let begun: RunningCall? = running.withLock { running in
            guard running.count < limit, running[call.call] == nil else { return nil }
            let begun = RunningCall(call, link: self)
            running[call.call] = begun
            return begun
        }
        if begun == nil {
            let failure = ToolFailure(
                .transient, code: "sandbox_busy", "The sandbox already runs \(limit) calls; this one was not begun.")
            report(.failure(call: call.call, failure: failure))
        }
        return begun
    }

    func end(_ call: UInt64) { running.withLock { _ = $0.removeValue(forKey: call) } }

    func marked(_ call: UInt64, accepted: Bool) { running.withLock { $0[call] }?.marked(accepted: accepted) }

    func cancel(_ call: UInt64) { running.withLock { $0[call] }?.cancel() }

    /// The platform is gone: nothing more is confirmed, everything is cancelled.
    func close() {
        for call in running.withLock({ Array($0.values) }) { call.cancel() }
        channel.close()
    }

    /// Sends where a failure to send means that the platform is gone, which ends the process anyway.
    func report(_ message: SandboxMessage) {
        try? send(message)  // see above
    }
}
