import API
import Domain
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct MailboxTests {
    private static let canary = "canary-7f3a-password"

    private static func input(_ graph: String, security: String = "tls", password: Bool = true) -> JSONValue {
        var members: [String: JSONValue] = [
            "address": "ada@acme.test", "username": "ada",
            "imap": ["host": "mail.acme.test", "port": 993, "security": .string(security)],
            "smtp": ["host": "mail.acme.test", "port": 587, "security": "starttls"],
            "allowed_senders": ["@Acme.test"], "graph_id": .string(graph),
        ]
        if password { members["password"] = .string(canary) }
        return .object(members)
    }

    @Test func aPasswordGoesInAndNeverComesOut() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            let path = "/api/personas/\(persona)/mailboxes"
            var answers: [House.Answer] = []
            func call(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> House.Answer {
                let answer = try await house.call(method, path, as: owner, body)
                answers.append(answer)
                return answer
            }
            let unknown = try await call("POST", path, Self.input(GraphID.new().description))
            #expect(unknown.pointers == ["/graph_id"])
            let made = try await call("POST", path, Self.input(graph))
            #expect(made.status == 201)
            #expect(made.json["allowed_senders"] == ["@acme.test"])
            let mailbox = "\(path)/\(made.id)"
            #expect(try await call("POST", path, Self.input(graph)).problem == "taken")
            #expect(try await call("PUT", mailbox, Self.input(graph, password: false)).status == 200)
            #expect(try await call("PUT", mailbox, Self.input(GraphID.new().description)).pointers == ["/graph_id"])
            #expect(try await call("PUT", mailbox, Self.input(graph, security: "nonsense")).status == 422)
            #expect(try await call("PUT", mailbox, Self.input(graph, security: "plain")).pointers == ["/imap/security"])
            #expect(try await call("GET", mailbox).status == 200)
            #expect(try await call("GET", path).ids == [made.id])
            #expect(try await call("GET", mailbox + "/mails").json["data"] == [])
            #expect(try await call("GET", "/api/audit").status == 200)
            #expect(try await call("DELETE", mailbox).status == 204)
            #expect(try await call("GET", mailbox).status == 404)
            for answer in answers {
                #expect(!answer.text.contains(Self.canary))
                #expect(!answer.headers.fields.contains { $0.value.contains(Self.canary) })
            }
            #expect(!house.log.text.contains(Self.canary))
        }
    }

    @Test func theStoreHoldsAnEnvelopeOnly() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            _ = try await house.call("POST", "/api/personas/\(persona)/mailboxes", as: owner, Self.input(graph))
            let connection = try await house.database.connect()
            let rows = try await connection.query("SELECT password FROM mailboxes")
            let envelope = try rows.first?.bytes("password") ?? []
            #expect(envelope.count > 20)
            #expect(!String(decoding: envelope, as: UTF8.self).contains("canary"))
            await connection.close()
        }
    }

    @Test func aMailboxBelongsToItsPersona() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let graph = try await house.graph(owner)
            let (one, two) = (try await house.persona(owner), try await house.persona(owner, slug: "two"))
            let made = try await house.call("POST", "/api/personas/\(one)/mailboxes", as: owner, Self.input(graph))
            #expect(try await house.call("GET", "/api/personas/\(two)/mailboxes/\(made.id)", as: owner).status == 404)
        }
    }
}
