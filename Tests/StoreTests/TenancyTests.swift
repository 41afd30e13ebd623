import Domain
import Postgres
import Store
import TestKit
import Testing

/// Walks the catalog, so that a table that somebody adds is held to the same rules or named here with its reason.
@Suite(.timeLimit(.minutes(10))) struct TenancyTests {
    private static let notATenants: Set<String> = ["schema_migrations"]
    /// Unique keys without the tenant, each with its reason.
    private static let platformWide: Set<String> = [
        "tenants_slug_unique"  // a slug names the tenant itself, before any tenant is known
    ]

    @Test func everyTableLeadsWithItsTenantBehindForcedPolicies() async throws {
        try await TestDatabase.with { database in
            let owner = try await database.connect()
            let rows = try await owner.query(
                """
                SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced,
                    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = 1) AS first,
                    (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_isolation'
                        AND p.polroles = ARRAY['persona_app'::regrole::oid] AND p.polcmd = '*'
                        AND pg_get_expr(p.polqual, c.oid) = '(tenant_id = current_tenant())'
                        AND pg_get_expr(p.polwithcheck, c.oid) = '(tenant_id = current_tenant())') AS policies,
                    (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid
                        AND ('persona_app'::regrole = ANY (p.polroles) OR 0 = ANY (p.polroles))) AS all_policies
                FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
                """)
            #expect(rows.count > 15)
            for row in rows {
                let table = try row.text("relname")
                guard !Self.notATenants.contains(table) else { continue }
                #expect(try row.text("first") == "tenant_id", "\(table)")
                #expect(try row.bool("forced"), "\(table)")
                #expect(try row.int("policies") == 1, "\(table)")
                #expect(try row.int("all_policies") == 1, "\(table)")
            }
            await owner.close()
        }
    }

    @Test func everyUniqueKeyHoldsTheTenant() async throws {
        try await TestDatabase.with { database in
            let owner = try await database.connect()
            let rows = try await owner.query(
                """
                SELECT i.relname AS index, c.relname AS table FROM pg_index x
                JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
                WHERE c.relnamespace = current_schema()::regnamespace AND x.indisunique AND NOT EXISTS (
                    SELECT 1 FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum = ANY (x.indkey))
                """)
            let without = try rows.filter { !Self.notATenants.contains(try $0.text("table")) }
                .map { try $0.text("index") }
            #expect(Set(without) == Self.platformWide)
            await owner.close()
        }
    }

    @Test func theRolesOwnNothingAndPassNothingBy() async throws {
        try await TestDatabase.with { database in
            let owner = try await database.connect()
            let roles = try await owner.query(
                """
                SELECT rolname FROM pg_roles WHERE rolname IN ('persona_app', 'persona_dispatch')
                    AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
                    AND NOT EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = pg_roles.oid)
                """)
            #expect(roles.count == 2)
            for sql in [
                "SELECT 1 FROM pg_class WHERE relowner IN ('persona_app'::regrole, 'persona_dispatch'::regrole)",
                "SELECT 1 FROM pg_proc WHERE proowner IN ('persona_app'::regrole, 'persona_dispatch'::regrole)",
                // A definer's function or a view of its owner's would be a way around the policies.
                "SELECT 1 FROM pg_proc WHERE prosecdef AND pronamespace = current_schema()::regnamespace",
                """
                SELECT 1 FROM pg_class WHERE relkind IN ('v', 'm', 'f') AND relnamespace = current_schema()::regnamespace
                    AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
                """,
                """
                SELECT 1 FROM pg_class c, unnest(ARRAY['persona_app', 'persona_dispatch']) role
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                    AND (has_table_privilege(role, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
                        OR c.relname = 'schema_migrations' AND has_any_column_privilege(role, c.oid, 'SELECT, UPDATE'))
                """,
            ] {
                #expect(try await owner.query(sql).isEmpty, "\(sql)")
            }
            await owner.close()
        }
    }

    // MARK: Two tenants

    @Test func noTableShowsOrTakesAnotherTenantsRows() async throws {
        try await TwoTenants.with { stage in
            for table in stage.tables {
                for (name, run) in stage.intruders {
                    let seen = try await run(
                        "SELECT count(*)::bigint AS n FROM \(table) WHERE tenant_id = '\(stage.mine)'", [])
                    #expect(try seen[0].int("n") == 0, "\(name) reads \(table)")
                    for sql in [
                        "WITH hit AS (UPDATE \(table) SET tenant_id = tenant_id RETURNING tenant_id) SELECT tenant_id FROM hit",
                        "WITH hit AS (DELETE FROM \(table) RETURNING tenant_id) SELECT tenant_id FROM hit",
                    ] {
                        // A role without the privilege is as good as one that sees nothing.
                        let hits = try await stage.refusal { try await run(sql, []) }
                        let touched = try hits?.map { try $0.uuid("tenant_id") } ?? []
                        #expect(!touched.contains(stage.mine.uuid), "\(name) \(sql)")
                    }
                    await stage.isRefused("\(name) inserts into \(table)") {
                        _ = try await run(stage.insertion(table), [.json(try #require(stage.rows[table]))])
                    }
                }
                await stage.isRefused("a row of \(table) changes its tenant") {
                    try await stage.refill()
                    _ = try await stage.store.rows(
                        stage.theirs,
                        "UPDATE \(table) SET tenant_id = '\(stage.mine)' WHERE tenant_id = '\(stage.theirs)'")
                }
                try await stage.refill()
            }
            #expect(try await stage.checksum() == stage.before)
        }
    }

    @Test func aReusedConnectionForgetsItsTenant() async throws {
        try await TwoTenants.with { stage in
            for table in stage.tables {
                let count = "SELECT count(*)::bigint AS n FROM \(table)"
                #expect(try await stage.store.rows(stage.mine, count)[0].int("n") == 1, "\(table)")
                #expect(
                    try await stage.store.app.query(count)[0].int("n") == 0, "\(table) after a tenant's transaction")
                await #expect(throws: PostgresError.self) { try await stage.store.rows(stage.mine, "SELECT 1 / 0") }
                #expect(try await stage.store.app.query(count)[0].int("n") == 0, "\(table) after a failed transaction")
                let other = try await stage.store.rows(
                    stage.theirs, "SELECT tenant_id FROM \(table)"
                ).map { try $0.uuid("tenant_id") }
                #expect(other == [stage.theirs.uuid], "\(table)")
            }
        }
    }

    @Test func everyTableOfTheSchemaIsWalked() async throws {
        try await TwoTenants.with { stage in
            let owner = try await stage.database.connect()
            let tables = try await owner.query(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
            ).map { try $0.text("tablename") }
            #expect(Set(tables).subtracting(Self.notATenants) == Set(stage.tables))
            await owner.close()
        }
    }

    // MARK: Dispatcher

    private static let readable: [String: Set<String>] = [
        "tenants": ["tenant_id", "slug", "name", "status", "revision", "created_at", "updated_at"],
        "users": ["tenant_id", "user_id", "email_digest", "status"],
        "runs": [
            "tenant_id", "run_id", "persona_id", "status", "priority", "ready_at", "owner", "epoch", "lease_until",
            "held",
        ],
        "tenant_settings": ["tenant_id", "details_days"],
        "jobs": [
            "tenant_id", "job_id", "run_id", "persona_id", "kind", "tool", "effect", "state", "phase", "attempt",
            "priority", "run_after", "owner", "epoch", "lease_until", "applied", "given_up", "asks", "lane",
        ],
        "outbox": ["tenant_id", "outbox_id", "topic", "subject_id", "created_at"],
        "mailboxes": ["tenant_id", "mailbox_id", "persona_id", "status", "owner", "epoch", "lease_until"],
        "schedules": ["tenant_id", "schedule_id", "status", "next_at", "queued"],
        "webhooks": ["tenant_id", "webhook_id", "direction", "status"],
        "webhook_deliveries": [
            "tenant_id", "delivery_id", "webhook_id", "state", "attempt", "due_at", "epoch", "lease_until",
        ],
    ]
    private static let writable: [String: Set<String>] = [
        "runs": ["ready_at", "owner", "epoch", "lease_until"],
        "jobs": ["state", "attempt", "started_at", "owner", "epoch", "lease_until", "run_after"],
        "outbox": ["topic"],  // SELECT … FOR UPDATE asks for one
        "mailboxes": ["owner", "epoch", "lease_until"],
        "webhook_deliveries": ["attempt", "epoch", "lease_until"],
    ]

    @Test func theDispatcherSeesIdsAndLeasesOnly() async throws {
        try await TestDatabase.with { database in
            let owner = try await database.connect()
            for (privilege, expected) in [("SELECT", Self.readable), ("UPDATE", Self.writable), ("INSERT", [:])] {
                let rows = try await owner.query(
                    """
                    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0
                        AND NOT a.attisdropped AND has_column_privilege('persona_dispatch', c.oid, a.attnum, $1)
                    """, [.text(privilege)])
                var found: [String: Set<String>] = [:]
                for row in rows { found[try row.text("relname"), default: []].insert(try row.text("attname")) }
                #expect(found == expected, "\(privilege)")
            }
            let deletable = try await owner.query(
                """
                SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
                    AND has_table_privilege('persona_dispatch', oid, 'DELETE')
                """
            ).map { try $0.text("relname") }
            #expect(deletable == ["outbox"])
            await owner.close()
        }
    }

    @Test func theDispatcherIsRefusedWhatIsSecret() async throws {
        try await TwoTenants.with { stage in
            for sql in [
                "SELECT * FROM runs", "SELECT input FROM runs", "SELECT password FROM mailboxes",
                "SELECT email FROM users",
                "SELECT password_hash FROM users", "SELECT wrapped_key FROM tenant_keys",
                "SELECT secret_hash FROM tokens",
                "SELECT input FROM jobs", "SELECT entry FROM audit_log", "SELECT sha256 FROM files",
                "SELECT secret FROM webhooks", "SELECT url FROM webhooks", "SELECT input FROM schedules",
                "SELECT payload FROM webhook_deliveries",
            ] {
                await stage.isRefused(sql) { _ = try await stage.store.dispatch.query(sql) }
            }
            let runs = try await stage.store.dispatch.query("SELECT run_id FROM runs")
            #expect(runs.count == 2)
        }
    }

    // MARK: Migrations

    @Test func migrationsGoAllTheWayDownAndUpAgain() async throws {
        try await TestDatabase.with { database in
            let owner = try await database.connect()
            let runner = try MigrationRunner(directory: Repository.migrations)
            let objects = """
                SELECT count(*)::bigint AS n FROM (
                    SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace
                        AND relname NOT LIKE 'schema_migrations%'
                    UNION ALL SELECT oid FROM pg_proc WHERE pronamespace = current_schema()::regnamespace) objects
                """
            let full = try await owner.query(objects)[0].int("n")
            for _ in 0..<2 {
                #expect(try await runner.down(owner, to: 0).count == runner.migrations.count)
                #expect(try await owner.query(objects)[0].int("n") == 0)
                #expect(try await runner.up(owner).count == runner.migrations.count)
                #expect(try await owner.query(objects)[0].int("n") == full)
            }
            await owner.close()
        }
    }
}
