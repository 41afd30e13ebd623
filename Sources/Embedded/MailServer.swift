import FoundationEssentials
import Glibc
import Synchronization

/// A private mail server on 127.0.0.1 for the demonstration and the tests: real Dovecot and real exim, as an
/// unprivileged user, with mailboxes that are added while it runs. It relays nothing: mail from its users to its users.
package final class MailServer: Sendable {
    package struct Ports: Sendable, Equatable, Codable {
        /// IMAP with STARTTLS offered; plain text is allowed, for it is loopback.
        package var imap: UInt16
        /// IMAP in TLS from the first byte.
        package var imaps: UInt16
        /// SMTP with AUTH, STARTTLS offered.
        package var submission: UInt16
        /// SMTP with AUTH in TLS from the first byte.
        package var submissions: UInt16

        /// 0 chooses: the port of the last start if it is free, else any.
        package init(imap: UInt16 = 0, imaps: UInt16 = 0, submission: UInt16 = 0, submissions: UInt16 = 0) {
            self.imap = imap
            self.imaps = imaps
            self.submission = submission
            self.submissions = submissions
        }

        var all: [UInt16] { [imap, imaps, submission, submissions] }
    }

    /// The name in the certificate; it resolves to 127.0.0.1.
    package let host = "localhost"
    package let ports: Ports
    /// PEM of the authority that signed the server's certificate; also a file at `certificateAuthorityFile`.
    package let certificateAuthority: String
    package let certificateAuthorityFile: String
    /// Takes mail for any mailbox here without a login; see `deliver`.
    package let lmtpSocket: String
    /// True when the servers left by a killed platform were taken over.
    package let isAdopted: Bool

    private let configuration: MailServerConfiguration
    private let directory: DataDirectory
    private let processes: [ChildProcess]
    private let lock: DirectoryLock
    private let users: Mutex<[String: String]>
    /// Second of the wall clock in which the users were last written.
    private let written = Mutex<time_t>(0)

    init(
        _ launch: MailServerLaunch, processes: [ChildProcess], users: [String: String], authority: String,
        lock: DirectoryLock
    ) {
        configuration = launch.configuration
        directory = launch.directory
        ports = launch.configuration.ports
        certificateAuthority = authority
        certificateAuthorityFile = launch.certificate.authority
        lmtpSocket = launch.configuration.lmtpSocket
        isAdopted = processes.allSatisfy(\.isAdopted)
        self.processes = processes
        self.lock = lock
        self.users = Mutex(users)
    }

    package var pids: [Int32] { processes.map(\.pid) }

    /// Adopts the mail server of this directory or starts one on the same ports; mailboxes and users are kept.
    /// Returns when all four ports answer. `diesWithParent` ties it to this process, for tests.
    package static func start(
        in directory: DataDirectory, ports: Ports = Ports(), diesWithParent: Bool = false,
        onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void = { _ in }
    ) async throws -> MailServer {
        try await OwnThread.run {
            let lock = try DirectoryLock(directory, service: "mail")
            return try MailServerLaunch.run(
                directory, ports: ports, diesWithParent: diesWithParent, lock: lock, onUnexpectedEnd)
        }
    }

    /// Adds a mailbox or changes its password; known to exim when this returns, to Dovecot in the next second.
    /// Addresses: ASCII letters, digits and `._+-` around one `@`, at most 254 bytes; lower case counts.
    package func addUser(_ address: String, password: String) throws {
        let address = address.lowercased()
        guard Self.isAddress(address) else { throw EmbeddedError(.invalid, "\(address) cannot be a mailbox here") }
        guard !password.isEmpty, password.utf8.count <= 200, !password.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
        else {
            throw EmbeddedError(.invalid, "the password of \(address) is empty, too long or holds control characters")
        }
        try users.withLock { users in
            var changed = users
            changed[address] = password
            try Self.write(changed, configuration)
            users = changed
            written.withLock { $0 = time(nil) }
        }
    }

    /// Returns once both servers know all users. Dovecot looks at its table when it is first asked in a second, so
    /// that a user added later in that second does not exist until the next.
    package func usersAreKnown() async throws {
        try await OwnThread.run { self.awaitUsers() }
    }

    private func awaitUsers() {
        let second = written.withLock { $0 }
        // Bounded, in case the clock is set back.
        _ = poll(seconds: 2) { time(nil) > second }
    }

    package var addresses: [String] { users.withLock { $0.keys.sorted() } }

    /// Puts a raw message (RFC 5322, CRLF or LF) into a mailbox, as mail from outside arrives: no login, any sender.
    package func deliver(_ message: [UInt8], from sender: String, to recipient: String) async throws {
        try await OwnThread.run { [lmtpSocket] in
            self.awaitUsers()
            try LMTPDelivery.deliver(message, from: sender, to: recipient, socket: lmtpSocket)
        }
    }

    /// Directory of a mailbox's messages (Maildir), to look at what really arrived.
    package func maildir(_ address: String) -> String { "\(configuration.maildirs)/\(address.lowercased())/Maildir" }

    /// exim's log: a line with `<=` and the sender for each message that it took.
    package var submissionLog: String { configuration.submissionLog }

    package func stop() async throws {
        try await OwnThread.run { try self.stopBlocking() }
    }

    /// `stop` for exit handlers, where no task runs any more.
    package func stopBlocking() throws {
        for process in processes { try process.stop([(SIGTERM, 2)], wholeGroup: true) }
        unlink("\(directory.root)/mail/processes.json")
        lock.release()
    }

    static func write(_ users: [String: String], _ configuration: MailServerConfiguration) throws(EmbeddedError) {
        let sorted = users.sorted { $0.key < $1.key }
        let dovecot = sorted.map { configuration.dovecotUserLine($0.key, $0.value) + "\n" }.joined()
        let exim = sorted.map { configuration.eximPasswordLine($0.key, $0.value) + "\n" }.joined()
        try FileText.write(exim, to: configuration.passwords, owner: configuration.user)
        try FileText.write(dovecot, to: configuration.users, owner: configuration.user)
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let plain = Set("abcdefghijklmnopqrstuvwxyz0123456789._+-".utf8)
        return text.utf8.count <= 254 && parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && !part.contains("..") && part.utf8.allSatisfy(plain.contains)
            }
    }
}
