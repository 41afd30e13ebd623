import Domain
import Egress
import FoundationEssentials
import HTTPClient
import Logging
import OrchestratorService
import PersonaContainers
import ServiceLifecycle
import Sockets
import Store
import ToolKit
import WorkerStore
import Workers

/// Workers as a service: personas' sandboxes, job slots and watched mailboxes of one process.
struct WorkerRole: Service {
    let configuration: Configuration
    let storage: Storage
    let doorbell: any Doorbell
    let logger: Logger

    func run() async throws {
        let owner = try await storage.register()
        let client = try HTTPClient()
        let containers = try await containers()
        let source = StoreJobSource(
            JobQueue(storage.database, owner: owner), doorbell: doorbell
        ) { [logger] job, message, fraction in
            logger.info(
                "\(message)",
                metadata: ["run": "\(job.run)", "fraction": "\(fraction.map { String($0) } ?? "unknown")"])
        }
        let resources = StoreResources(storage: storage)
        let log: @Sendable (String) -> Void = { [logger] in logger.warning("\($0)") }
        let worker = Worker(
            jobs: source, containers: containers,
            tools: { name in PersonaTools.descriptors.first { $0.name == name } }, resolver: resources,
            artifacts: BlobArtifacts(storage.blobs), models: GatewayModels(storage: storage, client: client),
            log: log)
        let watcher = MailWatcher(
            intake: StoreMailIntake(database: storage.database, owner: owner, doorbell: doorbell, logger: logger),
            resolver: resources, containers: containers, log: log)
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await source.listen() }
                group.addTask { await watcher.run() }
                group.addTask { await worker.run() }
                group.addTask { await containers.run() }
                try await group.waitForAll()
            }
        }
        await client.shutdown()
        await owner.close()
    }

    private func containers() async throws -> PersonaContainers {
        let loop = try PollLoop(name: "sandboxes")
        let program = PersonaProgram(
            executable: try Self.executable(), libraries: RuntimeLibraries.directories())
        let data = try DataPath.absolute(configuration.dataDirectory)
        let sandbox = try await SandboxChoice.sandbox(
            configuration.sandbox, program: program, data: data, on: loop, logger: logger)
        for missing in sandbox.promises.missing {
            logger.info("the sandbox cannot promise everything", metadata: ["missing": "\(missing)"])
        }
        var settings = PersonaContainerSettings()
        let ledger = EgressLedger(database: storage.database, logger: logger)
        settings.ledger = { tenant, persona, record in ledger.write(record, tenant, persona) }
        return PersonaContainers(
            data: data, sandbox: sandbox, proxy: EgressProxy(on: loop), on: loop, settings: settings
        ) { [logger] tenant, persona, end in
            logger.debug("a sandbox ended", metadata: ["persona": "\(persona)", "end": "\(end)"])
        }
    }

    private static func executable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
