import FoundationEssentials
import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct MigrationTests {
    private static let files = [
        "0001_item.up.sql": "CREATE TABLE item (n int); CREATE INDEX item_n ON item (n);",
        "0001_item.down.sql": "DROP TABLE item;",
        "0002_name.up.sql": "ALTER TABLE item ADD COLUMN name text;",
        "0002_name.down.sql": "ALTER TABLE item DROP COLUMN name;",
    ]

    private func withDirectory<Value>(
        _ files: [String: String], _ body: (String) async throws -> Value
    ) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/migrations-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // Left-over files in the system's temporary directory do no harm.
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: path + "/" + name)) }
        return try await body(path)
    }

    private func runner(_ files: [String: String]) async throws -> MigrationRunner {
        try await withDirectory(files) { try MigrationRunner(directory: $0) }
    }

    @Test func migrationsGoUpAndDown() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let runner = try await runner(Self.files)
            #expect(try await runner.up(connection, to: 1).map(\.number) == [1])
            #expect(try await runner.status(connection).map(\.isApplied) == [true, false])
            #expect(try await runner.up(connection).map(\.name) == ["name"])
            #expect(try await runner.up(connection).isEmpty)
            try await connection.execute("INSERT INTO item (n, name) VALUES (1, 'x')")
            #expect(try await runner.down(connection, to: 0).map(\.number) == [2, 1])
            #expect(try await runner.status(connection).map(\.isApplied) == [false, false])
            #expect(try await runner.up(connection).count == 2)
        }
    }

    @Test func failedMigrationLeavesNothingBehind() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            var files = Self.files
            files["0002_name.up.sql"] = "CREATE TABLE half (n int); SELECT 1/0;"
            let runner = try await runner(files)
            let error = try await #require(throws: PostgresError.self) { try await runner.up(connection) }
            #expect(error.message.contains("0002") || error.message.contains("migration 2 (name)"))
            #expect(try await runner.status(connection).map(\.isApplied) == [true, false])
            #expect(try await connection.query("SELECT to_regclass('half')::text AS t").first?.optionalText("t") == nil)
        }
    }

    @Test func migrationThatCommitsItselfIsRefused() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let runner = try await runner(["0001_a.up.sql": "SELECT 1; COMMIT;"])
            let error = try await #require(throws: PostgresError.self) { try await runner.up(connection) }
            #expect(error.code == .migration)
            #expect(error.message.contains("COMMIT"))
        }
    }

    @Test func changedAndUnknownMigrationsAreRefused() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await runner(Self.files).up(connection)
            var changed = Self.files
            changed["0001_item.up.sql"] = "CREATE TABLE item (n bigint);"
            let change = try await #require(throws: PostgresError.self) { try await runner(changed).up(connection) }
            #expect(change.message.contains("migration 1 (item) was changed"))
            let older = Self.files.filter { $0.key.hasPrefix("0001") }
            let unknown = try await #require(throws: PostgresError.self) { try await runner(older).up(connection) }
            #expect(unknown.message.contains("migration 2 (name), which this program does not know"))
        }
    }

    @Test(arguments: [
        ["0002_a.up.sql": ""],
        ["0001_a.up.sql": "", "0003_b.up.sql": ""],
        ["0001_a.up.sql": "", "0001_b.up.sql": ""],
        ["0001_a.up.sql": "", "0002_b.down.sql": ""],
        ["first.up.sql": ""],
        ["0001_a.sql": ""],
        ["00001_a.up.sql": ""],
    ])
    func badDirectoriesAreRefused(files: [String: String]) async throws {
        await #expect(throws: PostgresError.self) { try await runner(files) }
    }

    @Test func twoProcessesDoNotMigrateTwice() async throws {
        try await Database.with { database in
            let runner = try await runner(Self.files)
            let (first, second) = (try await database.connect(), try await database.connect())
            async let one = runner.up(first)
            async let two = runner.up(second)
            #expect(try await one.count + two.count == 2)
        }
    }
}
