package import Domain
package import FoundationEssentials
import JSONSchema
import Postgres
package import ToolKit
package import Vault

package enum ToolSourceSubject {}
package typealias ToolSourceID = Identifier<ToolSourceSubject>

/// Where a tenant's own tools come from, its secrets apart.
package struct ToolSource: Sendable {
    package enum Kind: String, Sendable, Codable, CaseIterable { case openapi, mcp, command }
    package enum Status: String, Sendable, CaseIterable {
        /// A server is still to be asked for its tools.
        case pending
        case ready, failed
    }

    package let id: ToolSourceID
    /// `nil`: for every persona.
    package let persona: PersonaID?
    package let name: String
    package let kind: Kind
    package let definition: JSONValue
    package let status: Status
    package let lastError: String?
    /// Raised by each change of its tools.
    package let version: Int
    package let tools: Int
    package let refreshedAt: Date?
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
}

/// A tool that a source offers, as it is to be kept.
package struct OfferedTool: Sendable, Hashable {
    package var contract: ToolContract
    package var binding: JSONValue

    package init(contract: ToolContract, binding: JSONValue) {
        self.contract = contract
        self.binding = binding
    }
}

package struct ToolSources: Sendable {
    /// Tools of one source, and sources of one tenant: a persona's model never sees more than a few of them.
    package static let mostTools = 500
    package static let most = 100

    private static let columns = """
        s.source_id, s.persona_id, s.name, s.kind, s.definition, s.status, s.last_error, s.version, s.refreshed_at,
        s.revision, s.created_at, s.updated_at,
        (SELECT count(*) FROM source_tools t
            WHERE t.tenant_id = s.tenant_id AND t.source_id = s.source_id AND t.removed_at IS NULL) AS tools
        """

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Where a secret of a source is sealed.
    package static func place(_ tenant: TenantID, _ id: ToolSourceID, _ name: String) -> SecretPlace {
        SecretPlace(tenant: tenant, table: "tool_source_secrets", row: "\(id)/\(name)")
    }

    package func list(_ tenant: TenantID, after: ToolSourceID?, limit: Int) async throws -> [ToolSource] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM tool_sources s WHERE s.tenant_id = $1 AND ($2::uuid IS NULL OR s.source_id > $2)
            ORDER BY s.source_id LIMIT $3
            """, [tenant.value, after?.value ?? .null, .int(limit)]
        ).map(Self.read)
    }

    package func find(_ tenant: TenantID, _ id: ToolSourceID) async throws -> ToolSource? {
        try await database.rows(
            tenant, "SELECT \(Self.columns) FROM tool_sources s WHERE s.tenant_id = $1 AND s.source_id = $2",
            [tenant.value, id.value]
        ).first.map(Self.read)
    }

    /// `secrets` are envelopes sealed at `place`; `tools` is `nil` where a server is to be asked for them. Throws
    /// `StoreError.taken` where the name is in use, `notFound` where the persona is not the tenant's or there are `most`.
    package func create(
        _ tenant: TenantID, id: ToolSourceID, name: String, kind: ToolSource.Kind, persona: PersonaID?,
        definition: JSONValue, secrets: [String: [UInt8]], tools: [OfferedTool]?, actor: String
    ) async throws -> ToolSource {
        do {
            return try await database.transaction(tenant) { connection in
                let made = try await connection.query(
                    """
                    INSERT INTO tool_sources (tenant_id, source_id, persona_id, name, kind, definition)
                    SELECT $1, $2, $3, $4, $5, $6
                    WHERE (SELECT count(*) FROM tool_sources WHERE tenant_id = $1) < $7
                        AND ($3::uuid IS NULL OR EXISTS (
                            SELECT 1 FROM personas p WHERE p.tenant_id = $1 AND p.persona_id = $3))
                    RETURNING source_id
                    """,
                    [
                        tenant.value, id.value, persona?.value ?? .null, .text(name), .text(kind.rawValue),
                        try .json(definition), .int(Self.most),
                    ])
                guard !made.isEmpty else { throw StoreError.notFound("persona") }
                _ = try await connection.pipeline(
                    secrets.sorted { $0.key < $1.key }.map { name, envelope in
                        PostgresStatement(
                            """
                            INSERT INTO tool_source_secrets (tenant_id, source_id, name, secret) VALUES ($1, $2, $3, $4)
                            """, [tenant.value, id.value, .text(name), .bytes(envelope)])
                    })
                if let tools { try await Self.replace(tenant, id, tools, on: connection) }
                let entry = AuditEntry(
                    actor: actor, action: "tool_source.created", subject: "tool_source:\(id)",
                    detail: ["name": .string(name), "kind": .string(kind.rawValue)])
                let rows = try await connection.query(
                    "SELECT \(Self.columns) FROM tool_sources s WHERE s.tenant_id = $1 AND s.source_id = $2",
                    [tenant.value, id.value])
                _ = try await connection.pipeline([try entry.statement()])
                return try Self.read(rows[0])
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            throw StoreError.taken("name of a source or of one of its tools")
        }
    }

    package func remove(_ tenant: TenantID, _ id: ToolSourceID, actor: String) async throws -> Bool {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "DELETE FROM tool_sources WHERE tenant_id = $1 AND source_id = $2 RETURNING name",
                    [tenant.value, id.value]),
                try AuditEntry(actor: actor, action: "tool_source.removed", subject: "tool_source:\(id)").statement(),
            ])
        return !results[0].isEmpty
    }

    /// Has a server asked again for its tools. False where there is no such source.
    package func refresh(_ tenant: TenantID, _ id: ToolSourceID) async throws -> Bool {
        try await !database.rows(
            tenant,
            """
            UPDATE tool_sources SET status = 'pending', lease_until = NULL, updated_at = platform_now()
            WHERE tenant_id = $1 AND source_id = $2 AND kind = 'mcp' RETURNING 1
            """, [tenant.value, id.value]
        ).isEmpty
    }

    package func secrets(_ tenant: TenantID, _ id: ToolSourceID) async throws -> [String: [UInt8]] {
        let rows = try await database.rows(
            tenant, "SELECT name, secret FROM tool_source_secrets WHERE tenant_id = $1 AND source_id = $2",
            [tenant.value, id.value])
        return try Dictionary(rows.map { (try $0.text("name"), try $0.bytes("secret")) }) { first, _ in first }
    }

    // MARK: Asking servers

    /// Seconds for which one asks; another may after them.
    package static let leaseSeconds = 120

    /// Takes sources whose servers are to be asked for their tools.
    package func takePending(limit: Int) async throws -> [(tenant: TenantID, id: ToolSourceID)] {
        try await database.dispatch.query(
            """
            UPDATE tool_sources SET lease_until = platform_now() + make_interval(secs => $2)
            WHERE (tenant_id, source_id) IN (
                SELECT tenant_id, source_id FROM tool_sources
                WHERE status = 'pending' AND kind = 'mcp' AND (lease_until IS NULL OR lease_until < platform_now())
                LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING tenant_id, source_id
            """, [.int(limit), .int(Self.leaseSeconds)]
        ).map { (try $0.id("tenant_id"), try $0.id("source_id")) }
    }

    /// Records what a server offers, or why it could not be asked.
    package func answered(_ tenant: TenantID, _ id: ToolSourceID, _ answer: Result<[OfferedTool], ToolFailure>)
        async throws
    {
        try await database.transaction(tenant) { connection in
            let exists = try await connection.query(
                "SELECT 1 FROM tool_sources WHERE tenant_id = $1 AND source_id = $2 FOR UPDATE",
                [tenant.value, id.value])
            guard !exists.isEmpty else { return }
            var detail: JSONValue
            switch answer {
            case .success(let tools):
                try await Self.replace(tenant, id, tools, on: connection)
                detail = ["tools": .int(Int64(tools.count))]
            case .failure(let failure):
                try await connection.execute(
                    """
                    UPDATE tool_sources SET status = 'failed', last_error = $3, lease_until = NULL,
                        updated_at = platform_now()
                    WHERE tenant_id = $1 AND source_id = $2
                    """, [tenant.value, id.value, .text(failure.message)])
                detail = ["error": .string(failure.code)]
            }
            let entry = AuditEntry(
                actor: "system", action: "tool_source.refreshed", subject: "tool_source:\(id)", detail: detail)
            _ = try await connection.pipeline([try entry.statement()])
        }
    }

    /// A tool whose contract changed is a new version of it; one that is offered no more stays in the record.
    private static func replace(
        _ tenant: TenantID, _ id: ToolSourceID, _ tools: [OfferedTool], on connection: PostgresConnection
    ) async throws {
        var statements = [
            PostgresStatement(
                """
                UPDATE source_tools SET removed_at = platform_now()
                WHERE tenant_id = $1 AND source_id = $2 AND removed_at IS NULL AND name <> ALL ($3)
                """, [tenant.value, id.value, .texts(tools.map(\.contract.descriptor.name))])
        ]
        for tool in tools.prefix(mostTools) {
            statements.append(
                PostgresStatement(
                    """
                    INSERT INTO source_tools AS t (tenant_id, source_id, name, version, descriptor, input_schema,
                        output_schema, binding)
                    VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
                    ON CONFLICT (tenant_id, name) DO UPDATE SET
                        version = t.version + 1,
                        descriptor = jsonb_set(excluded.descriptor::jsonb, '{version}', to_jsonb(t.version + 1))::json,
                        input_schema = excluded.input_schema, output_schema = excluded.output_schema,
                        binding = excluded.binding, removed_at = NULL, updated_at = platform_now()
                    WHERE t.source_id = excluded.source_id AND (t.removed_at IS NOT NULL
                        OR t.descriptor::jsonb - 'version' <> excluded.descriptor::jsonb - 'version'
                        OR t.input_schema::jsonb <> excluded.input_schema::jsonb
                        OR t.output_schema::jsonb <> excluded.output_schema::jsonb
                        OR t.binding::jsonb <> excluded.binding::jsonb)
                    """,
                    [
                        tenant.value, id.value, .text(tool.contract.descriptor.name),
                        try .json(JSONValue(encoding: tool.contract.descriptor)),
                        try .json(tool.contract.input.document),
                        try .json(tool.contract.output.document), try .json(tool.binding),
                    ]))
        }
        statements.append(
            PostgresStatement(
                """
                UPDATE tool_sources SET status = 'ready', last_error = NULL, version = version + 1, lease_until = NULL,
                    refreshed_at = platform_now(), updated_at = platform_now()
                WHERE tenant_id = $1 AND source_id = $2
                """, [tenant.value, id.value]))
        _ = try await connection.pipeline(statements)
    }

    private static func read(_ row: PostgresRow) throws -> ToolSource {
        ToolSource(
            id: try row.id("source_id"), persona: try row.optionalID("persona_id"), name: try row.text("name"),
            kind: try row.known("kind"), definition: try row.value("definition"), status: try row.known("status"),
            lastError: try row.optionalText("last_error"), version: try row.int("version"),
            tools: try row.int("tools"), refreshedAt: try row.optionalTimestamp("refreshed_at"),
            revision: try row.int("revision"), createdAt: try row.timestamp("created_at"),
            updatedAt: try row.timestamp("updated_at"))
    }
}
