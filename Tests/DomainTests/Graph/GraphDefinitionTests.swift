import Domain
import Testing

@Suite(.timeLimit(.minutes(10))) struct GraphDefinitionTests {
    static let briefing: JSONValue = [
        "start": "read", "reducers": ["log": "append"],
        "nodes": [
            "read": [
                "type": "tool", "tool": "email.read", "input": ["uid": "${input.uid}"], "output": "mail",
                "retry": ["attempts": 5, "backoff_ms": 100], "timeout_seconds": 60, "next": "pages",
            ],
            "pages": [
                "type": "for_each", "items": "${slice(state.mail.links, 0, 5)}", "as": "url", "max_parallel": 2,
                "do": ["type": "tool", "tool": "browser.read", "input": ["url": "${url}", "name": "page-${index}"]],
                "into": "state.pages", "collect_errors_into": "failures", "next": "both",
            ],
            "both": [
                "type": "parallel", "join": "enough",
                "branches": [
                    [["type": "set", "values": ["log": "left"]], ["type": "wait", "signal": "go", "output": "left"]],
                    "right",
                ],
            ],
            "right": ["type": "set", "values": ["log": "right", "count": "${default(state.count, 0) + 1}"]],
            "enough": [
                "type": "choice", "cases": [["when": "state.count > 3", "next": "done"]], "default": "both",
            ],
            "done": ["type": "end", "output": ["pages": "${length(state.pages)}"]],
        ],
    ]

    @Test func wellFormedGraphIsReadWithInlineNodesNamed() throws {
        let graph = try GraphDefinition(Self.briefing)
        #expect(
            Set(graph.nodes.keys) == [
                "read", "pages", "pages.do", "both", "both.0.0", "both.0.1", "right", "enough", "done",
            ])
        #expect(graph.tools == ["email.read", "browser.read"])
        #expect(graph.nodes["both.0.0"]?.next == "both.0.1")
        #expect(graph.reducers == ["log": .append])
        let again = try JSONValue(encoding: graph).decode(GraphDefinition.self)
        #expect(again == graph)
    }

    static func graph(_ nodes: JSONValue, start: JSONValue = "a") -> JSONValue { ["start": start, "nodes": nodes] }

    static let end: JSONValue = ["type": "end"]

    @Test(
        arguments: [
            ("not an object", 1, ""),
            (graph([:]), 1, "/nodes"),
            (graph(["a": end], start: "b"), 1, "/start"),
            (graph(["a": ["type": "tool", "tool": "x", "next": "gone"]]), 1, "/nodes/a/next"),
            (graph(["a": end, "b": end]), 1, "/nodes/b"),
            (graph(["a": ["type": "tool", "tool": "x"]]), 1, "/nodes/a"),
            (graph(["a": ["type": "nope"]]), 1, "/nodes/a/type"),
            (graph(["a": ["type": "tool", "next": "e"], "e": end]), 1, "/nodes/a"),
            (graph(["a": ["type": "tool", "tool": "x", "inptu": 1, "next": "e"], "e": end]), 1, "/nodes/a/inptu"),
            (
                graph(["a": ["type": "tool", "tool": "x", "input": ["u": "${item}"], "next": "e"], "e": end]), 1,
                "/nodes/a/input"
            ),
            (
                graph(["a": ["type": "tool", "tool": "x", "output": "a-b", "next": "e"], "e": end]), 1,
                "/nodes/a/output"
            ),
            (
                graph(["a": ["type": "tool", "tool": "x", "timeout_seconds": 0, "next": "e"], "e": end]), 1,
                "/nodes/a/timeout_seconds"
            ),
            (graph(["a": ["type": "wait", "signal": "effect.x", "next": "e"], "e": end]), 1, "/nodes/a/signal"),
            (
                graph(["a": ["type": "for_each", "items": "input.x", "do": ["type": "end"], "next": "e"], "e": end]), 1,
                "/nodes/a/do/type"
            ),
            (
                graph([
                    "a": [
                        "type": "for_each", "items": "1 +", "do": ["type": "tool", "tool": "x"], "max_parallel": 65,
                        "next": "e",
                    ], "e": end,
                ]), 2, "/nodes/a/items"
            ),
            (["start": "a", "nodes": ["a": end], "reducers": ["x": "product"]], 1, "/reducers/x"),
        ] as [(JSONValue, Int, String)])
    func faultIsReportedByPointer(_ source: JSONValue, _ count: Int, _ pointer: String) throws {
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(source) }
        #expect(error.faults.contains { $0.pointer == pointer }, "\(error)")
        #expect(error.faults.count >= count)
    }

    @Test func allFaultsComeAtOnce() throws {
        let source = Self.graph([
            "a": ["type": "tool", "input": "${", "next": "gone"], "b": ["type": "what"],
            "c": ["type": "choice", "cases": [["when": "1 +", "next": "a"]], "default": "nope"],
        ])
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(source) }
        let pointers = Set(error.faults.map(\.pointer))
        #expect(pointers.isSuperset(of: ["/nodes/a", "/nodes/b/type", "/nodes/c/cases/0/when", "/nodes/c/default"]))
    }

    @Test func cycleNeedsAChoiceThatLeadsOut() throws {
        let endless = Self.graph([
            "a": ["type": "set", "values": ["x": 1], "on_error": ["next": "e"], "next": "b"],
            "b": ["type": "set", "values": ["x": 2], "next": "a"], "e": Self.end,
        ])
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(endless) }
        #expect(error.faults.contains { $0.detail.contains("cycle without exit") && $0.pointer == "/nodes/a" })
        let sealed = Self.graph([
            "a": ["type": "choice", "cases": [["when": "true", "next": "a"]], "default": "a"]
        ])
        let second = try #require(throws: GraphFaults.self) { try GraphDefinition(sealed) }
        #expect(second.faults.contains { $0.detail.contains("no 'end' can be reached") })
    }

    @Test func branchesMustNotWriteTheSameState() throws {
        func parallel(_ reducers: JSONValue) -> JSONValue {
            [
                "start": "a", "reducers": reducers,
                "nodes": [
                    "a": [
                        "type": "parallel", "join": "e",
                        "branches": [
                            [["type": "tool", "tool": "x", "output": "out"]],
                            [["type": "tool", "tool": "y", "output": "out"]],
                        ],
                    ],
                    "e": Self.end,
                ],
            ]
        }
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(parallel([:])) }
        #expect(error.faults.map(\.pointer) == ["/nodes/a/branches/1"])
        #expect(throws: Never.self) { try GraphDefinition(parallel(["out": "append"])) }
    }

    @Test func branchesCannotEndTheRunOrLeakOut() throws {
        let source = Self.graph([
            "a": ["type": "parallel", "branches": ["b", "c"], "join": "e"],
            "b": ["type": "set", "values": ["x": 1], "next": "f"],
            "c": ["type": "set", "values": ["y": 1], "next": "e"],
            "e": Self.end, "f": Self.end,
        ])
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(source) }
        #expect(error.faults.map(\.pointer) == ["/nodes/f"])
    }
}
