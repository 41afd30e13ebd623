import Domain
import Embedded
import FoundationEssentials
import Glibc
import Store
import TestKit
import Testing
import Vault

/// Each role in a process of its own, in one data directory.
@Suite(.timeLimit(.minutes(10))) struct RoleTests {
    static let reading: JSONValue = [
        "start": "read",
        "nodes": [
            "read": [
                "type": "tool", "tool": "browser.read", "input": ["url": "${input.url}", "name": "page"],
                "output": "page", "next": "done",
            ],
            "done": ["type": "end", "output": ["title": "${state.page.title}"]],
        ],
    ]

    @Test func rolesInProcessesOfTheirOwnFinishRunsOfMailAndOfTheAPI() async throws {
        try await Office.gate.with {
            let data = try TemporaryTree.make("fault")
            let services = try await start("services", data, ["--migrations", Repository.migrations])
            try await services.says("Postgres and Redis are up")
            let found = try #require(ServiceDirectory.read(in: try DataDirectory(data, runtime: Repository.runtime)))
            let postgres = try #require(found.postgres)
            let office = try await Office.moved(into: data, url: postgres.url(user: postgres.superuser))
            try await office.seed()
            let api = try await start("api", data, ["--listen", "127.0.0.1:0"])
            let orchestrator = try await start("orchestrator", data)
            let worker = try await start("worker", data, ["--sandbox", "bubblewrap"])

            let oracle = Oracle(office: office, request: try await office.request())
            try await oracle.answeredOnce(try await office.settled())
            let run = try await post(api, office)
            try await until("the run of the API ends") {
                try await Runs(office.database).find(office.tenant, run)?.status.isFinal == true
            }
            let ended = try #require(try await Runs(office.database).find(office.tenant, run))
            #expect(ended.output?["title"]?.string == "On tides", "\(ended)")

            await office.close()
            for process in [worker, orchestrator, api, services] {
                #expect(await process.stop() == 0, "\(process.words)")
            }
            try await oracle.nothingLeft()
        }
    }

    private func start(_ role: String, _ data: String, _ more: [String] = []) async throws -> Platform {
        try await Platform.start([role, "--data-dir", data] + more, log: "\(data)/\(role).log")
    }

    /// Logs in and starts a run by HTTP.
    private func post(_ api: Platform, _ office: Office) async throws -> RunID {
        try await api.says("Listening on ")
        let line = try #require(api.words.split(separator: "\n").first { $0.contains("Listening on ") })
        let base = String(line.split(separator: " ").last ?? "")
        let session = try await curl(
            "\(base)/api/auth/login", ["email": "owner@example.test", "password": .string(Correspondence.password)])
        let token = try #require(session["token"]?.string, "\(session)")
        let run = try await curl(
            "\(base)/api/runs",
            [
                "persona_id": .string("\(office.persona)"), "graph": Self.reading,
                "input": ["url": .string(office.pages.url(Office.pages[0]))],
            ], token: token)
        return try #require(run["id"]?.string.flatMap { RunID($0) }, "\(run)")
    }

    private func curl(_ url: String, _ body: JSONValue, token: String? = nil) async throws -> JSONValue {
        let outcome = try await TestProgram.run(
            ["curl", "--silent", "--show-error", "--json", "@-", url]
                + (token.map { ["--header", "Authorization: Bearer \($0)"] } ?? []),
            input: String(decoding: try body.canonicalBytes(), as: UTF8.self))
        return try JSONValue(parsing: Data(outcome.text.utf8))
    }
}
