import API
import Domain
import FoundationEssentials
import HTTPClient
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import TestKit
import Testing
import ToolKit

/// The API beside a real orchestrator: questions, checkpoints, forks and versions of runs that advance.
@Suite(.timeLimit(.minutes(2))) struct HistoryTests {
    private struct Stage {
        let house: House
        let owner: House.Person
        let persona: String

        func begin(_ graph: String, input: JSONValue = [:]) async throws -> String {
            try await house.call(
                "POST", "/api/runs", as: owner,
                ["persona_id": .string(persona), "graph": .string(graph), "input": input]
            ).id
        }

        func run(_ id: String) async throws -> JSONValue {
            try await house.call("GET", "/api/runs/\(id)", as: owner).json
        }

        /// Waits for a status; the deadline only ends a test that has failed.
        func until(_ id: String, _ status: String) async throws -> JSONValue {
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline {
                let run = try await run(id)
                if run["status"]?.string == status { return run }
                if let end = run["status"]?.string, ["succeeded", "failed", "cancelled"].contains(end) {
                    Issue.record("the run is \(end): \(run["error"] ?? .null)")
                    return run
                }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("the run did not become \(status) in 60 s")
            return .null
        }

        func question(of id: String) async throws -> JSONValue {
            _ = try await until(id, "waiting")
            let asked = try await house.call("GET", "/api/approvals?run_id=\(id)&status=pending", as: owner)
            return try #require(asked.json["data"]?[0])
        }

        func approve(_ question: JSONValue) async throws {
            let answer = try await house.call(
                "POST", "/api/approvals/\(question["id"]?.string ?? "")", as: owner,
                ["decision": "approve", "arguments_hash": question["arguments_hash"] ?? .null])
            #expect(answer.status == 200, "\(answer.text)")
        }

        func checkpoints(_ id: String) async throws -> [Int] {
            try await house.call("GET", "/api/runs/\(id)/checkpoints", as: owner).json["data"]?.array?
                .compactMap { $0["checkpoint"]?.int.map { Int($0) } } ?? []
        }
    }

    private func with(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        let doorbell = LocalDoorbell()
        try await House.with(doorbell: doorbell) { house in
            let owner = try await house.person(of: try await house.tenant())
            let stage = Stage(house: house, owner: owner, persona: try await house.persona(owner))
            var options = Orchestrator.Options()
            options.sweepInterval = .milliseconds(100)
            let process = try await ProcessOwner.register(house.database.configuration(.dispatch))
            let orchestrator = Orchestrator(
                database: house.services.database, owner: process, doorbell: doorbell,
                tools: ToolCatalog([ToolDescriptor(name: "look", summary: "Reads.", effect: .read)]),
                effectKey: { _ in EffectKey(secret: Data(repeating: 3, count: 32)) }, options: options,
                logger: Logger(label: "test"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await orchestrator.run() }
                group.addTask { try await body(stage) }
                _ = try await group.next()
                group.cancelAll()
            }
            await process.close()
        }
    }

    private static func graph(end: JSONValue = ["y": "${state.y}"], asks: Bool = true) -> JSONValue {
        var nodes: [String: JSONValue] = [
            "one": ["type": "set", "values": ["x": "${input.x}"], "next": asks ? "ask" : "two"],
            "two": ["type": "set", "values": ["y": "${state.x + 1}"], "next": "done"],
            "done": ["type": "end", "output": end],
        ]
        if asks {
            nodes["ask"] = ["type": "approval", "title": "Go on?", "arguments": ["x": "${state.x}"], "next": "two"]
        }
        return ["start": "one", "nodes": .object(nodes)]
    }

    @Test func anAnswerTakesItsRunOn() async throws {
        try await with { stage in
            let graph = try await stage.house.graph(stage.owner, Self.graph())
            let run = try await stage.begin(graph, input: ["x": 1])
            let question = try await stage.question(of: run)
            #expect(question["arguments"] == ["x": 1] && question["title"]?.string == "Go on?")
            let waits = try await stage.run(run)["waiting_for"]
            #expect(waits?[0]?["id"] == question["id"])
            let signal = try await stage.house.call(
                "POST", "/api/runs/\(run)/signals", as: stage.owner,
                ["name": .string("approval.\(question["id"]?.string ?? "")"), "payload": ["decision": "approve"]])
            #expect(signal.status == 409)
            try await stage.approve(question)
            #expect(try await stage.until(run, "succeeded")["output"] == ["y": 2])
            let again = try await stage.house.call(
                "POST", "/api/approvals/\(question["id"]?.string ?? "")", as: stage.owner, ["decision": "reject"])
            #expect(again.status == 409)
            let verdict = try await AuditLog(stage.house.services.database).verify(stage.owner.tenant)
            if case .broken(let seq, let reason) = verdict { Issue.record("broken at \(seq): \(reason)") }
        }
    }

    @Test func aQuestionOfACancelledRunIsWithdrawn() async throws {
        try await with { stage in
            let run = try await stage.begin(try await stage.house.graph(stage.owner, Self.graph()), input: ["x": 1])
            let question = try await stage.question(of: run)
            _ = try await stage.house.call("POST", "/api/runs/\(run)/cancel", as: stage.owner)
            _ = try await stage.until(run, "cancelled")
            let place = "/api/approvals/\(question["id"]?.string ?? "")"
            #expect(try await stage.house.call("GET", place, as: stage.owner).json["status"]?.string == "withdrawn")
            #expect(
                try await stage.house.call("POST", place, as: stage.owner, ["decision": "approve"]).status == 409)
        }
    }

    @Test func aForkGoesOnFromACheckpointWithStateOfItsOwn() async throws {
        try await with { stage in
            let run = try await stage.begin(try await stage.house.graph(stage.owner, Self.graph()), input: ["x": 1])
            let question = try await stage.question(of: run)
            let waiting = try #require(try await stage.checkpoints(run).last)
            try await stage.approve(question)
            _ = try await stage.until(run, "succeeded")
            let path = "/api/runs/\(run)"
            let state = try await stage.house.call("GET", "\(path)/checkpoints/\(waiting)", as: stage.owner).json
            #expect(state["state"] == ["x": 1] && state["nodes"] == ["ask"] && state["status"]?.string == "waiting")
            let last = try #require(try await stage.checkpoints(run).last)
            #expect(
                try await stage.house.call("GET", "\(path)/checkpoints/\(last)", as: stage.owner).json["output"]
                    == ["y": 2])
            #expect(try await stage.house.call("GET", "\(path)/checkpoints/\(last + 1)", as: stage.owner).status == 404)

            let forked = try await stage.house.call(
                "POST", "\(path)/fork", as: stage.owner, ["checkpoint": .int(Int64(waiting)), "state": ["x": 10]])
            #expect(forked.status == 201, "\(forked.text)")
            #expect(forked.json["forked_from"]?.string == run && forked.json["trigger"]?.string == "fork")
            // What was decided for the first run does not count for the fork: it asks again.
            let asked = try await stage.question(of: forked.id)
            #expect(asked["id"] != question["id"])
            try await stage.approve(asked)
            #expect(try await stage.until(forked.id, "succeeded")["output"] == ["y": 11])
            let steps = try await stage.house.call("GET", "/api/runs/\(forked.id)/steps", as: stage.owner)
            #expect(steps.json["data"]?.array?.first?["node"]?.string == "one")

            let diff = try await stage.house.call("GET", "\(path)/diff/\(forked.id)", as: stage.owner)
            #expect(diff.status == 200)
            let rows = diff.json["rows"]?.array ?? []
            let nodes = rows.compactMap { $0["node"]?.string }
            #expect(nodes.contains("two"))
            let one = rows.first { $0["node"]?.string == "one" }
            #expect(one?["left"] != nil && one?["differences"]?.array?.isEmpty == true)

            for (body, status): (JSONValue, Int) in [
                (["checkpoint": .int(Int64(last))], 409), (["checkpoint": 9_999], 404),
                (["checkpoint": .int(Int64(waiting)), "state": ["no path!": 1]], 422), ([:], 422),
            ] {
                #expect(try await stage.house.call("POST", "\(path)/fork", as: stage.owner, body).status == status)
            }
        }
    }

    @Test func aRunIsTakenToAnotherVersionWhereItCanGoOn() async throws {
        try await with { stage in
            let graph = try await stage.house.graph(stage.owner, Self.graph())
            let run = try await stage.begin(graph, input: ["x": 1])
            let question = try await stage.question(of: run)
            let path = "/api/graphs/\(graph)"
            for definition in [Self.graph(asks: false), Self.graph(end: ["new": "${state.y}"])] {
                _ = try await stage.house.call("PATCH", path, as: stage.owner, ["definition": definition])
            }
            let bad = try await stage.house.call("POST", "\(path)/preflight", as: stage.owner, ["graph_version": 2])
            #expect(bad.json["data"]?[0]?["adoptable"] == false, "\(bad.text)")
            #expect(bad.json["data"]?[0]?["obstacles"]?[0]?["node"]?.string == "ask")
            let good = try await stage.house.call("POST", "\(path)/preflight", as: stage.owner)
            #expect(good.json["data"]?[0]?["adoptable"] == true && good.json["data"]?[0]?["run_id"]?.string == run)
            let refused = try await stage.house.call(
                "POST", "/api/runs/\(run)/migrate", as: stage.owner, ["graph_version": 2])
            #expect(refused.status == 409 && refused.problem == "cannot-migrate" && !refused.pointers.isEmpty)
            #expect(
                try await stage.house.call(
                    "POST", "/api/runs/\(run)/migrate", as: stage.owner, ["graph_version": 9]
                ).status == 422)
            let moved = try await stage.house.call(
                "POST", "/api/runs/\(run)/migrate", as: stage.owner, ["graph_version": 3])
            #expect(moved.status == 200 && moved.json["graph_version"]?.int == 3, "\(moved.text)")
            try await stage.approve(question)
            #expect(try await stage.until(run, "succeeded")["output"] == ["new": 2])
            #expect(
                try await stage.house.call(
                    "POST", "/api/runs/\(run)/migrate", as: stage.owner, ["graph_version": 3]
                ).status == 409)
        }
    }

    @Test func aStoredGraphThatIsNamedIsKeptAsItWas() async throws {
        try await with { stage in
            let inner: JSONValue = ["start": "e", "nodes": ["e": ["type": "end", "output": ["v": 1]]]]
            let child = try await stage.house.graph(stage.owner, slug: "child", inner)
            let outer: JSONValue = [
                "start": "wait",
                "nodes": [
                    "wait": ["type": "wait", "signal": "go", "next": "sub"],
                    "sub": ["type": "subgraph", "graph": ["slug": "child"], "output": "sub", "next": "done"],
                    "done": ["type": "end", "output": ["v": "${state.sub.v}"]],
                ],
            ]
            let run = try await stage.begin(try await stage.house.graph(stage.owner, slug: "outer", outer))
            let waits = try await stage.until(run, "waiting")["waiting_for"]
            let newer: JSONValue = ["start": "e", "nodes": ["e": ["type": "end", "output": ["v": 2]]]]
            _ = try await stage.house.call("PATCH", "/api/graphs/\(child)", as: stage.owner, ["definition": newer])
            let signal = try await stage.house.call(
                "POST", "/api/runs/\(run)/signals", as: stage.owner,
                ["name": "go", "wait_id": waits?[0]?["id"] ?? .null])
            #expect(signal.status == 202, "\(signal.text)")
            #expect(try await stage.until(run, "succeeded")["output"] == ["v": 1])
            _ = try await stage.house.call("DELETE", "/api/graphs/\(child)", as: stage.owner)
            let refused = try await stage.house.call(
                "POST", "/api/runs", as: stage.owner,
                ["persona_id": .string(stage.persona), "graph": outer])
            #expect(refused.status == 422 && refused.pointers.first?.hasPrefix("/graph") == true)
        }
    }

    @Test func aDeadLetterIsTriedAgainOnce() async throws {
        try await with { stage in
            let graph: JSONValue = [
                "start": "look",
                "nodes": ["look": ["type": "tool", "tool": "look", "next": "done"], "done": ["type": "end"]],
            ]
            let run = try await stage.begin(try await stage.house.graph(stage.owner, graph))
            let worker = try await ProcessOwner.register(stage.house.database.configuration(.dispatch))
            let queue = JobQueue(stage.house.services.database, owner: worker)
            func call() async throws -> ClaimedJob {
                let deadline = ContinuousClock.now + .seconds(60)
                while ContinuousClock.now < deadline {
                    if let job = try await queue.claim(limit: 1).first { return job }
                    try await Task.sleep(for: .milliseconds(10))
                }
                throw CancellationError()
            }
            try await queue.fail(try await call(), ToolFailure(.permanent, code: "broken", "It is broken."))
            let deadline = ContinuousClock.now + .seconds(60)
            while try await stage.run(run)["status"]?.string != "failed", ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
            let letters = try await stage.house.call("GET", "/api/dead-letters", as: stage.owner)
            let letter = try #require(letters.json["data"]?[0])
            #expect(letter["error"]?["code"]?.string == "broken" && letter["run_status"]?.string == "failed")
            let path = "/api/dead-letters/\(letter["id"]?.string ?? "")/retry"
            let retried = try await stage.house.call("POST", path, as: stage.owner)
            #expect(retried.status == 201, "\(retried.text)")
            let again = try await stage.house.call("POST", path, as: stage.owner)
            #expect(again.status == 409 && again.problem == "retried")
            try await queue.complete(try await call(), output: ["ok": true])
            _ = try await stage.until(retried.id, "succeeded")
            let open = try await stage.house.call("GET", "/api/dead-letters?retried=false", as: stage.owner)
            #expect(open.json["data"] == [])
            #expect(
                try await stage.house.call("POST", "/api/dead-letters/\(JobID.new())/retry", as: stage.owner).status
                    == 404)
            await worker.close()
        }
    }
}
