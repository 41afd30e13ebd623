import Domain
import Egress
import Embedded
import FoundationEssentials
import Glibc
import PersonaContainers
import Postgres
import Store
import Synchronization
import ToolKit
import WorkerStore
import Workers

/// Jobs from the store's queue through one worker and its sandboxes, outcomes committed, until the last is done.
enum Pool {
    /// Jobs of one run: each outcome wakes its run.
    private static let jobsPerRun = 10

    static func run(_ path: String, jobs: Int, tenants: Int) async throws {
        var settings = EmbeddedPostgres.Settings()
        settings.diesWithParent = true
        let postgres = try await EmbeddedPostgres.start(in: try DataDirectory(path), settings: settings)
        let admin = try await PostgresConnection.connect(PostgresConfiguration(dsn: postgres.url()))
        _ = try await MigrationRunner(directory: "Migrations").up(admin)
        let dispatch = PostgresConfiguration(dsn: postgres.url(user: "persona_dispatch"))
        let database = Database(
            app: PostgresPool(PostgresConfiguration(dsn: postgres.url(user: "persona_app")), size: 8),
            dispatch: PostgresPool(dispatch, size: 4))
        let owner = try await ProcessOwner.register(dispatch)
        let yard = try await Yard("bubblewrap", program: Yard.program)
        for tenant in 0..<tenants { try await plan(jobs / tenants, tenant, admin) }
        try await admin.script("ANALYZE")
        // Every persona's sandbox is up, and every connection has been used.
        let source = StoreJobSource(JobQueue(database, owner: owner), doorbell: Silence())
        let worker = Worker(
            jobs: source, containers: yard.containers, tools: { _ in BareTool.descriptor }, resolver: None(),
            artifacts: None(), models: None(), log: { FileLog.note($0) })
        let begun = ContinuousClock.now
        let work = Task { await worker.run() }
        while try await admin.query("SELECT 1 FROM jobs WHERE state <> 'done' LIMIT 1").first != nil {
            try await Task.sleep(for: .milliseconds(20))
        }
        let took = Report.milliseconds(.now - begun)
        work.cancel()
        await work.value
        await yard.end()
        await owner.close()
        await database.app.close()
        await database.dispatch.close()
        await admin.close()
        try await postgres.stop()
        Report.show([("jobs", [Double(jobs)]), ("milliseconds", [took])])
    }

    private static func plan(_ jobs: Int, _ number: Int, _ admin: PostgresConnection) async throws {
        let tenant = TenantID.new(), persona = PersonaID.new()
        try await admin.script(
            """
            INSERT INTO tenants (tenant_id, slug, name) VALUES ('\(tenant)', 't\(number)', 'T');
            INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ('\(tenant)', 0, decode(repeat('00', 32), 'hex'))
                ON CONFLICT DO NOTHING;
            INSERT INTO personas (tenant_id, persona_id, slug, name, version)
                VALUES ('\(tenant)', '\(persona)', 'ada', 'Ada', 1);
            INSERT INTO persona_versions (tenant_id, persona_id, version, definition)
                VALUES ('\(tenant)', '\(persona)', 1, '{}');
            INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph, input, trace_id, ready_at)
                SELECT '\(tenant)', gen_random_uuid(), '\(persona)', 1, '{}', '{}', repeat('0', 32), NULL
                FROM generate_series(1, greatest(1, \(jobs / jobsPerRun)));
            INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                    timeout_seconds)
                SELECT r.tenant_id, gen_random_uuid(), r.run_id, r.persona_id, n, 'n', 'tool', 'bench.echo',
                    '{"text": "hello"}', 'read', gen_random_uuid()::text, 60
                FROM runs r, generate_series(1, \(jobsPerRun)) n WHERE r.tenant_id = '\(tenant)';
            """)
    }

    private struct Silence: Doorbell {
        func ring(_ rings: [DoorbellRing]) async {}
        func rings() async -> AsyncStream<DoorbellRing> { AsyncStream { $0.finish() } }
    }

    private struct None: ResourceResolver, ArtifactStore, ModelRunner {
        private static let none = ToolFailure(.permanent, code: "none", "There is none.")

        func resolve(
            _ resource: ToolResource, id: String, tenant: TenantID, persona: PersonaID
        ) async throws(ToolFailure) -> ResolvedResource { throw Self.none }
        func secrets(
            _ names: [String], tenant: TenantID, persona: PersonaID
        ) async throws(ToolFailure) -> [String: Secret] { [:] }
        func egress(tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> EgressPolicy { EgressPolicy() }
        func keep(
            _ file: WorkspaceFile, of root: WorkspaceRoot, tenant: TenantID
        ) async throws(ToolFailure) -> StoredArtifact { throw Self.none }
        func run(
            _ job: WorkerJob, progress: @escaping @Sendable (String) -> Void
        ) async throws(ToolFailure) -> JSONValue { throw Self.none }
    }
}

/// What goes wrong, to standard error.
enum FileLog {
    static func note(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = write(2, line, line.count)
    }
}
