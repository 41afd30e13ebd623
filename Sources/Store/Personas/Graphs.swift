package import Domain

package typealias Graphs = VersionedRepository<GraphSubject>

extension VersionedRepository where Subject == GraphSubject {
    package init(_ database: Database) {
        self.init(database: database, statements: .graphs)
    }
}

extension VersionedRepository where Subject == GraphSubject {
    /// `graph` with every stored graph that it names in its place, as a run keeps it. Throws `GraphFaults` for graphs
    /// that are absent or archived, that lead back to each other, or that do not fit.
    package func pinned(_ tenant: TenantID, _ graph: GraphDefinition) async throws -> GraphDefinition {
        try await graph.pinned { reference in
            let found =
                switch reference.subject {
                case .id(let id): try await find(tenant, id)
                case .slug(let slug): try await find(tenant, slug: slug)
                }
            guard let found, found.status == "active" else { return nil }
            guard let version = reference.version, version != found.version else { return found.definition }
            return try await definition(tenant, found.id, version: version)
        }
    }

    /// Of one version; `nil` where there is none such.
    package func definition(_ tenant: TenantID, _ id: GraphID, version: Int) async throws -> JSONValue? {
        let (next, isOver) = version.addingReportingOverflow(1)
        guard !isOver else { return nil }
        return try await versions(tenant, id, before: next, limit: 1).first { $0.version == version }?.definition
    }
}

extension VersionedStatements {
    fileprivate static let graphs = VersionedStatements(
        kind: "graph",
        insert: "INSERT INTO graphs (tenant_id, graph_id, slug, name, version) VALUES ($1, $2, $3, $4, 1)",
        insertVersion: """
            INSERT INTO graph_versions (tenant_id, graph_id, version, definition, created_by)
            VALUES ($1, $2, $3, $4, $5)
            """,
        select: """
            SELECT g.graph_id AS id, g.slug, g.name, g.status, g.version, v.definition, g.revision, g.created_at, g.updated_at
            FROM graphs g
            JOIN graph_versions v USING (tenant_id, graph_id, version)
            WHERE g.tenant_id = $1 AND (g.graph_id = $2::uuid OR g.slug = $3::text)
            """,
        list: """
            SELECT g.graph_id AS id, g.slug, g.name, g.status, g.version, v.definition, g.revision, g.created_at, g.updated_at
            FROM graphs g
            JOIN graph_versions v USING (tenant_id, graph_id, version)
            WHERE g.tenant_id = $1 AND g.status = 'active' AND ($2::uuid IS NULL OR g.graph_id > $2)
            ORDER BY g.graph_id LIMIT $3
            """,
        update: """
            UPDATE graphs SET name = coalesce($4, name), status = coalesce($5, status),
                version = version + CASE WHEN $6 THEN 1 ELSE 0 END, revision = revision + 1, updated_at = platform_now()
            WHERE tenant_id = $1 AND graph_id = $2 AND ($3::bigint IS NULL OR revision = $3)
            RETURNING version
            """,
        versions: """
            SELECT version, definition, created_by, created_at FROM graph_versions
            WHERE tenant_id = $1 AND graph_id = $2 AND ($3::int IS NULL OR version < $3)
            ORDER BY version DESC LIMIT $4
            """)
}
