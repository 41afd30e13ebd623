import Domain
import Embedded
import FoundationEssentials
import Glibc
import PlatformKit
import Postgres
import Store
import TestKit
import Testing
import Vault

/// A platform with a Postgres and a Redis of its own, as one command starts it.
@Suite(.timeLimit(.minutes(10))) struct EmbeddedServiceTests {
    /// Waits for a signal that the test sends: a run that is under way for as long as the test needs it.
    static let waiting: JSONValue = [
        "start": "wait",
        "nodes": [
            "wait": ["type": "wait", "signal": "go", "next": "done"], "done": ["type": "end", "output": [:]],
        ],
    ]

    @Test func killedPostgresIsToldOfAndANewStartHasEverything() async throws {
        try await Office.gate.with {
            let data = try TemporaryTree.make("fault")
            let first = try await start(data)
            try await first.says("Dashboard and API:")
            let directory = try DataDirectory(data, runtime: Repository.runtime)
            let services = try #require(ServiceDirectory.read(in: directory))
            let postgres = try #require(services.postgres)
            let (tenant, run) = try await beginRun(postgres.url(user: postgres.superuser), data)
            Glibc.kill(postgres.pid, SIGKILL)
            // It says what ended and ends itself, for a supervisor to start it anew.
            let status = try await first.ended()
            #expect(status > 0, "\(first.words)")
            #expect(first.words.contains("postgres ended by itself"), "\(first.words)")
            try await until("nothing is left") { Processes.about(data).isEmpty }

            let second = try await start(data)
            try await second.says("Dashboard and API:", times: 2)
            let again = try #require(ServiceDirectory.read(in: directory)?.postgres)
            let database = TenantSeed.open(again.url(user: again.superuser))
            _ = try await Runs(database).signal(
                tenant, run, name: "go", payload: [:], user: nil, actor: "system")
            try await until("the run ends") { try await Runs(database).find(tenant, run)?.status == .succeeded }
            #expect(try await AuditLog(database).verify(tenant) != .broken(seq: 1, reason: ""))
            await database.app.close()
            await database.dispatch.close()
            #expect(await second.stop(by: SIGINT) == 0)
            try await until("nothing is left") { Processes.about(data).isEmpty }
        }
    }

    @Test func interruptLeavesNoChildBehind() async throws {
        try await Office.gate.with {
            let data = try TemporaryTree.make("fault")
            let platform = try await start(data)
            try await platform.says("Dashboard and API:")
            #expect(await platform.stop(by: SIGINT) == 0, "\(platform.words)")
            #expect(Processes.about(data).isEmpty)
        }
    }

    @Test func startThatFailsLeavesNoServiceBehind() async throws {
        try await Office.gate.with {
            let data = try TemporaryTree.make("fault")
            try FileManager.default.createDirectory(atPath: "\(data)/postgres", withIntermediateDirectories: true)
            try Data("not a cluster".utf8).write(to: URL(filePath: "\(data)/postgres/note"))
            let platform = try await start(data)
            #expect(try await platform.ended() > 0)
            #expect(platform.words.contains("holds files but no Postgres cluster"), "\(platform.words)")
            #expect(Processes.about(data).isEmpty)
        }
    }

    @Test func servicesOfAKilledPlatformAreTakenOver() async throws {
        try await Office.gate.with {
            let data = try TemporaryTree.make("fault")
            let first = try await start(data)
            try await first.says("Dashboard and API:")
            let directory = try DataDirectory(data, runtime: Repository.runtime)
            let before = try #require(ServiceDirectory.read(in: directory)?.postgres)
            await first.kill()
            let second = try await start(data)
            try await second.says("Dashboard and API:", times: 2)
            #expect(ServiceDirectory.read(in: directory)?.postgres?.pid == before.pid)
            #expect(await second.stop() == 0, "\(second.words)")
            try await until("nothing is left") { Processes.about(data).isEmpty }
        }
    }

    private func start(_ data: String) async throws -> PlatformProcess {
        try await PlatformProcess.start(
            [
                "up", "--data-dir", data, "--listen", "127.0.0.1:0", "--migrations", Repository.migrations,
                "--sandbox", "bubblewrap",
            ], log: "\(data)/platform.log")
    }

    private func beginRun(_ url: String, _ data: String) async throws -> (TenantID, RunID) {
        let database = TenantSeed.open(url)
        let tenant = TenantID.new(), persona = PersonaID.new()
        try await Tenants(database).create(
            tenant, slug: "fault", name: "Fault", master: try MasterKey(file: "\(data)/master.key"), actor: "system")
        _ = try await Personas(database).create(
            tenant, id: persona, slug: "ada", name: "Ada", definition: [:], by: nil, actor: "system")
        let run = NewRun(
            persona: persona, personaVersion: 1, graph: try GraphDefinition(Self.waiting), input: [:])
        try await Runs(database).create(tenant, run, actor: "system")
        try await until("the run waits") { try await Runs(database).find(tenant, run.id)?.status == .waiting }
        await database.app.close()
        await database.dispatch.close()
        return (tenant, run.id)
    }
}
