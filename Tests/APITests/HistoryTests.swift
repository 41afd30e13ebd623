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
}
