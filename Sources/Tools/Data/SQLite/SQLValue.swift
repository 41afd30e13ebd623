/// A value in SQLite's five storage classes, less blobs, which come out as hexadecimal text.
package enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
}

/// Why SQLite refused.
package struct SQLFault: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The statement is at fault.
        case invalid = "sql_invalid"
        /// The statement wants what is not allowed: writing, attaching, pragmas, files.
        case forbidden = "sql_forbidden"
        case interrupted = "timed_out"
        case tooLarge = "data_too_large"
        case failed = "sql_failed"
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// Bounds of one database.
package struct SQLLimits: Sendable, Hashable {
    /// Bytes of all tables and indexes; the database lives in memory.
    package var databaseBytes = 512 * 1024 * 1024
    /// Bytes of one text.
    package var textBytes = 16 * 1024 * 1024
    /// Bytes of a statement.
    package var statementBytes = 64 * 1024
    package var columns = 1_000

    /// Bytes that SQLite takes in this process, whatever it does: sorters and temporary tables too.
    static let heapBytes: Int64 = 1024 * 1024 * 1024
    /// Instructions of its machine between two looks at the clock: well below a millisecond.
    static let instructionsBetweenChecks: Int32 = 10_000
    static let pageBytes = 4_096

    package init() {}
}
