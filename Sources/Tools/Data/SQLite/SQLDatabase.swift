import CSQLite

/// A database in memory, through SQLite: tables are filled, then `seal` leaves nothing but reading.
///
/// Used by one thread at a time. No file is opened, temporary ones included.
package final class SQLDatabase {
    let handle: OpaquePointer
    private let limits: SQLLimits
    private let watch: Unmanaged<Watch>

    private final class Watch {
        let isOver: () -> Bool
        init(_ isOver: @escaping () -> Bool) { self.isOver = isOver }
    }

    /// The bound counts for the process: whoever uses SQLite here shares it.
    private static let heapIsBound: Bool = {
        sqlite3_hard_heap_limit64(SQLLimits.heapBytes)
        return true
    }()

    /// `isOver` is asked often while a statement runs, and ends it.
    package init(limits: SQLLimits = SQLLimits(), isOver: @escaping () -> Bool) throws(SQLFault) {
        _ = Self.heapIsBound
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(":memory:", &handle, flags, nil) == SQLITE_OK, let handle else {
            sqlite3_close_v2(handle)
            throw SQLFault(.failed, "a database cannot be opened")
        }
        self.handle = handle
        self.limits = limits
        watch = Unmanaged.passRetained(Watch(isOver))
        configure()
        try run("PRAGMA temp_store = MEMORY")
        try run("PRAGMA journal_mode = OFF")
        try run("PRAGMA page_size = \(SQLLimits.pageBytes)")
        try run("PRAGMA max_page_count = \(limits.databaseBytes / SQLLimits.pageBytes)")
        sqlite3_progress_handler(
            handle, SQLLimits.instructionsBetweenChecks,
            { state in
                guard let state else { return 0 }
                return Unmanaged<Watch>.fromOpaque(state).takeUnretainedValue().isOver() ? 1 : 0
            }, watch.toOpaque())
    }

    deinit {
        sqlite3_close_v2(handle)
        watch.release()
    }

    private func configure() {
        persona_sqlite_configure(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        persona_sqlite_configure(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
        persona_sqlite_configure(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        // "a" is a column and never a text: a misspelt column is an error.
        persona_sqlite_configure(handle, SQLITE_DBCONFIG_DQS_DML, 0)
        persona_sqlite_configure(handle, SQLITE_DBCONFIG_DQS_DDL, 0)
        let bounds: [(Int32, Int)] = [
            (SQLITE_LIMIT_LENGTH, limits.textBytes), (SQLITE_LIMIT_SQL_LENGTH, limits.statementBytes),
            (SQLITE_LIMIT_COLUMN, limits.columns), (SQLITE_LIMIT_EXPR_DEPTH, 100),
            (SQLITE_LIMIT_COMPOUND_SELECT, 50), (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
            (SQLITE_LIMIT_TRIGGER_DEPTH, 1), (SQLITE_LIMIT_WORKER_THREADS, 0),
        ]
        for (id, value) in bounds { sqlite3_limit(handle, id, Int32(clamping: value)) }
    }

    /// From here on statements may only read: no ATTACH, no PRAGMA, no writing, no functions that touch files.
    package func seal() {
        sqlite3_set_authorizer(
            handle,
            { _, action, first, second, _, _ in
                switch action {
                case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
                case SQLITE_FUNCTION:
                    let name = second.map { String(cString: $0).lowercased() } ?? ""
                    return SQLDatabase.forbiddenFunctions.contains(name) ? SQLITE_DENY : SQLITE_OK
                default: return SQLITE_DENY
                }
            }, nil)
    }

    /// Functions of builds that have them, which reach files, code or other tables' insides.
    private static let forbiddenFunctions: Set<String> = [
        "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_compileoption_get",
        "sqlite_compileoption_used", "sqlite_source_id", "lsdir", "fsdir",
    ]

    /// Makes a table; `columns` are names with types as SQLite takes them.
    package func create(_ table: String, columns: [(name: String, type: String)]) throws(SQLFault) {
        guard (1...limits.columns).contains(columns.count) else {
            throw SQLFault(.tooLarge, "a table has from 1 to \(limits.columns) columns")
        }
        let list = columns.map { "\(Self.quoted($0.name)) \($0.type)" }.joined(separator: ", ")
        try run("CREATE TABLE \(Self.quoted(table)) (\(list))")
    }

    /// Adds rows, as many values in each as the table has columns; `next` gives one row after another.
    package func fill(_ table: String, width: Int, next: () throws -> [SQLValue]?) throws {
        let holes = [String](repeating: "?", count: width).joined(separator: ", ")
        let statement = try SQLStatement("INSERT INTO \(Self.quoted(table)) VALUES (\(holes))", on: self)
        try run("BEGIN")
        while let row = try next() {
            try statement.bind(row)
            while try statement.step() {}
            statement.reset()
        }
        try run("COMMIT")
    }

    /// Prepares one statement that reads. Throws for more than one, and for what is not allowed.
    package func query(_ sql: String, _ values: [SQLValue] = []) throws(SQLFault) -> SQLStatement {
        guard sql.utf8.count <= limits.statementBytes else {
            throw SQLFault(.invalid, "a statement has at most \(limits.statementBytes) bytes")
        }
        let statement = try SQLStatement(sql, on: self)
        guard statement.isReadOnly, statement.columns.count > 0 else {
            throw SQLFault(.forbidden, "only a single SELECT is allowed")
        }
        try statement.bind(values)
        return statement
    }

    private func run(_ sql: String) throws(SQLFault) {
        let statement = try SQLStatement(sql, on: self)
        while try statement.step() {}
    }

    /// As a name in a statement.
    package static func quoted(_ name: String) -> String {
        "\"" + String(name.flatMap { $0 == "\"" ? ["\"", "\""] : [$0] }) + "\""
    }

    func fault(_ code: Int32) -> SQLFault {
        let message = sqlite3_errmsg(handle).map { String(cString: $0) } ?? "error \(code)"
        switch code & 0xFF {
        case SQLITE_INTERRUPT: return SQLFault(.interrupted, "the query took too long; narrow it down")
        case SQLITE_AUTH: return SQLFault(.forbidden, "the statement is not allowed: \(message)")
        case SQLITE_NOMEM, SQLITE_FULL: return SQLFault(.tooLarge, "the data does not fit the memory of a query")
        case SQLITE_TOOBIG: return SQLFault(.tooLarge, "a text or the statement is too long: \(message)")
        case SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_RANGE: return SQLFault(.invalid, message)
        default: return SQLFault(.failed, message)
        }
    }
}
