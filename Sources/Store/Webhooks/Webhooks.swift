package import Domain
import Postgres
package import Vault

/// Webhooks of both directions as people set them up. Keys go in as envelopes sealed at `place`.
package struct Webhooks: Sendable {
    /// Hours for which the key before a new one still counts.
    package static let rotationHours = 24

    let database: Database

    package init(_ database: Database) { self.database = database }

    package static func place(_ tenant: TenantID, _ id: WebhookID) -> SecretPlace {
        SecretPlace(tenant: tenant, table: "webhooks", row: "\(id)")
    }

    /// Throws `StoreError.notFound` for a persona or graph that is none.
    package func create(
        _ tenant: TenantID, id: WebhookID, _ settings: WebhookSettings, secret: [UInt8], actor: String
    ) async throws -> Webhook {
        try await knowing {
            try await write(
                tenant,
                PostgresStatement(
                    """
                    INSERT INTO webhooks (tenant_id, webhook_id, secret, direction, name, persona_id, graph_id, url, events,
                        status)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING \(Webhook.columns)
                    """, [tenant.value, id.value, .bytes(secret)] + Self.values(settings)),
                actor, "webhook.created", id)
        }
    }

    package func find(_ tenant: TenantID, _ id: WebhookID) async throws -> Webhook? {
        try await database.rows(
            tenant, "SELECT \(Webhook.columns) FROM webhooks WHERE tenant_id = $1 AND webhook_id = $2",
            [tenant.value, id.value]
        ).first.map(Webhook.init)
    }

    package func list(_ tenant: TenantID, after: WebhookID?, limit: Int) async throws -> [Webhook] {
        try await database.rows(
            tenant,
            """
            SELECT \(Webhook.columns) FROM webhooks
            WHERE tenant_id = $1 AND ($2::uuid IS NULL OR webhook_id > $2) ORDER BY webhook_id LIMIT $3
            """, [tenant.value, after?.value ?? .null, .int(limit)]
        ).map(Webhook.init)
    }

    /// Replaces the settings; the direction stays (`StoreError.notFound` for another).
    package func update(
        _ tenant: TenantID, _ id: WebhookID, revision: Int?, _ settings: WebhookSettings, actor: String
    ) async throws -> Webhook {
        try await knowing {
            try await write(
                tenant,
                PostgresStatement(
                    """
                    UPDATE webhooks SET name = $5, persona_id = $6, graph_id = $7, url = $8, events = $9, status = $10,
                        last_error = NULL, revision = revision + 1, updated_at = platform_now()
                    WHERE tenant_id = $1 AND webhook_id = $2 AND ($3::bigint IS NULL OR revision = $3) AND direction = $4
                    RETURNING \(Webhook.columns)
                    """,
                    [tenant.value, id.value, .optional(revision) { .int($0) }] + Self.values(settings)),
                actor, "webhook.changed", id)
        }
    }

    /// A new key; the one before it counts for `rotationHours` more, the one before that no longer.
    package func rotate(_ tenant: TenantID, _ id: WebhookID, secret: [UInt8], actor: String) async throws -> Webhook {
        try await write(
            tenant,
            PostgresStatement(
                """
                UPDATE webhooks SET previous_secret = secret, secret = $3,
                    previous_until = platform_now() + make_interval(hours => $4),
                    revision = revision + 1, updated_at = platform_now()
                WHERE tenant_id = $1 AND webhook_id = $2 RETURNING \(Webhook.columns)
                """, [tenant.value, id.value, .bytes(secret), .int(Self.rotationHours)]),
            actor, "webhook.rotated", id)
    }

    /// Its deliveries and receipts go with it; the runs stay. False where there is none.
    package func delete(_ tenant: TenantID, _ id: WebhookID, actor: String) async throws -> Bool {
        try await database.transaction(tenant) { connection in
            let hits = try await connection.execute(
                "DELETE FROM webhooks WHERE tenant_id = $1 AND webhook_id = $2", [tenant.value, id.value])
            guard hits > 0 else { return false }
            _ = try await connection.pipeline([
                try AuditEntry(actor: actor, action: "webhook.deleted", subject: "webhook:\(id)").statement()
            ])
            return true
        }
    }

    private func write(
        _ tenant: TenantID, _ statement: PostgresStatement, _ actor: String, _ action: String, _ id: WebhookID
    ) async throws -> Webhook {
        try await database.transaction(tenant) { connection in
            guard let row = try await connection.query(statement.sql, statement.values).first else {
                let known = try await connection.query(
                    "SELECT 1 FROM webhooks WHERE tenant_id = $1 AND webhook_id = $2", [tenant.value, id.value])
                throw known.isEmpty ? StoreError.notFound("webhook") : StoreError.stale
            }
            _ = try await connection.pipeline([
                try AuditEntry(actor: actor, action: action, subject: "webhook:\(id)").statement()
            ])
            return try Webhook(row)
        }
    }

    private func knowing<Value>(_ write: () async throws -> Value) async throws -> Value {
        do {
            return try await write()
        } catch let error as PostgresError where error.isForeignKeyViolation {
            throw StoreError.notFound("persona or graph")
        }
    }

    private static func values(_ settings: WebhookSettings) -> [PostgresValue] {
        let name = PostgresValue.text(settings.name), status = PostgresValue.text(settings.status.rawValue)
        switch settings.purpose {
        case .starts(let persona, let graph):
            return [.text("in"), name, persona.value, graph.value, .null, .texts([]), status]
        case .tells(let url, let events):
            return [.text("out"), name, .null, .null, .text(url), .texts(events), status]
        }
    }

    // MARK: Deliveries

    /// Newest first.
    package func deliveries(
        _ tenant: TenantID, _ id: WebhookID, state: WebhookDelivery.State?, before: WebhookDeliveryID?, limit: Int
    ) async throws -> [WebhookDelivery] {
        try await database.rows(
            tenant,
            """
            SELECT delivery_id, run_id, event, state, attempt, due_at, http_status, error, created_at, ended_at
            FROM webhook_deliveries d
            WHERE tenant_id = $1 AND webhook_id = $2 AND ($3::text IS NULL OR state = $3)
                AND ($4::uuid IS NULL OR (created_at, delivery_id) < (
                    SELECT created_at, delivery_id FROM webhook_deliveries
                    WHERE tenant_id = $1 AND delivery_id = $4))
            ORDER BY created_at DESC, delivery_id DESC LIMIT $5
            """,
            [
                tenant.value, id.value, .optional(state) { .text($0.rawValue) }, before?.value ?? .null, .int(limit),
            ]
        ).map {
            WebhookDelivery(
                id: try $0.id("delivery_id"), run: try $0.id("run_id"), event: try $0.text("event"),
                state: try $0.known("state"), attempt: try $0.int("attempt"), dueAt: try $0.timestamp("due_at"),
                httpStatus: try $0.optionalInt("http_status"), error: try $0.optionalText("error"),
                createdAt: try $0.timestamp("created_at"), endedAt: try $0.optionalTimestamp("ended_at"))
        }
    }

    /// Sends a message again from its first attempt on, under the same id. False where the webhook has none such.
    package func redeliver(_ tenant: TenantID, _ id: WebhookID, _ delivery: WebhookDeliveryID, actor: String)
        async throws -> Bool
    {
        try await database.transaction(tenant) { connection in
            let hits = try await connection.execute(
                """
                UPDATE webhook_deliveries SET state = 'pending', attempt = 0, due_at = platform_now(), epoch = epoch + 1,
                    lease_until = NULL, ended_at = NULL
                WHERE tenant_id = $1 AND webhook_id = $2 AND delivery_id = $3
                """, [tenant.value, id.value, delivery.value])
            guard hits > 0 else { return false }
            _ = try await connection.pipeline([
                try AuditEntry(actor: actor, action: "webhook.redelivered", subject: "webhook_delivery:\(delivery)")
                    .statement()
            ])
            return true
        }
    }
}
