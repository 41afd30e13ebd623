import Domain
import ForeignContracts
import ForeignServers
import FoundationEssentials
import PlatformKit
import Store
import Testing

/// Tools of others in runs of a whole platform: in the persona's sandbox, through its way out, once a rule allows them.
@Suite(.timeLimit(.minutes(10))) struct ForeignToolRunTests {
    private struct Stage {
        let house: House
        let persona: String

        func call(_ method: String, _ path: String, _ body: JSONValue? = nil, status: Int) async throws -> JSONValue {
            let answer = try await house.client.send(method, path, body)
            try #require(answer.status == status, "\(method) \(path): \(answer.status) \(answer.body)")
            return answer.body.isEmpty ? .null : try answer.json()
        }

        /// A run that calls one tool, as it ended.
        func run(_ tool: String, _ input: JSONValue) async throws -> JSONValue {
            let graph: JSONValue = [
                "start": "call",
                "nodes": [
                    "call": [
                        "type": "tool", "tool": .string(tool), "input": input, "output": "answer", "next": "done",
                    ],
                    "done": ["type": "end", "output": "${state.answer}"],
                ],
            ]
            let run = try await call(
                "POST", "/api/runs", ["persona_id": .string(persona), "graph": graph, "input": [:]], status: 201)
            let id = try #require(run["id"]?.string)
            return try await wait(for: "the end of the call of \(tool)") {
                let run = try await call("GET", "/api/runs/\(id)", status: 200)
                let isOver = ["succeeded", "failed", "cancelled"].contains(run["status"]?.string ?? "")
                return isOver ? run : Optional<JSONValue>.none
            }
        }
    }

    @Test func theyRunInTheSandboxOnceARuleAllowsThem() async throws {
        let house = try await House.open()
        let stage = Stage(house: house, persona: house.ada.persona.description)
        try await ForeignServers.shop { base, document in
            try await ForeignServers.listening { server in
                let shop: JSONValue = [
                    "name": "shop", "kind": "openapi", "persona_id": .string(stage.persona),
                    "definition": ["document": document, "base_url": .string(base), "private": true],
                    "secrets": ["shop_key": "s3cret"],
                ]
                _ = try await stage.call("POST", "/api/tool-sources", shop, status: 201)
                let mcp: JSONValue = [
                    "name": "sums", "kind": "mcp", "persona_id": .string(stage.persona),
                    "definition": ["url": .string(try #require(server.url)), "private": true],
                ]
                let asked = try await stage.call("POST", "/api/tool-sources", mcp, status: 201)
                let id = try #require(asked["id"]?.string)
                try await until("the MCP server's tools") {
                    let source = try await stage.call("GET", "/api/tool-sources/\(id)", status: 200)
                    try #require(source["status"] != "failed", "\(source)")
                    return source["status"] == "ready"
                }
                let words: JSONValue = [
                    "name": "words", "kind": "command",
                    "definition": [
                        "commands":
                            "tools: {count: {program: /usr/bin/wc, arguments: ['-w'], stdin: '{text}', effect: read, input: {text: {type: string}}}}"
                    ],
                ]
                _ = try await stage.call("POST", "/api/tool-sources", words, status: 201)
                try await runAll(stage)
            }
        }
    }

    private func runAll(_ stage: Stage) async throws {
        let item: JSONValue = ["body": ["name": "desk", "price": 2]]
        let denied = try await stage.run("shop.create_item", item)
        #expect(denied["error"]?["code"] == "tool_denied", "\(denied)")
        for pattern in ["shop.*", "sums.*", "words.*"] {
            _ = try await stage.call(
                "POST", "/api/tool-rules",
                [
                    "subject": ["kind": "persona", "id": .string(stage.persona)], "tool": .string(pattern),
                    "verdict": "allow",
                ],
                status: 201)
        }
        let made = try await stage.run("shop.create_item", item)
        #expect(made["output"]?["body"]?["item"]?["name"] == "desk", "\(made)")
        let sum = try await stage.run("sums.add_numbers", ["a": 40, "b": 2])
        #expect(sum["output"]?["text"] == "42", "\(sum)")
        let count = try await stage.run("words.count", ["text": "one two three"])
        #expect(count["output"]?["text"] == "3\n", "\(count)")
        let internalTool = try await stage.run("foreign.call", ["binding": ["is_read": true], "input": [:]])
        #expect(internalTool["error"]?["code"] == "tool_unknown", "\(internalTool)")
        let wrong = try await stage.run("sums.add_numbers", ["a": "x", "b": 2])
        #expect(wrong["error"]?["code"] == "input_invalid", "\(wrong)")
        let egress = try await stage.house.database.rows(
            stage.house.tenant, "SELECT verdict FROM egress_log WHERE tenant_id = $1 AND host = '127.0.0.1'",
            [stage.house.tenant.value])
        #expect(!egress.isEmpty)
    }
}
