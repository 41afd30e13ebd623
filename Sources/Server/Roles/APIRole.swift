package import API
package import Domain
import Egress
import Hummingbird
package import Logging
import Postgres
package import ServiceLifecycle
import Store
import Upkeep

/// The API as a service.
package enum APIRole {
    package static func service(
        _ storage: Storage, listen: Configuration.Endpoint, probes: [Services.Probe], logger: Logger,
        doorbell: (any Doorbell)? = nil, dashboard: String? = nil,
        webhookHosts: [String] = [], onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> any Service {
        let services = Services(
            database: storage.database, blobs: storage.blobs, master: storage.master, doorbell: doorbell,
            dashboard: dashboard, refusalOfWebhook: WebhookTarget.refusal(EgressPolicy(private: webhookHosts)),
            tools: PersonaTools.contracts,
            probes: [Services.Probe("database") { try await storage.database.app.check() }] + probes)
        return try APIServer.application(
            services, host: listen.host, port: listen.port, logger: logger, onListening: onListening)
    }
}
