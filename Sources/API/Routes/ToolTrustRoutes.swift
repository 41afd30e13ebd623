import Domain
import FoundationEssentials
import HTTPTypes
import Store
import ToolKit

/// Trust that approvals have earned, and that owners give and take back.
struct ToolTrustRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, set] }

    private static let path = "/api/tool-trust"

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listToolTrust", tag: "tool",
            summary: "Shapes of calls that people have been asked about, with how often in a row they said yes.",
            access: .read,
            query: [.init(name: "persona_id", schema: .id, note: "Of one persona.")] + PageRequest.parameters,
            answer: .init(.ok, .page(of: ToolTrustBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await services.toolTrusts.list(
                caller.tenant, persona: try call.queryID("persona_id"), after: page.after { ToolTrustID($0) },
                limit: page.limit + 1)
            return try .json(Page(rows.map { ToolTrustBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var set: Endpoint {
        Endpoint(
            method: .put, path: Self.path + "/{trust_id}", name: "setToolTrust", tag: "tool",
            summary: "Lets calls of a shape go unasked, or has them asked about again. An owner's decision; 409 before "
                + "\(ToolTrusts.approvalsNeeded) approvals in a row.",
            access: .administer,
            body: .json(.object([Schema.required("trusted", .boolean)]), example: ["trusted": true]),
            answer: .init(.ok, ToolTrustBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let input: Input = try call.decode()
            guard caller.role == .owner || !input.trusted else {
                throw Problem(.forbidden, "owners-only", "Only an owner lets calls go unasked.")
            }
            let id: ToolTrustID = try call.id("trust_id", of: "shape")
            guard try await services.toolTrusts.find(caller.tenant, id) != nil else { throw Problem.notFound("shape") }
            guard
                let trust = try await services.toolTrusts.set(
                    caller.tenant, id, isTrusted: input.trusted, by: caller.user, actor: caller.actor)
            else {
                throw Problem(
                    .conflict, "too-few-approvals",
                    "Calls of this shape may go unasked after \(ToolTrusts.approvalsNeeded) approvals in a row.")
            }
            return try .json(ToolTrustBody(trust), headers: .entity(revision: trust.revision))
        }
    }

    private struct Input: Decodable { let trusted: Bool }
}

private struct ToolTrustBody: Encodable {
    let id: ToolTrustID
    let personaID: PersonaID
    let tool: String
    let shape: JSONValue
    let approvals: Int
    let eligible: Bool
    let trusted: Bool
    let trustedBy: UserID?
    let trustedAt: Date?
    let updatedAt: Date

    init(_ trust: ToolTrust) {
        id = trust.id
        personaID = trust.persona
        tool = trust.shape.tool
        // Written by the platform: JSON in any case.
        shape = (try? JSONValue(parsing: Array(trust.shape.text.utf8))) ?? .null
        approvals = trust.approvals
        eligible = trust.isEligible
        trusted = trust.isTrusted
        trustedBy = trust.trustedBy
        trustedAt = trust.trustedAt
        updatedAt = trust.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, tool, shape, approvals, eligible, trusted
        case personaID = "persona_id"
        case trustedBy = "trusted_by"
        case trustedAt = "trusted_at"
        case updatedAt = "updated_at"
    }

    static let schema = Schema.named(
        "ToolTrust",
        .object([
            Schema.required("id", .id), Schema.required("persona_id", .id), Schema.required("tool", .string()),
            Schema.required("shape", .any, "kinds of values; hosts, addresses and switches as they are"),
            Schema.required("approvals", .integer(0...Int64.max), "in a row, since the last rejection"),
            Schema.required("eligible", .boolean), Schema.required("trusted", .boolean),
            Schema.optional("trusted_by", .id), Schema.optional("trusted_at", .time),
            Schema.required("updated_at", .time),
        ]))
}
