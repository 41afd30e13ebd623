import API
import Domain
import FoundationEssentials
import HTTPClient
import Postgres
import Store
import TestKit
import Testing
import Vault

/// Messages that come in.
@Suite(.timeLimit(.minutes(2))) struct HookTests {
    private struct Hook {
        let house: House
        let owner: House.Person
        let path: String
        let id: String
        var key: WebhookKey

        func send(
            _ body: String = "{\"order\": 7}", message: String = "msg_1", offset: Int = 0, key: WebhookKey? = nil,
            drop: String? = nil, signed: String? = nil
        ) async throws -> House.Answer {
            let timestamp = Int(Date().timeIntervalSince1970) + offset
            let signature = (key ?? self.key).signature(
                id: message, timestamp: timestamp, body: Array((signed ?? body).utf8))
            var headers = [
                "webhook-id": message, "webhook-timestamp": String(timestamp), "webhook-signature": signature,
            ]
            if let drop { headers[drop] = nil }
            return try await house.call("POST", path, bytes: Array(body.utf8), headers: headers)
        }

        func runs() async throws -> [JSONValue] {
            try await house.call("GET", "/api/runs?trigger=webhook", as: owner).json["data"]?.array ?? []
        }
    }

    private func with(_ body: @escaping @Sendable (Hook) async throws -> Void) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let made = try await house.call(
                "POST", "/api/webhooks", as: owner,
                [
                    "direction": "in", "name": "Shop", "persona_id": .string(try await house.persona(owner)),
                    "graph_id": .string(try await house.graph(owner)),
                ])
            #expect(made.status == 201)
            let key = try #require(WebhookKey(Secret(made.json["secret"]?.string ?? "")))
            try await body(
                Hook(house: house, owner: owner, path: made.json["path"]?.string ?? "", id: made.id, key: key))
        }
    }

    @Test func aSignedMessageStartsARunOnce() async throws {
        try await with { hook in
            let first = try await hook.send()
            #expect(first.status == 202)
            for _ in 0..<2 {
                let again = try await hook.send()
                #expect(again.status == 200)
                #expect(again.json == first.json)
            }
            let other = try await hook.send(message: "msg_2")
            #expect(other.status == 202 && other.json != first.json)
            let runs = try await hook.runs()
            #expect(runs.count == 2)
            let run = try #require(runs.last)
            #expect(run["id"] == first.json["run_id"])
            #expect(run["input"]?["payload"] == ["order": 7])
            #expect(run["input"]?["webhook"]?["message_id"]?.string == "msg_1")
            #expect(run["trigger"]?.string == "webhook")
        }
    }

    @Test func theSameMessageAtTheSameTimeStartsOneRun() async throws {
        try await with { hook in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await hook.send().status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == Array(repeating: 200, count: 7) + [202])
            #expect(try await hook.runs().count == 1)
        }
    }

    @Test func whatIsNotSignedStoresNothing() async throws {
        try await with { hook in
            let stranger = WebhookKey()
            for answer in [
                try await hook.send(key: stranger), try await hook.send(signed: "{\"order\": 8}"),
                try await hook.send(offset: -301), try await hook.send(offset: 302),
                try await hook.send(drop: "webhook-id"), try await hook.send(drop: "webhook-timestamp"),
                try await hook.send(drop: "webhook-signature"), try await hook.send(message: ""),
                try await hook.send(message: String(repeating: "m", count: 256)),
            ] {
                #expect(answer.status == 401)
                #expect(answer.problem == "bad-signature")
            }
            #expect(try await hook.send("no json").status == 400)
            #expect(try await hook.send(String(repeating: " ", count: 300_000)).status == 413)
            #expect(try await hook.runs().isEmpty)
            let connection = try await hook.house.database.connect()
            #expect(try await connection.query("SELECT 1 FROM webhook_receipts").isEmpty)
            await connection.close()
            let near = try await hook.send(offset: -290)
            #expect(near.status == 202)
        }
    }

    @Test func theKeyBeforeCountsWhileItIsChanged() async throws {
        try await with { hook in
            let rotated = try await hook.house.call("POST", "/api/webhooks/\(hook.id)/rotate", as: hook.owner)
            #expect(rotated.status == 200)
            let new = try #require(WebhookKey(Secret(rotated.json["secret"]?.string ?? "")))
            #expect(try await hook.send(message: "old").status == 202)
            #expect(try await hook.send(message: "new", key: new).status == 202)
            let connection = try await hook.house.database.connect()
            try await connection.script("UPDATE webhooks SET previous_until = now() - interval '1 second'")
            await connection.close()
            #expect(try await hook.send(message: "later").status == 401)
            #expect(try await hook.send(message: "later", key: new).status == 202)
        }
    }

    @Test func aPausedOrUnknownWebhookIsNone() async throws {
        try await with { hook in
            let path = "/api/webhooks/\(hook.id)"
            let known = try await hook.house.call("GET", path, as: hook.owner)
            #expect(known.json["secret"] == nil)
            #expect(!known.text.contains("whsec_"))
            let paused: JSONValue = [
                "direction": "in", "name": "Shop", "persona_id": known.json["persona_id"] ?? .null,
                "graph_id": known.json["graph_id"] ?? .null, "status": "paused",
            ]
            #expect(try await hook.house.call("PUT", path, as: hook.owner, paused).status == 200)
            #expect(try await hook.send().status == 404)
            #expect(try await hook.house.call("POST", "/api/hooks/\(WebhookID.new())", bytes: []).status == 404)
            #expect(try await hook.house.call("POST", "/api/hooks/nonsense", bytes: []).status == 404)
            #expect(!hook.house.log.text.contains("whsec_"))
        }
    }
}
