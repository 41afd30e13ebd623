package import Domain
import FoundationEssentials
import Postgres

/// What a key was used for before.
package enum IdempotencyClaim: Sendable, Hashable {
    /// Nobody used it: the caller serves the request and then stores the answer.
    case fresh
    /// The same request was answered so.
    case answered(status: Int, headers: [String: String], body: [UInt8])
    /// The same request is being served now.
    case inProgress
    /// The key was used for another request.
    case otherRequest
}

package struct IdempotencyKeys: Sendable {
    /// How long an answer is kept.
    package static let lifetimeHours = 24
    /// A request that has not been answered after this long has died with its process; its key is free again.
    package static let servingMinutes = 5

    let database: Database

    package init(_ database: Database) { self.database = database }

    package func claim(_ tenant: TenantID, user: UserID, key: String, requestHash: [UInt8]) async throws
        -> IdempotencyClaim
    {
        let claim = UUID().uuidString
        let inserted: [PostgresRow]
        do {
            inserted = try await insert(tenant, user, key, requestHash, claim)
        } catch {
            // The answer alone may be lost: then nobody would serve a key that is taken.
            try await release(tenant, user: user, key: key, claim: claim)
            throw error
        }
        guard inserted.isEmpty else { return .fresh }
        let rows = try await database.rows(
            tenant,
            """
            SELECT request_hash, status::int AS status, headers, body FROM idempotency_keys
            WHERE tenant_id = $1 AND user_id = $2 AND key = $3
            """, [tenant.value, user.value, .text(key)])
        // Released between the two statements: the other request failed and the client may try again.
        guard let row = rows.first else { return .inProgress }
        guard try row.bytes("request_hash") == requestHash else { return .otherRequest }
        guard let status = try row.optionalInt("status") else { return .inProgress }
        let headers: [String: String] = try JSONValue(parsing: row.optionalJSON("headers") ?? Array("{}".utf8)).decode()
        return .answered(status: status, headers: headers, body: try row.optionalBytes("body") ?? [])
    }

    /// A row where the key was free. Until the answer is there its headers name the claim.
    private func insert(
        _ tenant: TenantID, _ user: UserID, _ key: String, _ requestHash: [UInt8], _ claim: String
    ) async throws -> [PostgresRow] {
        try await database.rows(
            tenant,
            """
            INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, request_hash, expires_at, headers)
            VALUES ($1, $2, $3, $4, platform_now() + make_interval(hours => $5), json_build_object('claim', $7::text))
            ON CONFLICT (tenant_id, user_id, key) DO UPDATE
                SET request_hash = excluded.request_hash, status = NULL, headers = excluded.headers, body = NULL,
                    created_at = platform_now(), expires_at = excluded.expires_at
                WHERE k.expires_at < platform_now()
                    OR (k.status IS NULL AND k.created_at < platform_now() - make_interval(mins => $6))
            RETURNING key
            """,
            [
                tenant.value, user.value, .text(key), .bytes(requestHash), .int(Self.lifetimeHours),
                .int(Self.servingMinutes), .text(claim),
            ])
    }

    package func answer(
        _ tenant: TenantID, user: UserID, key: String, status: Int, headers: [String: String], body: [UInt8]
    ) async throws {
        _ = try await database.rows(
            tenant,
            """
            UPDATE idempotency_keys SET status = $4, headers = $5, body = $6
            WHERE tenant_id = $1 AND user_id = $2 AND key = $3
            """,
            [
                tenant.value, user.value, .text(key), .int(status), try .json(JSONValue(encoding: headers)),
                .bytes(body),
            ])
    }

    /// Frees a key whose request failed without an answer worth keeping; with `claim` only where it is that one's.
    package func release(_ tenant: TenantID, user: UserID, key: String, claim: String? = nil) async throws {
        _ = try await database.rows(
            tenant,
            """
            DELETE FROM idempotency_keys WHERE tenant_id = $1 AND user_id = $2 AND key = $3 AND status IS NULL
                AND ($4::text IS NULL OR headers ->> 'claim' = $4)
            """, [tenant.value, user.value, .text(key), .optional(claim) { .text($0) }])
    }
}
