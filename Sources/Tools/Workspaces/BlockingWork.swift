import Glibc
import Synchronization
package import ToolKit

/// What blocks or computes for long, on a thread of its own: Swift's task pool does not grow.
package final class BlockingWork: Sendable {
    private let isStopped = Mutex(false)
    private let deadline: ContinuousClock.Instant

    /// Stack of the thread, in bytes: a main thread's.
    private static let stackBytes = 8 * 1024 * 1024

    package init(deadline: ContinuousClock.Instant) { self.deadline = deadline }

    /// Whether the call was cancelled or its time is over.
    package var isOver: Bool { isStopped.withLock { $0 } || ContinuousClock.now >= deadline }

    /// Throws where the work is to stop. Call it in every loop over foreign data.
    package func check() throws(ToolFailure) {
        if isStopped.withLock({ $0 }) {
            throw ToolFailure(.transient, code: "cancelled", "The call was cancelled.")
        }
        guard ContinuousClock.now < deadline else {
            throw ToolFailure(.permanent, code: "timed_out", "The work did not end in time; ask for less at once.")
        }
    }

    /// Runs `body` on a new thread; it hears of cancellation and of the call's deadline through `check`.
    package static func run<Value: Sendable>(
        until deadline: ContinuousClock.Instant, _ body: @escaping @Sendable (BlockingWork) throws -> Value
    ) async throws -> Value {
        let work = BlockingWork(deadline: deadline)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let code = start { continuation.resume(with: Result { try body(work) }) }
                guard code != 0 else { return }
                continuation.resume(
                    throwing: ToolFailure(.transient, code: "no_thread", "A thread could not be started (\(code))."))
            }
        } onCancel: {
            work.isStopped.withLock { $0 = true }
        }
    }

    /// 0, or the error of pthread_create(3).
    private static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let box = Unmanaged.passRetained(Body(body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { raw in
                if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        if code != 0 { box.release() }
        return code
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
