import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Calls that were given up, and what a person can do about them.
struct DeadLetterRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list] }

    private var list: Endpoint {
        Endpoint(
            method: .get, path: "/api/dead-letters", name: "listDeadLetters", tag: "run",
            summary: "Calls of tools and models that were given up, with the reason.", access: .read,
            query: [
                .init(name: "run_id", schema: .id, note: "Of one run."),
                .init(name: "retried", schema: .boolean, note: "Only those that have, or have not, been tried again."),
            ] + PageRequest.parameters, answer: .init(.ok, .page(of: DeadLetterBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let retried = try call.query["retried"].map { text in
                guard let value = Bool(text) else {
                    throw Problem(.badRequest, "bad-parameter", "'retried' must be true or false.")
                }
                return value
            }
            let rows = try await services.deadLetters.list(
                caller.tenant, run: try call.queryID("run_id"), isOpen: retried.map { !$0 },
                before: page.after { JobID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { DeadLetterBody($0) }, limit: page.limit) { $0.id.description })
        }
    }
}

struct DeadLetterBody: Encodable {
    let id: JobID
    let runID: RunID
    let personaID: PersonaID
    let runStatus: String
    let step: Int
    let node: String
    let tool: String
    let effect: String
    let attempt: Int
    let error: JSONValue
    let failedAt: Date
    let retriedAs: RunID?

    init(_ letter: DeadLetter) {
        id = letter.job
        runID = letter.run
        personaID = letter.persona
        runStatus = letter.runStatus.rawValue
        step = letter.step
        node = letter.node
        tool = letter.tool
        effect = letter.effect
        attempt = letter.attempt
        error = letter.error
        failedAt = letter.failedAt
        retriedAs = letter.retriedAs
    }

    enum CodingKeys: String, CodingKey {
        case id, step, node, tool, effect, attempt, error
        case runID = "run_id"
        case personaID = "persona_id"
        case runStatus = "run_status"
        case failedAt = "failed_at"
        case retriedAs = "retried_as"
    }

    static let schema = Schema.named(
        "DeadLetter",
        .object([
            Schema.required("id", .id), Schema.required("run_id", .id), Schema.required("persona_id", .id),
            Schema.required("run_status", .choice(RunBody.statuses)), Schema.required("step", .integer(1...Int64.max)),
            Schema.required("node", .string()), Schema.required("tool", .string()),
            Schema.required("effect", .string(), "read, idempotent_by_key, deduplicable or non_idempotent"),
            Schema.required("attempt", .integer(0...Int64.max), "attempts begun"),
            Schema.required("error", .any, "{kind, code, message}"), Schema.required("failed_at", .time),
            Schema.optional("retried_as", .id, "the run that tries it again"),
        ]))
}
