import ServiceLifecycle

/// A service that does nothing but wait for the end.
struct UntilStopped: Service {
    func run() async throws { try await gracefulShutdown() }
}
