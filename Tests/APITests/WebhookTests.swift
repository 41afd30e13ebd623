import API
import Domain
import Egress
import FoundationEssentials
import HTTPClient
import Postgres
import Store
import TestKit
import Testing
import Upkeep
import Vault

/// Messages that go out.
@Suite(.timeLimit(.minutes(2))) struct WebhookTests {
    private struct Out {
        let house: House
        let owner: House.Person
        let server: ModelServer
        let sender: WebhookSender
        let id: String
        let key: WebhookKey
        let history: RunHistory

        /// Begins a run and ends it, as the orchestrator would.
        func end(_ status: String = "succeeded") async throws -> String {
            let persona = try await house.call("GET", "/api/personas", as: owner).ids.first ?? ""
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": House.graph]
            ).id
            // As the application's role: the message is made behind the same row-level security as the run.
            _ = try await house.services.database.rows(
                owner.tenant,
                "UPDATE runs SET status = $2, finished_at = platform_now(), ready_at = NULL WHERE run_id = $1::text::uuid",
                [.text(run), .text(status)])
            return run
        }

        func deliveries() async throws -> [JSONValue] {
            try await house.call("GET", "/api/webhooks/\(id)/deliveries", as: owner).json["data"]?.array ?? []
        }

        /// Makes what is put off due.
        func hurry() async throws {
            try await history.write("UPDATE webhook_deliveries SET due_at = now() WHERE state = 'pending'")
        }
    }

    private func with(
        _ replies: [ModelServerReply], events: JSONValue = ["run.succeeded", "run.failed"],
        _ body: @escaping @Sendable (Out) async throws -> Void
    ) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            _ = try await house.persona(owner)
            let server = try ModelServer(replies)
            let made = try await house.call(
                "POST", "/api/webhooks", as: owner,
                ["direction": "out", "name": "Tickets", "url": .string(server.baseURL + "/hook"), "events": events])
            #expect(made.status == 201)
            let host = String(server.baseURL.dropFirst("http://".count).prefix { $0 != "/" })
            let services = house.services
            let sender = WebhookSender(
                database: services.database, client: house.client, policy: EgressPolicy(private: [host])
            ) { try await Tenants(services.database).key(of: $0, under: services.master) }
            let history = try await RunHistory(house)
            try await body(
                Out(
                    house: house, owner: owner, server: server, sender: sender, id: made.id,
                    key: try #require(WebhookKey(Secret(made.json["secret"]?.string ?? ""))), history: history))
            await history.connection.close()
        }
    }

    @Test func aRunsEndIsToldOnceAndSigned() async throws {
        try await with([.response(204, body: [])]) { out in
            let run = try await out.end()
            _ = try await out.end("cancelled")
            #expect(try await out.sender.sweep() == 1)
            #expect(try await out.sender.sweep() == 0)
            let request = try #require(out.server.requests.first)
            #expect(out.server.requests.count == 1)
            let id = request.headers["webhook-id"] ?? ""
            let timestamp = Int(request.headers["webhook-timestamp"] ?? "") ?? 0
            #expect(
                out.key.verifies(
                    header: request.headers["webhook-signature"] ?? "", id: id, timestamp: timestamp,
                    body: request.body))
            let message = try JSONValue(parsing: request.body)
            #expect(message["type"]?.string == "run.succeeded")
            #expect(message["data"]?["run_id"]?.string == run)
            let delivery = try #require(try await out.deliveries().first)
            #expect(delivery["message_id"]?.string == id)
            #expect(delivery["state"]?.string == "delivered" && delivery["http_status"]?.int == 204)
        }
    }

    @Test func aFailedMessageIsSentAgainUnderItsIdUntilItIsDead() async throws {
        try await with([.response(500, body: [])]) { out in
            _ = try await out.end("failed")
            for attempt in 1...WebhookQueue.mostAttempts {
                #expect(try await out.sender.sweep() == 1, "\(attempt)")
                #expect(try await out.sender.sweep() == 0, "\(attempt)")
                try await out.hurry()
            }
            #expect(try await out.sender.sweep() == 0)
            let requests = out.server.requests
            #expect(requests.count == WebhookQueue.mostAttempts)
            #expect(Set(requests.map { $0.headers["webhook-id"] ?? "" }).count == 1)
            #expect(Set(requests.map(\.body)).count == 1)
            let dead = try #require(try await out.deliveries().first)
            #expect(dead["state"]?.string == "dead" && dead["error"]?.string == "The far end answered 500.")
            let path = "/api/webhooks/\(out.id)"
            #expect(
                try await out.house.call("GET", path, as: out.owner).json["last_error"]?.string
                    == "The far end answered 500.")
            let redeliver = "\(path)/deliveries/\(dead["id"]?.string ?? "")/redeliver"
            #expect(try await out.house.call("POST", redeliver, as: out.owner).status == 202)
            #expect(try await out.deliveries().first?["attempt"]?.int == 0)
            #expect(try await out.sender.sweep() == 1)
            #expect(out.server.requests.last?.headers["webhook-id"] == requests[0].headers["webhook-id"])
            let actions =
                try await out.house.call("GET", "/api/audit", as: out.owner).json["data"]?.array?
                .compactMap { $0["action"]?.string } ?? []
            #expect(actions.contains("webhook.dead") && actions.contains("webhook.redelivered"))
        }
    }

    @Test func whoeverIsGonePausesTheWebhook() async throws {
        try await with([.response(410, body: [])]) { out in
            _ = try await out.end()
            _ = try await out.end("failed")
            _ = try await out.sender.sweep()
            #expect(try await out.deliveries().map { $0["state"]?.string } == ["dead", "dead"])
            let webhook = try await out.house.call("GET", "/api/webhooks/\(out.id)", as: out.owner)
            #expect(webhook.json["status"]?.string == "paused")
            _ = try await out.end()
            #expect(try await out.deliveries().count == 2)
        }
    }

    /// A sender that dies has counted its attempt, and the message is sent again once its lease is over.
    @Test func aMessageThatNobodySettledIsSentAgain() async throws {
        try await with([.response(200, body: [])]) { out in
            _ = try await out.end()
            let queue = WebhookQueue(out.house.services.database)
            let stale = try #require(try await queue.claim(limit: 1).first)
            #expect(try await out.sender.sweep() == 0)
            try await out.history.write("UPDATE webhook_deliveries SET lease_until = now() - interval '1 second'")
            #expect(try await out.sender.sweep() == 1)
            try await queue.failed(stale, status: nil, error: "late")
            let delivery = try #require(try await out.deliveries().first)
            #expect(delivery["state"]?.string == "delivered" && delivery["attempt"]?.int == 2)
        }
    }

    @Test func addressesThatAreNotPublicAreNeverAsked() async throws {
        try await with([.response(200, body: [])]) { out in
            for url in [
                "http://example.com/hook", "https://127.0.0.1/hook", "https://[::1]/hook",
                "https://169.254.169.254/latest",
                "https://10.0.0.1/", "https://[::ffff:169.254.169.254]/", "https://localhost/", "https://0x7f000001/",
                "https://2130706433/", "https://127.1/",
            ] {
                try await out.history.write("DELETE FROM webhook_deliveries; UPDATE webhooks SET url = '\(url)'")
                _ = try await out.end()
                #expect(try await out.sender.sweep() == 1)
                let delivery = try #require(try await out.deliveries().first)
                #expect(delivery["state"]?.string == "pending")
                #expect(delivery["error"]?.string?.hasPrefix("Not sent: the URL ") == true, "\(url): \(delivery)")
            }
            #expect(out.server.requests.isEmpty)
        }
    }

    @Test(arguments: [
        "http://example.com/", "ftp://example.com/", "https://user:pass@example.com/", "https://example.com/#x",
        "https://", "example.com", "https://exa mple.com/", "https://example.com:22/",
    ])
    func aUrlThatIsNoTargetIsRefusedWithItsReason(url: String) async throws {
        #expect(WebhookTarget.refusal(EgressPolicy())(url) != nil)
        #expect(WebhookTarget.refusal(EgressPolicy())("https://hooks.example.com/a?b=c") == nil)
    }

    @Test func whatIsMissingSaysWhere() async throws {
        try await with([]) { out in
            for (body, pointer): (JSONValue, String) in [
                (["direction": "in", "name": "x"], "/persona_id"),
                (["direction": "out", "name": "x"], "/url"),
                (["direction": "out", "name": "x", "url": "https://a.test/"], "/events"),
                (["direction": "out", "name": "x", "url": "https://a.test/", "events": ["run.odd"]], "/events/0"),
                (["direction": "both", "name": "x"], "/direction"),
            ] {
                let answer = try await out.house.call("POST", "/api/webhooks", as: out.owner, body)
                #expect(answer.pointers == [pointer])
            }
            let turned: JSONValue = [
                "direction": "in", "name": "x", "persona_id": .string(PersonaID.new().description),
                "graph_id": .string(GraphID.new().description),
            ]
            #expect(
                try await out.house.call("PUT", "/api/webhooks/\(out.id)", as: out.owner, turned).pointers
                    == ["/direction"])
            let stranger = try await out.house.person(of: try await out.house.tenant("other"))
            for path in ["/api/webhooks/\(out.id)", "/api/webhooks/\(out.id)/deliveries"] {
                #expect(try await out.house.call("GET", path, as: stranger).status == 404)
            }
        }
    }
}
