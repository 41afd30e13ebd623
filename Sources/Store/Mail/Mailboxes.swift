package import Domain
package import FoundationEssentials
import Postgres
package import Vault

/// Where a mail server listens.
package struct MailServerAddress: Sendable, Hashable, Codable {
    package var host: String
    package var port: Int
    /// `tls`, `starttls` (SMTP only) or `plain` (loopback only).
    package var security: String

    package init(host: String, port: Int, security: String) {
        self.host = host
        self.port = port
        self.security = security
    }
}

/// What a person sets up of a mailbox, its password apart.
package struct MailboxSettings: Sendable, Hashable, Codable {
    package var address: String
    package var displayName: String
    package var username: String
    package var imap: MailServerAddress
    package var smtp: MailServerAddress
    /// PEM of a private authority.
    package var certificateAuthority: String?
    package var inbox: String
    package var sentFolder: String
    /// Addresses, or `@domain`.
    package var allowedSenders: [String]
    package var graph: GraphID
    package var status: String

    package init(
        address: String, displayName: String, username: String, imap: MailServerAddress, smtp: MailServerAddress,
        certificateAuthority: String? = nil, inbox: String = "INBOX", sentFolder: String = "Sent",
        allowedSenders: [String], graph: GraphID, status: String = "active"
    ) {
        self.address = address
        self.displayName = displayName
        self.username = username
        self.imap = imap
        self.smtp = smtp
        self.certificateAuthority = certificateAuthority
        self.inbox = inbox
        self.sentFolder = sentFolder
        self.allowedSenders = allowedSenders
        self.graph = graph
        self.status = status
    }
}

/// A persona's mailbox.
package struct Mailbox: Sendable {
    package let id: MailboxID
    package let persona: PersonaID
    package let settings: MailboxSettings
    package let lastError: String?
    package let lastPolledAt: Date?
    package let uidValidity: Int?
    package let lastUID: Int
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
}

package struct Mailboxes: Sendable {
    private static let columns = """
        mailbox_id, persona_id, address, display_name, username, imap, smtp, certificate_authority, inbox, sent_folder,
        allowed_senders, graph_id, status, last_error, last_polled_at, uid_validity, last_uid, revision, created_at, updated_at
        """

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Where a mailbox's password is sealed.
    package static func place(_ tenant: TenantID, _ id: MailboxID) -> SecretPlace {
        SecretPlace(tenant: tenant, table: "mailboxes", row: "\(id)")
    }

    /// `password` is an envelope sealed at `place`. Throws `StoreError.taken` where the persona has the address.
    package func create(
        _ tenant: TenantID, id: MailboxID, persona: PersonaID, settings: MailboxSettings, password: [UInt8],
        actor: String
    ) async throws -> Mailbox {
        let results = try await refusing {
            try await database.batch(
                tenant,
                [
                    PostgresStatement(
                        """
                        INSERT INTO mailboxes (tenant_id, mailbox_id, persona_id, address, display_name, username, imap, smtp,
                            certificate_authority, inbox, sent_folder, allowed_senders, graph_id, status, password)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                        RETURNING \(Self.columns)
                        """,
                        [tenant.value, id.value, persona.value] + Self.values(settings) + [.bytes(password)]),
                    AuditEntry(
                        actor: actor, action: "mailbox.created", subject: "mailbox:\(id)",
                        detail: ["address": .string(settings.address)]
                    ).statement(),
                ])
        }
        return try Self.mailbox(results[0][0])
    }

    private func refusing<Value>(_ write: () async throws -> Value) async throws -> Value {
        do {
            return try await write()
        } catch let error as PostgresError where error.isUniqueViolation {
            throw StoreError.taken("address")
        } catch let error as PostgresError where error.isForeignKeyViolation {
            throw StoreError.notFound("graph")
        }
    }

    package func find(_ tenant: TenantID, _ id: MailboxID) async throws -> Mailbox? {
        try await database.rows(
            tenant, "SELECT \(Self.columns) FROM mailboxes WHERE tenant_id = $1 AND mailbox_id = $2",
            [tenant.value, id.value]
        ).first.map(Self.mailbox)
    }

    package func list(_ tenant: TenantID, persona: PersonaID, after: MailboxID?, limit: Int) async throws -> [Mailbox] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM mailboxes
            WHERE tenant_id = $1 AND persona_id = $2 AND ($3::uuid IS NULL OR mailbox_id > $3)
            ORDER BY mailbox_id LIMIT $4
            """, [tenant.value, persona.value, after?.value ?? .null, .int(limit)]
        ).map(Self.mailbox)
    }

    /// Replaces the settings, and the password where one is given.
    package func update(
        _ tenant: TenantID, _ id: MailboxID, revision: Int?, settings: MailboxSettings, password: [UInt8]?,
        actor: String
    ) async throws -> Mailbox {
        let results = try await refusing {
            try await database.batch(
                tenant,
                [
                    PostgresStatement(
                        """
                        UPDATE mailboxes SET address = $4, display_name = $5, username = $6, imap = $7, smtp = $8,
                            certificate_authority = $9, inbox = $10, sent_folder = $11, allowed_senders = $12, graph_id = $13,
                            status = $14, password = coalesce($15, password), last_error = NULL,
                            revision = revision + 1, updated_at = platform_now()
                        WHERE tenant_id = $1 AND mailbox_id = $2 AND ($3::bigint IS NULL OR revision = $3)
                        RETURNING \(Self.columns)
                        """,
                        [tenant.value, id.value, .optional(revision) { .int($0) }] + Self.values(settings)
                            + [.optional(password) { .bytes($0) }]),
                    AuditEntry(actor: actor, action: "mailbox.changed", subject: "mailbox:\(id)").statement(),
                ])
        }
        guard let row = results[0].first else {
            throw try await find(tenant, id) == nil ? StoreError.notFound("mailbox") : StoreError.stale
        }
        return try Self.mailbox(row)
    }

    package func delete(_ tenant: TenantID, _ id: MailboxID, actor: String) async throws -> Bool {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "DELETE FROM mailboxes WHERE tenant_id = $1 AND mailbox_id = $2 RETURNING mailbox_id",
                    [tenant.value, id.value]),
                AuditEntry(actor: actor, action: "mailbox.deleted", subject: "mailbox:\(id)").statement(),
            ])
        return !results[0].isEmpty
    }

    /// Graph of the persona's newest mailbox.
    package func newestGraph(_ tenant: TenantID, persona: PersonaID) async throws -> GraphID? {
        try await database.rows(
            tenant,
            """
            SELECT graph_id FROM mailboxes WHERE tenant_id = $1 AND persona_id = $2 ORDER BY mailbox_id DESC LIMIT 1
            """, [tenant.value, persona.value]
        ).first?.id("graph_id")
    }

    /// The sealed password.
    package func password(_ tenant: TenantID, _ id: MailboxID) async throws -> [UInt8] {
        let rows = try await database.rows(
            tenant, "SELECT password FROM mailboxes WHERE tenant_id = $1 AND mailbox_id = $2",
            [tenant.value, id.value])
        guard let row = rows.first else { throw StoreError.notFound("mailbox") }
        return try row.bytes("password")
    }

    private static func values(_ settings: MailboxSettings) throws -> [PostgresValue] {
        [
            .text(settings.address), .text(settings.displayName), .text(settings.username),
            try .json(JSONValue(encoding: settings.imap)), try .json(JSONValue(encoding: settings.smtp)),
            .optional(settings.certificateAuthority) { .text($0) }, .text(settings.inbox), .text(settings.sentFolder),
            .texts(settings.allowedSenders), settings.graph.value, .text(settings.status),
        ]
    }

    private static func mailbox(_ row: PostgresRow) throws -> Mailbox {
        Mailbox(
            id: try row.id("mailbox_id"), persona: try row.id("persona_id"),
            settings: MailboxSettings(
                address: try row.text("address"), displayName: try row.text("display_name"),
                username: try row.text("username"),
                imap: try JSONValue(parsing: row.json("imap")).decode(),
                smtp: try JSONValue(parsing: row.json("smtp")).decode(),
                certificateAuthority: try row.optionalText("certificate_authority"), inbox: try row.text("inbox"),
                sentFolder: try row.text("sent_folder"), allowedSenders: try row.texts("allowed_senders"),
                graph: try row.id("graph_id"), status: try row.text("status")),
            lastError: try row.optionalText("last_error"), lastPolledAt: try row.optionalTimestamp("last_polled_at"),
            uidValidity: try row.optionalInt("uid_validity"), lastUID: try row.int("last_uid"),
            revision: try row.int("revision"), createdAt: try row.timestamp("created_at"),
            updatedAt: try row.timestamp("updated_at"))
    }
}
