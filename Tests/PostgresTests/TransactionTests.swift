import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct TransactionTests {
    private struct Refused: Error {}

    @Test func errorInTheBodyRollsBack() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.execute("CREATE TABLE item (n int)")
            await #expect(throws: Refused.self) {
                try await connection.transaction { connection in
                    try await connection.execute("INSERT INTO item VALUES (1)")
                    throw Refused()
                }
            }
            try await connection.transaction { try await $0.execute("INSERT INTO item VALUES (2)") }
            #expect(try await connection.query("SELECT n FROM item").map { try $0.int("n") } == [2])
        }
    }

    @Test func swallowedErrorDoesNotPassForACommit() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let error = try await #require(throws: PostgresError.self) {
                try await connection.transaction { connection in
                    await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1/0") }
                }
            }
            #expect(error.code == .rolledBack)
            #expect(!connection.isInTransaction)
        }
    }

    @Test func settingsHoldInTheTransactionOnly() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let read = "SELECT current_setting('app.tenant', true) AS tenant"
            let inside = try await connection.transaction(settings: [("app.tenant", "t1"), ("app.user", "u1")]) {
                try await $0.query(read).first?.text("tenant")
            }
            #expect(inside == "t1")
            let batch = try await connection.batch(settings: [("app.tenant", "t2")], [PostgresStatement(read)])
            #expect(try batch.first?.rows.first?.text("tenant") == "t2")
            #expect(try await connection.query(read).first?.optionalText("tenant") == "")
        }
    }

    @Test(arguments: [false, true])
    func batchIsAllOrNothing(recordingXID: Bool) async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.execute("CREATE TABLE item (n int CONSTRAINT positive CHECK (n > 0))")
            func insert(_ number: Int) -> PostgresStatement {
                PostgresStatement("INSERT INTO item VALUES ($1)", [.int(number)])
            }
            let error = try await #require(throws: PostgresError.self) {
                try await connection.batch(
                    settings: [("app.tenant", "t")], recordingXID: recordingXID, [insert(1), insert(-1), insert(2)])
            }
            #expect(error.statement == 1)
            #expect(error.constraint == "positive")
            #expect(!connection.isInTransaction)
            let results = try await connection.batch(recordingXID: recordingXID, [insert(3), insert(4)])
            #expect(results.map(\.affected) == [1, 1])
            #expect(try await connection.query("SELECT n FROM item ORDER BY n").map { try $0.int("n") } == [3, 4])
        }
    }

    @Test func transactionInsideOfATransactionIsRefused() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.transaction { connection in
                let error = await #expect(throws: PostgresError.self) { try await connection.batch([]) }
                #expect(error?.code == .misuse)
            }
        }
    }

    @Test func backendKilledDuringCommitLeavesAnOutcomeThatCanBeAsked() async throws {
        try await Database.with { database in
            let (victim, killer) = (try await database.connect(), try await database.connect())
            try await Self.installSlowCommit(killer)
            let id = try await backendID(victim)
            let task = Task {
                try await victim.transaction(recordingXID: true) { connection in
                    _ = try await connection.execute("INSERT INTO item VALUES (1)")
                }
            }
            try await terminate(id, whenRunning: "COMMIT", killer)
            let error = try await #require(throws: PostgresError.self) { try await task.value }
            guard case .commitOutcomeUnknown(let xid) = error.code, let xid else {
                Issue.record("not an unknown outcome with an id: \(error)")
                return
            }
            #expect(!error.isTransient)
            try await eventually { try await killer.outcome(of: xid) != .inProgress }
            #expect(try await killer.outcome(of: xid) == .aborted)
        }
    }

    /// A deferred trigger sleeps inside of COMMIT.
    private static func installSlowCommit(_ connection: PostgresConnection) async throws {
        try await connection.script(
            """
            CREATE TABLE item (n int);
            CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION sleep()
            """)
    }

    @Test func backendKilledDuringABatchLeavesAnUnknownOutcome() async throws {
        try await Database.with { database in
            let (victim, killer) = (try await database.connect(), try await database.connect())
            try await Self.installSlowCommit(killer)
            let id = try await backendID(victim)
            let task = Task { try await victim.batch([PostgresStatement("INSERT INTO item VALUES (1)")]) }
            try await terminate(id, whenRunning: "INSERT INTO item", killer)
            let error = try await #require(throws: PostgresError.self) { try await task.value }
            #expect(error.code == .commitOutcomeUnknown(xid: nil))
        }
    }

    @Test func committedTransactionIsKnownByItsID() async throws {
        try await Database.with { database in
            let pool = database.pool()
            let xid = try await pool.transaction {
                try await $0.query("SELECT pg_current_xact_id()::text AS id").first?.text("id")
            }
            #expect(try await pool.outcome(of: #require(xid)) == .committed)
            await pool.close()
        }
    }
}
