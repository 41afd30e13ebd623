import Domain
import FoundationEssentials
import OrchestratorCore
import Postgres
import Simulation
import Store
import TestKit
import ToolKit

/// The repositories on Postgres and the model beside them, both at the same frozen moment.
struct StorePair {
    let database: Database
    let dispatch: PostgresConfiguration
    let admin: PostgresConnection
    let tenant = TenantID.new()
    let persona = PersonaID.new()

    static func with(_ body: (StorePair) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let database = Database(app: test.pool(.application, size: 2), dispatch: test.pool(.dispatch, size: 2))
            let pair = StorePair(
                database: database, dispatch: test.configuration(.dispatch), admin: try await test.connect())
            try await pair.freeze()
            try await pair.seed()
            try await body(pair)
            await pair.admin.close()
            await database.app.close()
            await database.dispatch.close()
        }
    }

    /// The platform's clock stands still between `set`s, so that every time can be compared exactly.
    private func freeze() async throws {
        try await admin.script(
            """
            CREATE TABLE frozen_clock (at timestamptz NOT NULL);
            INSERT INTO frozen_clock VALUES (to_timestamp(0));
            GRANT SELECT ON frozen_clock TO persona_app, persona_dispatch;
            CREATE OR REPLACE FUNCTION platform_now() RETURNS timestamptz LANGUAGE sql STABLE
            AS $$ SELECT at FROM frozen_clock $$;
            """)
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

    func set(_ milliseconds: Int) async throws {
        _ = try await admin.query(
            "UPDATE frozen_clock SET at = to_timestamp($1::double precision / 1000)", [.int(milliseconds)])
    }

    /// Nothing stays of the sequence before.
    func clear() async throws {
        try await admin.script(
            """
            DELETE FROM outbox; DELETE FROM signals; DELETE FROM jobs; DELETE FROM runs; DELETE FROM audit_log;
            DELETE FROM audit_heads;
            """)
    }

    /// Returns once the server has noticed that `owner`'s session is gone.
    func end(_ owner: ProcessOwner) async throws {
        await owner.close()
        while try await !admin.query(
            "SELECT 1 FROM living_owners() AS l (number) WHERE l.number = $1", [.int(owner.number)]
        ).isEmpty {}
    }

    // MARK: Tables

    /// Every row as a line, in an order of its own; see `ModelStore.lines` for the same of the model.
    func lines() async throws -> [String] {
        let rows = try await admin.query(Self.dump)
        var lines: [String] = []
        for row in rows {
            let json = try row.texts("values").enumerated().map { index, text in
                text.hasPrefix("{") || text.hasPrefix("[") ? try Self.canonical(text) : text
            }
            lines.append(([try row.text("name")] + json).joined(separator: "|"))
        }
        return lines.sorted()
    }

    private static func canonical(_ text: String) throws -> String {
        String(decoding: try JSONValue(parsing: Array(text.utf8)).canonicalBytes(), as: UTF8.self)
    }

    private static func cell(_ name: String) -> String { "coalesce(\(name)::text, '-')" }
    private static func time(_ name: String) -> String {
        "coalesce(round(extract(epoch FROM \(name)) * 1000)::bigint::text, '-')"
    }

    private static let dump = """
        SELECT 'run' AS name, ARRAY[run_id::text, status, seq::text, steps::text, \(cell("waiting_for")),
            \(cell("output")), \(cell("error")), cancel_requested::text, \(time("started_at")), \(time("finished_at")),
            priority::text, \(time("ready_at")), wakes::text, \(cell("owner")), epoch::text, \(time("lease_until"))]
            AS values FROM runs
        UNION ALL SELECT 'job', ARRAY[job_id::text, run_id::text, step::text, node, \(cell("item")), kind, tool,
            input::text, effect, effect_key, timeout_seconds::text, priority::text, state, \(cell("phase")),
            attempt::text, rescues::text, \(cell("result")), \(cell("error")), applied::text, \(time("started_at")),
            \(time("finished_at")), \(time("run_after")), \(cell("owner")), epoch::text, \(time("lease_until"))] FROM jobs
        UNION ALL SELECT 'step', ARRAY[run_id::text, step::text, node, kind, \(cell("input")), \(time("started_at")),
            status, attempt::text, \(cell("output")), \(cell("error")), \(time("finished_at"))] FROM steps
        UNION ALL SELECT 'checkpoint', ARRAY[run_id::text, seq::text, delta::text, \(cell("snapshot"))] FROM checkpoints
        UNION ALL SELECT 'event', ARRAY[run_id::text, seq::text, kind, \(cell("node")), data::text] FROM run_events
        UNION ALL SELECT 'signal', ARRAY[run_id::text, signal_id::text, name, payload::text, \(time("created_at")),
            \(cell("consumed_seq"))] FROM signals
        UNION ALL SELECT 'ring', ARRAY[topic, subject_id::text] FROM outbox
        UNION ALL SELECT 'audit', ARRAY[action, subject] FROM audit_log
        """
}
