import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct PreflightTests {
    static let graph: JSONValue = [
        "start": "a",
        "nodes": [
            "a": ["type": "tool", "tool": "look", "output": "x", "next": "b"],
            "b": ["type": "wait", "signal": "go", "output": "y", "next": "c"],
            "c": ["type": "tool", "tool": "send", "input": "${state.x}", "next": "e"], "e": RunMachineTests.end,
        ],
    ]

    static func waiting() throws -> Transcript {
        var run = try Transcript(graph)
        run.give(.jobDone(step: 1, output: "seen"))
        return run
    }

    /// The graph with one node replaced, added or, by null, left out.
    static func changed(_ node: String, _ spec: JSONValue, reducers: JSONValue = nil) throws -> GraphDefinition {
        var nodes = graph["nodes"]?.object ?? [:]
        nodes[node] = spec == nil ? nil : spec
        return try GraphDefinition(["start": "a", "reducers": reducers, "nodes": .object(nodes)])
    }

    @Test(
        arguments: [
            ("c", ["type": "tool", "tool": "post", "input": "${state.y}", "next": "e"]),
            ("a", ["type": "tool", "tool": "find", "output": "x", "next": "b"]),
            ("b", ["type": "wait", "signal": "go", "output": "answer", "on_error": ["next": "e"], "next": "c"]),
        ] as [(String, JSONValue)])
    func versionThatKeepsWhereTheRunStandsIsAdopted(_ node: String, _ spec: JSONValue) throws {
        var run = try Self.waiting()
        let new = try Self.changed(node, spec)
        #expect(Preflight(of: run.machine.state, from: run.machine.graph, to: new).obstacles == [])
        let changes = try Preflight.migrate(run.machine.state, from: run.machine.graph, to: new)
        var machine = RunMachine(graph: new, identity: run.machine.identity, state: run.machine.state)
        machine.replay(changes)
        run.machine = machine
        run.changes += changes
        run.give(.signal(.new(), name: "go", payload: "now"))
        #expect(run.plans.count == 1 && run.status == .running)
    }

    @Test func obstaclesAreNamedWithTheirNodes() throws {
        let state = try Self.waiting().machine.state
        let old = try GraphDefinition(Self.graph)
        func obstacles(_ new: GraphDefinition) -> [String] {
            Preflight(of: state, from: old, to: new).obstacles.map { "\($0.pointer) \($0.reason)" }
        }
        let gone = try GraphDefinition([
            "start": "a",
            "nodes": ["a": ["type": "tool", "tool": "look", "output": "x", "next": "e"], "e": RunMachineTests.end],
        ])
        #expect(obstacles(gone) == ["/nodes/b the run stands here, and the new version has no such node"])
        let renamed = try Self.changed("b", ["type": "wait", "signal": "start", "next": "c"])
        #expect(obstacles(renamed) == ["/nodes/b the run waits in it for something else than the new version says"])
        let other = try Self.changed("b", ["type": "set", "values": ["y": 1], "next": "c"])
        #expect(obstacles(other).first?.hasPrefix("/nodes/b the run waits in it, and it is a 'set' now") == true)
        let summed = try Self.changed("e", RunMachineTests.end, reducers: ["x": "sum"])
        #expect(obstacles(summed).first?.contains("the state has 'x' already") == true)
        #expect(throws: PreflightFailure.self) { try Preflight.migrate(state, from: old, to: gone) }
    }

    @Test func valueThatOnlyAPassedNodeWouldWriteIsMissed() throws {
        let state = try Self.waiting().machine.state
        let new = try GraphDefinition([
            "start": "a",
            "nodes": [
                "a": ["type": "tool", "tool": "look", "output": "x", "next": "a2"],
                "a2": ["type": "set", "values": ["z": 1], "next": "b"],
                "b": ["type": "wait", "signal": "go", "output": "y", "next": "c"],
                "c": ["type": "tool", "tool": "send", "input": "${state.z}", "next": "e"], "e": RunMachineTests.end,
            ],
        ])
        let obstacles = Preflight(of: state, from: try GraphDefinition(Self.graph), to: new).obstacles
        #expect(obstacles.map(\.node) == ["c"] && obstacles.first?.reason.contains("'state.z'") == true)
    }

    @Test func callUnderWayMustStayTheSameCall() throws {
        let state = try Transcript(Self.graph).machine.state
        let new = try Self.changed("a", ["type": "tool", "tool": "find", "output": "x", "next": "b"])
        let obstacles = Preflight(of: state, from: try GraphDefinition(Self.graph), to: new).obstacles
        #expect(obstacles.map(\.node) == ["a"])
    }
}
