import API
import Domain
import HTTPClient
import Postgres
import Store
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct SettingsTests {
    private func begin(_ house: House, _ owner: House.Person, _ persona: String) async throws -> House.Answer {
        try await house.call(
            "POST", "/api/runs", as: owner,
            ["persona_id": .string(persona), "graph": House.graph, "input": ["word": "secret-canary"]])
    }

    @Test func settingsAreReplacedAndWatchedByTheirRevision() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let fresh = try await house.call("GET", "/api/settings", as: owner)
            #expect(fresh.json == ["details_days": nil, "queue_limit": nil])
            let etag = try #require(fresh.headers["ETag"])
            let first = try await house.call(
                "PUT", "/api/settings", as: owner, ["details_days": 30], headers: ["If-Match": etag])
            #expect(first.status == 200 && first.json == ["details_days": 30, "queue_limit": nil])
            let stale = try await house.call(
                "PUT", "/api/settings", as: owner, ["details_days": 1], headers: ["If-Match": etag])
            #expect(stale.status == 412)
            #expect(try await house.call("PUT", "/api/settings", as: owner, ["details_days": 0]).status == 422)
            #expect(try await house.call("PUT", "/api/settings", as: owner, ["queue_limit": 5]).status == 200)
            #expect(try await house.call("GET", "/api/settings", as: owner).json["details_days"] == .null)
        }
    }

    @Test func aFullQueueSendsBackNewRuns() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.persona(owner)
            _ = try await house.call("PUT", "/api/settings", as: owner, ["queue_limit": 3])
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await begin(house, owner, persona).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [201, 201, 201] + Array(repeating: 429, count: 5))
            let full = try await begin(house, owner, persona)
            #expect(full.status == 429 && full.problem == "queue-full" && full.headers["Retry-After"] != nil)
            let run = try #require(try await house.call("GET", "/api/runs", as: owner).ids.first)
            try await RunHistory(house).end(run, 1, "succeeded")
            #expect(try await begin(house, owner, persona).status == 201)
            let stranger = try await house.person(of: try await house.tenant("other"))
            #expect(try await begin(house, stranger, try await house.persona(stranger)).status == 201)
        }
    }

    @Test func oldRunsAreThinnedWithoutLosingRowAndAudit() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.persona(owner)
            let (old, young, open) = (
                try await begin(house, owner, persona).id, try await begin(house, owner, persona).id,
                try await begin(house, owner, persona).id
            )
            let history = try await RunHistory(house)
            try await history.write(
                """
                UPDATE runs SET status = 'waiting' WHERE run_id = '\(open)';
                INSERT INTO steps (tenant_id, run_id, step, node, kind, status, input, output)
                SELECT tenant_id, run_id, 1, 'n', 'tool', 'succeeded', '{"a": "secret-canary"}', '"secret-canary"' FROM runs;
                INSERT INTO checkpoints (tenant_id, run_id, seq, delta, snapshot)
                SELECT tenant_id, run_id, 1, '["secret-canary"]', '{}' FROM runs;
                INSERT INTO signals (tenant_id, run_id, signal_id, name, payload)
                SELECT tenant_id, run_id, gen_random_uuid(), 's', '"secret-canary"' FROM runs;
                INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                    timeout_seconds, state, result, applied)
                SELECT tenant_id, gen_random_uuid(), run_id, persona_id, 1, 'n', 'tool', 't', '"secret-canary"', 'read',
                    run_id::text, 1, 'done', '"secret-canary"', true FROM runs
                """)
            for run in [old, young] { try await history.end(run, 1, "succeeded") }
            try await history.write(
                "UPDATE runs SET output = '\"secret-canary\"', finished_at = now() - interval '31 days' WHERE run_id = '\(old)'"
            )
            #expect(try await RunThinning(house.services.database).sweep() == 0)
            _ = try await house.call("PUT", "/api/settings", as: owner, ["details_days": 30])
            // A person may still have to look at what was sent.
            try await history.write("UPDATE jobs SET state = 'unknown' WHERE run_id = '\(old)'")
            #expect(try await RunThinning(house.services.database).sweep() == 0)
            try await history.write("UPDATE jobs SET state = 'done' WHERE run_id = '\(old)'")
            #expect(try await RunThinning(house.services.database).sweep() == 1)
            #expect(try await RunThinning(house.services.database).sweep() == 0)
            for table in ["runs", "steps", "checkpoints", "signals", "jobs", "run_events"] {
                let rows = try await history.connection.query(
                    "SELECT t::text AS row FROM \(table) t WHERE run_id = $1::text::uuid", [.text(old)])
                #expect(try rows.allSatisfy { try !$0.text("row").contains("canary") }, "\(table)")
            }
            for (run, count) in [(old, 0), (young, 1), (open, 1)] {
                let checkpoints = try await house.call("GET", "/api/runs/\(run)/checkpoints", as: owner)
                #expect(checkpoints.json["data"]?.array?.count == count)
                let read = try await house.call("GET", "/api/runs/\(run)", as: owner)
                #expect(read.status == 200 && read.text.contains("canary") == (run != old))
            }
            let steps = try await house.call("GET", "/api/runs/\(old)/steps", as: owner)
            #expect(steps.json["data"]?[0]?["node"]?.string == "n")
            #expect(try await AuditLog(house.services.database).verify(owner.tenant) != .intact(entries: 0))
            let audit = try await house.call("GET", "/api/audit?action=runs.thinned", as: owner)
            #expect(audit.text.contains(old) && !audit.text.contains(young))
        }
    }
}
