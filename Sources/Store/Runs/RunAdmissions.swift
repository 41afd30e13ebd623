package import Domain
import FoundationEssentials
import Postgres

/// Which runs may begin: at most so many of a concurrency key at once, and of a debounce key the last only.
///
/// Creations of one key follow each other by an advisory lock. A run that ends hands its place on in its own
/// transaction (migration 9); `sweep` finds the place of a run that was held while the last of its key ended.
package struct RunAdmissions: Sendable {
    /// Tenants with held runs looked at in one sweep.
    static let batch = 100

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Begins what is held although there is a place; says whom to ring.
    package func sweep() async throws -> [DoorbellRing] {
        let tenants = try await database.dispatch.query(
            "SELECT DISTINCT tenant_id FROM runs WHERE held ORDER BY tenant_id LIMIT $1", [.int(Self.batch)])
        var rings: [DoorbellRing] = []
        for row in tenants { rings += try await admit(try row.id("tenant_id")) }
        return rings
    }

    private func admit(_ tenant: TenantID) async throws -> [DoorbellRing] {
        let keys = try await database.rows(
            tenant,
            """
            SELECT concurrency_key, max(concurrency_limit) AS most FROM runs
            WHERE tenant_id = $1 AND held AND finished_at IS NULL GROUP BY concurrency_key ORDER BY concurrency_key
            """, [tenant.value])
        var rings: [DoorbellRing] = []
        for row in keys {
            let key = try row.text("concurrency_key"), most = try row.int("most")
            rings += try await database.batch(
                tenant,
                [
                    Self.lock(tenant, "concurrency", key),
                    PostgresStatement(
                        """
                        WITH places AS (
                            SELECT greatest(0, $3 - count(*)) AS free FROM runs
                            WHERE tenant_id = $1 AND concurrency_key = $2 AND finished_at IS NULL AND NOT held),
                        next AS (
                            SELECT run_id FROM runs
                            WHERE tenant_id = $1 AND concurrency_key = $2 AND held AND finished_at IS NULL
                            ORDER BY priority DESC, run_id LIMIT (SELECT free FROM places) FOR UPDATE SKIP LOCKED)
                        UPDATE runs r SET held = false, wakes = wakes + 1,
                            ready_at = greatest(platform_now(), coalesce(not_before, platform_now()))
                        FROM next WHERE r.tenant_id = $1 AND r.run_id = next.run_id RETURNING r.run_id
                        """, [tenant.value, .text(key), .int(most)]),
                ])[1].map { .run(tenant, try $0.id("run_id")) }
        }
        return rings
    }

    /// Ends the transaction where the tenant's queue is full. It follows the audit entry, whose lock makes creations of
    /// one tenant wait for each other, so that the limit holds whoever creates.
    static func room() -> PostgresStatement {
        PostgresStatement("SELECT require_queue_room($1)", [.int(TenantSettings.defaultQueueLimit)])
    }

    /// SQLSTATE of `require_queue_room`.
    private static let fullState = "PF002"

    static func refusingFullQueue<Value>(_ create: () async throws -> Value) async throws -> Value {
        do {
            return try await create()
        } catch let error as PostgresError where error.sqlstate == fullState {
            throw StoreError.queueFull
        }
    }

    /// What a creation locks first.
    static func locks(_ tenant: TenantID, _ run: NewRun) -> [PostgresStatement] {
        var locks: [PostgresStatement] = []
        if let concurrency = run.concurrency { locks.append(lock(tenant, "concurrency", concurrency.key)) }
        if let debounce = run.debounce {
            locks.append(lock(tenant, "debounce", "\(run.graphID?.description ?? "") \(debounce.key)"))
        }
        return locks
    }

    private static func lock(_ tenant: TenantID, _ kind: String, _ key: String) -> PostgresStatement {
        PostgresStatement(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 9))", [.text("\(kind) \(tenant) \(key)")])
    }

    /// Ends the runs of the debounce key that have not been begun, in favour of `run`.
    static func superseding(_ tenant: TenantID, _ run: NewRun) throws -> [PostgresStatement] {
        guard let debounce = run.debounce else { return [] }
        let failure = RunFailure(
            code: "superseded", message: "Run \(run.id) of the same key came before this one was begun.")
        return [
            PostgresStatement(
                """
                WITH gone AS (
                    UPDATE runs SET status = 'cancelled', finished_at = platform_now(), ready_at = NULL, seq = 1, error = $5
                    WHERE tenant_id = $1 AND debounce_key = $2 AND graph_id IS NOT DISTINCT FROM $3 AND run_id <> $4
                        AND status = 'queued' AND seq = 0 AND owner IS NULL
                    RETURNING run_id),
                told AS (
                    INSERT INTO run_event_batches (tenant_id, run_id, seq, kinds, nodes, data)
                    SELECT $1, run_id, 1, ARRAY['run.cancelled'], ARRAY[NULL], json_build_array($5::json) FROM gone)
                SELECT audit_append('system', 'run.cancelled', 'run:' || run_id, run_id, $5) FROM gone ORDER BY run_id
                """,
                [
                    tenant.value, .text(debounce.key), run.graphID?.value ?? .null, run.id.value,
                    try .json(failure.json),
                ])
        ]
    }
}
