package import Domain
package import FoundationEssentials
import Postgres
package import Vault

/// A session or an API token, without its secret.
package struct Token: Sendable {
    package let id: TokenID
    package let user: UserID
    package let kind: String
    package let name: String
    package let scopes: [String]
    package let createdAt: Date
    package let expiresAt: Date?
    package let lastUsedAt: Date?
}

/// A token that holds now, with the user whom it stands for.
package struct TokenHolder: Sendable {
    package let token: TokenID
    package let user: UserID
    package let role: String
    package let isPlatformAdmin: Bool
    package let scopes: [String]
}

package struct Tokens: Sendable {
    let database: Database

    private static let columns = "token_id, user_id, kind, name, scopes, created_at, expires_at, last_used_at"

    package init(_ database: Database) { self.database = database }

    /// Stores the hash of `secret`; `lifetime` in seconds, `nil` for a token that does not expire.
    package func create(
        _ secret: TokenSecret, id: TokenID, user: UserID, name: String, scopes: [String], lifetime: Int?, actor: String
    ) async throws -> Token {
        let tenant = secret.tenant
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    INSERT INTO tokens (tenant_id, token_id, user_id, kind, name, scopes, secret_hash, expires_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, platform_now() + make_interval(secs => $8))
                    RETURNING \(Self.columns)
                    """,
                    [
                        tenant.value, id.value, user.value, .text(secret.kind == .session ? "session" : "api"),
                        .text(name), .texts(scopes), .bytes(secret.hash),
                        lifetime.map { .double(Double($0)) } ?? .null,
                    ]),
                AuditEntry(
                    actor: actor, action: secret.kind == .session ? "session.opened" : "token.created",
                    subject: "token:\(id)"
                ).statement(),
            ])
        return try Self.token(results[0][0])
    }

    /// Who holds `secret` now: `nil` where it is unknown, expired, revoked, or its user or tenant is out.
    package func holder(of secret: TokenSecret) async throws -> TokenHolder? {
        let tenant = secret.tenant
        let rows = try await database.rows(
            tenant,
            """
            SELECT t.token_id, t.user_id, t.scopes, u.role, u.platform_admin
            FROM tokens t
            JOIN users u ON u.tenant_id = t.tenant_id AND u.user_id = t.user_id AND u.status = 'active'
            JOIN tenants n ON n.tenant_id = t.tenant_id AND n.status = 'active'
            WHERE t.tenant_id = $1 AND t.secret_hash = $2 AND t.revoked_at IS NULL
                AND (t.expires_at IS NULL OR t.expires_at > platform_now())
            """, [tenant.value, .bytes(secret.hash)])
        return try rows.first.map {
            TokenHolder(
                token: try $0.id("token_id"), user: try $0.id("user_id"), role: try $0.text("role"),
                isPlatformAdmin: try $0.bool("platform_admin"), scopes: try $0.texts("scopes"))
        }
    }

    /// API tokens of a user, newest first; sessions are not listed.
    package func list(_ tenant: TenantID, user: UserID, after: TokenID?, limit: Int) async throws -> [Token] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM tokens
            WHERE tenant_id = $1 AND user_id = $2 AND kind = 'api' AND revoked_at IS NULL
                AND ($3::uuid IS NULL OR token_id < $3)
            ORDER BY token_id DESC LIMIT $4
            """, [tenant.value, user.value, after?.value ?? .null, .int(limit)]
        ).map(Self.token)
    }

    /// Ends a token of `user`; false where there is none.
    package func revoke(_ tenant: TenantID, _ id: TokenID, user: UserID, actor: String) async throws -> Bool {
        try await database.transaction(tenant) { connection in
            let changed = try await connection.query(
                """
                UPDATE tokens SET revoked_at = platform_now()
                WHERE tenant_id = $1 AND token_id = $2 AND user_id = $3 AND revoked_at IS NULL RETURNING token_id
                """, [tenant.value, id.value, user.value])
            guard !changed.isEmpty else { return false }
            let entry = try AuditEntry(actor: actor, action: "token.revoked", subject: "token:\(id)").statement()
            _ = try await connection.query(entry.sql, entry.values)
            return true
        }
    }

    private static func token(_ row: PostgresRow) throws -> Token {
        Token(
            id: try row.id("token_id"), user: try row.id("user_id"), kind: try row.text("kind"),
            name: try row.text("name"), scopes: try row.texts("scopes"),
            createdAt: try row.timestamp("created_at"), expiresAt: try row.optionalTimestamp("expires_at"),
            lastUsedAt: try row.optionalTimestamp("last_used_at"))
    }
}
