import CLinux
import Glibc

/// Threads for calls that block, which must never run on Swift's task pool.
package enum OwnThread {
    /// Small, because there may be many; bodies keep their buffers on the heap.
    private static let stackBytes = 256 * 1024

    /// Runs `body` on a new detached thread.
    package static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws(SocketError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackBytes)
        let box = Unmanaged.passRetained(Body(name: name, run: body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { raw in
                guard let raw else { return nil }
                let body = Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
                persona_name_thread(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        if result != 0 {
            box.release()
            throw .system("thread_failed", "no thread could be started", result)
        }
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
