package import Embedded
import FoundationEssentials
import Glibc
import Synchronization

/// One Postgres, one Redis and, once a test asks, one mail server for the whole test process: in a temporary directory,
/// started at first use, stopped when the process ends in whatever way.
///
/// `PERSONA_TEST_DATABASE_URL` (a superuser's) and `PERSONA_TEST_REDIS_URL` name running ones instead.
package final class TestServices: Sendable {
    package static let shared = TestServices()

    private let data = Once<DataDirectory>()
    private let postgres = Once<EmbeddedPostgres>()
    private let redis = Once<EmbeddedRedis>()
    private let mail = Once<MailServer>()

    private init() {}

    /// Postgres as its superuser.
    package func databaseURL() async throws -> String {
        if let given = ProcessInfo.processInfo.environment["PERSONA_TEST_DATABASE_URL"] { return given }
        return try await embeddedPostgres().url()
    }

    package func redisURL() async throws -> String {
        if let given = ProcessInfo.processInfo.environment["PERSONA_TEST_REDIS_URL"] { return given }
        let directory = try await directory()
        return try await redis.value {
            let started = try await EmbeddedRedis.start(
                in: directory, diesWithParent: true, onUnexpectedEnd: Self.report)
            TemporaryTree.atExit { try started.stopBlocking() }
            return started
        }.url
    }

    /// Mailboxes are shared by all tests of the process: give each test addresses of its own (`uniqueAddress`).
    package func mailServer() async throws -> MailServer {
        let directory = try await directory()
        return try await mail.value {
            let started = try await MailServer.start(in: directory, diesWithParent: true, onUnexpectedEnd: Self.report)
            TemporaryTree.atExit { try started.stopBlocking() }
            return started
        }
    }

    package static func uniqueAddress(_ name: String) -> String {
        "\(name)-\(UUID().uuidString.prefix(8).lowercased())@example.test"
    }

    private func embeddedPostgres() async throws -> EmbeddedPostgres {
        let directory = try await directory()
        return try await postgres.value {
            var settings = EmbeddedPostgres.Settings()
            settings.isDurable = false
            settings.maxConnections = 500
            settings.diesWithParent = true
            let started = try await EmbeddedPostgres.start(
                in: directory, settings: settings, onUnexpectedEnd: Self.report)
            TemporaryTree.atExit { try started.stopBlocking() }
            return started
        }
    }

    private func directory() async throws -> DataDirectory {
        try await data.value { try DataDirectory(try TemporaryTree.make("services"), runtime: Repository.runtime) }
    }

    private static let report: @Sendable (ChildProcess.UnexpectedEnd) -> Void = { end in
        let text = "\(end.name) (process \(end.pid)) ended by itself: \(end.end)\n\(end.logTail)\n"
        _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }
}

/// Makes a value once, whoever asks first; all who ask meanwhile wait for the same attempt.
final class Once<Value: Sendable>: Sendable {
    private let task = Mutex<Task<Value, any Error>?>(nil)

    func value(_ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await task.withLock { task in
            if let task { return task }
            let started = Task { try await make() }
            task = started
            return started
        }.value
    }
}

/// Where the tests find the repository and what the bootstrap fetched.
package enum Repository {
    /// `PERSONA_REPOSITORY`, else the directory that holds `Sources/`.
    package static let root: String =
        ProcessInfo.processInfo.environment["PERSONA_REPOSITORY"]
        ?? String(
            "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/"))

    /// What the bootstrap made: `PERSONA_DATA_DIR`, else `.data` of the repository.
    private static let data = ProcessInfo.processInfo.environment["PERSONA_DATA_DIR"] ?? "\(root)/.data"

    package static let runtime = ProcessInfo.processInfo.environment["PERSONA_RUNTIME"] ?? "\(data)/runtime"

    /// Python with the packages that judge documents from outside.
    package static let python =
        ProcessInfo.processInfo.environment["PERSONA_TEST_PYTHON"] ?? "\(data)/test-python/bin/python3"

    package static let migrations = "\(root)/Migrations"
}

/// Temporary directories and what must be stopped before they go, both at the end of the process.
package enum TemporaryTree {
    private struct State {
        var stops: [@Sendable () throws -> Void] = []
        var paths: [String] = []
        var isRegistered = false
    }

    private static let state = Mutex(State())

    /// A new directory, removed with all it holds at the end of the process. Short, for Unix sockets.
    package static func make(_ purpose: String) throws -> String {
        let path = "/tmp/persona-\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        register { $0.paths.append(path) }
        return path
    }

    package static func atExit(_ stop: @escaping @Sendable () throws -> Void) { register { $0.stops.append(stop) } }

    private static func register(_ change: (inout State) -> Void) {
        let isFirst = state.withLock { state in
            change(&state)
            defer { state.isRegistered = true }
            return !state.isRegistered
        }
        guard isFirst else { return }
        atexit {
            let (stops, paths) = TemporaryTree.state.withLock { ($0.stops, $0.paths) }
            // The process is ending: one that fails to stop has its parent-death signal coming.
            for stop in stops.reversed() { try? stop() }
            for path in paths { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}
