import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct TestDatabaseTests {
    @Test func aFreshSchemaHoldsTheMigratedTablesAndIsDropped() async throws {
        let schema = try await TestDatabase.with { database in
            let connection = try await database.connect()
            let tables = try await connection.query(
                "SELECT count(*) AS n FROM pg_tables WHERE schemaname = $1", [.text(database.schema)])
            #expect(try tables.first?.int("n") ?? 0 > 5)
            await connection.close()
            return database.schema
        }
        try await TestDatabase.with(migrated: false) { database in
            let connection = try await database.connect()
            let left = try await connection.query(
                "SELECT count(*) AS n FROM pg_namespace WHERE nspname = $1", [.text(schema)])
            #expect(try left.first?.int("n") == 0)
            await connection.close()
        }
    }

    @Test(arguments: [TestDatabase.Role.application, .dispatch])
    func aRoleConnectsAsItselfWithoutPrivileges(_ role: TestDatabase.Role) async throws {
        try await TestDatabase.with { database in
            let connection = try await database.connect(role)
            let rows = try await connection.query(
                "SELECT current_user AS name, current_setting('is_superuser') AS super, current_schema() AS schema")
            #expect(try rows.first?.text("name") == role.rawValue)
            #expect(try rows.first?.text("super") == "off")
            #expect(try rows.first?.text("schema") == database.schema)
            await connection.close()
        }
    }

    @Test func manyTestsAtOnceShareOnePostgres() async throws {
        let urls = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await TestServices.shared.databaseURL() } }
            var urls: Set<String> = []
            for try await url in group { urls.insert(url) }
            return urls
        }
        #expect(urls.count == 1)
    }
}
