import Crypto
package import Domain
package import FoundationEssentials
import Postgres

/// One link of a tenant's chain.
package struct AuditRecord: Sendable {
    package let seq: Int
    package let at: Date
    package let actor: String
    package let action: String
    package let subject: String
    package let run: RunID?
    /// The stored bytes that the hash covers.
    package let entry: [UInt8]
    package let previousHash: [UInt8]
    package let hash: [UInt8]
}

package struct AuditFilter: Sendable {
    package var actor: String?
    package var action: String?
    package var run: RunID?
    package var from: Date?
    package var to: Date?

    package init(
        actor: String? = nil, action: String? = nil, run: RunID? = nil, from: Date? = nil, to: Date? = nil
    ) {
        self.actor = actor
        self.action = action
        self.run = run
        self.from = from
        self.to = to
    }
}

/// What verifying a chain found.
package enum AuditVerdict: Sendable, Hashable {
    case intact(entries: Int)
    /// The first entry that does not follow from the one before it, and why.
    case broken(seq: Int, reason: String)
}

package struct AuditLog: Sendable {
    /// Entries read at a time while verifying.
    static let verifyBatch = 1_000

    let database: Database

    package init(_ database: Database) { self.database = database }

    package func append(_ tenant: TenantID, _ entry: AuditEntry) async throws {
        _ = try await database.batch(tenant, [entry.statement()])
    }

    /// Newest first; `before` is the sequence number to go on from.
    package func list(_ tenant: TenantID, _ filter: AuditFilter, before: Int?, limit: Int) async throws -> [AuditRecord]
    {
        try await database.rows(
            tenant,
            """
            SELECT seq, at, actor, action, subject, run_id, entry, previous_hash, hash FROM audit_log
            WHERE tenant_id = $1 AND ($2::bigint IS NULL OR seq < $2)
                AND ($3::text IS NULL OR actor = $3) AND ($4::text IS NULL OR action = $4)
                AND ($5::uuid IS NULL OR run_id = $5)
                AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
            ORDER BY seq DESC LIMIT $8
            """,
            [
                tenant.value, .optional(before) { .int($0) }, .optional(filter.actor) { .text($0) },
                .optional(filter.action) { .text($0) }, filter.run?.value ?? .null,
                .optional(filter.from) { .timestamp($0) }, .optional(filter.to) { .timestamp($0) }, .int(limit),
            ]
        ).map(Self.record)
    }

    /// Recomputes every hash of the tenant's chain, up to its head, also while entries are being appended.
    package func verify(_ tenant: TenantID) async throws -> AuditVerdict {
        var previous = [UInt8](repeating: 0, count: 32)
        var last = 0
        // A head beyond the last entry may be of an entry appended meanwhile: reading on must then find that one.
        var promised = 0
        while true {
            while true {
                let records = try await entries(tenant, after: last)
                for record in records {
                    if let reason = record.fault(after: previous, seq: last) {
                        return .broken(seq: record.seq, reason: reason)
                    }
                    previous = record.hash
                    last = record.seq
                }
                if records.count < Self.verifyBatch { break }
            }
            guard last >= promised else {
                return .broken(seq: last + 1, reason: "the chain ends at \(last), but its head says \(promised)")
            }
            let head = try await database.rows(
                tenant, "SELECT seq, hash FROM audit_heads WHERE tenant_id = $1", [tenant.value]
            ).first
            let expected = try head.map { (try $0.int("seq"), try $0.bytes("hash")) } ?? (0, previous)
            if expected == (last, previous) { return .intact(entries: last) }
            guard expected.0 > last else {
                return .broken(seq: last + 1, reason: "the chain ends at \(last), but its head says \(expected.0)")
            }
            promised = expected.0
        }
    }

    private func entries(_ tenant: TenantID, after last: Int) async throws -> [AuditRecord] {
        try await database.rows(
            tenant,
            """
            SELECT seq, at, actor, action, subject, run_id, entry, previous_hash, hash FROM audit_log
            WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
            """, [tenant.value, .int(last), .int(Self.verifyBatch)]
        ).map(Self.record)
    }

    private static func record(_ row: PostgresRow) throws -> AuditRecord {
        AuditRecord(
            seq: try row.int("seq"), at: try row.timestamp("at"), actor: try row.text("actor"),
            action: try row.text("action"), subject: try row.text("subject"), run: try row.optionalID("run_id"),
            entry: try row.bytes("entry"), previousHash: try row.bytes("previous_hash"), hash: try row.bytes("hash"))
    }
}

extension AuditRecord {
    /// hash = SHA-256(previous hash || seq, 8 bytes big-endian || entry), as `audit_append` makes it.
    fileprivate func fault(after previous: [UInt8], seq last: Int) -> String? {
        guard seq == last + 1 else { return "entry \(last + 1) is missing" }
        guard previousHash == previous else { return "it does not name the hash of the entry before it" }
        var hasher = SHA256()
        hasher.update(data: Data(previousHash))
        hasher.update(data: withUnsafeBytes(of: UInt64(seq).bigEndian) { Data($0) })
        hasher.update(data: Data(entry))
        return Array(hasher.finalize()) == hash ? nil : "its content does not match its hash"
    }
}
