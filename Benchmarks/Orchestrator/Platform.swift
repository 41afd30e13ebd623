import Domain
import FoundationEssentials
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import ToolKit

/// One tenant with a persona, and an orchestrator with its worker in this process.
struct Platform: Sendable {
    let database: Database
    let bell: LocalDoorbell
    let committer: ObservedCommitter
    /// The same at each start, so that old rows are the same tenant's as new ones.
    let tenant = TenantID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1)))
    let persona = PersonaID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 2)))

    private static let tools = ToolCatalog([ToolDescriptor(name: "bench.echo", summary: "Answers.", effect: .read)])

    /// Runs `body` beside the orchestrator, then stops it.
    static func with(
        dsn: String, visitsPerCheckpoint: Int?, _ body: sending (Platform) async throws -> Void
    ) async throws {
        func login(_ role: String) -> PostgresConfiguration {
            PostgresConfiguration(dsn: dsn, onConnect: ["SET ROLE \(role)"])
        }
        // As many connections as the orchestrator's role opens.
        let database = Database(
            app: PostgresPool(login("persona_app"), size: 8), dispatch: PostgresPool(login("persona_dispatch"), size: 4)
        )
        let owner = try await ProcessOwner.register(login("persona_dispatch"))
        let platform = Platform(
            database: database, bell: LocalDoorbell(),
            committer: ObservedCommitter(GroupCommitter(database, owner: owner)))
        try await platform.seed()
        var options = Orchestrator.Options()
        if let visitsPerCheckpoint { options.visitsPerCheckpoint = visitsPerCheckpoint }
        let orchestrator = Orchestrator(
            database: database, owner: owner, doorbell: platform.bell, tools: tools,
            effectKey: { _ in EffectKey(secret: Data(repeating: 3, count: 32)) }, committer: platform.committer,
            options: options, logger: Logger(label: "bench"))
        let worker = EchoWorker(queue: JobQueue(database, owner: owner), bell: platform.bell)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await orchestrator.run() }
            group.addTask {
                do { try await worker.run() } catch is CancellationError {}
            }
            try await body(platform)
            group.cancelAll()
        }
        await owner.close()
        await database.app.close()
        await database.dispatch.close()
    }

    private func seed() async throws {
        _ = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    INSERT INTO tenants (tenant_id, slug, name) VALUES ($1, 'bench', 'Bench') ON CONFLICT DO NOTHING
                    """, [tenant.value]),
                PostgresStatement(
                    """
                    INSERT INTO personas (tenant_id, persona_id, slug, name, version) VALUES ($1, $2, 'ada', 'Ada', 1)
                    ON CONFLICT DO NOTHING
                    """, [tenant.value, persona.value]),
                PostgresStatement(
                    """
                    INSERT INTO persona_versions (tenant_id, persona_id, version, definition) VALUES ($1, $2, 1, '{}')
                    ON CONFLICT DO NOTHING
                    """, [tenant.value, persona.value]),
            ])
    }

    /// Creates a run, rings for it and returns when it has come to rest: ended, or waiting for someone.
    func go(_ graph: GraphDefinition) async throws {
        let run = NewRun(persona: persona, personaVersion: 1, graph: graph, input: [:])
        let rested = committer.rest(of: run.id)
        try await Runs(database).create(tenant, run, actor: "system")
        await bell.ring([.run(tenant, run.id)])
        for await _ in rested { break }
    }

    /// As `go` for `runs` runs, `concurrency` of them under way at once; the milliseconds that each took.
    func go(_ graph: GraphDefinition, runs: Int, concurrency: Int) async throws -> [Double] {
        try await withThrowingTaskGroup(of: [Double].self) { group in
            for client in 0..<concurrency {
                group.addTask {
                    var times: [Double] = []
                    for _ in stride(from: client, to: runs, by: concurrency) {
                        let start = ContinuousClock.now
                        try await go(graph)
                        times.append(milliseconds(since: start))
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}

/// A worker whose tool gives back what it was given: what is measured is the way through the queue.
struct EchoWorker {
    /// Jobs begun at once, as a worker's slots.
    private static let slots = 16

    let queue: JobQueue
    let bell: LocalDoorbell

    func run() async throws {
        let rings = await bell.rings()
        // However many jobs are rung for while one claim is under way: they are one more claim.
        let (news, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await ring in rings {
                    if case .job = ring { continuation.yield() }
                }
            }
            for await _ in news { try await work(&group) }
            group.cancelAll()
        }
    }

    /// Claims until nothing is left.
    private func work(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        while true {
            let jobs = try await queue.claim(limit: Self.slots)
            for job in jobs {
                group.addTask {
                    try await queue.complete(job, output: job.input)
                    await bell.ring([.run(job.tenant, job.run)])
                }
            }
            if jobs.count < Self.slots { return }
        }
    }
}

func milliseconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start) / .milliseconds(1)
}

/// The value below which `share` of `values` lie.
func percentile(_ values: [Double], _ share: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}
