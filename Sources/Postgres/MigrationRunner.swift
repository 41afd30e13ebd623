import FoundationEssentials

/// Applies numbered SQL files, `NNNN_name.up.sql` and `NNNN_name.down.sql`, to the connection's first schema.
///
/// The number is a migration's identity, the SHA-256 of its up file its seal: an applied file must not change.
package struct MigrationRunner: Sendable {
    /// Time for one migration and for waiting for another process that migrates: index builds take long.
    package static let limit = Duration.seconds(3_600)

    package struct Migration: Sendable, Equatable {
        package let number: Int
        package let name: String
        let up: String
        let down: String?
    }

    package struct Entry: Sendable, Equatable {
        package let number: Int
        package let name: String
        package let isApplied: Bool
    }

    package let migrations: [Migration]

    /// Reads a directory; refuses files without a number, numbers given twice, and gaps.
    package init(directory: String) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw PostgresError(.migration, "cannot read the migrations in \(directory): \(error)")
        }
        var ups: [Int: (name: String, text: String)] = [:]
        var downs: [Int: String] = [:]
        for file in names where file.hasSuffix(".sql") {
            let parsed = try Self.parse(file)
            guard let data = FileManager.default.contents(atPath: "\(directory)/\(file)"),
                let text = String(validating: data, as: UTF8.self)
            else { throw PostgresError(.migration, "cannot read \(file) as UTF-8") }
            if parsed.isUp {
                guard ups[parsed.number] == nil else {
                    throw PostgresError(.migration, "two migrations have the number \(parsed.number)")
                }
                ups[parsed.number] = (parsed.name, text)
            } else {
                downs[parsed.number] = text
            }
        }
        if let orphan = downs.keys.filter({ ups[$0] == nil }).min() {
            throw PostgresError(.migration, "migration \(orphan) has a down file but no up file")
        }
        migrations = try Self.ordered(ups, downs)
    }

    /// The name and state of every migration known to the directory.
    package func status(_ connection: PostgresConnection) async throws -> [Entry] {
        let applied = try await prepare(connection)
        return migrations.map { Entry(number: $0.number, name: $0.name, isApplied: $0.number <= applied) }
    }

    /// Applies what is missing, up to `target` (all, if nil); returns what it applied.
    @discardableResult
    package func up(_ connection: PostgresConnection, to target: Int? = nil) async throws -> [Migration] {
        try await locked(connection) {
            let applied = try await prepare(connection)
            let due = migrations.filter { $0.number > applied && $0.number <= target ?? .max }
            for migration in due { try await apply(migration, connection) }
            return due
        }
    }

    /// Takes back what stands above `target`, last first; returns what it took back.
    @discardableResult
    package func down(_ connection: PostgresConnection, to target: Int) async throws -> [Migration] {
        try await locked(connection) {
            let applied = try await prepare(connection)
            let due = migrations.filter { $0.number <= applied && $0.number > target }.reversed()
            for migration in due { try await revert(migration, connection) }
            return Array(due)
        }
    }

    // MARK: - Steps

    private func locked<Value>(
        _ connection: PostgresConnection, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let key = "hashtextextended('schema_migrations:' || coalesce(current_schema(), ''), 0)"
        try await connection.script("SELECT pg_advisory_lock(\(key))", limit: Self.limit)
        do {
            let value = try await body()
            try await connection.script("SELECT pg_advisory_unlock(\(key))")
            return value
        } catch {
            // A connection that cannot unlock is lost, and its lock with it; the first error is the one to tell.
            try? await connection.script("SELECT pg_advisory_unlock(\(key))")
            throw error
        }
    }

    /// Creates the table if need be, checks the seals, and returns the highest number applied.
    private func prepare(_ connection: PostgresConnection) async throws -> Int {
        try await connection.script(
            """
            SET client_min_messages TO warning;
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number integer PRIMARY KEY,
                name text NOT NULL,
                checksum bytea NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            RESET client_min_messages
            """)
        let rows = try await connection.query(
            """
            SELECT applied.number, applied.name, applied.checksum = sha256(convert_to(file.text, 'UTF8')) AS same
            FROM schema_migrations AS applied
            LEFT JOIN unnest($1, $2) AS file (number, text) ON file.number = applied.number
            ORDER BY applied.number
            """, [.ints(migrations.map(\.number)), .texts(migrations.map(\.up))])
        for (index, row) in rows.enumerated() {
            let number = try row.int("number")
            let name = try row.text("name")
            guard let same = try row.optionalBool("same") else {
                throw PostgresError(
                    .migration, "the database has migration \(number) (\(name)), which this program does not know")
            }
            guard same else {
                throw PostgresError(
                    .migration, "migration \(number) (\(name)) was changed after it had been applied; add a new one")
            }
            guard number == index + 1 else {
                throw PostgresError(.migration, "migration \(index + 1) was never applied, but \(number) was")
            }
        }
        return rows.count
    }

    private func apply(_ migration: Migration, _ connection: PostgresConnection) async throws {
        try await step(migration, migration.up, connection) { connection in
            try await connection.execute(
                """
                INSERT INTO schema_migrations (number, name, checksum)
                VALUES ($1, $2, sha256(convert_to($3::text, 'UTF8')))
                """, [.int(migration.number), .text(migration.name), .text(migration.up)])
        }
    }

    private func revert(_ migration: Migration, _ connection: PostgresConnection) async throws {
        guard let down = migration.down else {
            throw PostgresError(.migration, "migration \(migration.number) (\(migration.name)) has no down file")
        }
        try await step(migration, down, connection) { connection in
            try await connection.execute(
                "DELETE FROM schema_migrations WHERE number = $1", [.int(migration.number)])
        }
    }

    private func step(
        _ migration: Migration, _ sql: String, _ connection: PostgresConnection,
        _ record: (PostgresConnection) async throws -> Void
    ) async throws {
        do {
            try await connection.transaction { connection in
                try await connection.script(sql, limit: Self.limit)
                guard connection.isInTransaction else {
                    throw PostgresError(.migration, "its SQL ends the transaction; remove COMMIT and ROLLBACK")
                }
                try await record(connection)
            }
        } catch let error as PostgresError {
            throw error.with(
                code: error.code == .server ? .migration : error.code,
                message: "migration \(migration.number) (\(migration.name)): \(error.message)")
        }
    }

    // MARK: - Files

    private static func parse(_ file: String) throws(PostgresError) -> (number: Int, name: String, isUp: Bool) {
        let isUp = file.hasSuffix(".up.sql")
        let parts = file.split(separator: "_", maxSplits: 1)
        guard isUp || file.hasSuffix(".down.sql"), parts.count == 2, parts[0].count == 4,
            parts[0].allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(parts[0]),
            let name = parts[1].split(separator: ".").first
        else { throw PostgresError(.migration, "\(file) is not named like 0001_name.up.sql or 0001_name.down.sql") }
        return (number, String(name), isUp)
    }

    private static func ordered(
        _ ups: [Int: (name: String, text: String)], _ downs: [Int: String]
    ) throws(PostgresError) -> [Migration] {
        var list: [Migration] = []
        for (index, number) in ups.keys.sorted().enumerated() {
            guard number == index + 1 else {
                throw PostgresError(.migration, "migration \(index + 1) is missing before \(number)")
            }
            guard let up = ups[number] else { continue }
            list.append(Migration(number: number, name: up.name, up: up.text, down: downs[number]))
        }
        return list
    }
}
