import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct SubgraphTests {
    /// Looks `input.q` up, and hands the answer back with how often it was asked.
    static let lookup: JSONValue = [
        "start": "find", "reducers": ["n": "sum"],
        "nodes": [
            "find": ["type": "tool", "tool": "look", "input": ["q": "${input.q}"], "output": "found", "next": "count"],
            "count": ["type": "set", "values": ["n": 1, "q": "inner"], "next": "done"],
            "done": ["type": "end", "output": ["found": "${state.found}", "n": "${state.n}"]],
        ],
    ]

    static func node(_ members: JSONValue = [:]) -> JSONValue {
        var node: [String: JSONValue] = [
            "type": "subgraph", "graph": lookup, "input": ["q": "${input.q}"], "output": "answer", "next": "e",
        ]
        for (name, value) in members.object ?? [:] { node[name] = value }
        return .object(node)
    }

    @Test func innerGraphHasItsOwnStateAndHandsItsOutputBack() throws {
        var run = try Transcript(RunMachineTests.single(Self.node()), input: ["q": "tides"])
        #expect(run.orders == ["plan 2 look"] && run.plans.first?.input == ["q": "tides"])
        #expect(run.plans.first?.node == "a/find" && run.last.steps[1]?.input == ["q": "tides"])
        run.give(.jobDone(step: 2, output: "sea"))
        #expect(run.status == .succeeded)
        #expect(run.values == ["answer": ["found": "sea", "n": 1]])
        #expect(run.machine.state.frames.isEmpty)
    }

    @Test func innerFailureFailsTheNodeWhichMayHandleIt() throws {
        var run = try Transcript(
            RunMachineTests.single(Self.node(["on_error": ["output": "problem"]])), input: ["q": 1])
        run.give(.jobFailed(step: 2, RunMachineTests.bad))
        #expect(run.status == .succeeded)
        #expect(run.values["problem"]?["code"] == "refused" && run.values["problem"]?["node"] == "a/find")
        #expect(run.last.steps[1]?.status == .failed && run.machine.state.frames.isEmpty)
    }

    @Test func graphsInsideOfGraphsKeepApart() throws {
        let outer: JSONValue = [
            "start": "in", "nodes": ["in": Self.node(["next": "out"]), "out": ["type": "end", "output": "${state}"]],
        ]
        var run = try Transcript(
            RunMachineTests.single(Self.node(["graph": outer, "input": ["q": "${input.q}!"]])), input: ["q": "x"])
        #expect(run.plans.first?.input == ["q": "x!"] && run.plans.first?.node == "a/in/find")
        run.give(.jobDone(step: 3, output: 1))
        #expect(run.values == ["answer": ["answer": ["found": 1, "n": 1]]])
    }

    @Test func itemsOfALoopMayBeGraphs() throws {
        var run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "input.all", "as": "word", "max_parallel": 2, "into": "answers",
                "do": ["type": "subgraph", "graph": Self.lookup, "input": ["q": "${word}-${index}"]],
                "yield": "${output.found}", "next": "e",
            ]), input: ["all": ["a", "b", "c"]])
        #expect(run.plans.map(\.input) == [["q": "a-0"], ["q": "b-1"]])
        run.give(.jobDone(step: run.plans[1].step, output: "B"))
        #expect(run.plans.map(\.input) == [["q": "c-2"]])
        run.give(.jobDone(step: run.plans[0].step, output: "C"))
        run.give(.jobDone(step: 4, output: "A"))
        #expect(run.status == .succeeded && run.values["answers"] == ["A", "B", "C"])
    }

    static let chain: JSONValue = RunMachineTests.single([
        "type": "for_each", "items": "[1, 2]", "into": "all", "collect_errors_into": "bad", "next": "e",
        "do": [
            ["type": "tool", "tool": "look", "input": "${item}", "output": "seen"],
            ["type": "set", "values": ["twice": "${local.seen + local.seen}", "outer": "${state.before}"]],
        ],
    ])

    @Test func chainOfNodesHasAStateOfItsOwnForEachItem() throws {
        var run = try Transcript(Self.chain)
        #expect(run.plans.map(\.input) == [1, 2])
        run.give(.jobDone(step: 3, output: 30))
        run.give(.jobDone(step: 2, output: 20))
        #expect(run.status == .succeeded && run.values["bad"] == [])
        #expect(
            run.values["all"] == [["seen": 20, "twice": 40, "outer": nil], ["seen": 30, "twice": 60, "outer": nil]])
        #expect(run.values["seen"] == nil)
    }

    @Test func failingItemOfAChainIsCollected() throws {
        var run = try Transcript(Self.chain)
        run.give(.jobFailed(step: 2, RunMachineTests.bad), .jobDone(step: 3, output: "text"))
        #expect(run.status == .succeeded && run.values["all"] == [])
        #expect(run.values["bad"]?[0]?["error"]?["code"] == "refused")
        #expect(run.values["bad"]?[1]?["error"]?["code"] == "expression_error")
    }

    @Test func failingItemWithoutACollectorCancelsItsSiblings() throws {
        var run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "[1, 2]", "next": "e",
                "do": [["type": "tool", "tool": "look"], ["type": "wait", "signal": "go"]],
            ]))
        run.give(.jobDone(step: 2, output: 1))
        #expect(run.status == .running)
        run.give(.jobFailed(step: 3, RunMachineTests.bad))
        #expect(run.status == .failed && run.last.steps[4]?.status == .cancelled)
    }

    @Test func visitsAreCountedAnewForEachPass() throws {
        let inner: JSONValue = [
            "start": "x",
            "nodes": ["x": ["type": "set", "values": ["y": 1], "max_visits": 1, "next": "z"], "z": ["type": "end"]],
        ]
        let run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "[1, 2, 3]", "do": ["type": "subgraph", "graph": inner], "next": "e",
            ]))
        #expect(run.status == .succeeded)
    }

    // MARK: References

    @Test func namedGraphsArePutInTheirPlaces() async throws {
        let outer = try GraphDefinition(RunMachineTests.single(Self.node(["graph": ["slug": "lookup", "version": 2]])))
        #expect(outer.references.map(\.description) == ["lookup version 2"])
        let pinned = try await outer.pinned { reference in
            reference.subject == .slug("lookup") ? Self.node(["graph": ["slug": "leaf"]]).wrapped : Self.lookup
        }
        #expect(pinned.references.isEmpty && pinned.nodes["a/in/find"] != nil)
    }

    @Test func unknownAndCircularNamesAreRefused() async throws {
        let outer = try GraphDefinition(RunMachineTests.single(Self.node(["graph": ["slug": "self"]])))
        let absent = await #expect(throws: GraphFaults.self) { try await outer.pinned { _ in nil } }
        #expect(absent?.faults.map(\.pointer) == ["/nodes/a/graph"])
        await #expect(throws: GraphFaults.self) { try await outer.pinned { _ in outer.source } }
    }

    @Test func runWithoutItsInnerGraphFailsThere() throws {
        let run = try Transcript(RunMachineTests.single(Self.node(["graph": ["slug": "lookup"]])))
        #expect(run.last.failure?.code == "subgraph_unresolved")
    }

    @Test func faultsInsideAreNamedByTheirWholePointers() throws {
        let inner: JSONValue = [
            "start": "x",
            "nodes": ["x": ["type": "tool", "tool": "t", "input": "${item}", "next": "gone"], "y": ["type": "end"]],
        ]
        let error = try #require(throws: GraphFaults.self) {
            try GraphDefinition(RunMachineTests.single(Self.node(["graph": inner])))
        }
        let base = "/nodes/a/graph/nodes/x"
        #expect(Set(error.faults.map(\.pointer)) == [base + "/input", base + "/next"])
    }
}

extension JSONValue {
    /// A graph around one sub-graph node named `in`.
    fileprivate var wrapped: JSONValue {
        var node = object ?? [:]
        node["next"] = "out"
        return ["start": "in", "nodes": ["in": .object(node), "out": ["type": "end"]]]
    }
}
