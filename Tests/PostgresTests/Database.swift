import FoundationEssentials
import Glibc
import Postgres
import TestKit
import Testing

/// The real server that the tests use, and a schema of its own for each test.
struct Database {
    let configuration: PostgresConfiguration
    let schema: String

    static func dsn() async throws -> String { try await TestServices.shared.databaseURL() }

    /// Runs `body` with a configuration whose search path is a fresh schema, dropped afterwards.
    static func with<Value>(_ body: (Database) async throws -> Value) async throws -> Value {
        let schema = "t_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let administration = try await PostgresConnection.connect(PostgresConfiguration(dsn: await dsn()))
        try await administration.execute("CREATE SCHEMA \(schema)")
        let database = Database(
            configuration: PostgresConfiguration(
                dsn: try await dsn(), onConnect: ["SET search_path TO \(schema), public"]),
            schema: schema)
        do {
            let value = try await body(database)
            try await administration.script("SET client_min_messages TO error; DROP SCHEMA \(schema) CASCADE")
            return value
        } catch {
            // The test's own error is the one to see.
            try? await administration.script("DROP SCHEMA \(schema) CASCADE")
            throw error
        }
    }

    func connect() async throws -> PostgresConnection { try await PostgresConnection.connect(configuration) }

    func pool(size: Int = 4, waiterLimit: Int = 100, patience: Duration = .seconds(20)) -> PostgresPool {
        PostgresPool(configuration, size: size, waiterLimit: waiterLimit, patience: patience)
    }
}

struct DeadlinePassed: Error {}

/// Asks again until the condition holds, or throws after a minute.
func eventually(_ condition: () async throws -> Bool) async throws {
    let limit = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < limit {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw DeadlinePassed()
}

func backendID(_ connection: PostgresConnection) async throws -> Int {
    try #require(await connection.query("SELECT pg_backend_pid() AS id").first).int("id")
}

/// Kills a backend once it runs a statement that contains `marker`.
func terminate(_ backend: Int, whenRunning marker: String, _ connection: PostgresConnection) async throws {
    try await eventually {
        try await !connection.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid = $1 AND state = 'active' AND strpos(query, $2) > 0
            """, [.int(backend), .text(marker)]
        ).isEmpty
    }
}
