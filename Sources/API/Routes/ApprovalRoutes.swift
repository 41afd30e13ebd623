import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Questions of runs to people, each answered once.
struct ApprovalRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, get, decide] }

    private static let path = "/api/approvals"

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listApprovals", tag: "approval",
            summary: "What runs ask people, newest first.", access: .read,
            query: [
                .init(name: "status", schema: .choice(ApprovalBody.statuses), note: "In one status, as pending."),
                .init(name: "run_id", schema: .id, note: "Of one run."),
            ] + PageRequest.parameters, answer: .init(.ok, .page(of: ApprovalBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let status = try call.query["status"].map { text in
                guard let status = StoredApproval.Status(rawValue: text) else {
                    throw Problem(
                        .badRequest, "bad-parameter", "'status' must be one of \(ApprovalBody.statuses).")
                }
                return status
            }
            let rows = try await services.approvals.list(
                caller.tenant, status: status, run: try call.queryID("run_id"),
                before: page.after { ApprovalID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { ApprovalBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{approval_id}", name: "getApproval", tag: "approval",
            summary: "One question, with exactly what is asked.", access: .read,
            answer: .init(.ok, ApprovalBody.schema)
        ) { call in
            try await reply(call.authenticated(), call.id("approval_id", of: "approval"))
        }
    }

    private var decide: Endpoint {
        Endpoint(
            method: .post, path: Self.path + "/{approval_id}", name: "decideApproval", tag: "approval",
            summary: "Answers a question, once: 409 where it has been answered, has expired or is moot. A persona's "
                + "approver_roles narrow who may.",
            access: .operate,
            body: .json(
                .object([
                    Schema.required("decision", .choice(["approve", "reject"])),
                    Schema.optional("comment", .nullable(.text(0...2_000)), "kept with the answer and in the audit"),
                    Schema.optional(
                        "arguments_hash", .text(64...64), "of what was shown: 409 where something else is asked"),
                ]), example: ["decision": "approve", "comment": "Checked with Mira."]),
            answer: .init(.ok, ApprovalBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let id: ApprovalID = try call.id("approval_id", of: "approval")
            let input: ApprovalInput = try call.decode()
            let answer = ApprovalAnswer(
                approves: input.decision == "approve", comment: input.comment, argumentsHash: input.argumentsHash)
            switch try await services.approvals.answer(
                caller.tenant, id, answer, by: caller.user, role: caller.role.rawValue, actor: caller.actor)
            {
            case .recorded(let run): await services.doorbell?.ring([.run(caller.tenant, run)])
            case .absent: throw Problem.notFound("approval")
            case .over(let status):
                throw Problem(.conflict, "approval-over", "This question is \(status.rawValue) already.")
            case .other:
                throw Problem(.conflict, "approval-changed", "What is asked is not what you saw; read it again.")
            case .notYours:
                throw Problem(.forbidden, "not-an-approver", "This persona leaves its approvals to other roles.")
            }
            return try await reply(caller, id)
        }
    }

    private func reply(_ caller: Caller, _ id: ApprovalID) async throws -> Reply {
        guard let approval = try await services.approvals.find(caller.tenant, id) else {
            throw Problem.notFound("approval")
        }
        return try .json(ApprovalBody(approval))
    }
}

private struct ApprovalInput: Decodable {
    let decision: String
    let comment: String?
    let argumentsHash: String?

    enum CodingKeys: String, CodingKey {
        case decision, comment
        case argumentsHash = "arguments_hash"
    }
}

private struct ApprovalBody: Encodable {
    static let statuses = StoredApproval.Status.allCases.map(\.rawValue)

    let id: ApprovalID
    let runID: RunID
    let personaID: PersonaID
    let step: Int
    let node: String
    let title: String
    let detail: String
    let arguments: JSONValue
    let tool: String?
    let argumentsHash: String
    let dueAt: Date?
    let status: String
    let decidedBy: UserID?
    let comment: String?
    let decidedAt: Date?
    let createdAt: Date

    init(_ approval: StoredApproval) {
        id = approval.id
        runID = approval.run
        personaID = approval.persona
        step = approval.step
        node = approval.node
        title = approval.title
        detail = approval.detail
        arguments = approval.arguments
        tool = approval.tool
        argumentsHash = approval.argumentsHash
        dueAt = approval.dueAt
        status = approval.status.rawValue
        decidedBy = approval.decidedBy
        comment = approval.comment
        decidedAt = approval.decidedAt
        createdAt = approval.createdAt
    }

    enum CodingKeys: String, CodingKey {
        case id, step, node, title, detail, arguments, tool, status, comment
        case runID = "run_id"
        case personaID = "persona_id"
        case argumentsHash = "arguments_hash"
        case dueAt = "due_at"
        case decidedBy = "decided_by"
        case decidedAt = "decided_at"
        case createdAt = "created_at"
    }

    static let schema = Schema.named(
        "Approval",
        .object([
            Schema.required("id", .id), Schema.required("run_id", .id), Schema.required("persona_id", .id),
            Schema.required("step", .integer(1...Int64.max)), Schema.required("node", .string()),
            Schema.required("title", .string()), Schema.required("detail", .string()),
            Schema.required("arguments", .any, "of the call that is made once it is granted"),
            Schema.optional("tool", .string()),
            Schema.required("arguments_hash", .string(), "SHA-256 of {arguments, detail, title, tool}"),
            Schema.optional("due_at", .time, "when it expires"), Schema.required("status", .choice(statuses)),
            Schema.optional("decided_by", .id), Schema.optional("comment", .string()),
            Schema.optional("decided_at", .time), Schema.required("created_at", .time),
        ]))
}
