import Crypto
import Domain
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import ServiceLifecycle
import Store
import Vault

/// The orchestrator as a service: a new owner each time that it lost its session.
struct OrchestratorRole: Service {
    /// Between a lost session and the next attempt.
    static let pause = Duration.seconds(1)

    let storage: Storage
    let doorbell: any Doorbell
    let logger: Logger

    func run() async throws {
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
        return Orchestrator(
            database: storage.database, owner: owner, doorbell: doorbell, tools: PersonaTools.catalog,
            effectKey: { tenant in
                let key = try await Tenants(storage.database).key(of: tenant, under: storage.master)
                return EffectKey(secret: key.derivedKey(for: "effect keys"))
            }, logger: logger)
    }
}
