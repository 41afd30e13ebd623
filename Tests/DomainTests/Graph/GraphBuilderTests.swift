import Domain
import Testing

@Suite(.timeLimit(.minutes(2))) struct GraphBuilderTests {
    @Test func swiftMakesTheSameGraphAsJSON() throws {
        let built = try GraphDefinition.build {
            GraphPart.reducer("log", .append)
            GraphPart.reducer("total", .sum)
            GraphPart.maxSteps(50)
            GraphPart.concurrency(key: "input.id", limit: 2)
            GraphPart.tool("read", "email.read", input: ["uid": "${input.uid}"]).output("mail")
                .retry(attempts: 2, jitter: RetryPolicy.Jitter.none, on: ["transient"]).next("pages")
            GraphPart.forEach("pages", in: "state.mail.links", as: "url", maxParallel: 2, into: "pages") {
                GraphPart.tool("", "browser.read", input: ["url": "${url}"]).timeout(seconds: 30)
            }.next("both")
            GraphPart.parallel(
                "both",
                [
                    [GraphPart.wait("", for: "go").output("left")],
                    [GraphPart.set("", ["log": "right"]), GraphPart.wait("", seconds: 5)],
                ], join: "enough")
            GraphPart.choice("enough", ["length(state.log) > 3": "ask"], otherwise: "both")
            GraphPart.approval("ask", "Send?", arguments: ["to": "${state.mail.from}"]).onReject("done").next("send")
            GraphPart.tool("send", "email.reply").approve("risk").compensate("email.recall", input: "${output}")
                .onError(next: "done", output: "why").next("done")
            GraphPart.end("done", output: "${state.log}")
        }
        let json: JSONValue = [
            "start": "read", "reducers": ["log": "append", "total": "sum"], "max_steps": 50,
            "concurrency": ["key": "input.id", "limit": 2],
            "nodes": [
                "read": [
                    "type": "tool", "tool": "email.read", "input": ["uid": "${input.uid}"], "output": "mail",
                    "retry": ["attempts": 2, "jitter": "none", "on": ["transient"]], "next": "pages",
                ],
                "pages": [
                    "type": "for_each", "items": "state.mail.links", "as": "url", "max_parallel": 2, "into": "pages",
                    "do": [
                        "type": "tool", "tool": "browser.read", "input": ["url": "${url}"], "timeout_seconds": 30,
                    ], "next": "both",
                ],
                "both": [
                    "type": "parallel", "join": "enough",
                    "branches": [
                        [["type": "wait", "signal": "go", "output": "left"]],
                        [["type": "set", "values": ["log": "right"]], ["type": "wait", "for_seconds": 5]],
                    ],
                ],
                "enough": [
                    "type": "choice", "cases": [["when": "length(state.log) > 3", "next": "ask"]], "default": "both",
                ],
                "ask": [
                    "type": "approval", "title": "Send?", "arguments": ["to": "${state.mail.from}"],
                    "on_reject": "done", "next": "send",
                ],
                "send": [
                    "type": "tool", "tool": "email.reply", "input": [:], "approve": "risk",
                    "compensate": ["type": "tool", "tool": "email.recall", "input": "${output}"],
                    "on_error": ["next": "done", "output": "why"], "next": "done",
                ],
                "done": ["type": "end", "output": "${state.log}"],
            ],
        ]
        #expect(built.source == json)
        let read = try GraphDefinition(json)
        #expect(built == read)
    }

    @Test func graphsAreCheckedAsJSONIs() throws {
        let error = #expect(throws: GraphFaults.self) {
            try GraphDefinition.build { GraphPart.tool("a", "x", input: "${nope}").next("gone") }
        }
        #expect(error?.faults.map(\.pointer) == ["/nodes/a/input", "/nodes/a/next"])
    }

    @Test func idGivenTwiceIsAFault() {
        let error = #expect(throws: GraphFaults.self) {
            try GraphDefinition.build {
                for _ in 0..<2 { GraphPart.end("a") }
            }
        }
        #expect(error?.faults.map(\.pointer) == ["/nodes/a"])
    }

    @Test func graphsInsideAreKept() throws {
        let inner = try GraphDefinition.build { GraphPart.end("x", output: "${input}") }
        let outer = try GraphDefinition.build {
            GraphPart.subgraph("a", inner, input: ["q": 1]).next("b")
            GraphPart.end("b")
        }
        #expect(Set(outer.nodes.keys) == ["a", "a/x", "b"])
    }
}
