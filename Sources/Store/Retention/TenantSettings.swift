package import Domain
import Postgres

/// What a tenant has set for itself.
package struct TenantSettings: Sendable, Hashable {
    /// Days for which the details of finished runs are kept; `nil`: for good.
    package var detailsDays: Int?
    /// Runs that may wait to be begun; `nil`: `defaultQueueLimit`.
    package var queueLimit: Int?

    /// Far above a day's office work, and what the database holds without being slowed.
    package static let defaultQueueLimit = 10_000

    package init(detailsDays: Int? = nil, queueLimit: Int? = nil) {
        self.detailsDays = detailsDays
        self.queueLimit = queueLimit
    }
}

package struct TenantSettingsStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The settings and their revision, 0 for those of a tenant that has set nothing.
    package func find(_ tenant: TenantID) async throws -> (settings: TenantSettings, revision: Int) {
        try await database.rows(
            tenant, "SELECT details_days, queue_limit, revision FROM tenant_settings WHERE tenant_id = $1",
            [tenant.value]
        ).first.map(Self.read) ?? (TenantSettings(), 0)
    }

    /// Throws `StoreError.stale` where `revision` is no longer the settings'.
    package func put(_ tenant: TenantID, revision: Int?, _ settings: TenantSettings, actor: String) async throws
        -> (settings: TenantSettings, revision: Int)
    {
        try await database.transaction(tenant) { connection in
            let rows = try await connection.query(
                """
                INSERT INTO tenant_settings AS s (tenant_id, details_days, queue_limit)
                SELECT $1, $2, $3 WHERE coalesce($4, 0) = 0 OR EXISTS (
                    SELECT 1 FROM tenant_settings WHERE tenant_id = $1)
                ON CONFLICT (tenant_id) DO UPDATE SET details_days = excluded.details_days,
                    queue_limit = excluded.queue_limit, revision = s.revision + 1, updated_at = platform_now()
                    WHERE $4::bigint IS NULL OR s.revision = $4
                RETURNING details_days, queue_limit, revision
                """,
                [
                    tenant.value, .optional(settings.detailsDays) { .int($0) },
                    .optional(settings.queueLimit) { .int($0) }, .optional(revision) { .int($0) },
                ])
            guard let row = rows.first else { throw StoreError.stale }
            _ = try await connection.pipeline([
                try AuditEntry(
                    actor: actor, action: "settings.changed", subject: "tenant:\(tenant)",
                    detail: [
                        "details_days": settings.detailsDays.map { .int(Int64($0)) } ?? .null,
                        "queue_limit": settings.queueLimit.map { .int(Int64($0)) } ?? .null,
                    ]
                ).statement()
            ])
            return try Self.read(row)
        }
    }

    private static func read(_ row: PostgresRow) throws -> (settings: TenantSettings, revision: Int) {
        (
            TenantSettings(
                detailsDays: try row.optionalInt("details_days"), queueLimit: try row.optionalInt("queue_limit")),
            try row.int("revision")
        )
    }
}
