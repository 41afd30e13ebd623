/// What became of a transaction (`pg_xact_status`).
package enum PostgresOutcome: String, Sendable {
    case committed
    case aborted
    /// The server has not noticed yet that its client is gone: ask again.
    case inProgress = "in progress"
    /// Too old for the server to know.
    case forgotten
}

extension PostgresConnection {
    /// Runs `body` between BEGIN and COMMIT; an error rolls back.
    ///
    /// - Parameters:
    ///   - settings: set by `set_config(name, value, true)` in the round trip of BEGIN; they end with the transaction.
    ///   - recordingXID: take a transaction id, so that a commit whose answer is lost can be looked up.
    /// - Throws: `commitOutcomeUnknown` if the connection breaks while COMMIT is under way.
    @discardableResult
    package func transaction<Value>(
        settings: [(String, String)] = [], recordingXID: Bool = false, isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let xid = try await begin(settings: settings, recordingXID: recordingXID)
        let value: Value
        do {
            value = try await body(self)
        } catch {
            await rollBack()
            throw error
        }
        try await commit(xid: xid)
        return value
    }

    /// Settings and statements as one transaction in one round trip (two, with BEGIN and COMMIT, with `recordingXID`).
    ///
    /// If one statement fails, none took effect, and the error names its index.
    @discardableResult
    package func batch(
        settings: [(String, String)] = [], recordingXID: Bool = false, _ statements: [PostgresStatement]
    ) async throws -> [PostgresResult] {
        guard !isInTransaction else { throw PostgresError.nested }
        let opening = Self.opening(settings: settings, recordingXID: recordingXID)
        do {
            var results = try await run(opening + statements)
            if recordingXID {
                let xid = try results.dropFirst(opening.count - 1).first?.rows.first?.text(0)
                try await commit(xid: xid)
            }
            results.removeFirst(opening.count)
            return results
        } catch let error as PostgresError {
            if isInTransaction { await rollBack() }
            let error = recordingXID ? error : error.afterSending(opening.count + statements.count)
            let index = error.statement.map { $0 - opening.count }
            throw error.at(statement: index.flatMap { statements.indices.contains($0) ? $0 : nil })
        } catch {
            if isInTransaction { await rollBack() }
            throw error
        }
    }

    /// What became of a transaction whose commit was not answered. Ask on a new connection.
    package func outcome(of xid: String) async throws -> PostgresOutcome {
        let rows = try await query("SELECT pg_xact_status($1::text::xid8) AS status", [.text(xid)])
        return try rows.first?.optionalText("status").flatMap(PostgresOutcome.init(rawValue:)) ?? .forgotten
    }

    /// Ends an open transaction, also for a cancelled task: a connection must not keep its locks.
    func rollBack() async {
        guard !isBroken else { return }
        // A connection that cannot roll back is closed, which rolls back as well.
        if (try? await run([PostgresStatement("ROLLBACK")], cancellable: false)) == nil { close() }
    }

    private func begin(settings: [(String, String)], recordingXID: Bool) async throws -> String? {
        guard !isInTransaction else { throw PostgresError.nested }
        do {
            let opening = Self.opening(settings: settings, recordingXID: recordingXID)
            let results = try await run(recordingXID ? opening : [PostgresStatement("BEGIN")] + opening)
            return recordingXID ? try results.last?.rows.first?.text(0) : nil
        } catch {
            if isInTransaction { await rollBack() }
            throw error
        }
    }

    /// A cancelled task still learns whether its transaction committed.
    private func commit(xid: String?) async throws {
        do {
            let result = try await run([PostgresStatement("COMMIT")], cancellable: false).first
            guard result?.tag == "COMMIT" else { throw PostgresError.swallowed }
        } catch let error as PostgresError where error.code == .connectionLost {
            throw error.with(
                code: .commitOutcomeUnknown(xid: xid),
                message: "the connection broke during COMMIT; it may have taken effect (\(error.message))")
        }
    }

    /// A pipeline is a transaction of its own; one that spans several round trips says BEGIN.
    private static func opening(settings: [(String, String)], recordingXID: Bool) -> [PostgresStatement] {
        var statements = recordingXID ? [PostgresStatement("BEGIN")] : []
        statements += settings.map { name, value in
            PostgresStatement("SELECT set_config($1, $2, true)", [.text(name), .text(value)])
        }
        if recordingXID { statements.append(PostgresStatement("SELECT pg_current_xact_id()::text")) }
        return statements
    }
}

extension PostgresError {
    static let nested = PostgresError(.misuse, "a transaction is already open on this connection")
    static let swallowed = PostgresError(
        .rolledBack, "the transaction was rolled back, because a statement in it had failed and the error was ignored")
}
