import Synchronization

/// A bounded set of connections, lent in the order of asking.
package final class PostgresPool: Sendable {
    /// Connections; each is a backend of the server, whose default limit is 100.
    package static let defaultSize = 8
    /// Callers that may wait for a connection; more are refused at once, so that a stall does not eat memory.
    package static let defaultWaiterLimit = 1_000
    /// Seconds that a caller waits for a connection: below the patience of an HTTP client.
    package static let defaultPatience = Duration.seconds(5)

    private enum Grant: Sendable {
        case connection(PostgresConnection)
        /// The right to open one.
        case vacancy
    }

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Grant, any Error>
    }

    private struct State {
        var idle: [PostgresConnection] = []
        /// Connections lent, idle or being opened.
        var count = 0
        var waiters: [Waiter] = []
        var nextWaiter = 0
        var isClosed = false
    }

    package let configuration: PostgresConfiguration
    private let size: Int
    private let waiterLimit: Int
    private let patience: Duration
    private let state = Mutex(State())

    package init(
        _ configuration: PostgresConfiguration, size: Int = defaultSize, waiterLimit: Int = defaultWaiterLimit,
        patience: Duration = defaultPatience
    ) {
        self.configuration = configuration
        self.size = max(1, size)
        self.waiterLimit = waiterLimit
        self.patience = patience
    }

    /// Lends a connection for the time of `body`. A transaction that it left open is rolled back.
    @discardableResult
    package func withConnection<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await acquire()
        do {
            let value = try await body(connection)
            await release(connection)
            return value
        } catch {
            await release(connection)
            throw error
        }
    }

    package func query(_ sql: String, _ values: [PostgresValue] = []) async throws -> [PostgresRow] {
        try await withConnection { try await $0.query(sql, values) }
    }

    @discardableResult
    package func execute(_ sql: String, _ values: [PostgresValue] = []) async throws -> Int {
        try await withConnection { try await $0.execute(sql, values) }
    }

    /// `PostgresConnection.batch` on a connection of the pool.
    @discardableResult
    package func batch(
        settings: [(String, String)] = [], recordingXID: Bool = false, _ statements: [PostgresStatement]
    ) async throws -> [PostgresResult] {
        try await withConnection {
            try await $0.batch(settings: settings, recordingXID: recordingXID, statements)
        }
    }

    /// `PostgresConnection.transaction` on a connection of the pool.
    @discardableResult
    package func transaction<Value>(
        settings: [(String, String)] = [], recordingXID: Bool = false, isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await withConnection {
            try await $0.transaction(settings: settings, recordingXID: recordingXID, body)
        }
    }

    /// Asks on a new connection what became of a transaction.
    package func outcome(of xid: String) async throws -> PostgresOutcome {
        let connection = try await PostgresConnection.connect(configuration)
        do {
            let outcome = try await connection.outcome(of: xid)
            await connection.close()
            return outcome
        } catch {
            await connection.close()
            throw error
        }
    }

    /// How much of the pool is in use, for metrics.
    package struct Use: Sendable, Hashable {
        package let size: Int
        package let lent: Int
        /// Callers in line.
        package let waiting: Int
    }

    package var use: Use {
        state.withLock { Use(size: size, lent: $0.count - $0.idle.count, waiting: $0.waiters.count) }
    }

    /// Whether the server answers, for a readiness probe.
    package func check() async throws { try await execute("SELECT 1") }

    /// Refuses new callers and closes idle connections; lent ones are closed when they come back.
    package func close() async {
        let (idle, waiters) = state.withLock { state in
            defer {
                state.idle = []
                state.waiters = []
            }
            state.isClosed = true
            state.count -= state.idle.count
            return (state.idle, state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(throwing: PostgresError.poolClosed) }
        for connection in idle { await connection.close() }
    }

    // MARK: - Lending

    private func acquire() async throws -> PostgresConnection {
        try Task.checkCancellation()
        let grant: Grant
        if let free = try takeFree() { grant = free } else { grant = try await queue() }
        if case .connection(let connection) = grant {
            if await connection.isAlive() { return connection }
            await connection.close()
        }
        do {
            return try await PostgresConnection.connect(configuration)
        } catch {
            pass(nil)
            throw error
        }
    }

    private func takeFree() throws(PostgresError) -> Grant? {
        try state.withLock { state throws(PostgresError) in
            if state.isClosed { throw PostgresError.poolClosed }
            if let connection = state.idle.popLast() { return .connection(connection) }
            guard state.count < size else { return nil }
            state.count += 1
            return .vacancy
        }
    }

    private func release(_ connection: PostgresConnection) async {
        if connection.isInTransaction { await connection.rollBack() }
        let isClosed = state.withLock { $0.isClosed }
        if connection.isBroken || isClosed {
            await connection.close()
            pass(nil)
        } else {
            pass(connection)
        }
    }

    /// Gives a connection, or the room that a broken one left, to the first in line.
    private func pass(_ connection: PostgresConnection?) {
        let waiter: Waiter? = state.withLock { state in
            if !state.waiters.isEmpty { return state.waiters.removeFirst() }
            if let connection, !state.isClosed { state.idle.append(connection) } else { state.count -= 1 }
            return nil
        }
        waiter?.continuation.resume(returning: connection.map(Grant.connection) ?? .vacancy)
    }

    private func queue() async throws -> Grant {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                try await Task.sleep(for: patience)
                abandon(id, PostgresError.noneFree(size, patience))
            }
            defer { group.cancelAll() }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { park(Waiter(id: id, continuation: $0)) }
            } onCancel: {
                abandon(id, CancellationError())
            }
        }
    }

    private func park(_ waiter: Waiter) {
        // Room may have come free since `takeFree`, and cancellation may have come before the continuation.
        let answer: Result<Grant, any Error>? = state.withLock { state in
            if state.isClosed { return .failure(PostgresError.poolClosed) }
            if Task.isCancelled { return .failure(CancellationError()) }
            if let connection = state.idle.popLast() { return .success(.connection(connection)) }
            if state.count < size {
                state.count += 1
                return .success(.vacancy)
            }
            guard state.waiters.count < waiterLimit else {
                return .failure(PostgresError(.exhausted, "\(waiterLimit) callers already wait for a connection"))
            }
            state.waiters.append(waiter)
            return nil
        }
        if let answer { waiter.continuation.resume(with: answer) }
    }

    private func abandon(_ id: Int, _ error: any Error) {
        let waiter: Waiter? = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: error)
    }
}

extension PostgresError {
    static let poolClosed = PostgresError(.closed, "the pool is closed")

    static func noneFree(_ size: Int, _ patience: Duration) -> PostgresError {
        PostgresError(.exhausted, "all \(size) connections were in use for \(patience)")
    }
}
