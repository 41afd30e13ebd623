import Domain
import IMAP
import MIME
package import ToolKit

/// `email.read`: one message with its text, links and attachments.
package struct EmailRead: Tool {
    package struct Input: Codable, Sendable {
        package var mailbox: MailAccount
        package var uidValidity: UInt32
        package var uid: UInt32

        package init(mailbox: MailAccount, uidValidity: UInt32, uid: UInt32) {
            self.mailbox = mailbox
            self.uidValidity = uidValidity
            self.uid = uid
        }

        enum CodingKeys: String, CodingKey {
            case mailbox, uid
            case uidValidity = "uid_validity"
        }
    }

    package struct Output: Codable, Sendable {
        /// Empty where the message has none.
        package var messageID: String
        package var from: MailPerson
        package var replyTo: MailPerson?
        package var to: [MailPerson]
        package var cc: [MailPerson]
        package var subject: String
        /// RFC 3339; nil where the message has no readable date.
        package var date: String?
        package var text: String
        package var links: [String]
        package var inReplyTo: String?
        package var references: [String]
        package var autoSubmitted: String?
        package var precedence: String?
        /// Empty for bounces; nil where the server recorded none.
        package var returnPath: String?
        package var attachments: [WorkspaceFile]
        package var problems: [String]

        enum CodingKeys: String, CodingKey {
            case from, to, cc, subject, date, text, links, references, precedence, attachments, problems
            case messageID = "message_id"
            case replyTo = "reply_to"
            case inReplyTo = "in_reply_to"
            case autoSubmitted = "auto_submitted"
            case returnPath = "return_path"
        }
    }

    /// Characters of text handed on; the rest of a longer mail is left out and said so.
    private static let maximumText = 200_000

    package static let descriptor = ToolDescriptor(
        name: "email.read",
        summary: "Reads one message: sender, subject, text, links and attachments. Marks it as seen.",
        effect: .read, secrets: [MailAccount.passwordName], usesNetwork: true, timeoutSeconds: 300,
        resources: [.mailbox], dependencies: ["email.poll"], keywords: ["mail", "e-mail", "open", "letter"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let session = try MailSession(input.mailbox, context)
        let deadline = context.deadline
        let directory = context.directory
        return try await MailThread.run { port in
            try withMailFailures {
                let client = try session.open(before: deadline) { port.isCancelled }
                let bytes = try Self.fetch(input, client)
                let output = try Self.describe(bytes, uid: input.uid, directory: directory)
                try? client.addFlags(["\\Seen"], to: [input.uid])  // a courtesy to people; the platform goes by UIDs
                client.logout()
                return output
            }
        }
    }

    private static func fetch(_ input: Input, _ client: IMAPClient) throws -> [UInt8] {
        let selected = try client.select(input.mailbox.inbox ?? "INBOX", readOnly: false)
        guard selected.uidValidity == input.uidValidity else {
            throw ToolFailure(
                .permanent, code: "uid_validity_changed",
                "The mail server renumbered the mailbox (UIDVALIDITY \(selected.uidValidity)): poll it again.")
        }
        var size: Int?
        try client.fetch([input.uid], "UID RFC822.SIZE") { message in
            if message.uid == input.uid { size = message.size.map(Int.init) }
        }
        guard let size else { throw gone(input.uid) }
        guard size <= MailFacts.maximumMessageBytes else {
            throw ToolFailure(
                .permanent, code: "message_too_large",
                "The message has \(size) bytes; up to \(MailFacts.maximumMessageBytes) are read.")
        }
        guard let bytes = try client.message(input.uid) else { throw gone(input.uid) }
        return bytes
    }

    private static func gone(_ uid: UInt32) -> ToolFailure {
        ToolFailure(.permanent, code: "message_gone", "The mailbox no longer holds message \(uid).")
    }

    /// Pure but for the attachments that it writes below `directory`.
    static func describe(_ bytes: [UInt8], uid: UInt32, directory: String) throws -> Output {
        let message = Message(parsing: bytes)
        let facts = MailFacts(message: message)
        let readable = message.readable()
        var problems = facts.headerProblems
        problems += message.problems.filter { !$0.isOfHeader }.map(\.description).sorted()
        problems += readable.problems.map(\.description)
        var text = readable.text
        if text.count > maximumText {
            text = String(text.prefix(maximumText))
            problems.append("the text was cut after \(maximumText) characters")
        }
        let files = try AttachmentFiles(directory: directory).write(message.attachments, uid: uid)
        return Output(
            messageID: message.messageID ?? "", from: facts.from, replyTo: message.replyTo.first.map(MailPerson.init),
            to: message.to.map(MailPerson.init), cc: message.cc.map(MailPerson.init), subject: message.subject,
            date: message.date?.timestamp, text: text, links: message.links, inReplyTo: message.inReplyTo.first,
            references: message.references, autoSubmitted: facts.autoSubmitted, precedence: facts.precedence,
            returnPath: facts.returnPath, attachments: files.written, problems: problems + files.problems)
    }
}
