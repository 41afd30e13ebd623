import Domain
import FoundationEssentials
import Postgres
import Store

/// A schema of its own with the platform's tables, one tenant and one persona; dropped at the end.
struct BenchmarkDatabase: Sendable {
    let database: Database
    let dispatch: PostgresConfiguration
    let admin: PostgresConnection
    let schema: String
    let tenant = TenantID.new()
    let persona = PersonaID.new()

    /// `url` logs in as a superuser. Connections: as many as the platform's own roles use.
    static func make(url: String, migrations: String, connections: Int) async throws -> BenchmarkDatabase {
        let schema = "bench_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let path = "SET search_path TO \(schema), public"
        let admin = try await PostgresConnection.connect(PostgresConfiguration(dsn: url))
        try await admin.script("CREATE SCHEMA \(schema); \(path)")
        try await MigrationRunner(directory: migrations).up(admin)
        let app = PostgresConfiguration(dsn: url, onConnect: [path, "SET ROLE persona_app"])
        let dispatch = PostgresConfiguration(dsn: url, onConnect: [path, "SET ROLE persona_dispatch"])
        let made = BenchmarkDatabase(
            database: Database(
                app: PostgresPool(app, size: connections), dispatch: PostgresPool(dispatch, size: 4)),
            dispatch: dispatch, admin: admin, schema: schema)
        try await made.seed()
        return made
    }

    func drop() async throws {
        await database.app.close()
        await database.dispatch.close()
        try await admin.script("DROP SCHEMA \(schema) CASCADE", limit: .seconds(600))
        await admin.close()
    }

    private func seed() async throws {
        _ = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "INSERT INTO tenants (tenant_id, slug, name) VALUES ($1, 'bench', 'Bench')", [tenant.value]),
                PostgresStatement(
                    "INSERT INTO personas (tenant_id, persona_id, slug, name, version) VALUES ($1, $2, 'ada', 'Ada', 1)",
                    [tenant.value, persona.value]),
                PostgresStatement(
                    "INSERT INTO persona_versions (tenant_id, persona_id, version, definition) VALUES ($1, $2, 1, '{}')",
                    [tenant.value, persona.value]),
            ])
    }
}
