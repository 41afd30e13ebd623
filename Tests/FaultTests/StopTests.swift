import Domain
import FoundationEssentials
import Glibc
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

/// Stops in order, and ends of more than the platform's own process.
@Suite(.timeLimit(.minutes(10))) struct StopTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func whatAStopInterruptedIsFinishedByTheNextStart(_ signal: Int32) async throws {
        try await Office.with { office in
            let oracle = Oracle(office: office, request: try await office.request())
            let first = try await office.start()
            office.pages.script(Office.pages[0], .hang)
            await office.pages.requested(Office.pages[0])
            #expect(await first.stop(by: signal) == 0, "\(first.words)")
            try await oracle.nothingLeft()
            let run = try #require(try await office.run())
            #expect(run.status == .running)
            // Nothing was charged to the call that was handed back.
            let effects = try await Runs(office.database).effects(office.tenant, run.id)
            #expect(effects.allSatisfy { $0.state != .started && $0.state != .failed })

            office.pages.script(Office.pages[0], .answer(body: "<title>Late</title><p>Tides rise and fall.</p>"))
            let second = try await office.start()
            try await oracle.answeredOnce(try await office.settled())
            #expect(await second.stop() == 0)
            try await oracle.nothingLeft()
        }
    }

    @Test func sandboxesThatDieWithThePlatformCostNothing() async throws {
        try await Office.with { office in
            let oracle = Oracle(office: office, request: try await office.request())
            office.pages.script(Office.pages[1], .hang)
            let first = try await office.start()
            await office.pages.requested(Office.pages[1])
            await first.killAll()
            try await oracle.nothingLeft()

            office.pages.script(Office.pages[1], .answer(body: "<title>Late</title><p>Tides rise and fall.</p>"))
            let second = try await office.start()
            try await oracle.answeredOnce(try await office.settled())
            #expect(await second.stop() == 0)
            try await oracle.nothingLeft()
        }
    }

    @Test func sessionsThatTheServerEndsAreOpenedAnew() async throws {
        try await Office.with { office in
            let oracle = Oracle(office: office, request: try await office.request())
            office.pages.script(Office.pages[1], .hang)
            let platform = try await office.start()
            await office.pages.requested(Office.pages[1])
            office.pages.script(Office.pages[1], .answer(body: "<title>Late</title><p>Tides rise and fall.</p>"))
            let administration = try await PostgresConnection.connect(PostgresConfiguration(dsn: office.databaseURL))
            try await administration.script(
                """
                SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                WHERE l.locktype = 'advisory' AND d.datname = current_database()
                """)
            await administration.close()
            try await oracle.answeredOnce(try await office.settled())
            #expect(platform.isRunning)
            #expect(await platform.stop() == 0, "\(platform.words)")
            try await oracle.nothingLeft()
        }
    }

    @Test func sandboxThatDiesAloneIsStartedAnew() async throws {
        try await Office.with { office in
            let oracle = Oracle(office: office, request: try await office.request())
            office.pages.script(Office.pages[1], .hang)
            let platform = try await office.start()
            await office.pages.requested(Office.pages[1])
            office.pages.script(Office.pages[1], .answer(body: "<title>Late</title><p>Tides rise and fall.</p>"))
            for process in Processes.descendants(of: platform.pid) { Glibc.kill(process, SIGKILL) }
            try await oracle.answeredOnce(try await office.settled())
            #expect(await platform.stop() == 0)
            try await oracle.nothingLeft()
        }
    }
}
