package import Domain
package import FoundationEssentials
import Postgres

/// A persona or a graph, with the definition of one of its versions.
package struct Versioned<Subject>: Sendable {
    package let id: Identifier<Subject>
    package let slug: String
    package let name: String
    package let status: String
    package let version: Int
    package let definition: JSONValue
    /// Raised by each change: the ETag.
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
}

/// One immutable version.
package struct VersionRecord: Sendable {
    package let version: Int
    package let definition: JSONValue
    package let createdBy: UserID?
    package let createdAt: Date
}

/// The SQL of one kind of versioned thing: personas and graphs keep the same shape in tables of their own.
package struct VersionedStatements: Sendable {
    let kind: String
    let insert: String
    let insertVersion: String
    let select: String
    let list: String
    let update: String
    let versions: String
}

/// Repository of things that change by new immutable versions.
package struct VersionedRepository<Subject>: Sendable {
    let database: Database
    let statements: VersionedStatements

    /// Throws `StoreError.taken` where the slug is in use.
    package func create(
        _ tenant: TenantID, id: Identifier<Subject>, slug: String, name: String, definition: JSONValue,
        by user: UserID?,
        actor: String
    ) async throws -> Versioned<Subject> {
        do {
            _ = try await database.batch(
                tenant,
                [
                    PostgresStatement(
                        statements.insert, [tenant.value, id.value, .text(slug), .text(name)]),
                    PostgresStatement(
                        statements.insertVersion,
                        [tenant.value, id.value, .int(1), try .json(definition), user?.value ?? .null]),
                    AuditEntry(
                        actor: actor, action: "\(statements.kind).created", subject: "\(statements.kind):\(id)"
                    ).statement(),
                ])
        } catch let error as PostgresError where error.isUniqueViolation {
            throw StoreError.taken("slug")
        }
        guard let created = try await find(tenant, id) else { throw StoreError.notFound(statements.kind) }
        return created
    }

    package func find(_ tenant: TenantID, _ id: Identifier<Subject>) async throws -> Versioned<Subject>? {
        try await database.rows(tenant, statements.select, [tenant.value, id.value, .null]).first.map(Self.versioned)
    }

    package func find(_ tenant: TenantID, slug: String) async throws -> Versioned<Subject>? {
        try await database.rows(tenant, statements.select, [tenant.value, .null, .text(slug)]).first
            .map(Self.versioned)
    }

    package func list(_ tenant: TenantID, after: Identifier<Subject>?, limit: Int) async throws -> [Versioned<Subject>]
    {
        try await database.rows(
            tenant, statements.list, [tenant.value, after?.value ?? .null, .int(limit)]
        ).map(Self.versioned)
    }

    /// Changes what is not `nil`; a definition makes a new version. Throws `StoreError.stale` where `revision` is no
    /// longer the row's.
    package func update(
        _ tenant: TenantID, _ id: Identifier<Subject>, revision: Int?, name: String?, status: String?,
        definition: JSONValue?, by user: UserID?, actor: String
    ) async throws -> Versioned<Subject> {
        try await database.transaction(tenant) { connection in
            let changed = try await connection.query(
                statements.update,
                [
                    tenant.value, id.value, .optional(revision) { .int($0) }, .optional(name) { .text($0) },
                    .optional(status) { .text($0) }, .bool(definition != nil),
                ])
            guard let version = try changed.first?.int("version") else {
                let known = try await connection.query(statements.select, [tenant.value, id.value, .null])
                throw known.isEmpty ? StoreError.notFound(statements.kind) : StoreError.stale
            }
            if let definition {
                _ = try await connection.query(
                    statements.insertVersion,
                    [tenant.value, id.value, .int(version), try .json(definition), user?.value ?? .null])
            }
            let entry = try AuditEntry(
                actor: actor, action: "\(statements.kind).changed", subject: "\(statements.kind):\(id)",
                detail: ["version": .int(Int64(version))]
            ).statement()
            _ = try await connection.query(entry.sql, entry.values)
        }
        guard let updated = try await find(tenant, id) else { throw StoreError.notFound(statements.kind) }
        return updated
    }

    /// Versions of one thing, newest first.
    package func versions(_ tenant: TenantID, _ id: Identifier<Subject>, before: Int?, limit: Int) async throws
        -> [VersionRecord]
    {
        try await database.rows(
            tenant, statements.versions,
            [tenant.value, id.value, .optional(before) { .int($0) }, .int(limit)]
        ).map {
            VersionRecord(
                version: try $0.int("version"), definition: try JSONValue(parsing: $0.json("definition")),
                createdBy: try $0.optionalID("created_by"), createdAt: try $0.timestamp("created_at"))
        }
    }

    private static func versioned(_ row: PostgresRow) throws -> Versioned<Subject> {
        Versioned(
            id: try row.id("id"), slug: try row.text("slug"), name: try row.text("name"),
            status: try row.text("status"), version: try row.int("version"),
            definition: try JSONValue(parsing: row.json("definition")), revision: try row.int("revision"),
            createdAt: try row.timestamp("created_at"), updatedAt: try row.timestamp("updated_at"))
    }
}

package typealias Personas = VersionedRepository<PersonaSubject>

extension VersionedRepository where Subject == PersonaSubject {
    package init(_ database: Database) {
        self.init(database: database, statements: .personas)
    }
}

extension VersionedStatements {
    fileprivate static let personas = VersionedStatements(
        kind: "persona",
        insert: "INSERT INTO personas (tenant_id, persona_id, slug, name, version) VALUES ($1, $2, $3, $4, 1)",
        insertVersion: """
            INSERT INTO persona_versions (tenant_id, persona_id, version, definition, created_by)
            VALUES ($1, $2, $3, $4, $5)
            """,
        select: """
            SELECT p.persona_id AS id, p.slug, p.name, p.status, p.version, v.definition, p.revision, p.created_at, p.updated_at
            FROM personas p
            JOIN persona_versions v USING (tenant_id, persona_id, version)
            WHERE p.tenant_id = $1 AND (p.persona_id = $2::uuid OR p.slug = $3::text)
            """,
        list: """
            SELECT p.persona_id AS id, p.slug, p.name, p.status, p.version, v.definition, p.revision, p.created_at, p.updated_at
            FROM personas p
            JOIN persona_versions v USING (tenant_id, persona_id, version)
            WHERE p.tenant_id = $1 AND p.status = 'active' AND ($2::uuid IS NULL OR p.persona_id > $2)
            ORDER BY p.persona_id LIMIT $3
            """,
        update: """
            UPDATE personas SET name = coalesce($4, name), status = coalesce($5, status),
                version = version + CASE WHEN $6 THEN 1 ELSE 0 END, revision = revision + 1, updated_at = platform_now()
            WHERE tenant_id = $1 AND persona_id = $2 AND ($3::bigint IS NULL OR revision = $3)
            RETURNING version
            """,
        versions: """
            SELECT version, definition, created_by, created_at FROM persona_versions
            WHERE tenant_id = $1 AND persona_id = $2 AND ($3::int IS NULL OR version < $3)
            ORDER BY version DESC LIMIT $4
            """)
}
