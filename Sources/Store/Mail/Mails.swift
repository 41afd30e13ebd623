package import Domain
package import FoundationEssentials
import Postgres

/// A mail that was seen, acted on or not.
package struct Mail: Sendable {
    package let id: MailID
    package let fromAddress: String
    package let subject: String
    package let size: Int
    package let verdict: String
    package let reason: String?
    package let run: RunID?
    package let receivedAt: Date
}

package struct Mails: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The run that a mail began; `nil` while it has not been seen, and for a refused one.
    package func run(_ tenant: TenantID, mailbox: MailboxID, messageID: String) async throws -> RunID? {
        try await database.rows(
            tenant, "SELECT run_id FROM mails WHERE tenant_id = $1 AND mailbox_id = $2 AND identity = $3",
            [tenant.value, mailbox.value, .text(messageID)]
        ).first?.optionalID("run_id")
    }

    /// Newest first.
    package func list(_ tenant: TenantID, mailbox: MailboxID, before: MailID?, limit: Int) async throws -> [Mail] {
        try await database.rows(
            tenant,
            """
            SELECT mail_id, from_address, subject, size, verdict, reason, run_id, received_at FROM mails
            WHERE tenant_id = $1 AND mailbox_id = $2 AND ($3::uuid IS NULL OR mail_id < $3)
            ORDER BY mail_id DESC LIMIT $4
            """, [tenant.value, mailbox.value, before?.value ?? .null, .int(limit)]
        ).map {
            Mail(
                id: try $0.id("mail_id"), fromAddress: try $0.text("from_address"), subject: try $0.text("subject"),
                size: try $0.int("size"), verdict: try $0.text("verdict"), reason: try $0.optionalText("reason"),
                run: try $0.optionalID("run_id"), receivedAt: try $0.timestamp("received_at"))
        }
    }
}
