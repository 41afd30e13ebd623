import API
import Domain
import FoundationEssentials
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct ApprovalTests {
    private static let hash = String(repeating: "ab", count: 32)

    private struct Stage {
        let house: House
        let owner: House.Person
        let run: String
        let history: RunHistory

        /// Puts a question as a step's transaction would.
        func ask(due: String = "NULL") async throws -> String {
            let id = ApprovalID.new().description
            try await history.write(
                """
                INSERT INTO approvals (tenant_id, approval_id, run_id, step, node, title, detail, arguments, tool,
                    arguments_hash, due_at)
                VALUES ('\(owner.tenant)', '\(id)', '\(run)', 1, 'send', 'Send it?', 'To Mira.', '{"to": "mira"}',
                    'email.reply', '\(ApprovalTests.hash)', \(due))
                """)
            return id
        }

        func decide(_ id: String, _ body: JSONValue, as person: House.Person? = nil) async throws -> House.Answer {
            try await house.call("POST", "/api/approvals/\(id)", as: person ?? owner, body)
        }

        func wakes() async throws -> Int {
            try await history.connection.query("SELECT wakes FROM runs WHERE run_id = $1::text::uuid", [.text(run)])[0]
                .int("wakes")
        }
    }

    private func with(
        _ definition: JSONValue = [:], _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.call(
                "POST", "/api/personas", as: owner, ["slug": "ada", "name": "Ada", "definition": definition]
            ).id
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": House.graph]
            ).id
            try await body(
                Stage(house: house, owner: owner, run: run, history: try await RunHistory(house)))
        }
    }

    @Test func aQuestionIsAnsweredOnce() async throws {
        try await with { stage in
            let id = try await stage.ask()
            let asked = try await stage.house.call("GET", "/api/approvals/\(id)", as: stage.owner)
            #expect(asked.json["arguments"] == ["to": "mira"] && asked.json["status"]?.string == "pending")
            let before = try await stage.wakes()
            let answers = try await withThrowingTaskGroup(of: House.Answer.self) { group in
                for decision in ["approve", "reject", "approve", "reject"] {
                    group.addTask { try await stage.decide(id, ["decision": .string(decision), "comment": "Looked."]) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.map(\.status).sorted() == [200, 409, 409, 409])
            #expect(answers.filter { $0.status == 409 }.allSatisfy { $0.problem == "approval-over" })
            let answered = try #require(answers.first { $0.status == 200 })
            #expect(answered.json["decided_by"]?.string == stage.owner.user.description)
            #expect(answered.json["comment"]?.string == "Looked.")
            #expect(try await stage.wakes() == before + 1)
            let read = try await stage.house.call("GET", "/api/approvals/\(id)", as: stage.owner)
            #expect(read.json == answered.json)
            let audit = try await stage.house.call("GET", "/api/audit?run_id=\(stage.run)", as: stage.owner)
            let actions = audit.json["data"]?.array?.compactMap { $0["action"]?.string } ?? []
            #expect(actions.filter { $0.hasPrefix("approval.") }.count == 1)
        }
    }

    @Test func anAnswerIsBoundToWhatWasShown() async throws {
        try await with { stage in
            let id = try await stage.ask()
            let other = try await stage.decide(
                id, ["decision": "approve", "arguments_hash": .string(String(repeating: "cd", count: 32))])
            #expect(other.status == 409 && other.problem == "approval-changed")
            let same = try await stage.decide(id, ["decision": "approve", "arguments_hash": .string(Self.hash)])
            #expect(same.status == 200 && same.json["status"]?.string == "approved")
        }
    }

    @Test func lateMootAndUnknownQuestionsAreRefused() async throws {
        try await with { stage in
            let late = try await stage.ask(due: "now() - interval '1 second'")
            #expect(try await stage.decide(late, ["decision": "approve"]).status == 409)
            let moot = try await stage.ask()
            try await stage.history.end(stage.run, 1, "cancelled")
            #expect(try await stage.decide(moot, ["decision": "approve"]).problem == "approval-over")
            #expect(try await stage.decide(ApprovalID.new().description, ["decision": "approve"]).status == 404)
            #expect(try await stage.decide(moot, ["decision": "maybe"]).status == 422)
            let stranger = try await stage.house.person(of: try await stage.house.tenant("other"))
            #expect(try await stage.decide(moot, ["decision": "approve"], as: stranger).status == 404)
            #expect(try await stage.house.call("GET", "/api/approvals/\(moot)", as: stranger).status == 404)
        }
    }

    @Test func aPersonaMayLeaveItToSomeRoles() async throws {
        try await with(["approver_roles": ["owner"]]) { stage in
            let id = try await stage.ask()
            for role in ["admin", "member", "auditor"] {
                let person = try await stage.house.person(role, of: stage.owner.tenant)
                #expect(try await stage.decide(id, ["decision": "approve"], as: person).status == 403, "\(role)")
            }
            #expect(try await stage.decide(id, ["decision": "reject"]).json["status"]?.string == "rejected")
        }
    }

    @Test func questionsAreListedByStatusAndRun() async throws {
        try await with { stage in
            let (first, second) = (try await stage.ask(), try await stage.ask())
            _ = try await stage.decide(first, ["decision": "approve"])
            func list(_ query: String) async throws -> House.Answer {
                try await stage.house.call("GET", "/api/approvals?\(query)", as: stage.owner)
            }
            #expect(try await list("status=pending").ids == [second])
            #expect(try await list("run_id=\(stage.run)").ids == [second, first])
            #expect(try await list("run_id=\(RunID.new())").ids.isEmpty)
            #expect(try await list("status=odd").status == 400)
            let page = try await list("limit=1")
            #expect(try await list("limit=1&cursor=\(page.json["next_cursor"]?.string ?? "")").ids == [first])
        }
    }
}
