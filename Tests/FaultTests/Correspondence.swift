import Embedded
import FoundationEssentials
import MIME
import Synchronization
import TestKit

/// Two people on the one mail server of the test process: the persona and who writes to it.
struct Correspondence: Sendable {
    static let password = "kept between kills"

    let server: MailServer
    let persona: String
    let sender: String

    /// Dovecot looks for new users at most once a second: all are added before the first one logs in.
    private static let pairs = Mutex<[(persona: String, sender: String)]>([])
    private static let server = Task {
        let server = try await TestServices.shared.mailServer()
        for _ in 0..<64 {
            let pair = (persona: TestServices.uniqueAddress("ada"), sender: TestServices.uniqueAddress("mira"))
            try server.addUser(pair.persona, password: password)
            try server.addUser(pair.sender, password: password)
            pairs.withLock { $0.append(pair) }
        }
        return server
    }

    static func open() async throws -> Correspondence {
        let server = try await server.value
        guard let pair = pairs.withLock({ $0.popLast() }) else { throw Overdue(description: "no mailbox left") }
        return Correspondence(server: server, persona: pair.persona, sender: pair.sender)
    }

    /// Puts the request into the persona's mailbox and gives its Message-ID.
    func request(pages: [String]) async throws -> String {
        let id = "\(UUID().uuidString.lowercased())@example.test"
        var message = OutgoingMessage(
            from: Mailbox(name: "Mira Sommer", address: sender), to: [Mailbox(name: "Ada", address: persona)],
            subject: "Briefing on tides", date: MailDate(seconds: Int64(Date().timeIntervalSince1970)), messageID: id,
            text: "Hello Ada,\n\nplease write a briefing on tides from\n\n"
                + pages.map { "  \($0)\n" }.joined() + "\nand from the table attached.\n\nMira\n")
        message.attachments = [
            OutgoingMessage.Attachment(
                name: "tides.csv", mediaType: "text/csv",
                data: Array("month,high,low\n2026-01,3.1,0.4\n2026-02,3.3,0.2\n2026-03,3.6,0.1\n".utf8))
        ]
        try await server.deliver(try message.serialised(), from: sender, to: persona)
        return id
    }

    /// Messages of the persona's that the server took by SMTP, delivered or not.
    func submissions() throws -> Int {
        try String(contentsOfFile: server.submissionLog, encoding: .utf8).split(separator: "\n")
            .count { $0.contains("<= \(persona) ") }
    }

    /// What is in the sender's mailbox.
    func received() throws -> [Message] {
        let directory = server.maildir(sender)
        return try ["new", "cur"].flatMap { folder -> [Message] in
            let path = "\(directory)/\(folder)"
            // Dovecot makes the folders with the first message.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return try names.map { Message(parsing: Array(try Data(contentsOf: URL(filePath: "\(path)/\($0)")))) }
        }
    }
}
