import Domain
import Embedded
import FoundationEssentials
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

/// Wall clocks an hour off, and set forth and back in mid-run: of our processes, and of Postgres.
@Suite(.timeLimit(.minutes(10))) struct ClockTests {
    private static let hour = 3_600

    /// A time that only a clock set forth has reached.
    private func halfAnHour(_ workshop: Workshop) async throws -> Int64 {
        try await PlatformClock(workshop.database).now() + Int64(Self.hour) * 500
    }

    private static func sleeping(until time: Int64) -> JSONValue {
        [
            "start": "wait",
            "nodes": [
                "wait": ["type": "wait", "until": .int(time), "next": "done"], "done": ["type": "end"],
            ],
        ]
    }

    @Test func clocksOfProcessesAreTakenForNothing() async throws {
        try await Workshop.with { workshop in
            let ahead = try await WallClock.make(ahead: Self.hour), behind = try await WallClock.make(ahead: -Self.hour)
            let orchestrators = [
                try await workshop.start(.orchestrator, machine: "ahead", environment: ahead.words),
                try await workshop.start(.orchestrator, machine: "behind", environment: behind.words),
            ]
            let worker = try await workshop.start(.worker, environment: ahead.words)
            let graph = try await workshop.seed.graph(LeanJob.waits(["never"]), slug: "hourly")
            let schedules = Schedules(workshop.database)
            let hourly = try await schedules.create(
                workshop.tenant, id: .new(),
                ScheduleSettings(
                    name: "hourly", persona: workshop.persona, graph: graph, rule: .interval(seconds: Self.hour)),
                actor: "person")
            let early = try await workshop.begin(Self.sleeping(until: try await halfAnHour(workshop)))
            let asleep = try await workshop.begin([
                "start": "wait",
                "nodes": ["wait": ["type": "wait", "for_seconds": 1, "next": "done"], "done": ["type": "end"]],
            ])
            let held = try #require(try await workshop.beginHeld(1).first)
            try await until("the mail is on its way") { workshop.sink.isHolding(held.address) }
            for turn in 1...6 {
                try ahead.set(ahead: turn.isMultiple(of: 2) ? Self.hour : -Self.hour)
                try behind.set(ahead: turn.isMultiple(of: 2) ? -Self.hour : Self.hour)
                #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            }
            #expect(workshop.sink.isHolding(held.address))
            workshop.sink.release(held.address)
            #expect(try await workshop.finished(held.id).status == .succeeded)
            #expect(try await workshop.finished(asleep).status == .succeeded)
            // Nobody took a lease for over, and nobody thought that the time had come.
            try await expectOneAttemptEach(workshop)
            #expect(try await workshop.run(early).status == .waiting)
            #expect(try await schedules.find(workshop.tenant, hourly.id)?.nextAt == hourly.nextAt)
            #expect(try await Runs(workshop.database).cancel(workshop.tenant, early, actor: "person"))
            #expect(try await workshop.finished(early).status == .cancelled)
            for process in orchestrators + [worker] {
                #expect(!process.words.contains("lost its leases"))
                #expect(await process.stop() == 0, "\(process.words)")
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    /// What was being called was called once: nobody was taken for dead.
    private func expectOneAttemptEach(_ workshop: Workshop) async throws {
        let again = try await workshop.database.rows(
            workshop.tenant, "SELECT count(*) AS n FROM jobs WHERE tenant_id = $1 AND (attempt <> 1 OR rescues > 0)",
            [workshop.tenant.value])
        #expect(try again.first?.int("n") == 0)
    }

    @Test(arguments: [3_600, -3_600]) func clockOfPostgresIsSetInMidRun(by seconds: Int) async throws {
        try await Workshop.gate.with {
            let clock = try await WallClock.make(ahead: 0)
            let directory = try DataDirectory(TemporaryTree.make("pgclock"), runtime: Repository.runtime)
            var settings = EmbeddedPostgres.Settings()
            settings.diesWithParent = true
            settings.environment = clock.environment
            let postgres = try await EmbeddedPostgres.start(in: directory, settings: settings)
            TemporaryTree.atExit { try postgres.stopBlocking() }
            let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: postgres.url()))
            try await MigrationRunner(directory: Repository.migrations).up(connection)
            await connection.close()
            try await Workshop.with(url: postgres.url(), redisURL: try await TestServices.shared.redisURL()) {
                workshop in
                let before = try await PlatformClock(workshop.database).now()
                let orchestrators = [
                    try await workshop.start(.orchestrator, machine: "1"),
                    try await workshop.start(.orchestrator, machine: "2"),
                ]
                let worker = try await workshop.start(.worker)
                let held = try await workshop.beginHeld(2)
                try await until("the mails are on their way") {
                    held.allSatisfy { workshop.sink.isHolding($0.address) }
                }
                var runs: [RunID] = []
                for _ in 0..<4 { runs.append(try await workshop.begin()) }
                try clock.set(ahead: seconds)
                for _ in 0..<4 { runs.append(try await workshop.begin()) }
                // Each sees it for itself.
                for process in orchestrators { try await process.says("The database's clock was set.") }
                for run in held { workshop.sink.release(run.address) }
                for run in held.map(\.id) + runs { #expect(try await workshop.finished(run).status == .succeeded) }
                try await expectOneAttemptEach(workshop)
                let after = try await PlatformClock(workshop.database).now()
                #expect((after > before) == (seconds > 0), "the clock was not set")
                for process in orchestrators + [worker] { #expect(await process.stop() == 0, "\(process.words)") }
                try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
            }
            try await postgres.stop()
        }
    }
}
