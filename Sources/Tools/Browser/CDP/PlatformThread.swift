import Glibc

/// A detached thread for work that blocks and must stay off Swift's task pool.
enum PlatformThread {
    /// Starts `body` on a new thread; throws `launchFailed` where the system refuses one.
    static func start(_ body: @escaping @Sendable () -> Void) throws(BrowserError) {
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            throw BrowserError(.launchFailed, "No thread could be started: \(String(cString: strerror(result))).")
        }
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
