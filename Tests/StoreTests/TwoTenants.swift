import Domain
import Postgres
import Store
import TestKit
import Testing

/// Two tenants with one row in every table, the same ids in both.
struct TwoTenants: Sendable {
    let database: TestDatabase
    /// One connection each, so that every statement reuses the one before it.
    let store: Database
    let mine = TenantID.new()
    let theirs = TenantID.new()
    private(set) var tables: [String] = []
    /// My rows as JSON, by table.
    private(set) var rows: [String: String] = [:]
    /// The columns of each table that a writer gives, by commas.
    private var written: [String: String] = [:]
    private(set) var before = ""

    static func with(_ body: (TwoTenants) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let store = Database(
                app: database.pool(.application, size: 1), dispatch: database.pool(.dispatch, size: 1))
            var stage = TwoTenants(database: database, store: store)
            try await stage.fill()
            try await body(stage)
            await store.app.close()
            await store.dispatch.close()
        }
    }

    /// Who tries: the other tenant, and nobody.
    var intruders: [(String, @Sendable (String, [PostgresValue]) async throws -> [PostgresRow])] {
        [
            ("another tenant", { [store, theirs] in try await store.rows(theirs, $0, $1) }),
            ("no tenant", { [store] in try await store.app.query($0, $1) }),
        ]
    }

    /// A row of any table from its JSON; identity and generated columns are made anew.
    func insertion(_ table: String) -> String {
        let columns = written[table] ?? ""
        return "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM json_populate_record(NULL::\(table), $1)"
    }

    /// `nil` where Postgres refuses for want of privilege or by policy.
    func refusal<Value>(_ work: () async throws -> Value) async throws -> Value? {
        do {
            return try await work()
        } catch let error as PostgresError where error.sqlstate == "42501" {
            return nil
        } catch let error as PostgresError where error.isForeignKeyViolation {
            return nil  // a row of their own that others hang on: none of mine
        }
    }

    func isRefused(_ what: String, _ work: () async throws -> Void) async {
        do {
            try await work()
            Issue.record("not refused: \(what)")
        } catch let error as PostgresError {
            #expect(error.sqlstate == "42501", "\(what): \(error)")
        } catch {
            Issue.record("\(what): \(error)")
        }
    }

    /// Of all my rows.
    func checksum() async throws -> String {
        let owner = try await database.connect()
        var sums: [String] = []
        for table in tables {
            sums += try await owner.query(
                "SELECT md5(string_agg(t::text, ',')) AS sum FROM \(table) t WHERE tenant_id = $1", [mine.value]
            ).map { try $0.text("sum") }
        }
        await owner.close()
        return sums.joined(separator: " ")
    }

    /// Brings back their own rows, which they may well delete.
    func refill() async throws {
        let owner = try await database.connect()
        try await Self.insertRows(owner, theirs, slug: "theirs")
        await owner.close()
    }

    private mutating func fill() async throws {
        let owner = try await database.connect()
        try await Self.insertRows(owner, mine, slug: "mine")
        try await Self.insertRows(owner, theirs, slug: "theirs")
        tables = Self.statements.map(\.table)
        for table in tables {
            let row = try await owner.query(
                "SELECT row_to_json(t)::text AS row FROM \(table) t WHERE tenant_id = $1", [mine.value])
            rows[table] = try row.first?.text("row")
            written[table] = try await owner.query(
                """
                SELECT string_agg(attname, ', ' ORDER BY attnum) AS columns FROM pg_attribute
                WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
                    AND attgenerated = '' AND attidentity = ''
                """, [.text(table)]
            ).first?.text("columns")
        }
        await owner.close()
        before = try await checksum()
    }

    private static func insertRows(_ owner: PostgresConnection, _ tenant: TenantID, slug: String) async throws {
        for (table, columns, values) in statements {
            let values = values.replacing("SLUG", with: "'\(slug)'").replacing("ID", with: "'\(id)'")
            try await owner.script(
                "INSERT INTO \(table) (tenant_id, \(columns)) VALUES ('\(tenant)', \(values)) ON CONFLICT DO NOTHING")
        }
        try await owner.script(
            """
            DELETE FROM outbox o USING outbox p
            WHERE o.tenant_id = p.tenant_id AND o.outbox_id > p.outbox_id
            """)
    }

    private static let id = "0198a1b2-0000-7000-8000-000000000001"
    private static let digest = "decode(repeat('ab', 32), 'hex')"
    /// In the order of their references.
    private static let statements: [(table: String, columns: String, values: String)] = [
        ("tenants", "slug, name", "SLUG, 'T'"),
        ("tenant_keys", "version, wrapped_key", "1, \(digest)"),
        ("users", "user_id, email, email_digest, name, role", "ID, 'a@b.test', \(digest), 'A', 'owner'"),
        ("tokens", "token_id, user_id, kind, secret_hash", "ID, ID, 'api', \(digest)"),
        ("idempotency_keys", "user_id, key, request_hash, expires_at", "ID, 'k', \(digest), now()"),
        ("audit_heads", "seq, hash", "1, \(digest)"),
        (
            "audit_log", "seq, at, actor, action, subject, entry, previous_hash, hash",
            "1, now(), 'system', 'a', 's', \(digest), \(digest), \(digest)"
        ),
        ("personas", "persona_id, slug, name, version", "ID, 'p', 'P', 1"),
        ("persona_versions", "persona_id, version, definition", "ID, 1, '{}'"),
        ("graphs", "graph_id, slug, name, version", "ID, 'g', 'G', 1"),
        ("graph_versions", "graph_id, version, definition", "ID, 1, '{}'"),
        ("model_providers", "provider_id, name, base_url, model", "ID, 'm', 'https://m.test', 'm'"),
        (
            "runs", "run_id, persona_id, persona_version, graph, input, trace_id",
            "ID, ID, 1, '{}', '{}', '4bf92f3577b34da6a3ce929d0e0e4736'"
        ),
        (
            "run_event_batches", "run_id, seq, kinds, nodes, data", "ID, 1, ARRAY['run.started'], ARRAY[NULL], '[{}]'"
        ),
        ("steps", "run_id, step, node, kind, status", "ID, 1, 'n', 'tool', 'running'"),
        ("checkpoints", "run_id, seq, delta", "ID, 1, '[]'"),
        (
            "jobs", "job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key, timeout_seconds",
            "ID, ID, ID, 1, 'n', 'tool', 't', '{}', 'read', 'k', 1"
        ),
        ("signals", "run_id, signal_id, name, payload", "ID, ID, 's', '{}'"),
        ("outbox", "topic, subject_id", "'run', ID"),
        (
            "files", "file_id, run_id, name, media_type, size, sha256, provenance",
            "ID, ID, 'f', 'text/plain', 1, \(digest), 'user'"
        ),
        (
            "egress_log", "egress_id, persona_id, host, port, verdict, bytes_up, bytes_down, duration_ms",
            "ID, ID, 'h', 1, 'allowed', 0, 0, 0"
        ),
        (
            "mailboxes", "mailbox_id, persona_id, address, username, imap, smtp, password, graph_id",
            "ID, ID, 'a@b.test', 'u', '{}', '{}', \(digest), ID"
        ),
        (
            "mails", "mail_id, mailbox_id, uid_validity, uid, identity, from_address, size, verdict",
            "ID, ID, 1, 1, 'i', 'a@b.test', 1, 'accepted'"
        ),
        ("schedules", "schedule_id, name, persona_id, graph_id, interval_seconds", "ID, 's', ID, ID, 60"),
        ("schedule_firings", "schedule_id, due_at, outcome", "ID, '2026-01-01', 'skipped'"),
        (
            "webhooks", "webhook_id, direction, name, persona_id, graph_id, secret", "ID, 'in', 'w', ID, ID, \(digest)"
        ),
        ("webhook_receipts", "webhook_id, message_id, run_id", "ID, 'm', ID"),
        (
            "approvals", "approval_id, run_id, step, node, title, detail, arguments, arguments_hash",
            "ID, ID, 1, 'n', 't', 'd', '{}', repeat('ab', 32)"
        ),
        ("tenant_settings", "details_days", "30"),
        ("step_progress", "run_id, step, node, attempt, message", "ID, 1, 'n', 1, 'half'"),
        ("webhook_deliveries", "delivery_id, webhook_id, run_id, event, payload", "ID, ID, ID, 'run.failed', '{}'"),
    ]
}
