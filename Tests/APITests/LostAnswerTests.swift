import API
import Domain
import FoundationEssentials
import HTTPClient
import Postgres
import Store
import TestKit
import Testing

/// The database's answer to a commit is lost on the way to the API: the client is told so, and may repeat.
@Suite(.timeLimit(.minutes(2))) struct LostAnswerTests {
    private struct Stage: Sendable {
        let house: House
        let owner: House.Person
        let proxy: PostgresProxy
        let run: String

        func post(_ path: String, _ body: JSONValue = [:], key: String) async throws -> House.Answer {
            try await house.call("POST", path, as: owner, body, headers: ["Idempotency-Key": key])
        }

        func count(_ sql: String) async throws -> Int {
            try await house.services.database.rows(owner.tenant, sql, [owner.tenant.value]).first?.int("n") ?? 0
        }
    }

    private static let waiting: JSONValue = [
        "start": "wait",
        "nodes": ["wait": ["type": "wait", "signal": "go", "next": "done"], "done": ["type": "end"]],
    ]

    private func with(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let proxy = try PostgresProxy(before: database.url(.application))
            let store = Database(
                app: PostgresPool(
                    PostgresConfiguration(
                        dsn: proxy.url, onConnect: ["SET search_path TO \(database.searchPath)"]), size: 4),
                dispatch: database.pool(.dispatch, size: 2))
            try await House.with(database, store) { house in
                let owner = try await house.person(of: try await house.tenant())
                let persona = try await house.persona(owner)
                let run = try await house.call(
                    "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": Self.waiting])
                try await body(Stage(house: house, owner: owner, proxy: proxy, run: run.id))
            }
            await store.app.close()
            await store.dispatch.close()
            proxy.stop()
        }
    }

    @Test func itIsAnsweredWith503AndRetryAfterAndNeverWith500() async throws {
        try await with { stage in
            stage.proxy.loseCommit(every: 1)
            for path in ["/api/runs/\(stage.run)/signals", "/api/runs/\(stage.run)/cancel", "/api/schedules"] {
                let answer = try await stage.post(path, ["name": "go"], key: path)
                #expect(answer.status == 503, "\(path): \(answer.text)")
                #expect(answer.problem == "outcome-unknown")
                #expect(answer.headers["Retry-After"].flatMap { Int($0) } ?? 0 > 0)
            }
            #expect(stage.proxy.lostCommits >= 3)
            stage.proxy.loseCommit(every: 0)
            #expect(try await stage.house.call("GET", "/api/runs/\(stage.run)", as: stage.owner).status == 200)
        }
    }

    @Test func signalWhoseAnswerWasLostIsOneSignalHoweverOftenItIsRepeated() async throws {
        try await with { stage in
            let path = "/api/runs/\(stage.run)/signals"
            for commit in 1...6 {
                let body: JSONValue = ["name": "early", "payload": ["number": .int(Int64(commit))]]
                stage.proxy.loseCommit(every: commit)
                let first = try await stage.post(path, body, key: "signal-\(commit)")
                stage.proxy.loseCommit(every: 0)
                #expect([202, 503].contains(first.status), "commit \(commit): \(first.text)")
                let second = try await stage.post(path, body, key: "signal-\(commit)")
                #expect(second.status == 202, "commit \(commit): \(second.text)")
                #expect(try await stage.count("SELECT count(*) AS n FROM signals WHERE tenant_id = $1") == commit)
            }
            #expect(stage.proxy.lostCommits >= 3)
            // Each is in the audit once.
            let audit = try await stage.house.call("GET", "/api/audit?limit=200", as: stage.owner).json
            let told = (audit["data"]?.array ?? []).filter { $0["action"]?.string == "run.signalled" }
            #expect(told.count == 6)
        }
    }

    @Test func commitOfATransactionIsLookedUpWhereItsAnswerWasLost() async throws {
        try await with { stage in
            let runs = Runs(stage.house.services.database)
            let run = try #require(RunID(stage.run))
            let tenant = stage.owner.tenant
            stage.proxy.loseCommit(every: 1)
            #expect(try await runs.cancel(tenant, run, actor: "person"))
            #expect(stage.proxy.lostCommits == 1)
            stage.proxy.loseCommit(every: 0)
            #expect(try await runs.find(tenant, run)?.cancelRequested == true)
            // Nobody can be asked: it stays unknown.
            stage.proxy.loseCommit(every: 1)
            let error = await #expect(throws: PostgresError.self) {
                try await stage.house.services.database.transaction(tenant) { connection in
                    _ = try await connection.query("SELECT 1")
                    stage.proxy.refuse()
                }
            }
            #expect(error?.isOutcomeUnknown == true, "\(String(describing: error))")
        }
    }
}
