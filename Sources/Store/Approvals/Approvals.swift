package import Domain
package import FoundationEssentials
import Postgres
import ToolKit

/// A question of a run to a person, with what was answered.
package struct StoredApproval: Sendable {
    package enum Status: String, Sendable, CaseIterable { case pending, approved, rejected, expired, withdrawn }

    package let id: ApprovalID
    package let run: RunID
    package let persona: PersonaID
    package let step: Int
    package let node: String
    package let title: String
    package let detail: String
    package let arguments: JSONValue
    package let tool: String?
    /// SHA-256 of what is shown, in hexadecimal.
    package let argumentsHash: String
    package let dueAt: Date?
    package let status: Status
    package let decidedBy: UserID?
    package let comment: String?
    package let decidedAt: Date?
    package let createdAt: Date
}

/// A person's answer.
package struct ApprovalAnswer: Sendable, Hashable {
    package var approves: Bool
    package var comment: String?
    /// Where the client says what it showed: refused if that is not what is asked.
    package var argumentsHash: String?

    package init(approves: Bool, comment: String? = nil, argumentsHash: String? = nil) {
        self.approves = approves
        self.comment = comment
        self.argumentsHash = argumentsHash
    }
}

/// Questions as people see and answer them; runs put and settle them with their steps.
package struct Approvals: Sendable {
    /// Member of a persona's definition: the roles that may decide for it; everyone who may start runs by default.
    package static let rolesMember = "approver_roles"
    /// An answer comes to its run as the signal of this name and the question's id, once by its key.
    package static let signalPrefix = "approval."

    let database: Database

    package init(_ database: Database) { self.database = database }

    private static let columns = """
        a.approval_id, a.run_id, r.persona_id, a.step, a.node, a.title, a.detail, a.arguments, a.tool, a.arguments_hash,
        a.due_at, a.status, a.decided_by, a.comment, a.decided_at, a.created_at
        """

    package func find(_ tenant: TenantID, _ id: ApprovalID) async throws -> StoredApproval? {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM approvals a JOIN runs r USING (tenant_id, run_id)
            WHERE a.tenant_id = $1 AND a.approval_id = $2
            """, [tenant.value, id.value]
        ).first.map(Self.approval)
    }

    /// Newest first.
    package func list(
        _ tenant: TenantID, status: StoredApproval.Status?, run: RunID?, before: ApprovalID?, limit: Int
    ) async throws -> [StoredApproval] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM approvals a JOIN runs r USING (tenant_id, run_id)
            WHERE a.tenant_id = $1 AND ($2::text IS NULL OR a.status = $2) AND ($3::uuid IS NULL OR a.run_id = $3)
                AND ($4::uuid IS NULL OR a.approval_id < $4)
            ORDER BY a.approval_id DESC LIMIT $5
            """,
            [
                tenant.value, .optional(status) { .text($0.rawValue) }, run?.value ?? .null, before?.value ?? .null,
                .int(limit),
            ]
        ).map(Self.approval)
    }

    package enum Outcome: Sendable {
        /// Recorded once and for all; ring `.run` afterwards.
        case recorded(RunID)
        case absent
        /// It has been answered, has expired or is moot.
        case over(StoredApproval.Status)
        /// What was shown is not what is asked.
        case other
        /// The persona leaves it to other roles.
        case notYours
    }

    /// Records an answer. Of two at the same time one is recorded.
    package func answer(
        _ tenant: TenantID, _ id: ApprovalID, _ answer: ApprovalAnswer, by user: UserID, role: String, actor: String
    ) async throws -> Outcome {
        try await database.transaction(tenant) { connection in
            // Lock order: the run before its rows.
            let rows = try await connection.query(
                """
                SELECT r.run_id, r.persona_id, r.finished_at IS NULL AS is_open,
                    v.definition::jsonb -> $3 IS NULL OR v.definition::jsonb -> $3 @> to_jsonb($4::text) AS is_allowed
                FROM runs r JOIN persona_versions v
                    ON v.tenant_id = r.tenant_id AND v.persona_id = r.persona_id AND v.version = r.persona_version
                WHERE r.tenant_id = $1 AND r.run_id = (
                    SELECT run_id FROM approvals WHERE tenant_id = $1 AND approval_id = $2)
                FOR UPDATE OF r
                """, [tenant.value, id.value, .text(Self.rolesMember), .text(role)])
            guard let row = rows.first else { return .absent }
            let run: RunID = try row.id("run_id")
            let asked = try await connection.query(
                """
                SELECT status, tool, arguments, arguments_hash, coalesce(due_at <= platform_now(), false) AS is_late FROM approvals
                WHERE tenant_id = $1 AND approval_id = $2 FOR UPDATE
                """, [tenant.value, id.value])
            guard let question = asked.first else { return .absent }
            let status: StoredApproval.Status = try question.known("status")
            guard status == .pending else { return .over(status) }
            guard try row.bool("is_open") else { return .over(.withdrawn) }
            guard try !question.bool("is_late") else { return .over(.expired) }
            let hash = try question.text("arguments_hash")
            guard answer.argumentsHash == nil || answer.argumentsHash == hash else { return .other }
            guard try row.bool("is_allowed") else { return .notYours }
            try await connection.execute(
                """
                UPDATE approvals SET status = $3, decided_by = $4, comment = $5, decided_at = platform_now()
                WHERE tenant_id = $1 AND approval_id = $2
                """,
                [
                    tenant.value, id.value, .text(answer.approves ? "approved" : "rejected"), user.value,
                    .optional(answer.comment) { .text($0) },
                ])
            try await connection.execute(
                """
                INSERT INTO signals (tenant_id, run_id, signal_id, name, payload, created_by) VALUES ($1, $2, $3, $4, $5, $6)
                """,
                [
                    tenant.value, run.value, id.value, .text("\(Self.signalPrefix)\(id)"),
                    try .json([
                        "decision": .string(answer.approves ? "approve" : "reject"), "arguments_hash": .string(hash),
                        "by": .string(actor), "comment": answer.comment.map { .string($0) } ?? .null,
                    ]), user.value,
                ])
            if let tool = try question.optionalText("tool"),
                let shape = ToolShape(tool: tool, input: try question.value("arguments"))
            {
                let count = ToolTrusts.count(
                    tenant, persona: try row.id("persona_id"), shape: shape, approval: id, isGranted: answer.approves)
                _ = try await connection.pipeline([count])
            }
            let entry = AuditEntry(
                actor: actor, action: answer.approves ? "approval.approved" : "approval.rejected",
                subject: "approval:\(id)", run: run,
                detail: [
                    "arguments_hash": .string(hash), "comment": answer.comment.map { .string($0) } ?? .null,
                ])
            _ = try await connection.pipeline([JobQueue.wake(tenant, run), try entry.statement()])
            return .recorded(run)
        }
    }

    private static func approval(_ row: PostgresRow) throws -> StoredApproval {
        StoredApproval(
            id: try row.id("approval_id"), run: try row.id("run_id"), persona: try row.id("persona_id"),
            step: try row.int("step"), node: try row.text("node"), title: try row.text("title"),
            detail: try row.text("detail"), arguments: try row.value("arguments"), tool: try row.optionalText("tool"),
            argumentsHash: try row.text("arguments_hash"), dueAt: try row.optionalTimestamp("due_at"),
            status: try row.known("status"), decidedBy: try row.optionalID("decided_by"),
            comment: try row.optionalText("comment"), decidedAt: try row.optionalTimestamp("decided_at"),
            createdAt: try row.timestamp("created_at"))
    }
}
