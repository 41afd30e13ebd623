import API
import Domain
import HTTPClient
import Postgres
import Store
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct DoubtTests {
    private func with(_ body: @escaping @Sendable (House, House.Person, String) async throws -> Void) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.persona(owner)
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": House.graph]
            ).id
            try await RunHistory(house).write(
                """
                INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                    timeout_seconds, state, phase, applied, given_up, attempt, finished_at)
                SELECT tenant_id, gen_random_uuid(), run_id, persona_id, n, 'n', 'tool', 't' || n, '{"n": 1}',
                    'non_idempotent', n::text, 1, (ARRAY['unknown', 'unknown', 'done'])[n], 'transmitting', true, n = 1, 1,
                    now()
                FROM runs, generate_series(1, 3) n WHERE run_id = '\(run)'
                """)
            try await body(house, owner, run)
        }
    }

    private func listed(_ house: House, _ person: House.Person, _ query: String = "") async throws -> [JSONValue] {
        try await house.call("GET", "/api/doubts\(query)", as: person).json["data"]?.array ?? []
    }

    @Test func effectsInDoubtAreListedWithWhatAPersonNeedsToLookForThem() async throws {
        try await with { house, owner, run in
            let doubts = try await listed(house, owner, "?run_id=\(run)")
            #expect(Set(doubts.compactMap { $0["tool"]?.string }) == ["t1", "t2"])
            let left = try #require(doubts.first { $0["tool"]?.string == "t1" })
            #expect(left["stage"]?.string == "undecided" && left["run_waits"] == false)
            #expect(left["effect_key"]?.string == "1" && left["input"]?["n"]?.int == 1)
            // The other one is the run's own, which has not asked a person yet.
            #expect(doubts.first { $0["tool"]?.string == "t2" }?["stage"]?.string == "asked")
            #expect(try await listed(house, owner, "?run_id=\(RunID.new())").isEmpty)
            let stranger = try await house.person(of: try await house.tenant("other"))
            #expect(try await listed(house, stranger).isEmpty)
        }
    }

    @Test func decisionIsRecordedOnceWithWhoMadeItAndWhy() async throws {
        try await with { house, owner, run in
            let doubts = try await listed(house, owner)
            let left = doubts.first { $0["tool"]?.string == "t1" }?["id"]?.string ?? ""
            let wanted = doubts.first { $0["tool"]?.string == "t2" }?["id"]?.string ?? ""
            func decide(_ id: String, _ body: JSONValue, as person: House.Person? = nil) async throws -> House.Answer {
                try await house.call("POST", "/api/doubts/\(id)", as: person ?? owner, body)
            }
            #expect(try await decide(left, ["outcome": "maybe"]).status == 422)
            #expect(try await decide("\(JobID.new())", ["outcome": "done"]).status == 404)
            let auditor = try await house.person("auditor", of: owner.tenant)
            #expect(try await decide(left, ["outcome": "done"], as: auditor).status == 403)
            #expect(try await decide(left, ["outcome": "retry"]).problem == "no-retry")
            #expect(try await decide(wanted, ["outcome": "done"]).problem == "being-asked")
            let decided = try await decide(left, ["outcome": "failed", "comment": "Not in the outbox."])
            #expect(decided.status == 200 && decided.json["run_id"]?.string == run, "\(decided.text)")
            #expect(try await decide(left, ["outcome": "done"]).problem == "doubt-over")
            let letters = try await house.call("GET", "/api/dead-letters", as: owner).json["data"]?.array ?? []
            #expect(letters.compactMap { $0["id"]?.string } == [left])
            let audit = try await house.call("GET", "/api/audit?limit=50", as: owner).json["data"]?.array ?? []
            let entry = try #require(audit.first { $0["action"]?.string == "effect.decided" })
            #expect(entry["actor"]?.string == "user:\(owner.user)")
            #expect(entry["detail"]?["comment"]?.string == "Not in the outbox.")
        }
    }

    @Test func decisionThatTheRunWaitsForIsHandedToTheRun() async throws {
        try await with { house, owner, run in
            let wanted = try await listed(house, owner).first { $0["tool"]?.string == "t2" }?["id"]?.string ?? ""
            try await RunHistory(house).write(
                """
                UPDATE runs SET waiting_for = json_build_array(json_build_object('kind', 'decision', 'job_id', '\(wanted)'))
                WHERE run_id = '\(run)'
                """)
            let answer = try await house.call("POST", "/api/doubts/\(wanted)", as: owner, ["outcome": "retry"])
            #expect(answer.status == 200, "\(answer.text)")
            let signals = try await house.services.database.rows(
                owner.tenant, "SELECT name, payload FROM signals WHERE tenant_id = $1", [owner.tenant.value])
            #expect(
                try signals.map { try $0.text("name") } == [EffectDecision.signal(for: try #require(JobID(wanted)))])
        }
    }
}
