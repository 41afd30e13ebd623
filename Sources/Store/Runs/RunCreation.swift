import Domain
import Postgres

/// One run to be created, together with whichever others come at the same time: a commit costs a flush of the log,
/// whatever it holds, and creations of one tenant would wait for each other's flush with its audit head locked.
struct RunCreation: Sendable, Hashable {
    /// Runs created in one transaction; each brings its graph with it.
    static let largestGroup = 128

    let tenant: TenantID
    let run: NewRun
    let actor: String
    /// Whether the tenant's queue limit counts for it.
    var isBounded = false
    var receipt: IdempotencyReceipt?
    /// Whether its document is asked for.
    var hasDocument = false

    static func == (left: RunCreation, right: RunCreation) -> Bool { left.run.id == right.run.id }

    func hash(into hasher: inout Hasher) { hasher.combine(run.id) }

    /// Creates all that can be created: where the server refuses something of it, each stands alone.
    static func commit(
        _ creations: [RunCreation], _ pool: PostgresPool
    ) async -> [RunCreation: Result<[UInt8]?, any Error>] {
        do {
            return try await send(creations, pool).mapValues { .success($0) }
        } catch let error as PostgresError where creations.count > 1 && error.code == .server {
            var results: [RunCreation: Result<[UInt8]?, any Error>] = [:]
            for creation in creations { results.merge(await commit([creation], pool)) { first, _ in first } }
            return results
        } catch {
            return Dictionary(uniqueKeysWithValues: creations.map { ($0, .failure(error)) })
        }
    }

    /// Tenants in the order of their ids, as groups of steps lock audit heads.
    private static func send(_ creations: [RunCreation], _ pool: PostgresPool) async throws -> [RunCreation: [UInt8]?] {
        var statements: [PostgresStatement] = []
        var places: [Int: RunCreation] = [:]
        let groups = Dictionary(grouping: creations, by: \.tenant).sorted { $0.key.uuid < $1.key.uuid }
        for (tenant, group) in groups {
            statements.append(
                PostgresStatement("SELECT set_config('app.tenant', $1, true)", [.text(tenant.description)]))
            statements.append(try insertion(tenant, group.map(\.run)))
            for creation in group {
                if let receipt = creation.receipt {
                    statements.append(RunDocuments.answer(receipt, tenant, creation.run.id))
                }
                guard creation.hasDocument else { continue }
                places[statements.count] = creation
                statements.append(RunDocuments.find(tenant, creation.run.id))
            }
            statements.append(try AuditEntry.statement(group.map { $0.run.entry($0.actor) }))
            if group.contains(where: \.isBounded) { statements.append(RunAdmissions.room()) }
        }
        let results = try await pool.batch(settings: [], statements)
        var documents = Dictionary(uniqueKeysWithValues: creations.map { ($0, [UInt8]?.none) })
        for (place, creation) in places { documents[creation] = try results[place].rows.first?.json("document") }
        return documents
    }

    private static func insertion(_ tenant: TenantID, _ runs: [NewRun]) throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph_id, graph_version, graph, input,
                trigger, trace_id, created_by, priority)
            SELECT $1, r.run_id, r.persona_id, r.persona_version, r.graph_id, r.graph_version, r.graph, r.input,
                r.trigger, r.trace_id, r.created_by, r.priority
            FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::bigint[], $7::json[], $8::json[],
                    $9::text[], $10::text[], $11::uuid[], $12::bigint[])
                AS r (run_id, persona_id, persona_version, graph_id, graph_version, graph, input, trigger, trace_id,
                    created_by, priority)
            """,
            [
                tenant.value, .uuids(runs.map(\.id.uuid)), .uuids(runs.map(\.persona.uuid)),
                .ints(runs.map(\.personaVersion)), .uuids(runs.map { $0.graphID?.uuid }),
                .ints(runs.map(\.graphVersion)), .jsons(try runs.map { try $0.graph.source.text() }),
                .jsons(try runs.map { try $0.input.text() }), .texts(runs.map(\.trigger)), .texts(runs.map(\.traceID)),
                .uuids(runs.map { $0.createdBy?.uuid }), .ints(runs.map(\.priority)),
            ])
    }
}

extension Database {
    /// Creates a run that concerns no other; gives its document where that is asked for.
    func create(_ creation: RunCreation) async throws -> [UInt8]? {
        try await creations.value(of: creation)?.get() ?? nil
    }
}

extension AuditEntry {
    /// Appends entries in order; last in its transaction, as one alone is.
    static func statement(_ entries: [AuditEntry]) throws -> PostgresStatement {
        PostgresStatement(
            "SELECT audit_append_all($1::text[], $2::text[], $3::text[], $4::uuid[], $5::json[])",
            [
                .texts(entries.map(\.actor)), .texts(entries.map(\.action)), .texts(entries.map(\.subject)),
                .uuids(entries.map(\.run?.uuid)), .jsons(try entries.map { try $0.detail.text() }),
            ])
    }
}
