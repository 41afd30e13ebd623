import Embedded
import Foundation
import TestKit
import Testing

struct AdoptionTests {
    @Test func servicesOfAKilledPlatformAreTakenOverAndThenStopped() async throws {
        let path = try TemporaryTree.make("killed")
        let holder = try holder(path)
        let left = try #require(ServiceDirectory.read(in: try DataDirectory(path, runtime: Repository.runtime)))
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()

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
        let holder = try holder(path)
        let left = try #require(ServiceDirectory.read(in: try DataDirectory(path, runtime: Repository.runtime)))
        kill(holder.processIdentifier, SIGKILL)
        for pid in [left.postgres?.pid, left.redis?.pid, left.mail?.pids.last] { kill(try #require(pid), SIGKILL) }
        holder.waitUntilExit()

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
    private func holder(_ path: String) throws -> Process {
        let tests = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent("ServiceHolder")
        process.arguments = [path, Repository.runtime]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let word = try pipe.fileHandleForReading.read(upToCount: 6)
        try #require(word == Data("ready\n".utf8))
        return process
    }
}
