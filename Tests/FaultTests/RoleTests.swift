import Domain
import Embedded
import FoundationEssentials
import PlatformKit
import Store
import TestKit
import Testing

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
            let office = try await Office.open(data, url: postgres.url(user: postgres.superuser))
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

    private func start(_ role: String, _ data: String, _ more: [String] = []) async throws -> PlatformProcess {
        try await PlatformProcess.start([role, "--data-dir", data] + more, log: "\(data)/\(role).log")
    }

    /// Logs in and starts a run by HTTP.
    private func post(_ api: PlatformProcess, _ office: Office) async throws -> RunID {
        let client = try await PlatformClient.login(
            try await api.address(), email: TenantSeed.owner, password: TenantSeed.ownerPassword)
        let answer = try await client.post(
            "/api/runs",
            [
                "persona_id": .string("\(office.persona)"), "graph": Self.reading,
                "input": ["url": .string(office.pages.url(Office.pages[0]))],
            ])
        return try #require(try answer.json()["id"]?.string.flatMap { RunID($0) }, "\(answer)")
    }
}
