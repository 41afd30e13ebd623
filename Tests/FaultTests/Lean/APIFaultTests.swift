import Domain
import Glibc
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

/// What a client of the API may rely on while things fail: an answer of success has its row.
@Suite(.timeLimit(.minutes(10))) struct APIFaultTests {
    @Test func lostAcknowledgementAtAnyCommitOfARequestMakesOneRunOfItsRepeats() async throws {
        try await Workshop.with { workshop in
            let proxy = try PostgresProxy(before: workshop.databaseURL)
            defer { proxy.stop() }
            let api = try await workshop.start(.api, databaseURL: proxy.url)
            let client = try await workshop.client(api)
            for commit in 1...6 {
                let key = "lost-\(commit)"
                proxy.loseCommit(every: commit)
                let first = try await create(client, workshop, key)
                #expect(first.isSuccess || first.status == 503, "\(first)")
                if !first.isSuccess { #expect(first.headers["retry-after"] != nil, "\(first)") }
                proxy.loseCommit(every: 0)
                let second = try await create(client, workshop, key)
                #expect(second.status == 201, "\(second)")
                #expect(try await workshop.seed.count("runs") == commit, "commit \(commit): \(first), \(second)")
                if first.isSuccess { #expect(try first.json()["id"] == second.json()["id"]) }
            }
            #expect(proxy.lostCommits >= 3)
            #expect(await api.stop() == 0, "\(api.words)")
        }
    }

    private func create(
        _ client: PlatformClient, _ workshop: Workshop, _ key: String
    ) async throws -> PlatformClient.Answer {
        try await client.post(
            "/api/runs", ["persona_id": .string("\(workshop.persona)"), "graph": LeanJob.waits(["go"])],
            idempotencyKey: key)
    }

    @Test func exhaustedConnectionsAreAnsweredWith503AndRetryAfter() async throws {
        try await Workshop.with { workshop in
            let owner = try await PostgresConnection.connect(PostgresConfiguration(dsn: workshop.databaseURL))
            // The superuser is exempt from limits.
            let login = "login_" + workshop.tenant.description.filter { $0 != "-" }
            try await owner.script(
                "CREATE ROLE \(login) LOGIN; GRANT persona_app, persona_dispatch TO \(login)")
            let url = workshop.databaseURL.replacing("postgres@", with: "\(login)@", maxReplacements: 1)
            let api = try await workshop.start(.api, databaseURL: url)
            let client = try await workshop.client(api)
            #expect(try await client.get("/api/runs").status == 200)
            try await owner.script(
                """
                ALTER ROLE \(login) CONNECTION LIMIT 0;
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(login)'
                """)
            let refused = try await client.get("/api/runs")
            #expect(refused.status == 503, "\(refused)")
            #expect(refused.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0, "\(refused)")
            #expect(try await client.get("/readyz").status == 503)
            try await owner.script("ALTER ROLE \(login) CONNECTION LIMIT -1")
            try await until("it serves again") { try await client.get("/api/runs").status == 200 }
            #expect(await api.stop() == 0, "\(api.words)")
            try await owner.script("DROP ROLE \(login)")
            await owner.close()
        }
    }

    @Test func killedInMidConversationItHasEverythingThatItAcknowledged() async throws {
        try await Workshop.with { workshop in
            let run = try await workshop.begin(LeanJob.waits(["never"]))
            var acknowledged: Set<String> = []
            for round in 0..<5 {
                let api = try await workshop.start(.api, machine: "talk")
                let client = try await workshop.client(api)
                try await withThrowingTaskGroup(of: String?.self) { group in
                    for talker in 0..<4 {
                        group.addTask {
                            for message in 0..<3 {
                                let name = "m-\(round)-\(talker)-\(message)"
                                // The connection may break in the middle: then nothing was promised.
                                let answer = try? await client.post("/api/runs/\(run)/signals", ["name": .string(name)])
                                if answer?.status == 202, message == 2 || talker == 0 { return name }
                            }
                            return nil
                        }
                    }
                    for try await name in group {
                        guard let name else { continue }
                        acknowledged.insert(name)
                        // In the middle of what the others say.
                        await api.kill()
                    }
                }
                await api.kill()
            }
            let stored = try await workshop.database.rows(
                workshop.tenant, "SELECT name FROM signals WHERE tenant_id = $1", [workshop.tenant.value]
            ).map { try $0.text("name") }
            #expect(acknowledged.count >= 5)
            #expect(acknowledged.isSubset(of: stored))
            #expect(Set(stored).count == stored.count)
        }
    }
}
