/// What went wrong with Postgres, in words an operator can act on.
///
/// Values of parameters and of rows are removed from `message` and `detail`, so that an error may be logged.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The server refused the statement; `sqlstate` says why. Nothing of the transaction took effect.
        case server
        /// No connection could be made.
        case connectionFailed
        /// The connection broke. An autocommitted statement that was under way may have taken effect.
        case connectionLost
        /// The connection broke while COMMIT was under way. Ask `PostgresConnection.outcome(of:)` with the transaction
        /// id; without an id the caller must look for its own rows.
        case commitOutcomeUnknown(xid: String?)
        /// COMMIT answered ROLLBACK: an error inside of the transaction had been swallowed. Nothing took effect.
        case rolledBack
        /// Every connection of the pool is in use, or the waiting line is full. An API answers 503 with Retry-After.
        case exhausted
        /// The pool or the connection has been closed by its owner.
        case closed
        /// The statement did not end within the client's time limit and has been cancelled.
        case timedOut
        /// A parameter cannot be sent: text with NUL, a date out of range, too many parameters.
        case invalidParameter
        /// A column is missing, NULL, or of another type than the one asked for.
        case decoding
        /// The call makes no sense in this state, such as a transaction inside of a transaction.
        case misuse
        /// The migrations and the database disagree.
        case migration
    }

    package let code: Code
    package let message: String
    /// Five characters (PostgreSQL documentation, appendix A); nil if the error is not the server's.
    package let sqlstate: String?
    package let detail: String?
    package let constraint: String?
    package let table: String?
    /// Index of the statement at fault in a pipeline or batch, from 0.
    package let statement: Int?

    package init(
        _ code: Code, _ message: String, sqlstate: String? = nil, detail: String? = nil, constraint: String? = nil,
        table: String? = nil, statement: Int? = nil
    ) {
        self.code = code
        self.sqlstate = sqlstate
        self.message = sqlstate?.hasPrefix("22") == true ? Self.withoutQuotes(message) : message
        self.detail = detail.map(Self.withoutValues)
        self.constraint = constraint
        self.table = table
        self.statement = statement
    }

    package var description: String {
        var text = "Postgres: \(message)"
        if let sqlstate { text += " [\(sqlstate)]" }
        if let constraint { text += ", constraint \(constraint)" }
        if let table { text += ", table \(table)" }
        if let statement { text += ", statement \(statement)" }
        return text
    }

    /// Whether the same call may succeed later without any change: lost connections, serialization failures,
    /// deadlocks, shutdowns, too many connections. A commit of unknown outcome is not: it must not be repeated blindly.
    package var isTransient: Bool {
        switch code {
        case .connectionFailed, .connectionLost, .exhausted: true
        case .server:
            sqlstate.map {
                $0.hasPrefix("08") || $0.hasPrefix("57P0") || ["40001", "40P01", "53300"].contains($0)
            } ?? false
        default: false
        }
    }

    /// Whether the statements may have taken effect and nobody has looked.
    package var isOutcomeUnknown: Bool {
        if case .commitOutcomeUnknown = code { true } else { false }
    }

    package var isUniqueViolation: Bool { sqlstate == "23505" }
    package var isForeignKeyViolation: Bool { sqlstate == "23503" }
    package var isCheckViolation: Bool { sqlstate == "23514" }

    func at(statement index: Int?) -> PostgresError {
        PostgresError(
            code, message, sqlstate: sqlstate, detail: detail, constraint: constraint, table: table, statement: index)
    }

    func with(code: Code, message: String? = nil) -> PostgresError {
        PostgresError(
            code, message ?? self.message, sqlstate: sqlstate, detail: detail, constraint: constraint, table: table,
            statement: statement)
    }

    /// Data exceptions (class 22) quote the offending input.
    private static func withoutQuotes(_ text: String) -> String {
        guard let first = text.firstIndex(of: "\""), let last = text.lastIndex(of: "\""), first < last else {
            return text
        }
        return text[...first] + "…" + text[last...]
    }

    /// `Key (email)=(a@b) already exists.` and `Failing row contains (1, secret).` carry values in their last brackets.
    private static func withoutValues(_ text: String) -> String {
        let marks = ["=(", "contains ("]
        for mark in marks {
            guard let start = end(of: mark, in: text), let last = text.lastIndex(of: ")"), start <= last else {
                continue
            }
            return text[..<start] + "…" + text[last...]
        }
        return text
    }

    private static func end(of mark: String, in text: String) -> String.Index? {
        var position = text.startIndex
        while position < text.endIndex {
            if text[position...].hasPrefix(mark) { return text.index(position, offsetBy: mark.count) }
            position = text.index(after: position)
        }
        return nil
    }
}
