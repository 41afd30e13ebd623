package import Domain
import JSONSchema
import Postgres
package import ToolKit

/// All that a tenant has said about tools, and its own tools: what runs, calls and lists are judged by.
package struct TenantTools: Sendable {
    private let rules: [ToolRule]
    private let trusted: [PersonaID: Set<ToolShape>]
    package let tools: [SourceTool]
    /// Raised by every change of all this; 0 where there has been none.
    package let revision: Int

    /// As it stands now, in one round trip.
    package static func load(_ database: Database, _ tenant: TenantID) async throws -> TenantTools {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    SELECT subject_kind, subject, tool, access, verdict, per_hour, when_exceeded FROM tool_rules
                    WHERE tenant_id = $1
                    """, [tenant.value]),
                PostgresStatement(
                    "SELECT persona_id, tool, shape FROM tool_trust WHERE tenant_id = $1 AND trusted_at IS NOT NULL",
                    [tenant.value]),
                PostgresStatement(SourceTool.all, [tenant.value]),
                PostgresStatement(
                    "SELECT coalesce(max(revision), 0) AS revision FROM tool_revisions WHERE tenant_id = $1",
                    [tenant.value]),
            ])
        var trusted: [PersonaID: Set<ToolShape>] = [:]
        for row in results[1] {
            trusted[try row.id("persona_id"), default: []].insert(
                ToolShape(tool: try row.text("tool"), text: try row.text("shape")))
        }
        return TenantTools(
            rules: try results[0].map(ToolRules.rule), trusted: trusted, tools: try results[2].map(SourceTool.init),
            revision: try results[3].first?.int("revision") ?? 0)
    }

    package func policy(persona: PersonaID?, role: String?) -> ToolPolicy {
        ToolPolicy(rules, trusted: persona.flatMap { trusted[$0] } ?? [], persona: persona, role: role)
    }

    /// The tenant's own tools that a persona has; `nil`: those of every persona.
    package func tools(of persona: PersonaID?) -> [SourceTool] {
        tools.filter { $0.persona == nil || $0.persona == persona }
    }

    /// Who began a run, where a person did: an id and a role.
    package static func beginner(_ database: Database, _ tenant: TenantID, _ run: RunID) async throws -> (
        user: UserID?, role: String?
    ) {
        let row = try await database.rows(
            tenant,
            """
            SELECT u.user_id, u.role FROM runs r JOIN users u ON u.tenant_id = r.tenant_id AND u.user_id = r.created_by
            WHERE r.tenant_id = $1 AND r.run_id = $2
            """, [tenant.value, run.value]
        ).first
        return (try row?.id("user_id"), try row?.text("role"))
    }

    /// Whether a person let exactly this call go: an approval of its own step, for this tool and input.
    package static func isApproved(
        _ database: Database, _ tenant: TenantID, run: RunID, step: Int, tool: String, input: JSONValue
    ) async throws -> Bool {
        let row = try await database.rows(
            tenant,
            """
            SELECT arguments FROM approvals
            WHERE tenant_id = $1 AND approval_id = $2 AND run_id = $3 AND tool = $4 AND status = 'approved'
            """, [tenant.value, ApprovalID(run: run, step: step).value, run.value, .text(tool)]
        ).first
        guard let row else { return false }
        return try row.value("arguments") == input
    }
}

/// A tool of a tenant's own source, and how it is called.
package struct SourceTool: Sendable {
    package let source: ToolSourceID
    package let persona: PersonaID?
    package let contract: ToolContract
    package let binding: JSONValue

    static let all: String = """
        SELECT t.source_id, s.persona_id, t.descriptor, t.input_schema, t.output_schema, t.binding
        FROM source_tools t JOIN tool_sources s USING (tenant_id, source_id)
        WHERE t.tenant_id = $1 AND t.removed_at IS NULL ORDER BY t.name
        """

    init(_ row: PostgresRow) throws {
        source = try row.id("source_id")
        persona = try row.optionalID("persona_id")
        contract = ToolContract(
            descriptor: try row.value("descriptor").decode(), input: JSONSchema(try row.value("input_schema")),
            output: JSONSchema(try row.value("output_schema")))
        binding = try row.value("binding")
    }
}
