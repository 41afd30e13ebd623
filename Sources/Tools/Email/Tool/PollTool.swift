package import Domain
import IMAP
import JSONSchema
import MIME
package import ToolKit

/// `email.poll`: what is new in the inbox, waiting for it where nothing is.
package struct EmailPoll: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var mailbox: MailAccount
        /// Of the last poll; nil at the first.
        package var uidValidity: UInt32?
        package var lastUID: UInt32
        /// Longest wait for a first new message, in seconds.
        package var waitSeconds: Int

        package static let schemaWords: [String: JSONValue] = [
            "last_uid": ["description": "highest_uid of the last poll; 0 at the first."],
            "wait_seconds": ["description": "Longest wait for a first new message.", "maximum": 1_740],
        ]

        package init(mailbox: MailAccount, uidValidity: UInt32?, lastUID: UInt32, waitSeconds: Int) {
            self.mailbox = mailbox
            self.uidValidity = uidValidity
            self.lastUID = lastUID
            self.waitSeconds = waitSeconds
        }

        enum CodingKeys: String, CodingKey {
            case mailbox
            case uidValidity = "uid_validity"
            case lastUID = "last_uid"
            case waitSeconds = "wait_seconds"
        }
    }

    package struct Item: Codable, Sendable, Hashable {
        package var uid: UInt32
        package var messageID: String?
        /// The first one; its address is empty where the message names none.
        package var from: MailPerson
        package var to: [MailPerson]
        package var subject: String
        /// RFC 3339.
        package var date: String?
        /// In bytes.
        package var size: Int
        package var autoSubmitted: String?
        /// Why to distrust or leave it; `too large` stands alone.
        package var problems: [String]

        enum CodingKeys: String, CodingKey {
            case uid, from, to, subject, date, size, problems
            case messageID = "message_id"
            case autoSubmitted = "auto_submitted"
        }
    }

    package struct Output: Codable, Sendable {
        package var uidValidity: UInt32
        /// The next poll's `last_uid`.
        package var highestUID: UInt32
        /// UIDs mean other messages than before: `messages` starts from the first, dedupe by Message-ID.
        package var rescan: Bool
        package var messages: [Item]

        enum CodingKeys: String, CodingKey {
            case rescan, messages
            case uidValidity = "uid_validity"
            case highestUID = "highest_uid"
        }
    }

    /// Messages of one answer; more come with the next poll.
    private static let batch = 100
    /// Bytes of header fetched of one message.
    private static let headerBytes = 256 * 1024
    /// Characters of a subject or name, recipients and problems of one message: an answer stays below 4 MiB.
    private static let maximumSubject = 1_000
    private static let maximumName = 200
    private static let maximumRecipients = 20
    private static let maximumProblems = 20
    /// Kept back of the call's time to fetch and to say goodbye.
    private static let reserve: Duration = .seconds(10)
    /// Connections of one call: one that falls silent in IDLE is replaced.
    private static let maximumConnections = 3

    package static let descriptor = ToolDescriptor(
        name: "email.poll",
        summary: "Lists new messages of the mailbox's inbox; waits for one when there is none.",
        effect: .read, secrets: [MailAccount.passwordName], usesNetwork: true, timeoutSeconds: 1_800,
        resources: [.mailbox], keywords: ["mail", "e-mail", "check", "unread", "incoming", "arrived"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let session = try MailSession(input.mailbox, context)
        let deadline = context.deadline
        return try await MailThread.run { port in
            try withMailFailures { try Self.poll(input, session, before: deadline) { port.isCancelled } }
        }
    }

    private static func poll(
        _ input: Input, _ session: MailSession, before deadline: ContinuousClock.Instant,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IMAPError) -> Output {
        let wait = Duration.seconds(max(0, min(input.waitSeconds, 86_400)))
        let end = min(ContinuousClock.now + wait, deadline - reserve)
        var connections = 0
        while true {
            connections += 1
            let client = try session.open(before: deadline, isCancelled: isCancelled)
            do {
                let output = try poll(input, client, until: end)
                client.logout()
                return output
            } catch  where (error.code == .timedOut || error.code == .closed) && connections < maximumConnections {
                guard ContinuousClock.now < end else { throw error }
            }
        }
    }

    private static func poll(_ input: Input, _ client: IMAPClient, until end: ContinuousClock.Instant) throws(IMAPError)
        -> Output
    {
        let selected = try client.select(input.mailbox.inbox ?? "INBOX", readOnly: true)
        let rescan = input.uidValidity.map { $0 != selected.uidValidity } ?? false
        let last = rescan ? 0 : input.lastUID
        var output = Output(uidValidity: selected.uidValidity, highestUID: last, rescan: rescan, messages: [])
        guard last < .max else { return output }
        var uids = try client.uids(from: last + 1)
        // A rescan is news by itself: the caller must learn of it at once.
        while uids.isEmpty, !rescan, ContinuousClock.now < end {
            _ = try client.idle(until: end)
            uids = try client.uids(from: last + 1)
        }
        let batch = Array(uids.prefix(batch))
        output.messages = try items(batch, client)
        output.highestUID = batch.last ?? last
        return output
    }

    private static func items(_ uids: [UInt32], _ client: IMAPClient) throws(IMAPError) -> [Item] {
        var found: [UInt32: Item] = [:]
        try client.fetch(uids, "UID RFC822.SIZE BODY.PEEK[HEADER]<0.\(headerBytes)>") { message in
            guard let uid = message.uid, let header = message.sections["BODY[HEADER]"] else { return }
            found[uid] = item(uid, size: Int(message.size ?? 0), header: header)
        }
        return uids.compactMap { found[$0] }
    }

    private static func item(_ uid: UInt32, size: Int, header: [UInt8]) -> Item {
        let message = Message(parsing: header)
        let facts = MailFacts(message: message)
        let problems = size > MailFacts.maximumMessageBytes ? [MailFacts.tooLarge] : []
        return Item(
            uid: uid, messageID: message.messageID, from: short(facts.from),
            to: message.to.prefix(maximumRecipients).map { short(MailPerson($0)) },
            subject: String(message.subject.prefix(maximumSubject)), date: message.date?.timestamp, size: size,
            autoSubmitted: facts.autoSubmitted.map { String($0.prefix(maximumName)) },
            problems: Array((problems + facts.headerProblems).prefix(maximumProblems)))
    }

    /// An address that had to be cut is of no use and left empty.
    private static func short(_ person: MailPerson) -> MailPerson {
        MailPerson(
            name: person.name.map { String($0.prefix(maximumName)) },
            address: person.address.utf8.count > 1_000 ? "" : person.address)
    }
}
