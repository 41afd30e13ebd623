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

/// Workers as a service: personas' sandboxes, job slots and watched mailboxes of one process. A new owner each time
/// that it lost its session: to the others a process without one is dead, and what it holds is taken.
struct WorkerRole: Service {
    /// Between a lost session and the next attempt; also how soon a loss is noticed.
    static let pause = Duration.seconds(1)

    let configuration: Configuration
    let storage: Storage
    let doorbell: any Doorbell
    let logger: Logger

    func run() async throws {
        let client = try HTTPClient()
        let loop = try PollLoop(name: "sandboxes")
        let sandbox = try await sandbox(on: loop)
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                let owner = try await storage.register()
                try await work(owner, client, try containers(sandbox, loop))
                await owner.close()
            } catch {
                if Task.isCancelled || Task.isShuttingDownGracefully { break }
                logger.warning("the worker starts again", metadata: ["reason": "\(error)"])
                // Cancelled: the loop ends.
                try? await Task.sleep(for: Self.pause)
            }
        }
        await client.shutdown()
    }

    /// Works until asked to stop, and then in order. Throws `LeaseError.fenced` once the owner has lost its session.
    private func work(_ owner: ProcessOwner, _ client: HTTPClient, _ containers: PersonaContainers) async throws {
        try await containers.clear()
        let source = StoreJobSource(JobQueue(storage.database, owner: owner), doorbell: doorbell)
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
                group.addTask {
                    while !Task.isCancelled {
                        guard owner.isAlive else {
                            worker.abandon()
                            throw LeaseError.fenced
                        }
                        // Cancelled: the loop ends.
                        try? await Task.sleep(for: Self.pause)
                    }
                }
                // Unlike waitForAll, this ends the others with the first that fails.
                for try await _ in group {}
            }
        }
    }

    private func sandbox(on loop: PollLoop) async throws -> any PersonaSandbox {
        let program = PersonaProgram(
            executable: try Self.executable(), libraries: RuntimeLibraries.directories())
        let data = try DataPath.absolute(configuration.dataDirectory)
        let sandbox = try await SandboxChoice.sandbox(
            configuration.sandbox, program: program, data: data, on: loop, logger: logger)
        for (guarantee, reason) in sandbox.guarantees.missing where guarantee != .ownKernel {
            logger.info(
                "the sandbox cannot promise everything",
                metadata: ["missing": "\(guarantee.rawValue)", "reason": "\(reason)"])
        }
        return sandbox
    }

    private func containers(_ sandbox: any PersonaSandbox, _ loop: PollLoop) throws -> PersonaContainers {
        var settings = PersonaContainerSettings()
        let ledger = EgressLedger(database: storage.database, logger: logger)
        settings.ledger = { tenant, persona, record in ledger.write(record, tenant, persona) }
        return PersonaContainers(
            data: try DataPath.absolute(configuration.dataDirectory), sandbox: sandbox, proxy: EgressProxy(on: loop),
            on: loop, settings: settings
        ) { [logger] tenant, persona, end in
            logger.debug("a sandbox ended", metadata: ["persona": "\(persona)", "end": "\(end)"])
        }
    }

    private static func executable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
