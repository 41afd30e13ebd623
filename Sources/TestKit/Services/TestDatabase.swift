import FoundationEssentials
package import Postgres

/// A schema of its own for one test, in the Postgres that all tests of the process share.
package struct TestDatabase: Sendable {
    package enum Role: String, Sendable, CaseIterable {
        /// The superuser, who owns the schema's tables and migrates.
        case owner
        /// Bound to a tenant by row-level security.
        case application = "persona_app"
        /// Sees ids and lease columns only.
        case dispatch = "persona_dispatch"
    }

    package let schema: String
    private let ownerURL: String

    /// Makes the schema, applies the repository's migrations unless `migrated` is false, runs `body` and drops the schema.
    package static func with<Value>(
        migrated: Bool = true, isolation: isolated (any Actor)? = #isolation,
        _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        let url = try await TestServices.shared.databaseURL()
        let schema = "t_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let database = TestDatabase(schema: schema, ownerURL: url)
        let administration = try await PostgresConnection.connect(PostgresConfiguration(dsn: url))
        try await administration.script("CREATE SCHEMA \(schema)")
        do {
            if migrated { try await database.migrate() }
            let value = try await body(database)
            try await database.drop(administration)
            return value
        } catch {
            // The test's own error is the one to see.
            try? await database.drop(administration)
            throw error
        }
    }

    /// A connection string of this role, without the search path: see `configuration`.
    package func url(_ role: Role) -> String {
        guard role != .owner, let scheme = ownerURL.firstRange(of: "://") else { return ownerURL }
        let rest = ownerURL[scheme.upperBound...]
        let tail = rest.firstIndex(of: "@").map { rest[$0...] } ?? "@\(rest)"
        return ownerURL[..<scheme.upperBound] + role.rawValue + tail
    }

    /// What a connection has to run first.
    package var searchPath: String { "\(schema), public" }

    package func configuration(_ role: Role = .owner) -> PostgresConfiguration {
        PostgresConfiguration(dsn: url(role), onConnect: ["SET search_path TO \(searchPath)"])
    }

    package func connect(_ role: Role = .owner) async throws -> PostgresConnection {
        try await PostgresConnection.connect(configuration(role))
    }

    package func pool(_ role: Role = .application, size: Int = 4) -> PostgresPool {
        PostgresPool(configuration(role), size: size)
    }

    private func migrate() async throws {
        let connection = try await connect()
        try await MigrationRunner(directory: Repository.migrations).up(connection)
        await connection.close()
    }

    private func drop(_ administration: PostgresConnection) async throws {
        try await administration.script("SET client_min_messages TO error; DROP SCHEMA \(schema) CASCADE")
        await administration.close()
    }
}
