/// A connection whose calls block the thread that makes them: for a thread that owns it (`OwnThread`), where a task's
/// way through Swift's pool would cost too much or come too late.
package final class BlockingConnection {
    private var wire: Wire?
    private let limit: Duration

    /// Opens a connection and runs `configuration.onConnect`.
    package init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let wire = try Wire(configuration, wake: try WakePipe())
        limit = configuration.queryTimeout
        for sql in configuration.onConnect { try wire.script(sql, limit: limit) }
        self.wire = wire
    }

    /// True after the connection was lost: throw it away.
    package var isBroken: Bool { wire?.isBroken ?? true }

    /// Ends the session; the server rolls back and frees what it held.
    package func close() { wire = nil }

    /// Runs the statements as one transaction in one round trip: what stands before a pipeline's sync is one implicit
    /// transaction (PostgreSQL, Frontend/Backend Protocol, Pipelining). `set_config(…, true)` holds until its end.
    ///
    /// If one statement fails, none took effect, and the error names its index. Throws `commitOutcomeUnknown` where
    /// the connection broke after the statements were sent.
    package func transaction(_ statements: [PostgresStatement]) throws(PostgresError) -> [PostgresResult] {
        guard let wire, !wire.isBroken else {
            throw PostgresError(.connectionLost, "the connection is already broken")
        }
        do throws(PostgresError) {
            var answer = try wire.exchange(statements, limit: limit, cancellable: false)
            if let failure = answer.failure, failure.isStaleStatement {
                wire.forgetPrepared()
                answer = try wire.exchange(statements, limit: limit, cancellable: false)
            }
            return try answer.complete()
        } catch {
            throw error.afterSending(statements.count)
        }
    }
}

extension PostgresError {
    /// What a failure of an implicit transaction of `count` statements says of its commit: where the connection broke
    /// and no statement is to blame, the server may have committed.
    func afterSending(_ count: Int) -> PostgresError {
        guard code == .connectionLost, statement == nil else { return self }
        return with(
            code: .commitOutcomeUnknown(xid: nil),
            message: "the connection broke before \(count) statements were answered; they may be committed (\(message))"
        )
    }
}
