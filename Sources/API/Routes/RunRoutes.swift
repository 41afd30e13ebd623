import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// Runs: begun, watched, told things, stopped.
struct RunRoutes {
    let services: Services

    var endpoints: [Endpoint] { [create, list, get, steps, checkpoints, artifacts, events, cancel, signal] }

    private static let path = "/api/runs/{run_id}"

    private var create: Endpoint {
        Endpoint(
            method: .post, path: "/api/runs", name: "createRun", tag: "run",
            summary: "Begins a run with the persona's and the graph's newest versions, which it keeps.",
            access: .operate,
            body: .json(
                .object([
                    Schema.required("persona_id", .id),
                    Schema.optional(
                        "graph", .nullable(.either([.id, .map(of: .any)])),
                        "a graph's id, {graph_id}, or a whole definition; without it the graph of the persona's newest mailbox"
                    ), Schema.optional("input", .map(of: .any), "what the graph's expressions know as input"),
                ]),
                example: [
                    "persona_id": "0198a1b2-0000-7000-8000-000000000001", "graph": GraphRoutes.example,
                    "input": ["url": "https://example.com/"],
                ]),
            answer: .init(.created, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let run = try await newRun(call.decode(), call, caller)
            let location = "/api/runs/\(run.id)"
            let document = try await services.runDocuments.create(
                caller.tenant, run, actor: caller.actor,
                receipt: call.idempotencyKey.map {
                    IdempotencyReceipt(user: caller.user, key: $0, location: location)
                })
            await services.doorbell?.ring([.run(caller.tenant, run.id)])
            return Reply(.created, headers: [.location: location], content: .json(Data(document)))
        }
    }

    private func newRun(_ input: RunInput, _ call: Call, _ caller: Caller) async throws -> NewRun {
        guard let persona = try await services.personas.find(caller.tenant, input.personaID),
            persona.status == "active"
        else { throw Self.invalid("/persona_id", "there is no such active persona") }
        var stored: Versioned<GraphSubject>?
        let definition: JSONValue
        switch try RunGraphChoice(input.graph) {
        case .inline(let given): definition = given
        case .stored(let id):
            let graph = try await known(id, caller)
            (stored, definition) = (graph, graph.definition)
        case .newest:
            guard let id = try await services.mailboxes.newestGraph(caller.tenant, persona: persona.id) else {
                throw Self.invalid("/graph", "name a graph: the persona has no mailbox whose graph could be taken")
            }
            let graph = try await known(id, caller)
            (stored, definition) = (graph, graph.definition)
        }
        return NewRun(
            persona: persona.id, personaVersion: persona.version, graphID: stored?.id, graphVersion: stored?.version,
            graph: try await graph(definition, caller), input: input.input ?? [:], traceID: call.trace.traceID,
            createdBy: caller.user)
    }

    private func known(_ id: GraphID, _ caller: Caller) async throws -> Versioned<GraphSubject> {
        guard let graph = try await services.graphs.find(caller.tenant, id), graph.status == "active" else {
            throw Self.invalid("/graph", "there is no such active graph")
        }
        return graph
    }

    private func graph(_ definition: JSONValue, _ caller: Caller) async throws -> GraphDefinition {
        do {
            return try await services.graphs.pinned(caller.tenant, try GraphDefinition(definition))
        } catch let error as GraphFaults {
            throw Problem.invalid(
                error.faults.map { SchemaFault(pointer: "/graph" + $0.pointer, detail: $0.detail) })
        }
    }

    private static func invalid(_ pointer: String, _ detail: String) -> Problem {
        .invalid([SchemaFault(pointer: pointer, detail: detail)])
    }

    private var list: Endpoint {
        Endpoint(
            method: .get, path: "/api/runs", name: "listRuns", tag: "run", summary: "Runs, newest first.",
            access: .read,
            query: [
                .init(name: "persona_id", schema: .id, note: "Of one persona."),
                .init(name: "status", schema: .choice(RunBody.statuses), note: "In one status."),
                .init(name: "trigger", schema: .string(), note: "As api or mail."),
            ] + PageRequest.parameters,
            answer: .init(.ok, .page(of: RunBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let status = try call.query["status"].map { text in
                guard let status = RunStatus(rawValue: text) else {
                    throw Problem(.badRequest, "bad-parameter", "'status' must be one of \(RunBody.statuses).")
                }
                return status
            }
            let rows = try await services.runDocuments.list(
                caller.tenant, persona: try call.queryID("persona_id"), status: status,
                trigger: call.query["trigger"], before: try page.after { RunID($0) }, limit: page.limit + 1)
            return .documents(rows, limit: page.limit) { $0.description }
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "getRun", tag: "run",
            summary: "One run; where it waits, for what and how to answer; where it failed, where and why.",
            access: .read, answer: .init(.ok, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            return try await document(caller, Self.id(of: call), .ok)
        }
    }

    private func document(_ caller: Caller, _ id: RunID, _ status: HTTPResponse.Status) async throws -> Reply {
        guard let document = try await services.runDocuments.find(caller.tenant, id) else {
            throw Problem.notFound("run")
        }
        return Reply(status, content: .json(Data(document)))
    }

    private static func id(of call: Call) throws -> RunID { try call.id("run_id", of: "run") }

    private var steps: Endpoint {
        numbered("steps", name: "listRunSteps", summary: "Visits of nodes, in order.", schema: RunBody.step) {
            try await services.runDocuments.steps($0, $1, after: $2, limit: $3)
        }
    }

    private var checkpoints: Endpoint {
        numbered(
            "checkpoints", name: "listRunCheckpoints", summary: "Points that the run can be taken up from, in order.",
            schema: RunBody.checkpoint
        ) {
            try await services.runDocuments.checkpoints($0, $1, after: $2, limit: $3)
        }
    }

    private func numbered(
        _ part: String, name: String, summary: String, schema: Schema,
        read: @escaping @Sendable (TenantID, RunID, Int, Int) async throws -> [RowDocument<Int>]?
    ) -> Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/" + part, name: name, tag: "run", summary: summary, access: .read,
            query: PageRequest.parameters, answer: .init(.ok, .page(of: schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let after = try page.after { Int($0) } ?? 0
            guard let rows = try await read(caller.tenant, Self.id(of: call), after, page.limit + 1) else {
                throw Problem.notFound("run")
            }
            return .documents(rows, limit: page.limit) { String($0) }
        }
    }

    private var artifacts: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/artifacts", name: "listRunArtifacts", tag: "run",
            summary: "Files that the run made, in order.", access: .read, query: PageRequest.parameters,
            answer: .init(.ok, .page(of: FileBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let id = try Self.id(of: call)
            let page = try call.page()
            guard try await services.runDocuments.find(caller.tenant, id) != nil else { throw Problem.notFound("run") }
            let files = try await services.files.artifacts(
                caller.tenant, run: id, after: try page.after { FileID($0) }, limit: page.limit + 1)
            return try .json(Page(files.map { FileBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var events: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/events", name: "followRunEvents", tag: "run",
            summary: "The run's history as Server-Sent Events, from after Last-Event-ID on, until the run has ended.",
            access: .read,
            query: [
                .init(name: "after", schema: .integer(0...Int64.max), note: "As Last-Event-ID, for a first request.")
            ],
            answer: .init(.ok, nil, mediaType: "text/event-stream")
        ) { call in
            let caller = try call.authenticated()
            let id = try Self.id(of: call)
            let after = try Self.lastEvent(of: call)
            guard let news = try await services.runDocuments.events(caller.tenant, id, after: after, limit: 1) else {
                throw Problem.notFound("run")
            }
            // Nothing more will ever come: 204 tells an EventSource to stop coming back (WHATWG HTML, 9.2.2).
            if news.isFinished, news.events.isEmpty { return Reply(.noContent) }
            guard services.bell.followers < RunEventBell.mostFollowers else {
                throw Problem(
                    .serviceUnavailable, "too-many-streams", "Too many event streams are open; try again shortly.",
                    retryAfter: 5)
            }
            let stream = RunEventStream(services: services, tenant: caller.tenant, run: id, after: after)
            return Reply(
                .ok, headers: [.cacheControl: "no-store", HeaderNames.accelBuffering: "no"],
                content: .body(stream.body(of: call), mediaType: "text/event-stream"))
        }
    }

    private static func lastEvent(of call: Call) throws -> Int {
        guard let text = call.headers[HeaderNames.lastEventID] ?? call.query["after"], !text.isEmpty else { return 0 }
        guard let number = Int(text), number >= 0 else {
            throw Problem(.badRequest, "bad-parameter", "Last-Event-ID is not the id of an event of this stream.")
        }
        return number
    }

    private var cancel: Endpoint {
        Endpoint(
            method: .post, path: Self.path + "/cancel", name: "cancelRun", tag: "run",
            summary: "Asks the run to stop: what is under way ends or is given up, nothing new is begun.",
            access: .operate, answer: .init(.accepted, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let id = try Self.id(of: call)
            guard try await services.runs.cancel(caller.tenant, id, actor: caller.actor) else {
                throw try await ended(caller, id)
            }
            await services.doorbell?.ring([.run(caller.tenant, id)])
            return try await document(caller, id, .accepted)
        }
    }

    private func ended(_ caller: Caller, _ id: RunID) async throws -> Problem {
        guard try await services.runDocuments.find(caller.tenant, id) != nil else { return Problem.notFound("run") }
        return Problem(.conflict, "run-ended", "The run has ended already.")
    }

    private var signal: Endpoint {
        Endpoint(
            method: .post, path: Self.path + "/signals", name: "signalRun", tag: "run",
            summary: "Tells the run something: what a node waits for, or what became of an effect (see waiting_for).",
            access: .operate,
            body: .json(
                .object([
                    Schema.required("name", .text(1...200)), Schema.optional("payload", .any),
                    Schema.optional(
                        "wait_id", .id, "the wait of waiting_for that it answers: 409 where there is none such any more"
                    ),
                ]), example: ["name": "go-ahead", "payload": ["by": "Mira"]]),
            answer: .init(.accepted, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let id = try Self.id(of: call)
            let input: SignalInput = try call.decode()
            let outcome = try await services.runs.signal(
                caller.tenant, id, signal: try call.madeID(), name: input.name, payload: input.payload ?? .null,
                wait: input.waitID, user: caller.user, actor: caller.actor)
            switch outcome {
            case .accepted: break
            case .noRun: throw try await ended(caller, id)
            case .noDecisionPending:
                throw Problem(.conflict, "no-decision-pending", "No effect of this run waits for that decision.")
            case .noSuchWait:
                throw Problem(.conflict, "no-such-wait", "The run does not wait for that, or not any more.")
            case .tooMany:
                throw Problem(
                    .tooManyRequests, "too-many-signals", "Too many signals of this run have not been taken yet.",
                    retryAfter: 1)
            }
            await services.doorbell?.ring([.run(caller.tenant, id)])
            return try await document(caller, id, .accepted)
        }
    }
}
