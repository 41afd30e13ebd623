package import Domain
package import FoundationEssentials
import Postgres
package import Vault

/// A customer of the platform: everything else belongs to one.
package struct Tenant: Sendable, Codable {
    package let id: TenantID
    package let slug: String
    package let name: String
    package let status: String
    package let createdAt: Date

    enum CodingKeys: String, CodingKey {
        case id, slug, name, status
        case createdAt = "created_at"
    }
}

package struct Tenants: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Makes a tenant with its data key. Throws `StoreError.taken` where the slug is in use.
    package func create(_ id: TenantID, slug: String, name: String, master: MasterKey, actor: String) async throws {
        let (_, wrapped) = try TenantKey.make(for: id, under: master)
        do {
            _ = try await database.batch(
                id,
                [
                    PostgresStatement(
                        "INSERT INTO tenants (tenant_id, slug, name) VALUES ($1, $2, $3)",
                        [id.value, .text(slug), .text(name)]),
                    PostgresStatement(
                        "INSERT INTO tenant_keys (tenant_id, version, wrapped_key) VALUES ($1, 1, $2)",
                        [id.value, .bytes(wrapped)]),
                    AuditEntry(actor: actor, action: "tenant.created", subject: "tenant:\(id)").statement(),
                ])
        } catch let error as PostgresError where error.isUniqueViolation {
            throw StoreError.taken("slug")
        }
    }

    /// All tenants by id, for administrators of the platform.
    package func list(after: TenantID?, limit: Int) async throws -> [Tenant] {
        try await database.dispatch.query(
            """
            SELECT tenant_id, slug, name, status, created_at FROM tenants
            WHERE $1::uuid IS NULL OR tenant_id > $1 ORDER BY tenant_id LIMIT $2
            """, [after?.value ?? .null, .int(limit)]
        ).map(Self.tenant)
    }

    package func find(_ id: TenantID) async throws -> Tenant? {
        try await database.dispatch.query(
            "SELECT tenant_id, slug, name, status, created_at FROM tenants WHERE tenant_id = $1", [id.value]
        ).first.map(Self.tenant)
    }

    package func find(slug: String) async throws -> Tenant? {
        try await database.dispatch.query(
            "SELECT tenant_id, slug, name, status, created_at FROM tenants WHERE slug = $1", [.text(slug)]
        ).first.map(Self.tenant)
    }

    /// The tenant's newest data key.
    package func key(of tenant: TenantID, under master: MasterKey) async throws -> TenantKey {
        let rows = try await database.rows(
            tenant, "SELECT wrapped_key FROM tenant_keys WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1",
            [tenant.value])
        guard let row = rows.first else { throw StoreError.notFound("tenant") }
        return try TenantKey(unwrapping: row.bytes("wrapped_key"), for: tenant, under: master)
    }

    private static func tenant(_ row: PostgresRow) throws -> Tenant {
        Tenant(
            id: try row.id("tenant_id"), slug: try row.text("slug"), name: try row.text("name"),
            status: try row.text("status"), createdAt: try row.timestamp("created_at"))
    }
}
