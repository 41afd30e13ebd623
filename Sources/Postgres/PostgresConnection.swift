import Synchronization

/// One connection on a thread of its own. Calls from several tasks take turns; a transaction needs the connection for
/// itself, so share connections through `PostgresPool`.
///
/// A cancelled task cancels its statement at the server and receives `CancellationError`.
package actor PostgresConnection {
    struct Status: Sendable {
        var isBroken = true
        var isInTransaction = false
    }

    private nonisolated let thread: ConnectionThread
    private nonisolated let wake: WakePipe
    nonisolated let configuration: PostgresConfiguration
    private nonisolated let shared = Mutex(Status())
    private var wire: Wire?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Opens a connection and runs `configuration.onConnect`.
    package static func connect(_ configuration: PostgresConfiguration) async throws -> PostgresConnection {
        let connection = try PostgresConnection(configuration)
        try await connection.open()
        return connection
    }

    private init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        self.configuration = configuration
        thread = try ConnectionThread()
        wake = try WakePipe()
    }

    private func open() throws {
        let wire = try Wire(configuration, wake: wake)
        self.wire = wire
        for sql in configuration.onConnect { try wire.script(sql, limit: configuration.queryTimeout) }
        publish(wire)
    }

    /// Closes the connection; an open transaction is rolled back by the server.
    package func close() {
        wire = nil
        shared.withLock { $0 = Status() }
    }

    /// True after the connection was lost or closed: throw it away.
    package nonisolated var isBroken: Bool { shared.withLock { $0.isBroken } }
    package nonisolated var isInTransaction: Bool { shared.withLock { $0.isInTransaction } }

    /// Whether the server still holds its end, told without a round trip.
    package func isAlive() -> Bool {
        guard let wire else { return false }
        defer { publish(wire) }
        return wire.isAlive()
    }

    // MARK: - Statements

    package func query(_ sql: String, _ values: [PostgresValue] = []) async throws -> [PostgresRow] {
        try await run([PostgresStatement(sql, values)]).first?.rows ?? []
    }

    /// The number of rows that the statement inserted, updated or deleted.
    @discardableResult
    package func execute(_ sql: String, _ values: [PostgresValue] = []) async throws -> Int {
        try await run([PostgresStatement(sql, values)]).first?.affected ?? 0
    }

    /// Runs the statements in one round trip, as one transaction if none is open. If one fails, none took effect, and
    /// the error names its index.
    @discardableResult
    package func pipeline(_ statements: [PostgresStatement]) async throws -> [PostgresResult] {
        guard !statements.isEmpty else { return [] }
        return try await run(statements)
    }

    /// Runs SQL text of several statements, without parameters or results.
    package func script(_ sql: String, limit: Duration? = nil) async throws {
        try await cancellable { wire in try wire.script(sql, limit: limit ?? self.configuration.queryTimeout) }
    }

    /// Results of all statements, or the first failure.
    func run(_ statements: [PostgresStatement], cancellable mayCancel: Bool = true) async throws -> [PostgresResult] {
        try await cancellable(mayCancel) { wire in
            var answer = try self.exchange(wire, statements, mayCancel)
            if let failure = answer.failure, failure.isStaleStatement {
                wire.forgetPrepared()
                if wire.isIdle { answer = try self.exchange(wire, statements, mayCancel) }
            }
            return try answer.complete()
        }
    }

    private func exchange(
        _ wire: Wire, _ statements: [PostgresStatement], _ mayCancel: Bool
    ) throws(PostgresError) -> Wire.Exchange {
        defer { publish(wire) }
        return try wire.exchange(statements, limit: configuration.queryTimeout, cancellable: mayCancel)
    }

    private func cancellable<Value: Sendable>(
        _ mayCancel: Bool = true, _ body: (Wire) throws -> Value
    ) async throws -> Value {
        guard mayCancel else { return try attempt(body) }
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try attempt(body)
        } onCancel: {
            wake.wake()
        }
    }

    private func attempt<Value>(_ body: (Wire) throws -> Value) throws -> Value {
        guard let wire else { throw PostgresError(.closed, "the connection is closed") }
        defer { publish(wire) }
        do {
            return try body(wire)
        } catch let error as PostgresError where error.sqlstate == "57014" && error.code == .server && Task.isCancelled
        {
            throw CancellationError()
        }
    }

    private func publish(_ wire: Wire) {
        let status = Status(isBroken: wire.isBroken, isInTransaction: wire.isInTransaction)
        shared.withLock { $0 = status }
    }
}

extension PostgresError {
    /// A prepared statement that a migration made unusable, or that somebody discarded.
    var isStaleStatement: Bool {
        sqlstate == "26000" || (sqlstate == "0A000" && message.hasPrefix("cached plan must not change"))
    }
}

extension Wire.Exchange {
    func complete() throws(PostgresError) -> [PostgresResult] {
        if let failure { throw failure }
        var complete: [PostgresResult] = []
        for (index, result) in results.enumerated() {
            guard let result else {
                throw PostgresError(
                    .misuse, "the statement is empty or not one that a pipeline can run", statement: index)
            }
            complete.append(result)
        }
        return complete
    }
}
