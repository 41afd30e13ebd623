package import Domain
import IMAP
import JSONSchema
import MIME
import SMTP
package import ToolKit

/// `email.reply`: one answer in the thread of a message, sent at most once.
package struct EmailReply: Tool {
    package struct Original: Codable, Sendable {
        package var messageID: String
        package var references: [String]
        package var from: MailPerson
        package var replyTo: MailPerson?
        package var subject: String
        package var text: String
        package var date: String?
        package var inReplyTo: String?
        package var autoSubmitted: String?
        package var precedence: String?
        package var returnPath: String?

        package init(
            messageID: String, references: [String], from: MailPerson, replyTo: MailPerson? = nil, subject: String,
            text: String, date: String? = nil, inReplyTo: String? = nil, autoSubmitted: String? = nil,
            precedence: String? = nil, returnPath: String? = nil
        ) {
            self.messageID = messageID
            self.references = references
            self.from = from
            self.replyTo = replyTo
            self.subject = subject
            self.text = text
            self.date = date
            self.inReplyTo = inReplyTo
            self.autoSubmitted = autoSubmitted
            self.precedence = precedence
            self.returnPath = returnPath
        }

        enum CodingKeys: String, CodingKey {
            case references, from, subject, text, date, precedence
            case messageID = "message_id"
            case replyTo = "reply_to"
            case inReplyTo = "in_reply_to"
            case autoSubmitted = "auto_submitted"
            case returnPath = "return_path"
        }
    }

    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var mailbox: MailAccount
        /// The output of `email.read` fits.
        package var original: Original
        package var text: String
        package var attachments: [WorkspaceFile]

        package static let schemaWords: [String: JSONValue] = [
            "original": ["description": "The message that is answered: the output of email.read."],
            "text": ["description": "Plain text of the answer."],
            "attachments": ["description": "Files of the run that go with it; none is an empty list."],
        ]

        package init(mailbox: MailAccount, original: Original, text: String, attachments: [WorkspaceFile]) {
            self.mailbox = mailbox
            self.original = original
            self.text = text
            self.attachments = attachments
        }
    }

    package struct Refusal: Codable, Sendable, Hashable {
        package var address: String
        package var reason: String
    }

    package struct Output: Codable, Sendable {
        package var messageID: String
        package var accepted: [String]
        package var refused: [Refusal]
        /// Whether a copy is in the folder for sent mail; its absence is no failure of the answer.
        package var savedToSent: Bool

        enum CodingKeys: String, CodingKey {
            case accepted, refused
            case messageID = "message_id"
            case savedToSent = "saved_to_sent"
        }
    }

    /// Bytes of all attachments together: 25 MiB, what common servers take.
    private static let maximumAttachmentBytes = 25 * 1024 * 1024
    /// Kept back of the call's time to store the copy.
    private static let reserve: Duration = .seconds(20)
    /// Longest time to store the copy.
    private static let copyTimeout: Duration = .seconds(30)

    package static let descriptor = ToolDescriptor(
        name: "email.reply",
        summary: "Answers a message in its thread, with files of the run attached, and keeps a copy among sent mail.",
        effect: .nonIdempotent, secrets: [MailAccount.passwordName], usesNetwork: true, timeoutSeconds: 300,
        resources: [.mailbox], reconciler: EmailFindSent.descriptor.name,
        // It goes to the one who wrote, in the thread, and only to people of the mailbox's list.
        risk: .moderate, dependencies: ["email.read"],
        keywords: ["mail", "respond", "write back", "send", "e-mail"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let session = try MailSession(input.mailbox, context)
        let endpoint = try input.mailbox.smtpEndpoint(proxy: context.proxy)
        let draft = ReplyDraft(input: input, effectKey: context.effectKey)
        let directory = context.directory
        let deadline = context.deadline
        _ = try draft.recipient()
        return try await MailThread.run(marking: { try await context.mark($0) }) { port in
            let message = try Self.write(draft, directory: directory)
            let bytes = try Self.serialise(message)
            let submission = SMTPSubmission(
                endpoint: endpoint,
                credential: .password(username: input.mailbox.username, password: session.password.reveal()),
                sender: input.mailbox.address, recipients: message.to.map(\.address), content: bytes,
                deadline: deadline - Self.reserve)
            let outcome = try submission.send(isCancelled: { port.isCancelled }) { try port.mark(.transmitting) }
            guard case .accepted(let accepted, let refused, _) = outcome else {
                throw ToolFailure(outcome) ?? ToolFailure(.unknownOutcome, code: "smtp_unknown", "No outcome is known.")
            }
            try? port.mark(.accepted)  // the mail is out: being fenced off meanwhile changes nothing of that
            let saved = Self.keepCopy(bytes, session, before: min(deadline, ContinuousClock.now + Self.copyTimeout))
            return Output(
                messageID: message.messageID, accepted: accepted,
                refused: refused.map { Refusal(address: $0.recipient, reason: $0.reply.description) },
                savedToSent: saved)
        }
    }

    private static func write(_ draft: ReplyDraft, directory: String) throws -> OutgoingMessage {
        let files = AttachmentFiles(directory: directory)
        var left = maximumAttachmentBytes
        var attachments: [OutgoingMessage.Attachment] = []
        for file in draft.input.attachments {
            let data = try files.read(file, atMost: left)
            left -= data.count
            attachments.append(.init(name: file.name, mediaType: file.mediaType, data: data))
        }
        return try draft.message(date: .now, attachments: attachments)
    }

    private static func serialise(_ message: OutgoingMessage) throws -> [UInt8] {
        do {
            return try message.serialised()
        } catch {
            throw ToolFailure(.permanent, code: "message_invalid", "The answer cannot be written as mail: \(error)")
        }
    }

    /// Stores the copy, making the folder where it is missing. False where that failed: the answer is out all the same.
    private static func keepCopy(_ bytes: [UInt8], _ session: MailSession, before deadline: ContinuousClock.Instant)
        -> Bool
    {
        do {
            let client = try session.open(before: deadline) { false }
            defer { client.logout() }
            let folder = session.account.sent
            do throws(IMAPError) {
                try client.append(bytes, to: folder, flags: ["\\Seen"])
            } catch  where error.responseCode == "TRYCREATE" || error.responseCode == "NONEXISTENT" {
                try client.create(folder)
                try client.append(bytes, to: folder, flags: ["\\Seen"])
            }
            return true
        } catch {
            return false
        }
    }
}
