package import Domain
package import Postgres

/// The two ways to the tables: as a tenant, and as the dispatcher that sees ids and leases of all (ADR 1).
package struct Database: Sendable {
    /// Connections of `persona_app`.
    package let app: PostgresPool
    /// Connections of `persona_dispatch`.
    package let dispatch: PostgresPool
    /// Runs that begin together are created together.
    let creations: Gathering<RunCreation, Result<[UInt8]?, any Error>>
    /// Calls that end together are written together.
    let ends: Gathering<JobEnd, Result<Void, any Error>>

    package init(app: PostgresPool, dispatch: PostgresPool) {
        self.app = app
        self.dispatch = dispatch
        creations = Gathering(most: RunCreation.largestGroup) { await RunCreation.commit($0, app) }
        ends = Gathering(most: JobEnd.largestGroup) { await JobEnd.commit($0, app) }
    }

    /// One statement as `tenant`, in a transaction of its own: one round trip.
    package func rows(_ tenant: TenantID, _ sql: String, _ parameters: [PostgresValue] = []) async throws
        -> [PostgresRow]
    {
        try await batch(tenant, [PostgresStatement(sql, parameters)])[0]
    }

    /// Several statements as `tenant` in one transaction and one round trip; all or none.
    package func batch(_ tenant: TenantID, _ statements: [PostgresStatement]) async throws -> [[PostgresRow]] {
        try await app.batch(settings: [("app.tenant", tenant.description)], statements).map(\.rows)
    }

    /// A transaction as `tenant` whose later statements depend on earlier rows.
    ///
    /// Where the answer to its COMMIT is lost the server is asked what became of it (`pg_xact_status`), unless
    /// `isLookedUp` is false: a transaction that only reads need take no id. Only where the server cannot be asked
    /// either, `commitOutcomeUnknown` is thrown.
    package func transaction<Value>(
        _ tenant: TenantID, isLookedUp: Bool = true, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var made: Value?
        do {
            return try await app.transaction(
                settings: [("app.tenant", tenant.description)], recordingXID: isLookedUp
            ) { connection in
                let value = try await body(connection)
                made = value
                return value
            }
        } catch let error as PostgresError {
            guard case .commitOutcomeUnknown(let xid?) = error.code, let made else { throw error }
            guard try await hasCommitted(xid, orThrow: error) else {
                throw PostgresError(.connectionLost, "the connection broke before COMMIT took effect")
            }
            return made
        }
    }

    /// Looks while the server has not noticed that its client is gone: 20 times in a second, then it stays unknown.
    private static let mostLooks = 20
    private static let lookInterval = Duration.milliseconds(50)

    private func hasCommitted(_ xid: String, orThrow unknown: PostgresError) async throws -> Bool {
        for _ in 0..<Self.mostLooks {
            let outcome: PostgresOutcome
            do {
                outcome = try await app.outcome(of: xid)
            } catch {
                throw unknown
            }
            switch outcome {
            case .committed: return true
            case .aborted: return false
            case .inProgress: try await Task.sleep(for: Self.lookInterval)
            case .forgotten: throw unknown
            }
        }
        throw unknown
    }
}

extension Identifier {
    /// As a parameter.
    package var value: PostgresValue { .uuid(uuid) }
}

extension PostgresRow {
    package func id<Subject>(_ name: PostgresColumn) throws -> Identifier<Subject> { Identifier(try uuid(name)) }

    package func optionalID<Subject>(_ name: PostgresColumn) throws -> Identifier<Subject>? {
        try optionalUUID(name).map { Identifier($0) }
    }
}

/// Appends to the tenant's audit chain in the same transaction as what it tells of (`audit_append`, migration 2).
/// Keep it last in its transaction: it locks the chain's head.
package struct AuditEntry: Sendable {
    package var actor: String
    package var action: String
    package var subject: String
    package var run: RunID?
    package var detail: JSONValue

    package init(actor: String, action: String, subject: String, run: RunID? = nil, detail: JSONValue = [:]) {
        self.actor = actor
        self.action = action
        self.subject = subject
        self.run = run
        self.detail = detail
    }

    package func statement() throws -> PostgresStatement {
        PostgresStatement(
            "SELECT audit_append($1, $2, $3, $4, $5)",
            [.text(actor), .text(action), .text(subject), run?.value ?? .null, try .json(detail)])
    }
}

extension PostgresValue {
    /// A JSON parameter.
    package static func json(_ value: JSONValue) throws -> PostgresValue {
        .json(String(decoding: try value.canonicalBytes(), as: UTF8.self))
    }
}

/// What a repository refuses, apart from what Postgres says.
package enum StoreError: Error, Sendable, Hashable {
    /// A unique name, slug or address is taken.
    case taken(String)
    /// The row changed since it was read.
    case stale
    case notFound(String)
    /// Too many of the tenant's runs wait to be begun.
    case queueFull
}
