import Domain
import Embedded
import FoundationEssentials
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

/// A disk is full for a while.
@Suite(.timeLimit(.minutes(10))) struct DiskTests {
    @Test func fullWorkspaceFailsThatStepWithItsReasonAndNothingElse() async throws {
        try await Workshop.with { workshop in
            let home = "\(workshop.data)/worker-small"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            let disk = try await SmallDisk.make(home, megabytes: 16)
            let orchestrator = try await workshop.start(.orchestrator)
            let worker = try await workshop.start(.worker, machine: "small", launcher: disk.launcher)
            #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            try await disk.fill()
            let failed = try await workshop.finished(
                try await workshop.begin(LeanJob.deck(then: "none@sink.test"), workshop.mail))
            #expect(failed.status == .failed)
            #expect(failed.error?["code"]?.string == "write_failed", "\(failed)")
            #expect(failed.error?["node"]?.string == "deck")
            #expect(workshop.sink.count(to: "none@sink.test") == 0)
            disk.free()
            #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            await disk.remove()
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    @Test func fullDiskOfPostgresRefusesWritesAndKeepsWhatItAcknowledged() async throws {
        try await Workshop.gate.with {
            let data = try TemporaryTree.make("pgdisk")
            let disk = try await SmallDisk.make(data, megabytes: 220)
            let services = try await PlatformProcess.start(
                ["services", "--data-dir", data, "--migrations", Repository.migrations],
                log: "\(data).log", launcher: disk.launcher)
            TemporaryTree.atExit { try? FileManager.default.removeItem(atPath: "\(data).log") }
            try await services.says("Postgres and Redis are up")
            let url = "postgresql://postgres@/persona?host=\(disk.outside)/run/postgres&port=5432"
            try await Workshop.with(url: url, redisURL: try await TestServices.shared.redisURL()) { workshop in
                let orchestrator = try await workshop.start(.orchestrator)
                let worker = try await workshop.start(.worker)
                var acknowledged = [try await workshop.begin()]
                _ = try await workshop.finished(acknowledged[0])
                try await disk.fill()
                var refusal: PostgresError?
                try await until("a write is refused", look: .zero) {
                    do {
                        acknowledged.append(try await workshop.begin())
                    } catch let error as PostgresError {
                        refusal = error
                    }
                    return refusal != nil
                }
                disk.free()
                for run in acknowledged { _ = try await workshop.finished(run) }
                try await workshop.settle()
                #expect(services.isRunning && orchestrator.isRunning && worker.isRunning)
                for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
                try await WorkshopOracle(workshop: workshop).holds(cuts: acknowledged.count)
            }
            #expect(await services.stop() == 0, "\(services.words)")
            await disk.remove()
        }
    }
}
