import Glibc

/// Runs blocking drawing on a thread of its own: Swift's task pool does not grow.
package enum OwnThread {
    /// Pango and HarfBuzz recurse little; 8 MB is a main thread's stack.
    private static let stackBytes = 8 * 1024 * 1024

    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let box = Unmanaged.passRetained(Work { continuation.resume(with: Result { try body() }) })
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            defer { pthread_attr_destroy(&attributes) }
            pthread_attr_setstacksize(&attributes, stackBytes)
            pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, &attributes,
                { raw in
                    guard let raw else { return nil }
                    Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
            guard status != 0 else { return }
            box.release()
            continuation.resume(
                throwing: ToolFailure(.transient, code: "no_thread", "A thread could not be started (\(status))."))
        }
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
