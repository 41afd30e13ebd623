import Crypto
import Domain
import Egress
import HTTPClient
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import ServiceLifecycle
import Store
import Upkeep
import Vault

/// The orchestrator as a service, with its upkeep: a new owner each time that it lost its session.
struct OrchestratorRole: Service {
    /// Between a lost session and the next attempt.
    static let pause = Duration.seconds(1)

    let storage: Storage
    let doorbell: any Doorbell
    /// `host:port`s of the operator's own network that webhooks may tell.
    let webhookHosts: [String]
    let logger: Logger

    func run() async throws {
        let client = try HTTPClient()
        let storage = storage
        let sender = WebhookSender(
            database: storage.database, client: client, policy: EgressPolicy(private: webhookHosts)
        ) { try await Tenants(storage.database).key(of: $0, under: storage.master) }
        let upkeep = Upkeep(database: storage.database, sender: sender, doorbell: doorbell, logger: logger)
        async let kept: Void = upkeep.run()
        await advanceRuns()
        try await kept
        await client.shutdown()
    }

    private func advanceRuns() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                let owner = try await storage.register()
                try await orchestrator(owner).run()
                await owner.close()
                return
            } catch {
                if Task.isCancelled { return }
                logger.warning("the orchestrator starts again", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: Self.pause)  // cancelled: the loop ends
            }
        }
    }

    private func orchestrator(_ owner: ProcessOwner) -> Orchestrator {
        let storage = storage
        let cache = TenantToolCache(storage.database, own: PersonaTools.contracts)
        return Orchestrator(
            database: storage.database, owner: owner, doorbell: doorbell, tools: PersonaTools.catalog,
            effectKey: { tenant in
                let key = try await Tenants(storage.database).key(of: tenant, under: storage.master)
                return EffectKey(secret: key.derivedKey(for: "effect keys"))
            }, lookup: { try await cache.tools($0, of: $1) }, logger: logger)
    }
}
