import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct PoolTests {
    @Test func hundredCallersShareFourConnections() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 4)
            try await pool.execute("CREATE TABLE item (n int)")
            let backends = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...100 {
                    group.addTask {
                        try await pool.transaction { connection in
                            try await connection.execute("INSERT INTO item VALUES ($1)", [.int(number)])
                            return try await backendID(connection)
                        }
                    }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(backends.count <= 4)
            #expect(try await pool.query("SELECT count(*) AS n FROM item").first?.int("n") == 100)
            await pool.close()
        }
    }

    @Test func callerWithoutAConnectionInTimeIsTold() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 1, patience: .seconds(5))
            try await pool.withConnection { _ in
                let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
                #expect(error?.code == .exhausted)
            }
            #expect(try await pool.query("SELECT 1 AS n").first?.int("n") == 1)
            await pool.close()
        }
    }

    @Test func lineOfWaitersIsBounded() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 1, waiterLimit: 0)
            try await pool.withConnection { _ in
                let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
                #expect(error?.code == .exhausted)
            }
            await pool.close()
        }
    }

    @Test func cancelledWaiterLeavesTheLine() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 1)
            try await pool.withConnection { _ in
                let waiter = Task { try await pool.query("SELECT 1") }
                waiter.cancel()
                await #expect(throws: CancellationError.self) { try await waiter.value }
            }
            #expect(try await pool.query("SELECT 1 AS n").first?.int("n") == 1)
            await pool.close()
        }
    }

    @Test func killedConnectionsAreReplaced() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 2)
            let killer = try await database.connect()
            let idle = try await pool.withConnection { try await backendID($0) }
            try await killer.execute("SELECT pg_terminate_backend($1::int)", [.int(idle)])
            try await eventually {
                try await killer.query("SELECT FROM pg_stat_activity WHERE pid = $1", [.int(idle)]).isEmpty
            }
            #expect(try await pool.withConnection { try await backendID($0) } != idle)
            await #expect(throws: PostgresError.self) {
                try await pool.withConnection { connection in
                    let id = try await backendID(connection)
                    async let sleeping = connection.query("SELECT pg_sleep(60) AS pool_victim")
                    try await terminate(id, whenRunning: "pool_victim", killer)
                    _ = try await sleeping
                }
            }
            let schema = try await pool.query("SELECT current_schema() AS name").first?.text("name")
            #expect(schema == database.schema)
            await pool.close()
        }
    }

    @Test func transactionLeftOpenIsRolledBack() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 1)
            try await pool.execute("CREATE TABLE item (n int)")
            try await pool.withConnection { connection in
                try await connection.execute("BEGIN")
                try await connection.execute("INSERT INTO item VALUES (1)")
            }
            #expect(try await pool.query("SELECT FROM item").isEmpty)
            await pool.close()
        }
    }

    @Test func cancelledTransactionGivesItsLocksBack() async throws {
        try await Database.with { database in
            let pool = database.pool(size: 2)
            try await pool.execute("CREATE TABLE item (n int)")
            let (locked, signal) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await pool.transaction { connection in
                    try await connection.execute("LOCK TABLE item")
                    signal.yield()
                    _ = try await connection.query("SELECT pg_sleep(60)")
                }
            }
            for await _ in locked { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await pool.execute("INSERT INTO item VALUES (1)")
            await pool.close()
        }
    }

    @Test func closedPoolRefuses() async throws {
        try await Database.with { database in
            let pool = database.pool()
            await pool.close()
            let error = await #expect(throws: PostgresError.self) { try await pool.check() }
            #expect(error?.code == .closed)
        }
    }

    @Test func failedConnectGivesItsPlaceBack() async throws {
        let pool = PostgresPool(PostgresConfiguration(dsn: "host=/nonexistent"), size: 1)
        for _ in 0..<3 {
            let error = await #expect(throws: PostgresError.self) { try await pool.check() }
            #expect(error?.code == .connectionFailed)
        }
    }
}
