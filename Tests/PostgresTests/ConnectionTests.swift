import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
    @Test func statementsArePreparedOnceForEachText() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            for number in 1...5 {
                let row = try #require(await connection.query("SELECT $1::bigint AS n", [.int(number)]).first)
                #expect(try row.int("n") == number)
            }
            let prepared = try await connection.query(
                "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = 'SELECT $1::bigint AS n'")
            #expect(try prepared.first?.int("n") == 1)
        }
    }

    @Test func preparedStatementSurvivesChangedResultType() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.script("CREATE TABLE item (a int); INSERT INTO item VALUES (7)")
            #expect(try await connection.query("SELECT * FROM item").first?.int("a") == 7)
            try await connection.execute("ALTER TABLE item ALTER COLUMN a TYPE text")
            #expect(try await connection.query("SELECT * FROM item").first?.text("a") == "7")
            try await connection.script("DISCARD ALL")
            #expect(try await connection.query("SELECT 1 AS one").first?.int("one") == 1)
        }
    }

    @Test func refusalCarriesConstraintAndHidesValues() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.execute("CREATE TABLE account (mail text CONSTRAINT one_account_a_mail UNIQUE)")
            try await connection.execute("INSERT INTO account VALUES ($1)", ["hidden@example.com"])
            let error = try await #require(throws: PostgresError.self) {
                try await connection.execute("INSERT INTO account VALUES ($1)", ["hidden@example.com"])
            }
            #expect(error.isUniqueViolation)
            #expect(error.constraint == "one_account_a_mail")
            #expect(error.table == "account")
            #expect(!"\(error) \(error.detail ?? "")".contains("hidden"))
            let input = try await #require(throws: PostgresError.self) {
                try await connection.query("SELECT $1::int", ["hidden"])
            }
            #expect(input.sqlstate == "22P02")
            #expect(!"\(input)".contains("hidden"))
            #expect(try await connection.query("SELECT 1 AS n").first?.int("n") == 1)
        }
    }

    @Test func pipelineErrorRollsTheWholeBatchBackAndNamesTheStatement() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.execute("CREATE TABLE item (n int PRIMARY KEY)")
            let insert = "INSERT INTO item VALUES ($1)"
            let error = try await #require(throws: PostgresError.self) {
                try await connection.pipeline(
                    [1, 2, 2, 3].map { PostgresStatement(insert, [.int($0)]) })
            }
            #expect(error.statement == 2)
            #expect(error.isUniqueViolation)
            #expect(try await connection.query("SELECT FROM item").isEmpty)
            let results = try await connection.pipeline((1...200).map { PostgresStatement(insert, [.int($0)]) })
            #expect(results.map(\.affected) == Array(repeating: 1, count: 200))
            #expect(try await connection.query("SELECT FROM item").count == 200)
        }
    }

    @Test func commitTimeFailureOfAPipelineIsReported() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.execute(
                "CREATE TABLE item (n int CONSTRAINT later UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let insert = PostgresStatement("INSERT INTO item VALUES (1)")
            let error = try await #require(throws: PostgresError.self) {
                try await connection.pipeline([insert, insert])
            }
            #expect(error.constraint == "later")
            let batch = try await #require(throws: PostgresError.self) { try await connection.batch([insert, insert]) }
            #expect(batch.constraint == "later")
            #expect(try await connection.query("SELECT FROM item").isEmpty)
        }
    }

    @Test func killedBackendInMidQueryIsALostConnection() async throws {
        try await Database.with { database in
            let (victim, killer) = (try await database.connect(), try await database.connect())
            let id = try await backendID(victim)
            let sleeping = Task { try await victim.query("SELECT pg_sleep(60) AS victim_sleeps") }
            try await terminate(id, whenRunning: "victim_sleeps", killer)
            let error = await #expect(throws: PostgresError.self) { try await sleeping.value }
            #expect(error?.code == .connectionLost)
            #expect(error?.isTransient == true)
            #expect(victim.isBroken)
            await #expect(throws: PostgresError.self) { try await victim.query("SELECT 1") }
        }
    }

    @Test func cancelledTaskCancelsItsStatementAndKeepsTheConnection() async throws {
        try await Database.with { database in
            let (connection, observer) = (try await database.connect(), try await database.connect())
            let id = try await backendID(connection)
            let task = Task { try await connection.query("SELECT pg_sleep(60)") }
            try await eventually {
                try await !observer.query(
                    "SELECT FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep%' AND state = 'active'",
                    [.int(id)]
                ).isEmpty
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await connection.query("SELECT 1 AS n").first?.int("n") == 1)
        }
    }

    @Test func statementBeyondTheClientsLimitIsCancelled() async throws {
        try await Database.with { database in
            var configuration = database.configuration
            configuration.queryTimeout = .seconds(5)
            let connection = try await PostgresConnection.connect(configuration)
            let error = try await #require(throws: PostgresError.self) {
                try await connection.query("SELECT pg_sleep(60)")
            }
            #expect(error.code == .timedOut)
            #expect(!connection.isBroken)
        }
    }

    @Test func closedConnectionSaysSo() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            await connection.close()
            let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
            #expect(error?.code == .closed)
        }
    }

    @Test func unreachableServerIsAConnectionFailureWithoutThePassword() async throws {
        let configuration = PostgresConfiguration(dsn: "host=/nonexistent password=hidden dbname=x")
        let error = try await #require(throws: PostgresError.self) {
            try await PostgresConnection.connect(configuration)
        }
        #expect(error.code == .connectionFailed)
        #expect(!"\(error) \(configuration)".contains("hidden"))
    }
}
