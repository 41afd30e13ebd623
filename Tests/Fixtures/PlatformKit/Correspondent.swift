package import Embedded
import FoundationEssentials
package import MIME
import Synchronization
import TestKit

/// A mailbox on the one mail server of the test process, that nobody else in it uses: of a persona, or of a person who
/// writes to one.
package struct Correspondent: Sendable {
    package static let password = "canary-mailbox-4f1d9c02"
    /// More than all tests of a process take.
    private static let supply = 320

    package let server: MailServer
    package let address: String

    private static let free = Mutex<[String]>([])

    /// Dovecot looks for new users at most once a second: all are added before the first one logs in.
    private static let opened = Task {
        let server = try await TestServices.shared.mailServer()
        let made = (0..<supply).map { _ in TestServices.uniqueAddress("mira") }
        for address in made { try server.addUser(address, password: password) }
        free.withLock { $0 = made }
        return server
    }

    /// One that no test has taken yet.
    package static func one() async throws -> Correspondent {
        let server = try await opened.value
        guard let address = free.withLock({ $0.popLast() }) else { throw Overdue("no mailbox left") }
        return Correspondent(server: server, address: address)
    }

    package static func several(_ count: Int) async throws -> [Correspondent] {
        var all: [Correspondent] = []
        for _ in 0..<count { all.append(try await one()) }
        return all
    }

    /// A mail to `recipient`, with a Message-ID of its own.
    package func mail(to recipient: MIME.Mailbox, _ subject: String, _ text: String) -> OutgoingMessage {
        OutgoingMessage(
            from: MIME.Mailbox(name: "Mira Sommer", address: address), to: [recipient], subject: subject,
            date: MailDate(seconds: Int64(Date().timeIntervalSince1970)),
            messageID: "\(UUID().uuidString.lowercased())@example.test", text: text)
    }

    /// Puts bytes into `recipient`'s mailbox, past all gates of SMTP; from here, or under another's name.
    package func deliver(_ bytes: [UInt8], to recipient: String, from other: String? = nil) async throws {
        try await server.deliver(bytes, from: other ?? address, to: recipient)
    }

    /// Messages of this mailbox's owner that the server took by SMTP, delivered or not.
    package func submissions() throws -> Int {
        try String(contentsOfFile: server.submissionLog, encoding: .utf8).split(separator: "\n")
            .count { $0.contains("<= \(address) ") }
    }

    /// What has arrived, as it arrived.
    package func inbox() throws -> [[UInt8]] {
        try ["new", "cur"].flatMap { folder -> [[UInt8]] in
            let path = "\(server.maildir(address))/\(folder)"
            // Dovecot makes the folders with the first message.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return try names.map { Array(try Data(contentsOf: URL(filePath: "\(path)/\($0)"))) }
        }
    }

    /// What has arrived here in answer to `messageID`.
    package func answers(to messageID: String) throws -> [[UInt8]] {
        try inbox().filter { Message(parsing: $0).inReplyTo == [messageID] }
    }
}
