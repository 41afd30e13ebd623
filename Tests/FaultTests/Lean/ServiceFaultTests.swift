import Domain
import Embedded
import FoundationEssentials
import Glibc
import PlatformKit
import Postgres
import Redis
import Store
import TestKit
import Testing

/// Postgres and Redis fail themselves, each in a directory of its own.
@Suite(.timeLimit(.minutes(10))) struct ServiceFaultTests {
    @Test func postgresKilledUnderLoadLosesNothingThatWasAcknowledged() async throws {
        try await Workshop.gate.with {
            let directory = try DataDirectory(TemporaryTree.make("pg"), runtime: Repository.runtime)
            var settings = EmbeddedPostgres.Settings()
            settings.diesWithParent = true
            let first = try await EmbeddedPostgres.start(in: directory, settings: settings)
            let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: first.url()))
            try await MigrationRunner(directory: Repository.migrations).up(connection)
            await connection.close()
            try await Workshop.with(url: first.url(), redisURL: try await TestServices.shared.redisURL()) { workshop in
                let orchestrator = try await workshop.start(.orchestrator)
                let worker = try await workshop.start(.worker)
                var acknowledged: [RunID] = []
                try await until("mails go out") {
                    if acknowledged.count < 12 { acknowledged.append(try await workshop.begin()) }
                    return workshop.sink.counts.count >= 6 && acknowledged.count >= 12
                }
                kill(first.pid, SIGKILL)
                await refused(first)
                let second = try await EmbeddedPostgres.start(in: directory, settings: settings)
                TemporaryTree.atExit { try second.stopBlocking() }
                #expect(second.pid != first.pid)
                for run in acknowledged { _ = try await workshop.finished(run) }
                try await workshop.settle()
                #expect(orchestrator.isRunning && worker.isRunning)
                for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
                try await WorkshopOracle(workshop: workshop).holds(cuts: 1)
                #expect(try await workshop.seed.count("runs") == acknowledged.count)
                try await second.stop()
            }
        }
    }

    /// Gives up what a killed server held: its lock is free for the next.
    private func refused(_ postgres: EmbeddedPostgres) async {
        // It is dead: that it cannot be stopped is what is expected.
        try? await postgres.stop()
    }

    @Test func redisFlushedKilledAndBackCostsNoRun() async throws {
        try await Workshop.with { workshop in
            let directory = try DataDirectory(TemporaryTree.make("redis"), runtime: Repository.runtime)
            let first = try await EmbeddedRedis.start(in: directory, diesWithParent: true)
            let orchestrator = try await workshop.start(.orchestrator, redisURL: first.url)
            let worker = try await workshop.start(.worker, redisURL: first.url)
            let flusher = try RedisConnection(try RedisConfiguration(url: first.url))
            let flushed = try await workshop.beginHeld(2, holding: false)
            _ = try await flusher.command(["FLUSHALL"])
            for run in flushed { #expect(try await workshop.finished(run.id).status == .succeeded) }
            flusher.close()
            kill(first.pid, SIGKILL)
            // It is dead: only its lock is to be given up.
            try? await first.stop()
            let without = try await workshop.beginHeld(2, holding: false)
            for run in without { #expect(try await workshop.finished(run.id).status == .succeeded) }
            let second = try await EmbeddedRedis.start(in: directory, diesWithParent: true)
            #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
            try await second.stop()
        }
    }

    @Test func doorbellsRungAHundredTimesInAnyOrderChangeNothing() async throws {
        try await Workshop.with { workshop in
            try await workshop.running { _ in
                let redis = try RedisConnection(try RedisConfiguration(url: workshop.redisURL))
                var runs: [RunID] = []
                for _ in 0..<4 { runs.append(try await workshop.begin()) }
                var random = SplitMix(14)
                try await until("the runs are over") {
                    let jobs = try await workshop.database.rows(
                        workshop.tenant, "SELECT job_id FROM jobs WHERE tenant_id = $1", [workshop.tenant.value])
                    var rings = runs.flatMap { ["run:\(workshop.tenant):\($0)", "event:\(workshop.tenant):\($0)"] }
                    rings += try jobs.map { "job:\(workshop.tenant):\(try $0.uuid("job_id").uuidString.lowercased())" }
                    for _ in 0..<(rings.count * 100) {
                        let ring = rings[random.next(in: 0..<rings.count)]
                        _ = try await redis.publish(RedisWord(ring), to: "persona:doorbell")
                    }
                    return try await workshop.busyRuns() == 0
                }
                redis.close()
                for run in runs { #expect(try await workshop.run(run).status == .succeeded) }
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }
}
