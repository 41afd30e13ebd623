import Domain
import FoundationEssentials
import Store

/// A mailbox as a client sends it.
struct MailboxInput: Decodable {
    let address: String
    let displayName: String?
    let username: String
    let imap: MailServerAddress
    let smtp: MailServerAddress
    let certificateAuthority: String?
    let inbox: String?
    let sentFolder: String?
    let allowedSenders: [String]
    let graphID: GraphID
    let status: String?
    let password: String?

    enum CodingKeys: String, CodingKey {
        case address, username, imap, smtp, inbox, status, password
        case displayName = "display_name"
        case certificateAuthority = "certificate_authority"
        case sentFolder = "sent_folder"
        case allowedSenders = "allowed_senders"
        case graphID = "graph_id"
    }

    /// Throws where a connection without encryption would leave the machine.
    func settings() throws -> MailboxSettings {
        for (name, server) in [("imap", imap), ("smtp", smtp)] where server.security == "plain" {
            guard ["127.0.0.1", "::1", "localhost"].contains(server.host) else {
                throw Problem.invalid([
                    SchemaFault(pointer: "/\(name)/security", detail: "plain is taken for loopback only: use tls")
                ])
            }
        }
        return MailboxSettings(
            address: address, displayName: displayName ?? "", username: username, imap: imap, smtp: smtp,
            certificateAuthority: certificateAuthority, inbox: inbox ?? "INBOX", sentFolder: sentFolder ?? "Sent",
            allowedSenders: allowedSenders.map { $0.lowercased() }, graph: graphID, status: status ?? "active")
    }
}

/// A mailbox as the API shows it: without its password.
struct MailboxBody: Encodable {
    let id: MailboxID
    let personaID: PersonaID
    let settings: MailboxSettings
    let lastError: String?
    let lastPolledAt: Date?
    let createdAt: Date
    let updatedAt: Date

    init(_ mailbox: Mailbox) {
        id = mailbox.id
        personaID = mailbox.persona
        settings = mailbox.settings
        lastError = mailbox.lastError
        lastPolledAt = mailbox.lastPolledAt
        createdAt = mailbox.createdAt
        updatedAt = mailbox.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, address, username, imap, smtp, inbox, status
        case personaID = "persona_id"
        case displayName = "display_name"
        case certificateAuthority = "certificate_authority"
        case sentFolder = "sent_folder"
        case allowedSenders = "allowed_senders"
        case graphID = "graph_id"
        case lastError = "last_error"
        case lastPolledAt = "last_polled_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(personaID, forKey: .personaID)
        try container.encode(settings.address, forKey: .address)
        try container.encode(settings.displayName, forKey: .displayName)
        try container.encode(settings.username, forKey: .username)
        try container.encode(settings.imap, forKey: .imap)
        try container.encode(settings.smtp, forKey: .smtp)
        try container.encodeIfPresent(settings.certificateAuthority, forKey: .certificateAuthority)
        try container.encode(settings.inbox, forKey: .inbox)
        try container.encode(settings.sentFolder, forKey: .sentFolder)
        try container.encode(settings.allowedSenders, forKey: .allowedSenders)
        try container.encode(settings.graph, forKey: .graphID)
        try container.encode(settings.status, forKey: .status)
        try container.encodeIfPresent(lastError, forKey: .lastError)
        try container.encodeIfPresent(lastPolledAt, forKey: .lastPolledAt)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

/// A mail that was seen.
struct MailBody: Encodable {
    let id: MailID
    let from: String
    let subject: String
    let size: Int
    let verdict: String
    let reason: String?
    let runID: RunID?
    let receivedAt: Date

    init(_ mail: Mail) {
        id = mail.id
        from = mail.fromAddress
        subject = mail.subject
        size = mail.size
        verdict = mail.verdict
        reason = mail.reason
        runID = mail.run
        receivedAt = mail.receivedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, from, subject, size, verdict, reason
        case runID = "run_id"
        case receivedAt = "received_at"
    }

    static let schema = Schema.named(
        "Mail",
        .object([
            Schema.required("id", .id), Schema.required("from", .string()), Schema.required("subject", .string()),
            Schema.required("size", .integer()), Schema.required("verdict", .choice(["accepted", "refused"])),
            Schema.optional("reason", .string()), Schema.optional("run_id", .id),
            Schema.required("received_at", .time),
        ]))
}
