import Glibc

/// Runs what blocks (a client's calls, a server's reads, waiting for processes) on a thread of its own: Swift's task
/// pool has one thread a core and does not grow, so that two blocked tests would hold up all others.
package enum TestThread {
    package struct StartFailure: Error {
        package let code: Int32
    }

    /// Starts `body` on a new detached thread.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(StartFailure) {
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { raw in
                if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw StartFailure(code: code)
        }
        pthread_detach(thread)
    }

    /// Runs `body` on a new thread and suspends until it has returned or thrown.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try start { continuation.resume(with: Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
