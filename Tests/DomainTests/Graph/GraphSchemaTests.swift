import Domain
import FoundationEssentials
import Testing

@Suite(.timeLimit(.minutes(2))) struct GraphSchemaTests {
    static let schema = SchemaCheck(root: GraphSchema.json)
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func publishedFileIsWhatThePlatformHolds() throws {
        let file = Self.repository.appending(path: "docs/graph.schema.json")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let wanted = try encoder.encode(GraphSchema.json) + Data("\n".utf8)
        if ProcessInfo.processInfo.environment["PERSONA_WRITE_SCHEMA"] != nil { try wanted.write(to: file) }
        #expect(try Data(contentsOf: file) == wanted, "write it anew with PERSONA_WRITE_SCHEMA=1")
    }

    static let end: JSONValue = ["type": "end"]

    static func graph(_ node: JSONValue, _ members: JSONValue = [:]) -> JSONValue {
        var graph = members.object ?? [:]
        graph["start"] = graph["start"] ?? "a"
        graph["nodes"] = ["a": node, "e": end]
        return .object(graph)
    }

    static func tool(_ members: JSONValue) -> JSONValue {
        graph(.object(["type": "tool", "tool": "x", "next": "e"].merging(members.object ?? [:]) { $1 }))
    }

    static let valid: [JSONValue] = [
        GraphDefinitionTests.briefing, tool([:]),
        tool(["retry": ["attempts": 2, "jitter": "none", "on": ["transient", "smtp_busy"]], "max_visits": 3]),
        tool(["approve": true]), tool(["approve": "risk"]), tool(["approve": ["title": "Go?", "on_reject": "e"]]),
        tool(["compensate": ["type": "tool", "tool": "undo", "input": "${output.id}", "retry": ["attempts": 1]]]),
        tool(["retry": nil, "output": nil, "timeout_seconds": nil, "on_error": ["output": "why"]]),
        graph(["type": "wait", "until": "2026-01-01T00:00:00Z", "next": "e"]),
        graph(["type": "wait", "for_seconds": "${input.n}", "next": "e"]),
        graph(["type": "wait", "signal": "go.on", "timeout_seconds": 5, "next": "e", "on_error": ["next": "e"]]),
        graph(["type": "approval", "title": "Send?", "arguments": ["x": 1], "on_reject": "e", "next": "e"]),
        graph([
            "type": "for_each", "items": "input.x", "as": "thing", "yield": "${local.y}", "next": "e",
            "do": [["type": "tool", "tool": "t", "output": "y"], ["type": "set", "values": ["z": "${thing}"]]],
        ]),
        graph([
            "type": "for_each", "items": "input.x", "next": "e",
            "do": [
                [
                    "type": "parallel",
                    "branches": [[["type": "wait", "for_seconds": 1]], [["type": "tool", "tool": "t"]]],
                ],
                ["type": "for_each", "items": "item", "do": ["type": "tool", "tool": "t", "input": "${local.y}"]],
            ],
        ]),
        graph([
            "type": "for_each", "items": "input.x", "as": "thing", "yield": "${local.y}", "next": "e", "do": eachGraph,
        ]),
        graph(["type": "subgraph", "graph": tool([:]), "input": ["q": 1], "output": "out", "next": "e"]),
        graph(["type": "subgraph", "graph": ["slug": "lookup", "version": 2], "next": "e"]),
        graph(["type": "parallel", "branches": [[["type": "wait", "for_seconds": 1]]], "join": "e"]),
        graph(
            ["type": "set", "values": ["x.y": 1], "next": "e"],
            [
                "reducers": ["x": "union", "t": "last_by_time"], "max_steps": 10, "priority": -3,
                "concurrency": ["key": "input.id", "limit": 1], "debounce_seconds": 5, "debounce_key": "input.id",
            ]),
    ]

    /// The graph of a for-each with a choice, a loop and branches.
    static let eachGraph: JSONValue = [
        "start": "look", "reducers": ["log": "append"],
        "nodes": [
            "look": [
                "type": "tool", "tool": "t", "input": "${thing}", "output": "y", "max_visits": 3, "next": "again",
            ],
            "again": ["type": "choice", "cases": [["when": "local.y == index", "next": "look"]], "default": "both"],
            "both": [
                "type": "parallel", "join": "done",
                "branches": [
                    [["type": "tool", "tool": "t", "output": "log"]],
                    [["type": "parallel", "branches": [[["type": "set", "values": ["log": "${state.z}"]]]]]],
                ],
            ],
            "done": ["type": "end", "output": "${local.log}"],
        ],
    ]

    static let invalid: [JSONValue] = [
        graph(["type": "for_each", "items": "input.x", "next": "e", "do": ["start": "a", "nodes": [:]]]),
        graph([
            "type": "for_each", "items": "input.x", "next": "e",
            "do": [["type": "parallel", "branches": [[["type": "wait", "for_seconds": 1]]], "join": "e"]],
        ]),
        1, [:], ["start": "a"], graph([:]), graph(["type": "nope"]), graph(1),
        tool(["tool": ""]), tool(["inptu": 1]), tool(["output": "a-b"]), tool(["timeout_seconds": 0]),
        tool(["timeout_seconds": 3_601]), tool(["timeout_seconds": "5"]), tool(["next": 5]), tool(["next": "a.b"]),
        tool(["retry": ["attempts": 0]]), tool(["retry": ["attemps": 1]]), tool(["retry": ["jitter": "some"]]),
        tool(["retry": ["on": []]]), tool(["retry": ["on": ["unknown_outcome"]]]), tool(["retry": 3]),
        tool(["approve": "yes"]), tool(["approve": ["next": "e"]]), tool(["approve": ["timeout_seconds": 0]]),
        tool(["compensate": ["tool": "undo"]]), tool(["compensate": ["type": "set", "tool": "x"]]),
        tool(["on_error": [:]]), tool(["on_error": ["goto": "e"]]), tool(["max_visits": 0]),
        graph(["type": "model", "next": "e"]), graph(["type": "model", "messages": [], "max_tokens": 0, "next": "e"]),
        graph(["type": "wait", "next": "e"]), graph(["type": "wait", "signal": "a", "until": 5, "next": "e"]),
        graph(["type": "wait", "signal": "effect.x", "next": "e"]),
        graph(["type": "wait", "signal": "a b", "next": "e"]),
        graph(["type": "approval", "next": "e"]), graph(["type": "set", "values": [:], "next": "e"]),
        graph(["type": "set", "values": ["a-b": 1], "next": "e"]), graph(["type": "set", "next": "e"]),
        graph(["type": "choice", "cases": [], "default": "e"]),
        graph(["type": "choice", "cases": [["when": "true", "next": "e"]]]),
        graph(["type": "choice", "cases": [["when": 1, "next": "e"]], "default": "e"]),
        graph(["type": "choice", "cases": [["when": "true", "next": "e", "x": 1]], "default": "e"]),
        graph(["type": "for_each", "items": "input.x", "next": "e"]),
        graph(["type": "for_each", "items": "input.x", "do": [], "next": "e"]),
        graph(["type": "for_each", "items": "input.x", "do": ["type": "end"], "next": "e"]),
        graph(["type": "for_each", "items": "input.x", "do": ["type": "tool", "tool": "t", "next": "e"], "next": "e"]),
        graph(["type": "for_each", "items": "input.x", "do": [["type": "choice"]], "next": "e"]),
        graph(["type": "for_each", "items": 5, "do": ["type": "tool", "tool": "t"], "next": "e"]),
        graph([
            "type": "for_each", "items": "input.x", "as": "a-b", "do": ["type": "tool", "tool": "t"], "next": "e",
        ]),
        graph([
            "type": "for_each", "items": "input.x", "max_parallel": 65, "do": ["type": "tool", "tool": "t"],
            "next": "e",
        ]),
        graph(["type": "parallel", "branches": [], "join": "e"]),
        graph(["type": "parallel", "branches": [[]], "join": "e"]),
        graph(["type": "parallel", "branches": [[["type": "set", "values": ["x": 1]]]]]),
        graph(["type": "parallel", "branches": [[["type": "end"]]], "join": "e"]),
        graph([
            "type": "parallel", "join": "e",
            "branches": [[["type": "tool", "tool": "t", "approve": ["on_reject": "e"]]]],
        ]),
        graph(["type": "subgraph", "next": "e"]), graph(["type": "subgraph", "graph": ["slug": ""], "next": "e"]),
        graph(["type": "subgraph", "graph": ["id": "x"], "next": "e"]),
        graph(["type": "subgraph", "graph": ["slug": "a", "version": 0], "next": "e"]),
        graph(["type": "subgraph", "graph": tool(["inptu": 1]), "next": "e"]),
        graph(end, ["reducers": ["x": "most"]]), graph(end, ["reducers": ["a-b": "sum"]]),
        graph(end, ["max_steps": 0]), graph(end, ["priority": "high"]), graph(end, ["concurrency": ["key": "input.x"]]),
        graph(end, ["concurrency": ["key": "input.x", "limit": 0]]), graph(end, ["debounce_seconds": 0]),
        graph(end, ["extra": 1]), graph(end, ["start": 5]), ["start": "a", "nodes": ["1a": end]],
        ["start": "a", "nodes": [:]],
    ]

    @Test(arguments: valid.indices)
    func schemaAndReaderTakeTheSameGraphs(_ index: Int) throws {
        let graph = Self.valid[index]
        #expect(Self.schema.faults(graph) == [])
        #expect(throws: Never.self) { try GraphDefinition(graph) }
    }

    @Test(arguments: invalid.indices)
    func schemaAndReaderRefuseTheSameGraphs(_ index: Int) {
        let graph = Self.invalid[index]
        #expect(!Self.schema.faults(graph).isEmpty, "the schema takes \(graph)")
        #expect(throws: GraphFaults.self, "the reader takes \(graph)") { try GraphDefinition(graph) }
    }
}
