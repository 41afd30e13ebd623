import Domain
import HTTPTypes
import JSONSchema
import Store
import ToolKit
import ToolSearch

/// The tools that there are: the platform's and the tenant's own.
struct ToolRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, get] }

    private static let path = "/api/tools"
    /// Hits of a search that says no limit: as many as a model can choose among.
    private static let fewHits = 5
    private static let persona = Endpoint.Parameter(
        name: "persona_id", schema: .id, note: "As this persona may call them, with its own tools.")

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listTools", tag: "tool",
            summary:
                "Tools by name; with query those that fit it, best first, each followed by the tools that it needs. "
                + "A search gives schemas and has one page.",
            access: .read,
            query: [
                .init(name: "query", schema: .text(0...1_000), note: "What is to be done, in anybody's words."),
                Self.persona,
            ] + PageRequest.parameters, answer: .init(.ok, .page(of: ToolBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let shelf = try await shelf(of: call, caller)
            guard let query = call.query["query"], !query.isEmpty else {
                let rows = shelf.contracts.filter { contract in page.after.map { contract.descriptor.name > $0 } ?? true
                }
                .prefix(page.limit + 1).map { shelf.body($0) }
                return try .json(Page(rows, limit: page.limit) { $0.name })
            }
            guard query.unicodeScalars.count <= 1_000 else {
                throw Problem(.badRequest, "bad-parameter", "'query' may have 1000 characters.")
            }
            let limit = call.query["limit"] == nil ? Self.fewHits : page.limit
            let hits = services.toolIndexes.index(caller.tenant, shelf.contracts.map(\.descriptor))
                .search(query, limit: limit)
            let rows = hits.compactMap { hit in
                shelf.contracts.first { $0.descriptor.name == hit.name }.map { shelf.body($0, hit: hit) }
            }
            return try .json(Page(rows, limit: rows.count) { $0.name })
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{name}", name: "getTool", tag: "tool",
            summary: "One tool: JSON Schema of input and output, risk, what it needs, and how you stand with it.",
            access: .read, query: [Self.persona], answer: .init(.ok, ToolBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let shelf = try await shelf(of: call, caller)
            guard let contract = shelf.contracts.first(where: { $0.descriptor.name == call.parameters["name"] }) else {
                throw Problem.notFound("tool")
            }
            var body = shelf.body(contract, isWhole: true)
            if let persona = shelf.persona {
                let counters = ToolCounter.all(
                    of: contract.descriptor, under: shelf.policy, persona: persona, user: caller.user)
                body.limits = try await services.toolUsage.standing(caller.tenant, counters).map { ToolBody.Limit($0) }
            }
            return try .json(body)
        }
    }

    private func shelf(of call: Call, _ caller: Caller) async throws -> Shelf {
        let persona: PersonaID? = try call.queryID("persona_id")
        if let persona, try await services.personas.find(caller.tenant, persona) == nil {
            throw Problem.notFound("persona")
        }
        let tenant = try await TenantTools.load(services.database, caller.tenant)
        let own = persona == nil ? tenant.tools : tenant.tools(of: persona)
        return Shelf(
            contracts: (services.tools + own.map(\.contract)).sorted { $0.descriptor.name < $1.descriptor.name },
            sources: Dictionary(own.map { ($0.contract.descriptor.name, $0.source) }) { first, _ in first },
            policy: tenant.policy(persona: persona, role: caller.role.rawValue), persona: persona)
    }
}

/// The tools of a caller, and how the caller stands with them.
private struct Shelf {
    let contracts: [ToolContract]
    let sources: [String: ToolSourceID]
    let policy: ToolPolicy
    let persona: PersonaID?

    func body(_ contract: ToolContract, hit: ToolIndex.Hit? = nil, isWhole: Bool = false) -> ToolBody {
        let tool = contract.descriptor
        var body = ToolBody(tool, permission: policy.verdict(on: tool), source: sources[tool.name])
        body.score = hit?.score
        body.neededBy = hit?.neededBy
        if isWhole || hit != nil {
            body.inputSchema = contract.input.document
            body.outputSchema = contract.output.document
        }
        return body
    }
}

struct ToolBody: Encodable {
    struct Limit: Encodable {
        let counter: String
        let perHour: Int
        let remaining: Int
        let resetsAt: String?
        let whenExceeded: String

        init(_ standing: ToolUsage.Standing) {
            counter = standing.counter.name
            perHour = standing.counter.perHour
            remaining = standing.remaining
            resetsAt = standing.resetsAt?.timestamp
            whenExceeded = standing.counter.failsAboveLimit ? "fail" : "wait"
        }

        enum CodingKeys: String, CodingKey {
            case counter, remaining
            case perHour = "per_hour"
            case resetsAt = "resets_at"
            case whenExceeded = "when_exceeded"
        }
    }

    let name: String
    let version: Int
    let description: String
    let effect: String
    let risk: String
    let access: String
    let permission: String
    let origin: String
    let sourceID: ToolSourceID?
    let dependencies: [String]
    let secrets: [String]
    let usesNetwork: Bool
    let timeoutSeconds: Int
    let inputBytes: Int
    let outputBytes: Int
    var limits: [Limit]?
    var score: Double?
    var neededBy: String?
    var inputSchema: JSONValue?
    var outputSchema: JSONValue?

    init(_ tool: ToolDescriptor, permission: ToolVerdict, source: ToolSourceID?) {
        name = tool.name
        version = tool.version
        description = tool.summary
        effect = tool.effect.rawValue
        risk = tool.risk.rawValue
        access = tool.access.rawValue
        self.permission = permission.rawValue
        origin = source == nil ? "platform" : "tenant"
        sourceID = source
        dependencies = tool.dependencies
        secrets = tool.secrets
        usesNetwork = tool.usesNetwork
        timeoutSeconds = tool.timeoutSeconds
        inputBytes = tool.limits.inputBytes
        outputBytes = tool.limits.outputBytes
    }

    enum CodingKeys: String, CodingKey {
        case name, version, description, effect, risk, access, permission, origin, dependencies, secrets, limits, score
        case sourceID = "source_id"
        case usesNetwork = "uses_network"
        case timeoutSeconds = "timeout_seconds"
        case inputBytes = "input_bytes"
        case outputBytes = "output_bytes"
        case neededBy = "needed_by"
        case inputSchema = "input_schema"
        case outputSchema = "output_schema"
    }

    static let schema = Schema.named(
        "Tool",
        .object([
            Schema.required("name", .string(), "area.verb"), Schema.required("version", .integer(1...Int64.max)),
            Schema.required("description", .string(), "of a tenant's own tool: written by others, as data"),
            Schema.required("effect", .string(), "read, idempotent_by_key, deduplicable or non_idempotent"),
            Schema.required("risk", .choice(RiskClass.allCases.map(\.rawValue))),
            Schema.required("access", .choice(ToolAccess.allCases.map(\.rawValue)), "what a rule must grant"),
            Schema.required(
                "permission", .choice(ToolVerdict.allCases.map(\.rawValue)),
                "of a run that you begin, with this persona where one is named"),
            Schema.required("origin", .choice(["platform", "tenant"])), Schema.optional("source_id", .id),
            Schema.required("dependencies", .array(of: .string()), "tools that belong before it"),
            Schema.required("secrets", .array(of: .string()), "names of what a call is given"),
            Schema.required("uses_network", .boolean), Schema.required("timeout_seconds", .integer(1...Int64.max)),
            Schema.required("input_bytes", .integer(0...Int64.max)),
            Schema.required("output_bytes", .integer(0...Int64.max)),
            Schema.optional(
                "limits",
                .array(
                    of: .object([
                        Schema.required("counter", .string(), "whose calls of which tools"),
                        Schema.required("per_hour", .integer(0...Int64.max)),
                        Schema.required("remaining", .integer(0...Int64.max)), Schema.optional("resets_at", .time),
                        Schema.required("when_exceeded", .choice(["wait", "fail"])),
                    ])), "of one tool of a named persona"),
            Schema.optional("score", .number), Schema.optional("needed_by", .string(), "the hit that it belongs to"),
            Schema.optional("input_schema", .any, "JSON Schema 2020-12"),
            Schema.optional("output_schema", .any, "JSON Schema 2020-12"),
        ]))
}
