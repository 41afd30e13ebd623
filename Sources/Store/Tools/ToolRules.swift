package import Domain
package import FoundationEssentials
import Postgres
package import ToolKit

package enum ToolRuleSubject {}
package typealias ToolRuleID = Identifier<ToolRuleSubject>

/// A rule as people see and change it.
package struct StoredToolRule: Sendable {
    package let id: ToolRuleID
    package let rule: ToolRule
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
}

/// A tenant's rules about its tools.
package struct ToolRules: Sendable {
    /// Rules of one tenant: all are read for each run.
    package static let most = 1_000

    private static let columns = """
        rule_id, subject_kind, subject, tool, access, verdict, per_hour, when_exceeded, revision, created_at, updated_at
        """

    let database: Database

    package init(_ database: Database) { self.database = database }

    package func list(_ tenant: TenantID, after: ToolRuleID?, limit: Int) async throws -> [StoredToolRule] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM tool_rules WHERE tenant_id = $1 AND ($2::uuid IS NULL OR rule_id > $2)
            ORDER BY rule_id LIMIT $3
            """, [tenant.value, after?.value ?? .null, .int(limit)]
        ).map(Self.read)
    }

    package func find(_ tenant: TenantID, _ id: ToolRuleID) async throws -> StoredToolRule? {
        try await database.rows(
            tenant, "SELECT \(Self.columns) FROM tool_rules WHERE tenant_id = $1 AND rule_id = $2",
            [tenant.value, id.value]
        ).first.map(Self.read)
    }

    /// Makes the rule of its subject and pattern. Throws `StoreError.taken` where there is one, and
    /// `StoreError.notFound` where the persona is not the tenant's or there are `most` rules.
    package func create(_ tenant: TenantID, _ rule: ToolRule, actor: String) async throws -> StoredToolRule {
        let id = ToolRuleID.new()
        do {
            let results = try await database.batch(
                tenant,
                [
                    PostgresStatement(
                        """
                        INSERT INTO tool_rules (tenant_id, rule_id, subject_kind, subject, tool, access, verdict, per_hour,
                            when_exceeded)
                        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
                        WHERE (SELECT count(*) FROM tool_rules WHERE tenant_id = $1) < $10
                            AND ($3 <> 'persona' OR EXISTS (
                                SELECT 1 FROM personas p WHERE p.tenant_id = $1 AND p.persona_id::text = $4))
                        RETURNING \(Self.columns)
                        """, [tenant.value, id.value] + Self.values(rule) + [.int(Self.most)]),
                    try Self.audit("tool_rule.created", id, rule, actor),
                ])
            guard let row = results[0].first else { throw StoreError.notFound("persona") }
            return try Self.read(row)
        } catch let error as PostgresError where error.isUniqueViolation {
            throw StoreError.taken("subject and tool")
        }
    }

    /// Replaces what a rule says; subject and pattern stay. Throws `StoreError.stale` where `revision` is no longer its.
    package func update(
        _ tenant: TenantID, _ id: ToolRuleID, revision: Int?, _ rule: ToolRule, actor: String
    ) async throws -> StoredToolRule {
        try await database.transaction(tenant) { connection in
            let rows = try await connection.query(
                """
                UPDATE tool_rules SET access = $3, verdict = $4, per_hour = $5, when_exceeded = $6,
                    revision = revision + 1, updated_at = platform_now()
                WHERE tenant_id = $1 AND rule_id = $2 AND ($7::bigint IS NULL OR revision = $7)
                RETURNING \(Self.columns)
                """,
                [tenant.value, id.value] + Self.values(rule).dropFirst(3) + [.optional(revision) { .int($0) }])
            guard let row = rows.first else { throw StoreError.stale }
            _ = try await connection.pipeline([try Self.audit("tool_rule.changed", id, rule, actor)])
            return try Self.read(row)
        }
    }

    package func remove(_ tenant: TenantID, _ id: ToolRuleID, actor: String) async throws -> Bool {
        try await database.transaction(tenant) { connection in
            let rows = try await connection.query(
                "DELETE FROM tool_rules WHERE tenant_id = $1 AND rule_id = $2 RETURNING \(Self.columns)",
                [tenant.value, id.value])
            guard let rule = try rows.first.map(Self.read)?.rule else { return false }
            _ = try await connection.pipeline([try Self.audit("tool_rule.removed", id, rule, actor)])
            return true
        }
    }

    private static func values(_ rule: ToolRule) -> [PostgresValue] {
        [
            .text(rule.subject.kind), .text(rule.subject.name), .text(rule.pattern.text),
            .texts(rule.access.map(\.rawValue).sorted()), .optional(rule.verdict) { .text($0.rawValue) },
            .optional(rule.perHour) { .int($0) }, .text(rule.failsAboveLimit ? "fail" : "wait"),
        ]
    }

    private static func audit(_ action: String, _ id: ToolRuleID, _ rule: ToolRule, _ actor: String) throws
        -> PostgresStatement
    {
        try AuditEntry(
            actor: actor, action: action, subject: "tool_rule:\(id)",
            detail: [
                "subject": .string("\(rule.subject.kind):\(rule.subject.name)"), "tool": .string(rule.pattern.text),
                "access": .array(rule.access.map(\.rawValue).sorted().map { .string($0) }),
                "verdict": rule.verdict.map { .string($0.rawValue) } ?? .null,
                "per_hour": rule.perHour.map { .int(Int64($0)) } ?? .null,
            ]
        ).statement()
    }

    static func read(_ row: PostgresRow) throws -> StoredToolRule {
        StoredToolRule(
            id: try row.id("rule_id"), rule: try rule(row), revision: try row.int("revision"),
            createdAt: try row.timestamp("created_at"), updatedAt: try row.timestamp("updated_at"))
    }

    static func rule(_ row: PostgresRow) throws -> ToolRule {
        let subject = ToolSubject(kind: try row.text("subject_kind"), name: try row.text("subject"))
        guard let subject, let pattern = ToolPattern(try row.text("tool")) else {
            throw StoreError.notFound("subject of a tool rule")
        }
        return ToolRule(
            subject: subject, pattern: pattern,
            access: Set(try row.texts("access").compactMap { ToolAccess(rawValue: $0) }),
            verdict: try row.optionalText("verdict").flatMap { ToolVerdict(rawValue: $0) },
            perHour: try row.optionalInt("per_hour"), failsAboveLimit: try row.text("when_exceeded") == "fail")
    }
}

extension ToolSubject {
    package var kind: String {
        switch self {
        case .tenant: "tenant"
        case .persona: "persona"
        case .role: "role"
        }
    }

    /// Empty for the tenant.
    package var name: String {
        switch self {
        case .tenant: ""
        case .persona(let id): id.description
        case .role(let name): name
        }
    }

    package init?(kind: String, name: String) {
        switch kind {
        case "tenant" where name.isEmpty: self = .tenant
        case "persona":
            guard let id = PersonaID(name) else { return nil }
            self = .persona(id)
        case "role": self = .role(name)
        default: return nil
        }
    }
}
