package import Domain
package import FoundationEssentials
package import Postgres
package import ToolKit

package enum ToolTrustSubject {}
package typealias ToolTrustID = Identifier<ToolTrustSubject>

/// How calls of one shape have fared with people.
package struct ToolTrust: Sendable {
    package let id: ToolTrustID
    package let persona: PersonaID
    package let shape: ToolShape
    /// In a row, without a rejection.
    package let approvals: Int
    package let trustedBy: UserID?
    package let trustedAt: Date?
    package let revision: Int
    package let updatedAt: Date

    package var isTrusted: Bool { trustedAt != nil }
    /// Whether an owner may let these calls go unasked.
    package var isEligible: Bool { approvals >= ToolTrusts.approvalsNeeded }
}

/// Trust that grows by approvals: a person's yes to a call counts for its shape, a no begins anew.
package struct ToolTrusts: Sendable {
    /// Approvals in a row after which an owner may let calls of the shape go unasked.
    package static let approvalsNeeded = 3

    private static let columns =
        "trust_id, persona_id, tool, shape, approvals, trusted_by, trusted_at, revision, updated_at"

    let database: Database

    package init(_ database: Database) { self.database = database }

    package func list(_ tenant: TenantID, persona: PersonaID?, after: ToolTrustID?, limit: Int) async throws
        -> [ToolTrust]
    {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM tool_trust WHERE tenant_id = $1 AND ($2::uuid IS NULL OR persona_id = $2)
                AND ($3::uuid IS NULL OR trust_id > $3) ORDER BY trust_id LIMIT $4
            """, [tenant.value, persona?.value ?? .null, after?.value ?? .null, .int(limit)]
        ).map(Self.read)
    }

    package func find(_ tenant: TenantID, _ id: ToolTrustID) async throws -> ToolTrust? {
        try await database.rows(
            tenant, "SELECT \(Self.columns) FROM tool_trust WHERE tenant_id = $1 AND trust_id = $2",
            [tenant.value, id.value]
        ).first.map(Self.read)
    }

    /// Lets calls of a shape go unasked, or has them asked about again. `nil` where there is no such shape, or too few
    /// approvals for trust.
    package func set(_ tenant: TenantID, _ id: ToolTrustID, isTrusted: Bool, by user: UserID, actor: String)
        async throws
        -> ToolTrust?
    {
        try await database.transaction(tenant) { connection in
            let rows = try await connection.query(
                """
                UPDATE tool_trust SET trusted_by = CASE WHEN $3 THEN $4::uuid END,
                    trusted_at = CASE WHEN $3 THEN platform_now() END, revision = revision + 1,
                    -- Trust that was taken back has to be earned again.
                    approvals = CASE WHEN $3 THEN approvals ELSE 0 END, updated_at = platform_now()
                WHERE tenant_id = $1 AND trust_id = $2 AND (NOT $3 OR approvals >= $5) RETURNING \(Self.columns)
                """, [tenant.value, id.value, .bool(isTrusted), user.value, .int(Self.approvalsNeeded)])
            guard let trust = try rows.first.map(Self.read) else { return nil }
            let entry = AuditEntry(
                actor: actor, action: isTrusted ? "tool_trust.given" : "tool_trust.revoked",
                subject: "persona:\(trust.persona)",
                detail: [
                    "tool": .string(trust.shape.tool), "shape": .string(trust.shape.text),
                    "approvals": .int(Int64(trust.approvals)),
                ])
            _ = try await connection.pipeline([try entry.statement()])
            return trust
        }
    }

    /// Counts a person's answer for the shape of what was asked; part of the answer's transaction.
    package static func count(
        _ tenant: TenantID, persona: PersonaID, shape: ToolShape, approval: ApprovalID, isGranted: Bool
    ) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO tool_trust AS t (tenant_id, trust_id, persona_id, tool, shape, approvals, last_approval_id)
            VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 1 ELSE 0 END, $7)
            ON CONFLICT (tenant_id, persona_id, tool, md5(shape)) DO UPDATE SET
                approvals = CASE WHEN $6 THEN t.approvals + 1 ELSE 0 END, last_approval_id = excluded.last_approval_id,
                trusted_by = CASE WHEN $6 THEN t.trusted_by END, trusted_at = CASE WHEN $6 THEN t.trusted_at END,
                revision = t.revision + 1, updated_at = platform_now()
            WHERE t.last_approval_id IS DISTINCT FROM excluded.last_approval_id AND t.shape = excluded.shape
            """,
            [
                tenant.value, ToolTrustID.new().value, persona.value, .text(shape.tool), .text(shape.text),
                .bool(isGranted), approval.value,
            ])
    }

    static func read(_ row: PostgresRow) throws -> ToolTrust {
        ToolTrust(
            id: try row.id("trust_id"), persona: try row.id("persona_id"),
            shape: ToolShape(tool: try row.text("tool"), text: try row.text("shape")),
            approvals: try row.int("approvals"), trustedBy: try row.optionalID("trusted_by"),
            trustedAt: try row.optionalTimestamp("trusted_at"), revision: try row.int("revision"),
            updatedAt: try row.timestamp("updated_at"))
    }
}
