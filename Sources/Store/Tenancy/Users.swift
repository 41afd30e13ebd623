import Crypto
package import Domain
package import FoundationEssentials
import Postgres

/// A person of a tenant.
package struct User: Sendable {
    package let id: UserID
    package let email: String
    package let name: String
    package let role: String
    package let isPlatformAdmin: Bool
    package let status: String
    /// Raised by each change: the ETag.
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
}

package struct Users: Sendable {
    let database: Database

    private static let columns =
        "user_id, email, name, role, platform_admin, status, revision, created_at, updated_at"

    package init(_ database: Database) { self.database = database }

    package func create(
        _ tenant: TenantID, id: UserID, email: String, name: String, role: String, passwordHash: String?,
        isPlatformAdmin: Bool = false, actor: String
    ) async throws -> User {
        do {
            let results = try await database.batch(
                tenant,
                [
                    PostgresStatement(
                        """
                        INSERT INTO users (tenant_id, user_id, email, email_digest, name, role, platform_admin, password_hash)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                        RETURNING \(Self.columns)
                        """,
                        [
                            tenant.value, id.value, .text(email), .bytes(Self.digest(email)), .text(name), .text(role),
                            .bool(isPlatformAdmin), passwordHash.map { .text($0) } ?? .null,
                        ]),
                    AuditEntry(
                        actor: actor, action: "user.created", subject: "user:\(id)", detail: ["role": .string(role)]
                    )
                    .statement(),
                ])
            return try Self.user(results[0][0])
        } catch let error as PostgresError where error.isUniqueViolation {
            throw StoreError.taken("email")
        }
    }

    package func find(_ tenant: TenantID, _ id: UserID) async throws -> User? {
        try await database.rows(
            tenant, "SELECT \(Self.columns) FROM users WHERE tenant_id = $1 AND user_id = $2",
            [tenant.value, id.value]
        ).first.map(Self.user)
    }

    package func list(_ tenant: TenantID, after: UserID?, limit: Int) async throws -> [User] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM users
            WHERE tenant_id = $1 AND ($2::uuid IS NULL OR user_id > $2) ORDER BY user_id LIMIT $3
            """, [tenant.value, after?.value ?? .null, .int(limit)]
        ).map(Self.user)
    }

    /// Changes what is not `nil`. Throws `StoreError.stale` where `revision` is no longer the row's.
    package func update(
        _ tenant: TenantID, _ id: UserID, revision: Int?, name: String?, role: String?, status: String?,
        passwordHash: String?, actor: String
    ) async throws -> User {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    UPDATE users SET name = coalesce($4, name), role = coalesce($5, role), status = coalesce($6, status),
                        password_hash = coalesce($7, password_hash), revision = revision + 1, updated_at = platform_now()
                    WHERE tenant_id = $1 AND user_id = $2 AND ($3::bigint IS NULL OR revision = $3)
                    RETURNING \(Self.columns)
                    """,
                    [
                        tenant.value, id.value, revision.map { .int($0) } ?? .null, name.map { .text($0) } ?? .null,
                        role.map { .text($0) } ?? .null, status.map { .text($0) } ?? .null,
                        passwordHash.map { .text($0) } ?? .null,
                    ]),
                // A disabled user's tokens end at once; a new password ends sessions opened with the old one.
                PostgresStatement(
                    """
                    UPDATE tokens SET revoked_at = platform_now()
                    WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL
                        AND ($3 = 'disabled' OR ($4 AND kind = 'session'))
                    """,
                    [
                        tenant.value, id.value, status.map { .text($0) } ?? .null, .bool(passwordHash != nil),
                    ]),
                AuditEntry(actor: actor, action: "user.changed", subject: "user:\(id)").statement(),
            ])
        guard let row = results[0].first else {
            throw try await find(tenant, id) == nil ? StoreError.notFound("user") : StoreError.stale
        }
        return try Self.user(row)
    }

    /// Where a login could belong: one address may be known to several tenants.
    package func candidates(email: String) async throws -> [(tenant: TenantID, user: UserID)] {
        try await database.dispatch.query(
            "SELECT tenant_id, user_id FROM users WHERE email_digest = $1 AND status = 'active' ORDER BY tenant_id LIMIT \(Self.mostCandidates)",
            [.bytes(Self.digest(email))]
        ).map { (try $0.id("tenant_id"), try $0.id("user_id")) }
    }

    /// Password comparisons that one login may cost.
    package static let mostCandidates = 4

    package func passwordHash(_ tenant: TenantID, _ id: UserID) async throws -> String? {
        try await database.rows(
            tenant, "SELECT password_hash FROM users WHERE tenant_id = $1 AND user_id = $2 AND status = 'active'",
            [tenant.value, id.value]
        ).first?.optionalText("password_hash")
    }

    private static func digest(_ email: String) -> [UInt8] {
        Array(SHA256.hash(data: Data(email.lowercased().utf8)))
    }

    private static func user(_ row: PostgresRow) throws -> User {
        User(
            id: try row.id("user_id"), email: try row.text("email"), name: try row.text("name"),
            role: try row.text("role"), isPlatformAdmin: try row.bool("platform_admin"),
            status: try row.text("status"), revision: try row.int("revision"),
            createdAt: try row.timestamp("created_at"), updatedAt: try row.timestamp("updated_at"))
    }
}
