import Embedded
import Foundation
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct AdoptionTests {
    @Test func servicesOfAKilledPlatformAreTakenOverAndThenStopped() async throws {
        let path = try TemporaryTree.make("killed")
        let holder = try await holder(path)
        let left = try #require(ServiceDirectory.read(in: try DataDirectory(path, runtime: Repository.runtime)))
        holder.signal(SIGKILL)
        _ = await holder.ended()

        let directory = try DataDirectory(path, runtime: Repository.runtime)
        let postgres = try await EmbeddedPostgres.start(in: directory)
        let redis = try await EmbeddedRedis.start(in: directory)
        let mail = try await MailServer.start(in: directory)
        #expect(postgres.isAdopted && redis.isAdopted && mail.isAdopted)
        #expect(postgres.pid == left.postgres?.pid)
        #expect(redis.pid == left.redis?.pid)
        #expect(mail.pids == left.mail?.pids)
        #expect(mail.ports == left.mail?.ports)
        #expect(mail.addresses == ["ada@example.test"])
        try await mail.stop()
        try await redis.stop()
        try await postgres.stop()
        #expect(try await eventually { processes(mentioning: path).isEmpty })
    }

    @Test func whatWasKilledWithThePlatformIsStartedAnew() async throws {
        let path = try TemporaryTree.make("killed")
        let holder = try await holder(path)
        let left = try #require(ServiceDirectory.read(in: try DataDirectory(path, runtime: Repository.runtime)))
        holder.signal(SIGKILL)
        let killed = try [left.postgres?.pid, left.redis?.pid, left.mail?.pids.last].map { try #require($0) }
        for pid in killed { kill(pid, SIGKILL) }
        _ = await holder.ended()
        // A signal is sent before it has struck; what is left of a process has no command line.
        let areGone = try await eventually {
            killed.allSatisfy { ((try? Data(contentsOf: URL(filePath: "/proc/\($0)/cmdline"))) ?? Data()).isEmpty }
        }
        try #require(areGone)

        let directory = try DataDirectory(path, runtime: Repository.runtime)
        let postgres = try await EmbeddedPostgres.start(in: directory)
        let redis = try await EmbeddedRedis.start(in: directory)
        let mail = try await MailServer.start(in: directory)
        #expect(!postgres.isAdopted && !redis.isAdopted && !mail.isAdopted)
        #expect(mail.ports == left.mail?.ports)
        try await mail.stop()
        try await redis.stop()
        try await postgres.stop()
        #expect(try await eventually { processes(mentioning: path).isEmpty })
    }

    /// A process of its own, built beside the tests, that has started everything in `path`.
    private func holder(_ path: String) async throws -> TestProgram {
        let tests = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let program = tests.deletingLastPathComponent().appendingPathComponent("ServiceHolder").path
        let process = try await TestProgram.start([program, path, Repository.runtime])
        let word = String(decoding: await process.read(6), as: UTF8.self)
        try #require(word == "ready\n")
        return process
    }
}
