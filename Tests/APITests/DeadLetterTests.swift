import API
import Domain
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct DeadLetterTests {
    @Test func callsThatWereGivenUpAreListedWithTheReason() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.persona(owner)
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": House.graph]
            ).id
            let history = try await RunHistory(house)
            try await history.write(
                """
                INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                    timeout_seconds, state, error, applied, attempt, finished_at)
                SELECT tenant_id, gen_random_uuid(), run_id, persona_id, n, 'n', 'tool', 't' || n, '{}', 'read', n::text, 1,
                    (ARRAY['failed', 'failed', 'done', 'unknown'])[n],
                    '{"kind": "permanent", "code": "worker_lost", "message": "The worker ended."}', n <> 2, 3, now()
                FROM runs, generate_series(1, 4) n WHERE run_id = '\(run)'
                """)
            let listed = try await house.call("GET", "/api/dead-letters", as: owner)
            let letters = listed.json["data"]?.array ?? []
            // The second has not been taken up: its run may still try again.
            #expect(letters.count == 1)
            #expect(letters.first?["tool"]?.string == "t1" && letters.first?["attempt"]?.int == 3)
            #expect(letters.first?["error"]?["code"]?.string == "worker_lost")
            #expect(letters.first?["run_id"]?.string == run)
            for (query, count) in [("run_id=\(run)", 1), ("run_id=\(RunID.new())", 0), ("retried=true", 0)] {
                let some = try await house.call("GET", "/api/dead-letters?\(query)", as: owner)
                #expect(some.json["data"]?.array?.count == count, "\(query)")
            }
            #expect(try await house.call("GET", "/api/dead-letters?retried=x", as: owner).status == 400)
            let stranger = try await house.person(of: try await house.tenant("other"))
            #expect(try await house.call("GET", "/api/dead-letters", as: stranger).json["data"] == [])
        }
    }
}
