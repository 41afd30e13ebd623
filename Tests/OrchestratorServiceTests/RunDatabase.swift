import Domain
import FoundationEssentials
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import TestKit
import Testing
import ToolKit

/// A schema of its own in the test database, migrated, with one tenant and one persona.
struct RunDatabase {
    let database: Database
    let dispatch: PostgresConfiguration
    let admin: PostgresConnection
    let tenant = TenantID.new()
    let persona = PersonaID.new()

    /// Runs `body` against a new schema and drops it afterwards.
    static func with(_ body: (RunDatabase) async throws -> Void) async throws {
        let dsn = try await TestServices.shared.databaseURL()
        let schema = "runs_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let path = "SET search_path TO \(schema), public"
        let admin = try await PostgresConnection.connect(PostgresConfiguration(dsn: dsn))
        try await admin.script("CREATE SCHEMA \(schema); \(path)")
        try await MigrationRunner(directory: Repository.migrations).up(admin)
        let app = PostgresConfiguration(dsn: dsn, onConnect: [path, "SET ROLE persona_app"])
        let dispatch = PostgresConfiguration(dsn: dsn, onConnect: [path, "SET ROLE persona_dispatch"])
        let database = Database(
            app: PostgresPool(app, size: 4), dispatch: PostgresPool(dispatch, size: 3))
        let fixture = RunDatabase(database: database, dispatch: dispatch, admin: admin)
        do {
            try await fixture.seed()
            try await body(fixture)
        } catch {
            await fixture.close(schema)
            throw error
        }
        await fixture.close(schema)
    }

    private func close(_ schema: String) async {
        await database.app.close()
        await database.dispatch.close()
        // What stays behind is a schema in a test database.
        try? await admin.script("DROP SCHEMA \(schema) CASCADE")
        await admin.close()
    }

    private func seed() async throws {
        _ = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "INSERT INTO tenants (tenant_id, slug, name) VALUES ($1, 'acme', 'Acme')", [tenant.value]),
                PostgresStatement(
                    "INSERT INTO personas (tenant_id, persona_id, slug, name, version) VALUES ($1, $2, 'ada', 'Ada', 1)",
                    [tenant.value, persona.value]),
                PostgresStatement(
                    "INSERT INTO persona_versions (tenant_id, persona_id, version, definition) VALUES ($1, $2, 1, '{}')",
                    [tenant.value, persona.value]),
            ])
    }

    func owner() async throws -> ProcessOwner { try await ProcessOwner.register(dispatch) }

    func start(_ graph: JSONValue, input: JSONValue = [:]) async throws -> RunID {
        let run = NewRun(persona: persona, personaVersion: 1, graph: try GraphDefinition(graph), input: input)
        try await Runs(database).create(tenant, run, actor: "system")
        return run.id
    }

    func run(_ id: RunID) async throws -> Run { try #require(try await Runs(database).find(tenant, id)) }

    static let tools = ToolCatalog([
        ToolDescriptor(name: "look", summary: "Reads.", effect: .read),
        ToolDescriptor(name: "send", summary: "Sends.", effect: .nonIdempotent, reconciler: "find"),
        ToolDescriptor(name: "post", summary: "Sends, cannot be looked up.", effect: .nonIdempotent),
        ToolDescriptor(name: "find", summary: "Looks for an effect.", effect: .read),
    ])

    func orchestrator(_ owner: ProcessOwner, _ doorbell: any Doorbell, sweep: Duration = .milliseconds(100))
        -> Orchestrator
    {
        var options = Orchestrator.Options()
        options.sweepInterval = sweep
        return Orchestrator(
            database: database, owner: owner, doorbell: doorbell, tools: Self.tools,
            effectKey: { _ in EffectKey(secret: Data(repeating: 3, count: 32)) }, options: options,
            logger: Logger(label: "test"))
    }

    /// Waits until `condition` holds; the deadline only ends a test that has failed.
    func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("the condition did not come true in 300 s")
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func untilEnded(_ id: RunID) async throws -> Run {
        try await until { try await run(id).status.isFinal }
        return try await run(id)
    }

    /// What the oracle asks of every run: events without gaps, checkpoints that fold to the state, chained audit.
    func checkHistory(_ id: RunID) async throws {
        let events = try await Runs(database).events(tenant, id, limit: 10_000)
        #expect(events.map(\.seq) == Array(1...max(events.count, 1)))
        #expect(try await run(id).seq == events.count)
        #expect(try await AuditLog(database).verify(tenant) != .broken(seq: 0, reason: ""))
        if case .broken(let seq, let reason) = try await AuditLog(database).verify(tenant) {
            Issue.record("the audit chain is broken at \(seq): \(reason)")
        }
    }
}

/// A worker that answers calls by name, over the real queue.
struct TestWorker {
    let queue: JobQueue
    let doorbell: any Doorbell
    let answers: @Sendable (ClaimedJob) async throws -> JSONValue

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    _ = try await queue.heartbeat()
                    try await Task.sleep(for: .seconds(1))
                }
            }
            group.addTask { try await work() }
            try await group.next()
            group.cancelAll()
        }
    }

    private func work() async throws {
        while true {
            let jobs = try await queue.claim(limit: 8)
            for job in jobs {
                do {
                    try await queue.complete(job, output: try await answers(job))
                } catch let failure as ToolFailure {
                    try await queue.fail(job, failure)
                } catch is LeaseError {
                    continue
                }
                await doorbell.ring([.run(job.tenant, job.run)])
            }
            if jobs.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
    }
}
