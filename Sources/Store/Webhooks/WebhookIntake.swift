package import Domain
import FoundationEssentials
import Postgres

/// A webhook that takes messages, as a caller without credentials names it.
package struct WebhookDoor: Sendable {
    package let tenant: TenantID
    package let webhook: WebhookID
    package let persona: PersonaID
    package let graph: GraphID
    package let envelopes: WebhookEnvelopes
    /// The database's clock, in seconds since 1970.
    package let now: Int
}

/// Messages that come in: each starts one run, however often it is sent.
package struct WebhookIntake: Sendable {
    /// Ids are random; one that two tenants have (a restored copy, say) is looked at in both.
    static let mostDoors = 4

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The active webhooks of that id.
    package func doors(_ id: WebhookID) async throws -> [WebhookDoor] {
        let known = try await database.dispatch.query(
            """
            SELECT tenant_id FROM webhooks WHERE webhook_id = $1 AND direction = 'in' AND status = 'active'
            ORDER BY tenant_id LIMIT $2
            """, [id.value, .int(Self.mostDoors)])
        var doors: [WebhookDoor] = []
        for row in known {
            let tenant: TenantID = try row.id("tenant_id")
            let rows = try await database.rows(
                tenant,
                """
                SELECT w.persona_id, w.graph_id, \(WebhookEnvelopes.columns),
                    extract(epoch FROM platform_now())::bigint AS now
                FROM webhooks w JOIN tenants t ON t.tenant_id = w.tenant_id AND t.status = 'active'
                WHERE w.tenant_id = $1 AND w.webhook_id = $2 AND w.direction = 'in' AND w.status = 'active'
                """, [tenant.value, id.value])
            guard let row = rows.first else { continue }
            doors.append(
                WebhookDoor(
                    tenant: tenant, webhook: id, persona: try row.id("persona_id"), graph: try row.id("graph_id"),
                    envelopes: try WebhookEnvelopes(row), now: try row.int("now")))
        }
        return doors
    }

    /// Commits the receipt with its run, or gives the run of an earlier receipt of the same message.
    package func take(_ door: WebhookDoor, message: String, _ run: NewRun) async throws -> (run: RunID, isNew: Bool) {
        try await RunAdmissions.refusingFullQueue {
            try await record(door, message, run)
        }
    }

    private func record(_ door: WebhookDoor, _ message: String, _ run: NewRun) async throws
        -> (run: RunID, isNew: Bool)
    {
        try await database.transaction(door.tenant) { connection in
            let key = [door.tenant.value, door.webhook.value, .text(message)]
            // One message at a time: a repeat that comes while the first is being taken waits for it.
            _ = try await connection.query(
                "SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2::text || $3, 8))",
                [.text("\(door.tenant)"), .text("\(door.webhook)"), .text(message)])
            let known = try await connection.query(
                "SELECT run_id FROM webhook_receipts WHERE tenant_id = $1 AND webhook_id = $2 AND message_id = $3", key)
            if let row = known.first { return (try row.id("run_id"), false) }
            var statements = try run.statements(door.tenant, actor: "webhook:\(door.webhook)")
            // The run's audit entry comes last in its statements; the receipt goes before it (lock order).
            statements.insert(
                PostgresStatement(
                    """
                    INSERT INTO webhook_receipts (tenant_id, webhook_id, message_id, run_id) VALUES ($1, $2, $3, $4)
                    """, key + [run.id.value]), at: max(0, statements.count - 1))
            statements.append(RunAdmissions.room())
            for statement in statements { _ = try await connection.query(statement.sql, statement.values) }
            return (run.id, true)
        }
    }
}
