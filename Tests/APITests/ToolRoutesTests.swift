import API
import Domain
import JSONSchema
import Postgres
import Store
import TestKit
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct ToolRoutesTests {
    private static let commands: JSONValue = [
        "name": "texts", "kind": "command", "secrets": ["key": "k-1"],
        "definition": [
            "commands":
                "tools: {count: {summary: Counts words., program: /usr/bin/wc, stdin: '{text}', environment_secrets: {key: K}, input: {text: {type: string}}}}"
        ],
    ]

    private struct Stage {
        let house: House
        let owner: House.Person
        let persona: String

        func call(_ method: String, _ path: String, _ body: JSONValue? = nil, as person: House.Person? = nil)
            async throws
            -> House.Answer
        {
            try await house.call(method, path, as: person ?? owner, body)
        }

        func permission(_ tool: String, as person: House.Person? = nil) async throws -> String? {
            try await call("GET", "/api/tools/\(tool)?persona_id=\(persona)", as: person).json["permission"]?.string
        }
    }

    private func with(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            try await body(Stage(house: house, owner: owner, persona: try await house.persona(owner)))
        }
    }

    @Test func aSourcesToolsAreListedFoundAndTakenAway() async throws {
        try await with { stage in
            let made = try await stage.call("POST", "/api/tool-sources", Self.commands)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["status"] == "ready")
            #expect(made.json["tools"] == 1)
            #expect(!made.text.contains("k-1"))
            let tool = try await stage.call("GET", "/api/tools/texts.count")
            #expect(tool.json["risk"] == "high")
            #expect(tool.json["permission"] == "deny")
            #expect(tool.json["origin"] == "tenant")
            #expect(tool.json["input_schema"]?["properties"]?["text"]?["type"] == "string")
            let found = try await stage.call("GET", "/api/tools?query=count%20the%20words")
            #expect(found.json["data"]?[0]?["name"] == "texts.count")
            #expect(found.json["data"]?[0]?["input_schema"] != nil)
            #expect(try await stage.call("POST", "/api/tool-sources", Self.commands).status == 409)
            #expect(try await stage.call("DELETE", "/api/tool-sources/\(made.id)").status == 204)
            #expect(try await stage.call("GET", "/api/tools/texts.count").status == 404)
        }
    }

    @Test(
        arguments: [
            (["name": "Texts", "kind": "mcp", "definition": [:]], "/name"),
            (["name": "email", "kind": "mcp", "definition": ["url": "https://x.test"]], "/name"),
            (["name": "a", "kind": "mcp", "definition": ["url": "ftp://x.test"]], "/definition/url"),
            (["name": "a", "kind": "mcp", "definition": ["command": ["server"]]], "/definition/command/0"),
            (["name": "a", "kind": "openapi", "definition": [:]], "/definition/document"),
            (["name": "a", "kind": "openapi", "definition": ["document": ["openapi": "2.0"]]], "/definition/openapi"),
            (["name": "a", "kind": "command", "definition": ["commands": "a: ["]], "/definition/commands"),
            (["name": "a", "kind": "command", "definition": ["commands": ["tools": [:]]]], "/definition/tools"),
            (
                ["name": "a", "kind": "mcp", "definition": ["url": "https://x.test"], "secrets": ["K y": "v"]],
                "/secrets/K y"
            ),
        ] as [(JSONValue, String)])
    func aSourceThatDoesNotFitIsRefusedAtItsPlace(body: JSONValue, pointer: String) async throws {
        try await with { stage in
            let answer = try await stage.call("POST", "/api/tool-sources", body)
            #expect(answer.status == 422, "\(answer.text)")
            #expect(answer.pointers == [pointer])
        }
    }

    @Test func rulesDecideForPersonaAndRole() async throws {
        try await with { stage in
            let member = try await stage.house.person("member", of: stage.owner.tenant)
            #expect(try await stage.call("POST", "/api/tool-sources", Self.commands).status == 201)
            let rule: JSONValue = [
                "subject": ["kind": "persona", "id": .string(stage.persona)], "tool": "texts.*", "verdict": "ask",
            ]
            let made = try await stage.call("POST", "/api/tool-rules", rule)
            #expect(made.status == 201, "\(made.text)")
            #expect(try await stage.permission("texts.count") == "ask")
            #expect(try await stage.call("POST", "/api/tool-rules", rule).status == 409)
            let changed = try await stage.house.call(
                "PUT", "/api/tool-rules/\(made.id)", as: stage.owner, ["verdict": "allow"],
                headers: ["If-Match": "\"1\""])
            #expect(changed.status == 200, "\(changed.text)")
            #expect(try await stage.permission("texts.count") == "allow")
            let stale = try await stage.house.call(
                "PUT", "/api/tool-rules/\(made.id)", as: stage.owner, ["verdict": "deny"],
                headers: ["If-Match": "\"1\""])
            #expect(stale.status == 412)
            let role: JSONValue = ["subject": ["kind": "role", "role": "member"], "tool": "*", "verdict": "ask"]
            #expect(try await stage.call("POST", "/api/tool-rules", role).status == 201)
            #expect(try await stage.permission("texts.count", as: member) == "ask")
            #expect(try await stage.permission("texts.count") == "allow")
            #expect(try await stage.call("DELETE", "/api/tool-rules/\(made.id)").status == 204)
            #expect(try await stage.permission("texts.count") == "deny")
            let audit = try await stage.call("GET", "/api/audit?action=tool_rule.changed")
            #expect(audit.json["data"]?.array?.count == 1)
        }
    }

    @Test(
        arguments: [
            (["subject": ["kind": "tenant"], "tool": "A*", "verdict": "ask"], "/tool"),
            (["subject": ["kind": "tenant", "role": "owner"], "tool": "*", "verdict": "ask"], "/subject"),
            (["subject": ["kind": "persona"], "tool": "*", "verdict": "ask"], "/subject"),
            (["subject": ["kind": "tenant"], "tool": "*"], "/verdict"),
            (["subject": ["kind": "tenant"], "tool": "*", "verdict": "ask", "access": []], "/access"),
            (
                [
                    "subject": ["kind": "persona", "id": "0198a1b2-0000-7000-8000-000000000009"], "tool": "*",
                    "verdict": "ask",
                ], "/subject/id"
            ),
        ] as [(JSONValue, String)])
    func aRuleThatSaysNothingIsRefused(body: JSONValue, pointer: String) async throws {
        try await with { stage in
            let answer = try await stage.call("POST", "/api/tool-rules", body)
            #expect(answer.status == 422, "\(answer.text)")
            #expect(answer.pointers == [pointer])
        }
    }

    @Test func whatStandsOfALimitIsShown() async throws {
        try await with { stage in
            #expect(try await stage.call("POST", "/api/tool-sources", Self.commands).status == 201)
            let path = "/api/tools/texts.count?persona_id=\(stage.persona)"
            #expect(try await stage.call("GET", path).json["limits"]?[0]?["remaining"] == 100)
            let limit: JSONValue = [
                "subject": ["kind": "tenant"], "tool": "texts.count", "per_hour": 7, "when_exceeded": "fail",
            ]
            #expect(try await stage.call("POST", "/api/tool-rules", limit).status == 201)
            let shown = try await stage.call("GET", path).json["limits"]
            #expect(shown?[0]?["per_hour"] == 7)
            #expect(shown?[0]?["when_exceeded"] == "fail")
        }
    }

    @Test func anotherTenantsToolsRulesAndTrustAreAbsent() async throws {
        try await with { stage in
            let them = try await stage.house.person(of: try await stage.house.tenant("theirs"))
            let source = try await stage.call("POST", "/api/tool-sources", Self.commands).id
            let rule = try await stage.call(
                "POST", "/api/tool-rules", ["subject": ["kind": "tenant"], "tool": "texts.*", "verdict": "allow"]
            ).id
            let owner = try await stage.house.database.connect()
            let trust = ToolTrustID.new()
            try await owner.execute(
                """
                INSERT INTO tool_trust (tenant_id, trust_id, persona_id, tool, shape, approvals)
                VALUES ($1, $2, $3, 'texts.count', '{}', 3)
                """, [stage.owner.tenant.value, trust.value, try #require(PersonaID(stage.persona)).value])
            await owner.close()
            for (method, path, body) in [
                ("GET", "/api/tool-sources/\(source)", nil), ("DELETE", "/api/tool-sources/\(source)", nil),
                ("POST", "/api/tool-sources/\(source)/refresh", nil), ("GET", "/api/tool-rules/\(rule)", nil),
                ("PUT", "/api/tool-rules/\(rule)", ["verdict": "deny"]), ("DELETE", "/api/tool-rules/\(rule)", nil),
                ("PUT", "/api/tool-trust/\(trust)", ["trusted": true]), ("GET", "/api/tools/texts.count", nil),
                ("GET", "/api/tools?persona_id=\(stage.persona)", nil),
            ] as [(String, String, JSONValue?)] {
                #expect(try await stage.call(method, path, body, as: them).status == 404, "\(method) \(path)")
            }
            for path in ["/api/tool-sources", "/api/tool-rules", "/api/tool-trust", "/api/tools?query=words"] {
                #expect(try await stage.call("GET", path, as: them).json["data"]?.array?.isEmpty == true, "\(path)")
                #expect(try await stage.call("GET", path).json["data"]?.array?.isEmpty == false, "\(path)")
            }
            let theirs = try await stage.call(
                "POST", "/api/tool-rules",
                ["subject": ["kind": "persona", "id": .string(stage.persona)], "tool": "*", "verdict": "allow"],
                as: them)
            #expect(theirs.pointers == ["/subject/id"])
            #expect(try await stage.call("GET", "/api/tool-rules/\(rule)").json["verdict"] == "allow")
        }
    }

    @Test func onlyAnOwnerLetsWhatHasEarnedItGoUnasked() async throws {
        try await with { stage in
            let admin = try await stage.house.person("admin", of: stage.owner.tenant)
            let owner = try await stage.house.database.connect()
            let trust = ToolTrustID.new()
            try await owner.execute(
                """
                INSERT INTO tool_trust (tenant_id, trust_id, persona_id, tool, shape, approvals)
                VALUES ($1, $2, $3, 'bank.pay', '{"to":"=a@b.test"}', 2)
                """, [stage.owner.tenant.value, trust.value, try #require(PersonaID(stage.persona)).value])
            let path = "/api/tool-trust/\(trust)"
            #expect(try await stage.call("PUT", path, ["trusted": true]).status == 409)
            try await owner.execute("UPDATE tool_trust SET approvals = 3")
            #expect(try await stage.call("PUT", path, ["trusted": true], as: admin).status == 403)
            let given = try await stage.call("PUT", path, ["trusted": true])
            #expect(given.json["trusted"] == true)
            #expect(given.json["shape"]?["to"] == "=a@b.test")
            let taken = try await stage.call("PUT", path, ["trusted": false], as: admin)
            #expect(taken.json["trusted"] == false)
            #expect(taken.json["approvals"] == 0)
            await owner.close()
        }
    }
}
