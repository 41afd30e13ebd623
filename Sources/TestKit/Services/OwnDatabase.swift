import FoundationEssentials
import Postgres

/// A database of its own in the Postgres that all tests of the process share, for programs that take a database's address
/// and no schema.
package struct OwnDatabase: Sendable {
    package let name: String
    /// As the superuser, who owns the tables and migrates.
    package let url: String

    /// Makes the database with extension `vector`, applies the repository's migrations, runs `body` and drops it, whoever
    /// is still connected.
    package static func with<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (OwnDatabase) async throws -> Value
    ) async throws -> Value {
        let shared = try await TestServices.shared.databaseURL()
        let name = "d_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let database = OwnDatabase(name: name, url: Self.url(shared, naming: name))
        let administration = try await PostgresConnection.connect(PostgresConfiguration(dsn: shared))
        try await administration.script("CREATE DATABASE \(name)")
        do {
            try await database.migrate()
            let value = try await body(database)
            try await database.drop(administration)
            return value
        } catch {
            // The test's own error is the one to see.
            try? await database.drop(administration)
            throw error
        }
    }

    private func migrate() async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: url))
        try await connection.script("CREATE EXTENSION IF NOT EXISTS vector")
        try await MigrationRunner(directory: Repository.migrations).up(connection)
        await connection.close()
    }

    private func drop(_ administration: PostgresConnection) async throws {
        try await administration.script("DROP DATABASE \(name) WITH (FORCE)")
        await administration.close()
    }

    /// `url` with another database: what stands between the host's slash and the question mark.
    private static func url(_ url: String, naming name: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let head = url[scheme.upperBound...]
        let query = head.firstIndex(of: "?") ?? head.endIndex
        let slash = head[..<query].firstIndex(of: "/") ?? query
        return "\(url[..<slash])/\(name)\(url[query...])"
    }
}
