import FoundationEssentials
import Glibc

/// `run/services.json`: where the services of a data directory answer, for other processes of the platform
/// (separate roles, tests, `persona config`). It holds addresses, never passwords.
package struct ServiceDirectory: Sendable, Equatable, Codable {
    package struct Postgres: Sendable, Equatable, Codable {
        package var pid: Int32
        /// libpq's `host`.
        package var socketDirectory: String
        package var port: Int
        package var database: String
        package var superuser: String

        enum CodingKeys: String, CodingKey {
            case pid
            case socketDirectory = "socket_directory"
            case port
            case database
            case superuser
        }

        package func url(user: String) -> String {
            EmbeddedPostgres.url(socketDirectory: socketDirectory, user: user, database: database)
        }
    }

    package struct Redis: Sendable, Equatable, Codable {
        package var pid: Int32
        package var socket: String
    }

    package struct Mail: Sendable, Equatable, Codable {
        package var pids: [Int32]
        package var host: String
        package var ports: MailServer.Ports
        package var certificateAuthorityFile: String
        package var lmtpSocket: String

        enum CodingKeys: String, CodingKey {
            case pids
            case host
            case ports
            case certificateAuthorityFile = "certificate_authority_file"
            case lmtpSocket = "lmtp_socket"
        }
    }

    package struct HTTP: Sendable, Equatable, Codable {
        package var host: String
        package var port: UInt16
        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// The platform's own process.
    package var pid: Int32
    package var postgres: Postgres?
    package var redis: Redis?
    package var mail: Mail?
    /// Where the API listens; filled in by the server once it does.
    package var http: HTTP?

    package init(
        pid: Int32 = getpid(), postgres: EmbeddedPostgres? = nil, redis: EmbeddedRedis? = nil, mail: MailServer? = nil,
        http: HTTP? = nil
    ) {
        self.pid = pid
        self.postgres = postgres.map {
            Postgres(
                pid: $0.pid, socketDirectory: $0.socketDirectory, port: EmbeddedPostgres.port,
                database: EmbeddedPostgres.database, superuser: EmbeddedPostgres.superuser)
        }
        self.redis = redis.map { Redis(pid: $0.pid, socket: $0.socket) }
        self.mail = mail.map {
            Mail(
                pids: $0.pids, host: $0.host, ports: $0.ports, certificateAuthorityFile: $0.certificateAuthorityFile,
                lmtpSocket: $0.lmtpSocket)
        }
        self.http = http
    }

    package static func path(in directory: DataDirectory) -> String { "\(directory.run)/services.json" }

    /// Nil when nothing was started in this directory, or was stopped in order.
    package static func read(in directory: DataDirectory) -> ServiceDirectory? {
        guard let text = FileText.read(path(in: directory)) else { return nil }
        // Written in one step, so it is whole; one of another version counts as absent.
        return try? JSONDecoder().decode(ServiceDirectory.self, from: Data(text.utf8))
    }

    package func write(in directory: DataDirectory) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        try FileText.write(text, to: Self.path(in: directory), mode: 0o644)
    }

    package static func remove(in directory: DataDirectory) { unlink(path(in: directory)) }
}
