package import Domain
import FoundationEssentials
import Postgres

/// A message that this process is about to send; only this epoch may write what became of it.
package struct ClaimedDelivery: Sendable {
    package let tenant: TenantID
    package let id: WebhookDeliveryID
    package let webhook: WebhookID
    package let epoch: Int
    /// From 1.
    package let attempt: Int
    package let url: String
    package let payload: [UInt8]
    package let envelopes: WebhookEnvelopes
}

/// Messages to be sent, as senders use them: at least once, each with one id for good.
package struct WebhookQueue: Sendable {
    /// Seconds for which a claimed message is left to its sender; above the time that sending may take.
    static let leaseSeconds = 60
    /// Seconds before the second attempt, the third, … : a day and a half in all, as Standard Webhooks recommends.
    static let delays = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400]
    /// After so many attempts a message is dead, until a person sends it again.
    package static let mostAttempts = delays.count + 1
    /// What is kept of an answer.
    static let longestError = 500

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Messages that are due and that nobody else is sending.
    package func claim(limit: Int) async throws -> [ClaimedDelivery] {
        let claims = try await database.dispatch.query(
            """
            WITH due AS (
                SELECT tenant_id, delivery_id FROM webhook_deliveries
                WHERE state = 'pending' AND due_at <= platform_now()
                    AND (lease_until IS NULL OR lease_until < platform_now())
                ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            UPDATE webhook_deliveries d SET attempt = d.attempt + 1, epoch = d.epoch + 1,
                lease_until = platform_now() + make_interval(secs => $2)
            FROM due WHERE d.tenant_id = due.tenant_id AND d.delivery_id = due.delivery_id
            RETURNING d.tenant_id, d.delivery_id, d.epoch
            """, [.int(limit), .int(Self.leaseSeconds)])
        var deliveries: [ClaimedDelivery] = []
        for claim in claims {
            let tenant: TenantID = try claim.id("tenant_id")
            if let delivery = try await load(tenant, try claim.id("delivery_id"), try claim.int("epoch")) {
                deliveries.append(delivery)
            }
        }
        return deliveries
    }

    private func load(_ tenant: TenantID, _ id: WebhookDeliveryID, _ epoch: Int) async throws -> ClaimedDelivery? {
        try await database.rows(
            tenant,
            """
            SELECT d.webhook_id, d.attempt, d.payload, w.url, \(WebhookEnvelopes.columns)
            FROM webhook_deliveries d JOIN webhooks w USING (tenant_id, webhook_id)
            WHERE d.tenant_id = $1 AND d.delivery_id = $2 AND d.epoch = $3 AND d.state = 'pending'
            """, [tenant.value, id.value, .int(epoch)]
        ).first.map { row in
            ClaimedDelivery(
                tenant: tenant, id: id, webhook: try row.id("webhook_id"), epoch: epoch,
                attempt: try row.int("attempt"), url: try row.text("url"),
                payload: Array(try row.text("payload").utf8), envelopes: try WebhookEnvelopes(row))
        }
    }

    /// The far end took it.
    package func delivered(_ delivery: ClaimedDelivery, status: Int) async throws {
        _ = try await database.batch(
            delivery.tenant,
            [
                PostgresStatement(
                    """
                    UPDATE webhooks SET last_error = NULL
                    WHERE tenant_id = $1 AND webhook_id = $2 AND last_error IS NOT NULL
                    """, [delivery.tenant.value, delivery.webhook.value]),
                PostgresStatement(
                    """
                    UPDATE webhook_deliveries SET state = 'delivered', http_status = $4, error = NULL, lease_until = NULL,
                        ended_at = platform_now()
                    WHERE tenant_id = $1 AND delivery_id = $2 AND epoch = $3 AND state = 'pending'
                    """, key(delivery) + [.int(status)]),
            ])
    }

    /// It was not taken: tried again after its delay, or `after` seconds where the far end asked for longer, and dead
    /// after `mostAttempts`. `isGone`: the far end wants no more (410), so the webhook pauses.
    package func failed(
        _ delivery: ClaimedDelivery, status: Int?, error: String, after: Int? = nil, isGone: Bool = false
    ) async throws {
        let isOver = isGone || delivery.attempt >= Self.mostAttempts
        let delay = isOver ? 0 : max(Self.delays[max(0, min(delivery.attempt, Self.delays.count) - 1)], after ?? 0)
        let error = String(error.prefix(Self.longestError))
        // The webhook before its messages: of two that fail at once, one waits for the other.
        var statements = [
            PostgresStatement(
                """
                UPDATE webhooks SET last_error = $3, status = CASE WHEN $4 THEN 'paused' ELSE status END
                WHERE tenant_id = $1 AND webhook_id = $2
                """, [delivery.tenant.value, delivery.webhook.value, .text(error), .bool(isGone)]),
            PostgresStatement(
                """
                UPDATE webhook_deliveries SET state = CASE WHEN $4 THEN 'dead' ELSE 'pending' END, http_status = $5,
                    error = $6, lease_until = NULL, ended_at = CASE WHEN $4 THEN platform_now() END,
                    due_at = platform_now() + make_interval(secs => $7)
                WHERE tenant_id = $1 AND delivery_id = $2 AND epoch = $3 AND state = 'pending'
                """,
                key(delivery) + [.bool(isOver), .optional(status) { .int($0) }, .text(error), .int(delay)]),
        ]
        if isGone {
            statements.append(
                PostgresStatement(
                    """
                    UPDATE webhook_deliveries SET state = 'dead', error = $3, lease_until = NULL, ended_at = platform_now()
                    WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'pending'
                    """, [delivery.tenant.value, delivery.webhook.value, .text(error)]))
        }
        if isOver {
            statements.append(
                try AuditEntry(
                    actor: "system", action: "webhook.dead", subject: "webhook_delivery:\(delivery.id)",
                    detail: ["webhook_id": .string(delivery.webhook.description), "error": .string(error)]
                ).statement())
        }
        _ = try await database.batch(delivery.tenant, statements)
    }

    private func key(_ delivery: ClaimedDelivery) -> [PostgresValue] {
        [delivery.tenant.value, delivery.id.value, .int(delivery.epoch)]
    }
}
