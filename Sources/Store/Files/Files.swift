package import Domain
package import FoundationEssentials
package import Postgres

/// What is known of a file; its bytes lie in the blob store under `sha256`.
package struct FileRecord: Sendable {
    package let id: FileID
    package let run: RunID?
    package let persona: PersonaID?
    package let name: String
    package let mediaType: String
    /// In bytes.
    package let size: Int
    package let sha256: [UInt8]
    package let provenance: String
    package let createdAt: Date
}

package struct Files: Sendable {
    /// Where content came from; `outside` stays with it wherever it goes.
    package enum Provenance: String, Sendable { case user, persona, outside }

    private static let columns =
        "file_id, run_id, persona_id, name, media_type, size, sha256, provenance, created_at"

    let database: Database

    package init(_ database: Database) { self.database = database }

    package func create(
        _ tenant: TenantID, id: FileID, name: String, mediaType: String, size: Int, sha256: [UInt8],
        provenance: Provenance, by user: UserID?, actor: String
    ) async throws -> FileRecord {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    INSERT INTO files (tenant_id, file_id, name, media_type, size, sha256, provenance, created_by)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING \(Self.columns)
                    """,
                    [
                        tenant.value, id.value, .text(name), .text(mediaType), .int(size), .bytes(sha256),
                        .text(provenance.rawValue), user?.value ?? .null,
                    ]),
                AuditEntry(
                    actor: actor, action: "file.created", subject: "file:\(id)",
                    detail: ["name": .string(name), "size": .int(Int64(size))]
                ).statement(),
            ])
        return try Self.file(results[0][0])
    }

    package func find(_ tenant: TenantID, _ id: FileID) async throws -> FileRecord? {
        try await database.rows(
            tenant, "SELECT \(Self.columns) FROM files WHERE tenant_id = $1 AND file_id = $2",
            [tenant.value, id.value]
        ).first.map(Self.file)
    }

    /// Artifacts of a run in the order in which they were made.
    package func artifacts(_ tenant: TenantID, run: RunID, after: FileID?, limit: Int) async throws -> [FileRecord] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM files
            WHERE tenant_id = $1 AND run_id = $2 AND ($3::uuid IS NULL OR file_id > $3)
            ORDER BY file_id LIMIT $4
            """, [tenant.value, run.value, after?.value ?? .null, .int(limit)]
        ).map(Self.file)
    }

    /// Records an artifact in the transaction that completes its job. A repeat of the job replaces the file of the
    /// same name.
    package static func publication(
        _ tenant: TenantID, id: FileID, run: RunID, persona: PersonaID, job: JobID, name: String, mediaType: String,
        size: Int, sha256: [UInt8], provenance: Provenance
    ) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO files (tenant_id, file_id, run_id, persona_id, job_id, name, media_type, size, sha256, provenance)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (tenant_id, job_id, name) DO UPDATE
                SET media_type = excluded.media_type, size = excluded.size, sha256 = excluded.sha256
            """,
            [
                tenant.value, id.value, run.value, persona.value, job.value, .text(name), .text(mediaType), .int(size),
                .bytes(sha256), .text(provenance.rawValue),
            ])
    }

    private static func file(_ row: PostgresRow) throws -> FileRecord {
        FileRecord(
            id: try row.id("file_id"), run: try row.optionalID("run_id"), persona: try row.optionalID("persona_id"),
            name: try row.text("name"), mediaType: try row.text("media_type"), size: try row.int("size"),
            sha256: try row.bytes("sha256"), provenance: try row.text("provenance"),
            createdAt: try row.timestamp("created_at"))
    }
}
