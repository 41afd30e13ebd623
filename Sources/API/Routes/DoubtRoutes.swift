import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Effects of which nobody knows whether they happened, until someone has found out.
struct DoubtRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, decide] }

    private var list: Endpoint {
        Endpoint(
            method: .get, path: "/api/doubts", name: "listDoubts", tag: "run",
            summary: "Calls of which nobody knows whether they took effect, also of runs that are over.",
            access: .read, query: [.init(name: "run_id", schema: .id, note: "Of one run.")] + PageRequest.parameters,
            answer: .init(.ok, .page(of: DoubtBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await services.doubts.list(
                caller.tenant, run: try call.queryID("run_id"), before: page.after { JobID($0) },
                limit: page.limit + 1)
            return try .json(Page(rows.map { DoubtBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var decide: Endpoint {
        Endpoint(
            method: .post, path: "/api/doubts/{doubt_id}", name: "decideDoubt", tag: "run",
            summary:
                "Says what became of a call, once: done, failed, or retry where its run waits for it (only if it did "
                + "not happen). One that failed is a dead letter, and can be tried again as such.",
            access: .operate,
            body: .json(
                .object([
                    Schema.required("outcome", .choice(DecisionInput.outcomes)),
                    Schema.optional("output", .any, "the call's output, for a run that goes on with it"),
                    Schema.optional("comment", .nullable(.text(0...2_000)), "kept in the audit"),
                ]), example: ["outcome": "done", "comment": "The mail is in Mira's inbox."]),
            answer: .init(.ok, DecidedBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let id: JobID = try call.id("doubt_id", of: "doubt")
            let input: DecisionInput = try call.decode()
            let decision = try await services.doubts.decide(
                caller.tenant, id, input.outcome, output: input.output, comment: input.comment, actor: caller.actor)
            switch decision {
            case .settled(let run): return try .json(DecidedBody(id: id, runID: run, outcome: input.outcome.rawValue))
            case .wantedByRun(let run): return try await tell(run, id, input, call, caller)
            case .absent: throw Problem.notFound("doubt")
            case .over: throw Problem(.conflict, "doubt-over", "What became of this call is known already.")
            case .beingAsked:
                throw Problem(
                    .conflict, "being-asked", "The tool's own way to find out is being tried; look again shortly.",
                    retryAfter: 5)
            case .noRetry:
                throw Problem(
                    .conflict, "no-retry",
                    "The run does not wait for this call any more. Say 'failed' if it did not happen; then it is a dead "
                        + "letter, which can be tried again.")
            }
        }
    }

    private func tell(_ run: RunID, _ id: JobID, _ input: DecisionInput, _ call: Call, _ caller: Caller) async throws
        -> Reply
    {
        var payload: [String: JSONValue] = ["outcome": .string(input.outcome.rawValue)]
        if let output = input.output { payload["output"] = output }
        if let comment = input.comment { payload["comment"] = .string(comment) }
        let outcome = try await services.runs.signal(
            caller.tenant, run, signal: try call.madeID(), name: EffectDecision.signal(for: id),
            payload: .object(payload), user: caller.user, actor: caller.actor)
        guard outcome == .accepted else {
            throw Problem(.conflict, "doubt-over", "What became of this call is known already.")
        }
        await services.doorbell?.ring([.run(caller.tenant, run)])
        return try .json(DecidedBody(id: id, runID: run, outcome: input.outcome.rawValue))
    }
}

private struct DecisionInput: Decodable {
    static let outcomes = ["done", "failed", "retry"]

    let outcome: EffectDecision.Outcome
    let output: JSONValue?
    let comment: String?
}

private struct DecidedBody: Encodable {
    let id: JobID
    let runID: RunID
    let outcome: String

    enum CodingKeys: String, CodingKey {
        case id, outcome
        case runID = "run_id"
    }

    static let schema = Schema.named(
        "DecidedDoubt",
        .object([
            Schema.required("id", .id), Schema.required("run_id", .id),
            Schema.required("outcome", .choice(DecisionInput.outcomes)),
        ]))
}

private struct DoubtBody: Encodable {
    let id: JobID
    let runID: RunID
    let personaID: PersonaID
    let runStatus: String
    let step: Int
    let node: String
    let tool: String
    let effect: String
    let effectKey: String
    let input: JSONValue
    let attempt: Int
    let phase: String?
    let stage: String
    let isWanted: Bool
    let since: Date

    init(_ doubt: Doubt) {
        id = doubt.job
        runID = doubt.run
        personaID = doubt.persona
        runStatus = doubt.runStatus.rawValue
        step = doubt.step
        node = doubt.node
        tool = doubt.tool
        effect = doubt.effect
        effectKey = doubt.effectKey
        input = doubt.input
        attempt = doubt.attempt
        phase = doubt.phase
        stage = doubt.stage.rawValue
        isWanted = !doubt.isGivenUp
        since = doubt.since
    }

    enum CodingKeys: String, CodingKey {
        case id, step, node, tool, effect, input, attempt, phase, stage, since
        case runID = "run_id"
        case personaID = "persona_id"
        case runStatus = "run_status"
        case effectKey = "effect_key"
        case isWanted = "run_waits"
    }

    static let schema = Schema.named(
        "Doubt",
        .object([
            Schema.required("id", .id), Schema.required("run_id", .id), Schema.required("persona_id", .id),
            Schema.required("run_status", .choice(RunBody.statuses)), Schema.required("step", .integer(1...Int64.max)),
            Schema.required("node", .string()), Schema.required("tool", .string()),
            Schema.required("effect", .string(), "read, idempotent_by_key, deduplicable or non_idempotent"),
            Schema.required("effect_key", .string(), "as the far end may show it: a mail's Message-ID is made from it"),
            Schema.required("input", .any), Schema.required("attempt", .integer(0...Int64.max), "attempts begun"),
            Schema.optional("phase", .string(), "transmitting, or accepted by the far end"),
            Schema.required(
                "stage", .choice(Doubt.Stage.allCases.map(\.rawValue)),
                "asked: the tool's own way to find out is being tried; undecided: a person is to look and decide"),
            Schema.required("run_waits", .boolean, "whether the run goes on once it is decided"),
            Schema.required("since", .time),
        ]))
}
