import Domain
import FoundationEssentials
import HTTPTypes
import OrchestratorCore
import Store

/// Runs as they were: looked at, begun again from, held side by side, taken to another version of their graph.
struct HistoryRoutes {
    /// Steps of one run that are held beside another's.
    static let mostSteps = 10_000
    /// Times that a run which goes on meanwhile is looked at again.
    static let mostAttempts = 5

    let services: Services

    var endpoints: [Endpoint] { [checkpoint, fork, diff, migrate, preflight, retry] }

    private static let path = "/api/runs/{run_id}"

    private var checkpoint: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/checkpoints/{checkpoint}", name: "getRunCheckpoint", tag: "run",
            summary: "The run's state as it was at a checkpoint.", access: .read,
            answer: .init(.ok, CheckpointBody.schema)
        ) { call in
            let caller = try call.authenticated()
            guard let number = call.parameters["checkpoint"].flatMap({ Int($0) }) else {
                throw Problem.notFound("checkpoint")
            }
            let moment = try await moment(caller, call.id("run_id", of: "run"), at: number)
            return try .json(CheckpointBody(moment, try moment.state()))
        }
    }

    private var fork: Endpoint {
        Endpoint(
            method: .post, path: Self.path + "/fork", name: "forkRun", tag: "run",
            summary:
                "Begins a run where this one stood at a checkpoint, with its state changed if wanted. What was done "
                + "before is not done again; what was under way is, under new keys, and questions are asked again.",
            access: .operate,
            body: .json(
                .object([
                    Schema.required("checkpoint", .integer(1...Int64.max)),
                    Schema.optional("state", .map(of: .any), "values to put, by path: topic, or mail.subject"),
                ]), example: ["checkpoint": 12, "state": ["topic": "deliveries"]]),
            answer: .init(.created, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let input: ForkInput = try call.decode()
            let moment = try await moment(caller, call.id("run_id", of: "run"), at: input.checkpoint)
            let run = try newRun(moment, try input.edits(), call, caller)
            _ = try await services.past.fork(caller.tenant, run, actor: caller.actor)
            return try await created(run.id, caller)
        }
    }

    private var retry: Endpoint {
        Endpoint(
            method: .post, path: "/api/dead-letters/{dead_letter_id}/retry", name: "retryDeadLetter", tag: "run",
            summary: "Tries a call that was given up again, once: a fork of its run from just before the failure.",
            access: .operate, answer: .init(.created, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            guard
                let letter = try await services.deadLetters.find(
                    caller.tenant, call.id("dead_letter_id", of: "dead letter"))
            else { throw Problem.notFound("dead letter") }
            guard letter.runStatus.isFinal else {
                throw Problem(.conflict, "run-goes-on", "The run has gone on after this failure and is not over yet.")
            }
            guard
                let seq = try await services.past.checkpoint(
                    caller.tenant, letter.run, beforeFailureOf: letter.step)
            else { throw Problem(.conflict, "thinned", "The run's details are not kept any more.") }
            let run = try newRun(try await moment(caller, letter.run, at: seq), [], call, caller)
            guard try await services.past.fork(caller.tenant, run, letter: letter.job, actor: caller.actor) else {
                throw Problem(.conflict, "retried", "This has been tried again already; see retried_as.")
            }
            return try await created(run.id, caller)
        }
    }

    private func newRun(_ moment: RunMoment, _ edits: [Fork.Edit], _ call: Call, _ caller: Caller) throws -> NewRun {
        let graph = try moment.definition()
        let state = try moment.state()
        let fork: Fork
        do throws(Fork.Refusal) {
            fork = try Fork(
                of: moment.run, at: moment.checkpoint, state: state, graph: graph, edits: edits, now: moment.now)
        } catch {
            throw Problem(
                .conflict, "cannot-fork",
                error == .ended
                    ? "The run had ended at this checkpoint; take an earlier one."
                    : "The run was being undone at this checkpoint; take an earlier one.")
        }
        var run = NewRun(
            persona: moment.persona, personaVersion: moment.personaVersion, graphID: moment.graphID,
            graphVersion: moment.graphVersion, graph: graph, input: moment.input, trigger: "fork",
            traceID: call.trace.traceID, createdBy: caller.user)
        run.debounce = nil
        run.origin = NewRun.Origin(
            run: moment.run, checkpoint: moment.checkpoint, delta: try moment.encode(fork.changes),
            steps: state.steps, events: fork.events)
        return run
    }

    private func created(_ id: RunID, _ caller: Caller) async throws -> Reply {
        await services.doorbell?.ring([.run(caller.tenant, id)])
        guard let document = try await services.runDocuments.find(caller.tenant, id) else {
            throw Problem.notFound("run")
        }
        return Reply(.created, headers: [.location: "/api/runs/\(id)"], content: .json(Data(document)))
    }

    private var diff: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/diff/{other_id}", name: "diffRuns", tag: "run",
            summary:
                "Two runs side by side: steps aligned by node and visit, with inputs, outputs, durations and cost.",
            access: .read, answer: .init(.ok, RunDiffBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let left = try await steps(caller, call.id("run_id", of: "run"))
            let right = try await steps(caller, call.id("other_id", of: "run"))
            return try .json(RunDiffBody(RunDiff(left, right)))
        }
    }

    private func steps(_ caller: Caller, _ id: RunID) async throws -> [RunDiff.Step] {
        guard try await services.runs.find(caller.tenant, id) != nil else { throw Problem.notFound("run") }
        return try await services.runs.steps(caller.tenant, id, limit: Self.mostSteps).map { step in
            RunDiff.Step(
                step: step.step, node: step.node, status: step.status, input: step.input, output: step.output,
                durationMilliseconds: step.finishedAt.map {
                    Int(($0.timeIntervalSince(step.startedAt) * 1_000).rounded())
                }, cost: step.output?["usage"]?["cost_micros"]?.int.map { Int($0) },
                tokens: Self.tokens(of: step.output?["usage"]))
        }
    }

    private static func tokens(of usage: JSONValue?) -> Int? {
        guard let read = usage?["prompt_tokens"]?.int, let written = usage?["completion_tokens"]?.int else {
            return nil
        }
        return Int(read &+ written)
    }

    // MARK: Versions

    private var preflight: Endpoint {
        Endpoint(
            method: .post, path: "/api/graphs/{graph_id}/preflight", name: "preflightGraph", tag: "graph",
            summary:
                "Which runs that are under way could go on with another version, and what stands in the way of the "
                + "others.", access: .read, query: PageRequest.parameters,
            body: .json(
                .object([
                    Schema.optional(
                        "graph_version", .integer(1...Int64.max), "a stored version; the newest by default"),
                    Schema.optional("definition", .map(of: .any), "or a definition that is not stored yet"),
                ]), example: ["graph_version": 2], isRequired: false),
            answer: .init(.ok, .page(of: PreflightBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let input: PreflightInput = try call.decode()
            let graph = try await graph(of: call, caller)
            let new: GraphDefinition
            if let definition = input.definition {
                new = try await pinned(definition, "/definition", caller)
            } else {
                new = try await version(input.graphVersion ?? graph.version, of: graph, caller)
            }
            let page = try call.page()
            let runs = try await services.past.live(
                caller.tenant, graph.id, after: page.after { RunID($0) }, limit: page.limit + 1)
            var bodies: [PreflightBody] = []
            for run in runs { bodies.append(try await verdict(on: run, new, caller)) }
            return try .json(Page(bodies, limit: page.limit) { $0.runID.description })
        }
    }

    private func verdict(on run: RunID, _ new: GraphDefinition, _ caller: Caller) async throws -> PreflightBody {
        // A run without a checkpoint has not begun: it stands nowhere yet.
        guard let moment = try await services.past.moment(caller.tenant, run) else {
            return PreflightBody(runID: run, graphVersion: nil, obstacles: [])
        }
        let preflight = Preflight(of: try moment.state(), from: try moment.definition(), to: new)
        return PreflightBody(runID: run, graphVersion: moment.graphVersion, obstacles: preflight.obstacles)
    }

    private var migrate: Endpoint {
        Endpoint(
            method: .post, path: Self.path + "/migrate", name: "migrateRun", tag: "run",
            summary: "Has a run go on with another version of its graph; 409 with every obstacle where it cannot.",
            access: .administer,
            body: .json(
                .object([Schema.required("graph_version", .integer(1...Int64.max))]), example: ["graph_version": 2]),
            answer: .init(.ok, RunBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let id: RunID = try call.id("run_id", of: "run")
            let wanted = Int(call.body["graph_version"]?.int ?? 0)
            for _ in 0..<Self.mostAttempts {
                if try await migrate(id, to: wanted, caller) {
                    await services.doorbell?.ring([.run(caller.tenant, id)])
                    guard let document = try await services.runDocuments.find(caller.tenant, id) else { break }
                    return Reply(.ok, content: .json(Data(document)))
                }
            }
            throw Problem(
                .conflict, "run-goes-on", "The run goes on faster than it can be migrated; try again.", retryAfter: 1)
        }
    }

    private func migrate(_ id: RunID, to wanted: Int, _ caller: Caller) async throws -> Bool {
        guard let run = try await services.runs.find(caller.tenant, id) else { throw Problem.notFound("run") }
        guard !run.status.isFinal else { throw Problem(.conflict, "run-ended", "The run has ended already.") }
        guard let graphID = run.graphID, let graph = try await services.graphs.find(caller.tenant, graphID) else {
            throw Problem(.conflict, "no-versions", "The run's graph came with its request and has no versions.")
        }
        let new = try await version(wanted, of: graph, caller)
        guard let moment = try await services.past.moment(caller.tenant, id) else {
            throw Problem(.conflict, "not-begun", "The run has not begun yet; cancel it and begin another.")
        }
        let changes: [RunChange]
        do {
            changes = try Preflight.migrate(try moment.state(), from: try moment.definition(), to: new)
        } catch let failure as PreflightFailure {
            var problem = Problem(.conflict, "cannot-migrate", "The run cannot go on with this version; see errors.")
            problem.faults = failure.obstacles.map {
                SchemaFault(pointer: $0.pointer, detail: "'\($0.node)': \($0.reason)")
            }
            throw problem
        }
        let event = RunEvent(
            .runMigrated,
            data: [
                "from": moment.graphVersion.map { .int(Int64($0)) } ?? .null, "to": .int(Int64(wanted)),
            ])
        return try await services.past.migrate(
            caller.tenant, moment, to: new, version: wanted, delta: try moment.encode(changes), event: event,
            actor: caller.actor)
    }

    // MARK: Parts

    private func moment(_ caller: Caller, _ run: RunID, at seq: Int) async throws -> RunMoment {
        guard let moment = try await services.past.moment(caller.tenant, run, at: seq) else {
            throw Problem.notFound("checkpoint")
        }
        return moment
    }

    private func graph(of call: Call, _ caller: Caller) async throws -> Versioned<GraphSubject> {
        guard let graph = try await services.graphs.find(caller.tenant, call.id("graph_id", of: "graph")) else {
            throw Problem.notFound("graph")
        }
        return graph
    }

    private func version(_ number: Int, of graph: Versioned<GraphSubject>, _ caller: Caller) async throws
        -> GraphDefinition
    {
        guard let definition = try await services.graphs.definition(caller.tenant, graph.id, version: number) else {
            throw Problem.invalid([SchemaFault(pointer: "/graph_version", detail: "there is no such version")])
        }
        return try await pinned(definition, "/graph_version", caller)
    }

    private func pinned(_ definition: JSONValue, _ pointer: String, _ caller: Caller) async throws -> GraphDefinition {
        do {
            return try await services.graphs.pinned(caller.tenant, try GraphDefinition(definition))
        } catch let error as GraphFaults {
            throw Problem.invalid(error.faults.map { SchemaFault(pointer: pointer + $0.pointer, detail: $0.detail) })
        }
    }
}
