import API
import Domain
import FoundationEssentials
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct RunTests {
    private func begin(
        _ house: House, _ person: House.Person, _ persona: String, _ graph: JSONValue?, input: JSONValue? = nil
    ) async throws -> House.Answer {
        var body: [String: JSONValue] = ["persona_id": .string(persona)]
        body["graph"] = graph
        body["input"] = input
        return try await house.call("POST", "/api/runs", as: person, .object(body))
    }

    @Test func aRunKeepsTheVersionsThatItBeganWith() async throws {
        try await House.with { house in
            let member = try await house.person("member", of: try await house.tenant())
            let owner = try await house.person(of: member.tenant)
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            _ = try await house.call("PATCH", "/api/personas/\(persona)", as: owner, ["definition": ["language": "de"]])
            let input: JSONValue = ["word": "größe", "deep": [1, 2.5, nil, ["a": "\n"]]]
            let run = try await begin(house, member, persona, ["graph_id": .string(graph)], input: input)
            #expect(run.status == 201)
            #expect(run.headers["Location"] == "/api/runs/\(run.id)")
            _ = try await house.call("PATCH", "/api/graphs/\(graph)", as: owner, ["definition": House.graph])
            let read = try await house.call("GET", "/api/runs/\(run.id)", as: owner)
            #expect(read.json == run.json)
            #expect(read.json["persona_version"]?.int == 2)
            #expect(read.json["graph_version"]?.int == 1)
            #expect(read.json["input"] == input)
            #expect(read.json["status"]?.string == "queued")
            #expect(read.json["trigger"]?.string == "api")
            #expect(read.json["created_by"]?.string == member.user.description)
            #expect(read.json["created_at"]?.string?.hasSuffix("Z") == true)
            #expect(RunBody.schema.faults(in: read.json).isEmpty)
        }
    }

    @Test func aGraphMayComeWithTheRequest() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let persona = try await house.persona(owner)
            let run = try await begin(house, owner, persona, House.graph)
            #expect(run.status == 201)
            #expect(run.json["graph_id"] == .null)
        }
    }

    @Test func whatCannotBeginSaysWhere() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            let id = GraphID.new().description
            let loop: JSONValue = [
                "start": "a",
                "nodes": [
                    "a": ["type": "set", "values": ["x": 1], "next": "b"],
                    "b": ["type": "set", "values": ["x": 2], "next": "a"],
                ],
            ]
            #expect(try await begin(house, owner, id, .string(graph)).pointers == ["/persona_id"])
            #expect(try await begin(house, owner, persona, .string(id)).pointers == ["/graph"])
            #expect(try await begin(house, owner, persona, "no id").pointers == ["/graph"])
            #expect(try await begin(house, owner, persona, ["graph_id": "no id"]).pointers == ["/graph/graph_id"])
            #expect(try await begin(house, owner, persona, nil).pointers == ["/graph"])
            #expect(try await begin(house, owner, persona, 7).pointers == ["/graph"])
            let endless = try await begin(house, owner, persona, loop)
            #expect(endless.status == 422)
            #expect(endless.pointers.allSatisfy { $0.hasPrefix("/graph/nodes/") } && !endless.pointers.isEmpty)
            _ = try await house.call("DELETE", "/api/graphs/\(graph)", as: owner)
            #expect(try await begin(house, owner, persona, .string(graph)).pointers == ["/graph"])
            _ = try await house.call("DELETE", "/api/personas/\(persona)", as: owner)
            #expect(try await begin(house, owner, persona, House.graph).pointers == ["/persona_id"])
        }
    }

    @Test func withoutAGraphTheMailboxesIsTaken() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            let server: JSONValue = ["host": "mail.test", "port": 993, "security": "tls"]
            let made = try await house.call(
                "POST", "/api/personas/\(persona)/mailboxes", as: owner,
                [
                    "address": "a@b.test", "username": "a", "imap": server, "smtp": server, "allowed_senders": [],
                    "graph_id": .string(graph), "password": "p",
                ])
            #expect(made.status == 201)
            #expect(try await begin(house, owner, persona, nil).json["graph_id"]?.string == graph)
        }
    }

    @Test func runsAreListedByPersonaStatusAndTrigger() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let (one, two) = (try await house.persona(owner), try await house.persona(owner, slug: "two"))
            var mine: [String] = []
            for _ in 0..<3 { mine.append(try await begin(house, owner, one, House.graph).id) }
            _ = try await begin(house, owner, two, House.graph)
            func list(_ query: String) async throws -> House.Answer {
                try await house.call("GET", "/api/runs?\(query)", as: owner)
            }
            #expect(try await list("persona_id=\(one)").ids == mine.reversed())
            #expect(try await list("status=queued&trigger=api").ids.count == 4)
            #expect(try await list("status=failed").ids.isEmpty)
            #expect(try await list("trigger=mail").ids.isEmpty)
            #expect(try await list("status=odd").status == 400)
            let page = try await list("limit=3")
            let rest = try await list("limit=3&cursor=\(page.json["next_cursor"]?.string ?? "")")
            #expect(page.ids.count == 3 && rest.ids.count == 1)
            #expect(rest.json["next_cursor"] == .null)
        }
    }

    @Test func cancellingAndSignallingAreKeptForTheRun() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let run = try await begin(house, owner, try await house.persona(owner), House.graph).id
            let path = "/api/runs/\(run)"
            let signal = try await house.call(
                "POST", "\(path)/signals", as: owner, ["name": "go", "payload": ["by": "me"]])
            #expect(signal.status == 202)
            let decision = try await house.call(
                "POST", "\(path)/signals", as: owner, ["name": .string("effect.\(JobID.new())")])
            #expect(decision.status == 409)
            #expect(decision.problem == "no-decision-pending")
            let cancel = try await house.call("POST", "\(path)/cancel", as: owner)
            #expect(cancel.status == 202)
            #expect(cancel.json["cancel_requested"] == .bool(true))
            try await history(house).end(run, 1, "cancelled")
            #expect(try await house.call("POST", "\(path)/cancel", as: owner).status == 409)
            #expect(try await house.call("POST", "\(path)/signals", as: owner, ["name": "go"]).status == 409)
            let absent = "/api/runs/\(RunID.new())"
            #expect(try await house.call("POST", "\(absent)/cancel", as: owner).status == 404)
            #expect(try await house.call("GET", absent, as: owner).status == 404)
        }
    }

    @Test func aSignalForAWaitIsTakenOnceAndForThatWaitOnly() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let run = try await begin(house, owner, try await house.persona(owner), House.graph).id
            let (wait, question) = (WaitID.new().description, WaitID.new().description)
            try await history(house).write(
                """
                UPDATE runs SET status = 'waiting', waiting_for = '[{"kind": "signal", "id": "\(wait)", "name": "go"},
                    {"kind": "approval", "id": "\(question)"}]' WHERE run_id = '\(run)'
                """)
            func signal(_ wait: String) async throws -> House.Answer {
                try await house.call(
                    "POST", "/api/runs/\(run)/signals", as: owner, ["name": "go", "wait_id": .string(wait)])
            }
            for other in [WaitID.new().description, question] {
                let refused = try await signal(other)
                #expect(refused.status == 409 && refused.problem == "no-such-wait")
            }
            #expect(try await signal("nonsense").status == 422)
            #expect(try await signal(wait).status == 202)
            #expect(try await signal(wait).status == 409)
        }
    }

    @Test func aRunShowsItsStepsCheckpointsAndWhatItWaitsFor() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let run = try await begin(house, owner, try await house.persona(owner), House.graph).id
            let history = try await history(house)
            try await history.write(
                """
                UPDATE runs SET status = 'waiting', seq = 2,
                    waiting_for = '[{"kind": "decision", "signal": "effect.x", "explanation": "Look."}]'
                WHERE run_id = '\(run)';
                INSERT INTO steps (tenant_id, run_id, step, node, kind, status, input, error)
                SELECT tenant_id, run_id, n, 'node' || n, 'tool', 'failed', '{"a":  1}', '{"code":"c","message":"m"}'
                FROM runs, generate_series(1, 3) n WHERE run_id = '\(run)';
                INSERT INTO checkpoints (tenant_id, run_id, seq, delta, snapshot)
                SELECT tenant_id, run_id, n, '[]', CASE WHEN n = 2 THEN '{}'::json END
                FROM runs, generate_series(1, 2) n WHERE run_id = '\(run)'
                """)
            let body = try await house.call("GET", "/api/runs/\(run)", as: owner).json
            #expect(body["waiting_for"]?[0]?["explanation"]?.string == "Look.")
            let steps = try await house.call("GET", "/api/runs/\(run)/steps?limit=2", as: owner)
            #expect(steps.json["data"]?.array?.map { $0["node"]?.string } == ["node1", "node2"])
            #expect(steps.json["data"]?[0]?["error"]?["message"]?.string == "m")
            let cursor = steps.json["next_cursor"]?.string ?? ""
            let rest = try await house.call("GET", "/api/runs/\(run)/steps?limit=2&cursor=\(cursor)", as: owner)
            #expect(rest.json["data"]?.array?.count == 1)
            let checkpoints = try await house.call("GET", "/api/runs/\(run)/checkpoints", as: owner)
            #expect(checkpoints.json["data"]?.array?.map { $0["has_snapshot"]?.bool } == [false, true])
            #expect(try await house.call("GET", "/api/runs/\(run)/artifacts", as: owner).ids.isEmpty)
        }
    }

    private func history(_ house: House) async throws -> RunHistory { try await RunHistory(house) }
}

/// Writes a run's history as the orchestrator would, past the API.
struct RunHistory: Sendable {
    let connection: PostgresConnection

    init(_ house: House) async throws { connection = try await house.database.connect() }

    func write(_ sql: String) async throws { try await connection.script(sql) }

    func event(_ run: String, _ seq: Int, _ kind: String, data: String = "{}") async throws {
        _ = try await connection.query(
            """
            INSERT INTO run_event_batches (tenant_id, run_id, seq, kinds, nodes, data)
            SELECT tenant_id, run_id, $2, ARRAY[$3], ARRAY['n'], json_build_array($4::json) FROM runs WHERE run_id = $1::text::uuid
            """, [.text(run), .int(seq), .text(kind), .json(data)])
    }

    func end(_ run: String, _ seq: Int, _ status: String) async throws {
        try await event(run, seq, "run.\(status)")
        _ = try await connection.query(
            "UPDATE runs SET status = $2, finished_at = now(), ready_at = NULL WHERE run_id = $1::text::uuid",
            [.text(run), .text(status)])
    }
}
