import API
import Domain
import FoundationEssentials
import Glibc
import Logging
import OrchestratorService
import Redis
import ServiceLifecycle
import UnixSignals

/// What one process does for the platform.
enum Role: String, Sendable, CaseIterable {
    case api, orchestrator, worker
}

/// Starts roles over one store and runs them until a signal.
struct Roles: Sendable {
    let configuration: Configuration
    let addresses: ServiceAddresses
    let logger: Logger

    /// The services of `roles`, and what they share.
    func services(
        _ roles: [Role], storage: Storage, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> [any Service] {
        let redis = try RedisConfiguration(url: addresses.redis.reveal())
        let doorbell = try RedisDoorbell(redis)
        return try roles.map { role in
            switch role {
            case .api:
                let pinger = try RedisConnection(redis)
                return try APIRole.service(
                    storage, listen: configuration.listen,
                    probes: [.init("redis") { try await pinger.ping() }], logger: logger, doorbell: doorbell,
                    dashboard: configuration.dashboard, webhookHosts: configuration.webhookHosts,
                    onListening: onListening)
            case .orchestrator:
                return OrchestratorRole(
                    storage: storage, doorbell: doorbell, webhookHosts: configuration.webhookHosts, logger: logger)
            case .worker:
                return WorkerRole(
                    configuration: configuration, storage: storage, doorbell: doorbell, logger: logger)
            }
        }
    }

    /// Runs until SIGINT or SIGTERM, then in order.
    func run(_ services: [any Service]) async throws {
        try await ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: [.sigint, .sigterm],
                logger: logger)
        ).run()
    }
}
