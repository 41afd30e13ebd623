import Domain
import FoundationEssentials
import Postgres

/// Takes the details of runs that ended long enough ago: checkpoints, events, signals, what went into steps and calls
/// and what came out, but not of a run with an effect in doubt. The run's row with its status and error, the names of its steps, its files and the audit stay.
package struct RunThinning: Sendable {
    /// Runs thinned in one transaction.
    static let batch = 50

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Thins what is due in every tenant; says how many runs.
    package func sweep() async throws -> Int {
        let tenants = try await database.dispatch.query(
            "SELECT tenant_id FROM tenant_settings WHERE details_days IS NOT NULL ORDER BY tenant_id")
        var thinned = 0
        for row in tenants {
            let tenant: TenantID = try row.id("tenant_id")
            while true {
                let count = try await thin(tenant)
                thinned += count
                if count < Self.batch { break }
            }
        }
        return thinned
    }

    private func thin(_ tenant: TenantID) async throws -> Int {
        try await database.transaction(tenant) { connection in
            let due = try await connection.query(
                """
                SELECT r.run_id FROM runs r JOIN tenant_settings s USING (tenant_id)
                WHERE r.tenant_id = $1 AND r.finished_at IS NOT NULL AND r.thinned_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM jobs j
                        WHERE j.tenant_id = r.tenant_id AND j.run_id = r.run_id AND j.state = 'unknown')
                    AND r.finished_at < platform_now() - make_interval(days => s.details_days)
                ORDER BY r.finished_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED
                """, [tenant.value, .int(Self.batch)]
            ).map { try $0.uuid("run_id") }
            guard !due.isEmpty else { return 0 }
            let key: [PostgresValue] = [tenant.value, .uuids(due)]
            for sql in Self.statements { _ = try await connection.query(sql, key) }
            _ = try await connection.pipeline([
                try AuditEntry(
                    actor: "system", action: "runs.thinned", subject: "tenant:\(tenant)",
                    detail: ["runs": .array(due.map { .string(RunID($0).description) })]
                ).statement()
            ])
            return due.count
        }
    }

    /// Each over (tenant, runs), in lock order. A fork of a thinned run has all that it needs of its own.
    private static let statements = [
        """
        UPDATE runs SET thinned_at = platform_now(), input = '{}', output = NULL,
            graph = CASE WHEN graph_id IS NULL THEN '{}' ELSE graph END
        WHERE tenant_id = $1 AND run_id = ANY ($2)
        """,
        "UPDATE jobs SET input = '{}', result = NULL WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "UPDATE steps SET input = NULL, output = NULL WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "UPDATE approvals SET arguments = '{}', detail = '' WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "DELETE FROM checkpoints WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "DELETE FROM run_event_batches WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "DELETE FROM step_progress WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "DELETE FROM signals WHERE tenant_id = $1 AND run_id = ANY ($2)",
        "DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND run_id = ANY ($2) AND state <> 'pending'",
    ]
}
