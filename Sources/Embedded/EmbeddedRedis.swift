import FoundationEssentials
import Glibc

/// Debian's redis-server on a Unix socket, without TCP and without files: it carries doorbells, which a sweep replaces.
package final class EmbeddedRedis: Sendable {
    package let socket: String
    private let process: ChildProcess
    private let lock: DirectoryLock

    /// Doorbells and live events of one machine; beyond it the least recently used keys go.
    private static let memoryLimit = "48mb"
    private static let startSeconds = 10.0

    private init(socket: String, process: ChildProcess, lock: DirectoryLock) {
        self.socket = socket
        self.process = process
        self.lock = lock
    }

    package var pid: Int32 { process.pid }
    package var isAdopted: Bool { process.isAdopted }
    /// `unix:///path/of/the/socket`.
    package var url: String { "unix://\(socket)" }

    /// Adopts the Redis that listens on this directory's socket, or starts one; returns when it answers PING.
    package static func start(
        in directory: DataDirectory, diesWithParent: Bool = false,
        onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void = { _ in }
    ) async throws -> EmbeddedRedis {
        try await OwnThread.run {
            let lock = try DirectoryLock(directory, service: "redis")
            let home = "\(directory.sockets)/redis"
            try directory.makeServiceDirectory(home)
            let socket = "\(home)/redis.sock"
            let process =
                try adopted(socket, directory, onUnexpectedEnd)
                ?? ChildProcess.start(
                    try command(socket, home: home, directory, diesWithParent), onUnexpectedEnd: onUnexpectedEnd)
            do {
                try process.waitUntilReady(seconds: startSeconds) { answersPing(socket) }
            } catch {
                // The start failed; that it cannot be stopped either adds nothing to its error.
                try? process.stop([(SIGTERM, 1)])
                throw error
            }
            return EmbeddedRedis(socket: socket, process: process, lock: lock)
        }
    }

    package func stop() async throws {
        try await OwnThread.run { try self.stopBlocking() }
    }

    /// `stop` for exit handlers, where no task runs any more.
    package func stopBlocking() throws {
        try process.stop([(SIGTERM, 3)])
        unlink(socket)
        lock.release()
    }

    private static func adopted(
        _ socket: String, _ directory: DataDirectory,
        _ onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void
    ) throws -> ChildProcess? {
        guard let pid = LocalSocket.unix(socket)?.peerProcess, let identity = ProcessIdentity.live(pid) else {
            return nil
        }
        return try ChildProcess.adopt(
            identity, name: "redis", log: directory.log("redis"), onUnexpectedEnd: onUnexpectedEnd)
    }

    private static func command(
        _ socket: String, home: String, _ directory: DataDirectory, _ diesWithParent: Bool
    ) throws -> ChildProcess.Command {
        let arguments = [
            "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", home, "--save", "",
            "--appendonly",
            "no", "--maxmemory", memoryLimit, "--maxmemory-policy", "allkeys-lru", "--daemonize", "no", "--loglevel",
            "warning", "--hz", "5",
        ]
        return ChildProcess.Command(
            name: "redis", executable: "redis-server", arguments: arguments, log: directory.log("redis"),
            user: directory.user, capability: try directory.user.capabilityNeeded(for: socket),
            signalWhenParentDies: diesWithParent ? SIGTERM : nil)
    }

    private static func answersPing(_ socket: String) -> Bool {
        guard let connection = LocalSocket.unix(socket) else { return false }
        connection.setTimeout(seconds: 1)
        return connection.send(Array("PING\r\n".utf8)) && connection.receive()?.first == UInt8(ascii: "+")
    }
}
