package import Domain
import Failpoints
import Postgres

/// A mailbox under this process's watch; only this epoch may record its mail.
package struct MailboxLease: Sendable, Hashable {
    package let tenant: TenantID
    package let mailbox: MailboxID
    package let persona: PersonaID
    package let epoch: Int
}

/// A mail that was seen, and what is to be done with it.
package struct MailArrival: Sendable {
    package var uid: Int
    package var messageID: String?
    package var fromAddress: String
    package var fromName: String
    package var subject: String
    package var size: Int
    /// `nil`: accepted, a run begins.
    package var refusal: String?

    package init(
        uid: Int, messageID: String?, fromAddress: String, fromName: String, subject: String, size: Int,
        refusal: String?
    ) {
        self.uid = uid
        self.messageID = messageID
        self.fromAddress = fromAddress
        self.fromName = fromName
        self.subject = subject
        self.size = size
        self.refusal = refusal
    }
}

/// Who watches which mailbox, and the record of what arrived.
package struct MailboxLeases: Sendable {
    /// Subjects and names are cut to this many characters in the record.
    static let longestText = 500

    let database: Database
    let owner: ProcessOwner

    package init(_ database: Database, owner: ProcessOwner) {
        self.database = database
        self.owner = owner
    }

    /// Takes up to `limit` mailboxes that nobody living watches.
    package func take(limit: Int) async throws -> [MailboxLease] {
        try await database.dispatch.query(
            """
            WITH free AS (
                SELECT tenant_id, mailbox_id FROM mailboxes
                WHERE status = 'active' AND (owner IS NULL OR lease_until < platform_now()
                    OR owner NOT IN (SELECT living_owners()))
                ORDER BY lease_until NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED)
            UPDATE mailboxes m SET owner = $1, epoch = m.epoch + 1,
                lease_until = platform_now() + make_interval(secs => $3)
            FROM free WHERE m.tenant_id = free.tenant_id AND m.mailbox_id = free.mailbox_id
            RETURNING m.tenant_id, m.mailbox_id, m.persona_id, m.epoch
            """, [.int(owner.number), .int(limit), .int(Self.leaseSeconds)]
        ).map {
            MailboxLease(
                tenant: try $0.id("tenant_id"), mailbox: try $0.id("mailbox_id"), persona: try $0.id("persona_id"),
                epoch: try $0.int("epoch"))
        }
    }

    /// A poll waits long; its lease is renewed three times in this time.
    package static let leaseSeconds = 30

    /// Prolongs the lease; false where it is another's or the mailbox is paused or gone.
    package func renew(_ lease: MailboxLease) async throws -> Bool {
        try await !database.dispatch.query(
            """
            UPDATE mailboxes SET lease_until = platform_now() + make_interval(secs => $4)
            WHERE tenant_id = $1 AND mailbox_id = $2 AND epoch = $3 AND owner IS NOT NULL AND status = 'active'
            RETURNING mailbox_id
            """, [lease.tenant.value, lease.mailbox.value, .int(lease.epoch), .int(Self.leaseSeconds)]
        ).isEmpty
    }

    package func release(_ lease: MailboxLease) async throws {
        _ = try await database.dispatch.query(
            """
            UPDATE mailboxes SET owner = NULL, lease_until = NULL
            WHERE tenant_id = $1 AND mailbox_id = $2 AND epoch = $3
            """, [lease.tenant.value, lease.mailbox.value, .int(lease.epoch)])
    }

    /// Notes why the mailbox cannot be read, for people.
    package func report(_ lease: MailboxLease, error: String) async throws {
        _ = try await database.rows(
            lease.tenant,
            """
            UPDATE mailboxes SET last_error = $4, last_polled_at = platform_now()
            WHERE tenant_id = $1 AND mailbox_id = $2 AND epoch = $3
            """, [lease.tenant.value, lease.mailbox.value, .int(lease.epoch), .text(error)])
    }

    /// Records each mail once and starts the run of an accepted one, all in one transaction; gives the runs begun.
    ///
    /// `run` makes the run of an accepted mail. A mail that is known already (a rescan, a second look after a crash)
    /// starts nothing. Throws `LeaseError.fenced` where the mailbox is another's.
    package func record(
        _ lease: MailboxLease, _ arrivals: [MailArrival], uidValidity: Int, highestUID: Int,
        run: (MailArrival) throws -> NewRun
    ) async throws -> [RunID] {
        Failpoint.hit(.mailBeforeAccept)
        let begun = try await database.transaction(lease.tenant) { connection in
            let held = try await connection.query(
                """
                UPDATE mailboxes SET uid_validity = $4, last_uid = $5, last_error = NULL, last_polled_at = platform_now()
                WHERE tenant_id = $1 AND mailbox_id = $2 AND epoch = $3 AND owner IS NOT NULL RETURNING 1
                """,
                [lease.tenant.value, lease.mailbox.value, .int(lease.epoch), .int(uidValidity), .int(highestUID)])
            guard !held.isEmpty else { throw LeaseError.fenced }
            var begun: [RunID] = []
            for arrival in arrivals {
                if let run = try await record(arrival, lease, uidValidity, run, on: connection) { begun.append(run) }
            }
            return begun
        }
        Failpoint.hit(.mailAfterAccept)
        return begun
    }

    private func record(
        _ arrival: MailArrival, _ lease: MailboxLease, _ uidValidity: Int, _ make: (MailArrival) throws -> NewRun,
        on connection: PostgresConnection
    ) async throws -> RunID? {
        let identity = arrival.messageID ?? "uid:\(uidValidity):\(arrival.uid)"
        let known = try await connection.query(
            "SELECT 1 FROM mails WHERE tenant_id = $1 AND mailbox_id = $2 AND identity = $3",
            [lease.tenant.value, lease.mailbox.value, .text(identity)])
        guard known.isEmpty else { return nil }
        let run = arrival.refusal == nil ? try make(arrival) : nil
        let mail = MailID.new()
        var statements = try run?.statements(lease.tenant, actor: "system") ?? []
        // The run's audit entry comes last in its statements; the mail's row goes before it (lock order).
        statements.insert(
            insertion(arrival, lease, uidValidity, identity, mail, run?.id), at: max(0, statements.count - 1))
        if let refusal = arrival.refusal {
            statements.append(
                try AuditEntry(
                    actor: "system", action: "mail.refused", subject: "mail:\(mail)",
                    detail: ["reason": .string(refusal)]
                ).statement())
        }
        for statement in statements { _ = try await connection.query(statement.sql, statement.values) }
        return run?.id
    }

    private func insertion(
        _ arrival: MailArrival, _ lease: MailboxLease, _ uidValidity: Int, _ identity: String, _ mail: MailID,
        _ run: RunID?
    ) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO mails (tenant_id, mail_id, mailbox_id, uid_validity, uid, identity, from_address, from_name,
                subject, size, verdict, reason, run_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                lease.tenant.value, mail.value, lease.mailbox.value, .int(uidValidity), .int(arrival.uid),
                .text(identity), .text(String(arrival.fromAddress.prefix(Self.longestText))),
                .text(String(arrival.fromName.prefix(Self.longestText))),
                .text(String(arrival.subject.prefix(Self.longestText))), .int(arrival.size),
                .text(arrival.refusal == nil ? "accepted" : "refused"), .optional(arrival.refusal) { .text($0) },
                run?.value ?? .null,
            ])
    }
}
