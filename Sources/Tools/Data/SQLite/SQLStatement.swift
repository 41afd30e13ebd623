import CSQLite

/// A prepared statement; lives no longer than its database.
package final class SQLStatement {
    package struct Column: Sendable, Hashable {
        package let name: String
        /// As the table's column was declared; `nil` for what was computed.
        package let declaredType: String?
    }

    package let columns: [Column]
    private let handle: OpaquePointer
    private let database: SQLDatabase

    init(_ sql: String, on database: SQLDatabase) throws(SQLFault) {
        guard !sql.utf8.contains(0) else { throw SQLFault(.invalid, "a statement cannot hold NUL") }
        var handle: OpaquePointer?
        var rest = 0
        var text = Array(sql.utf8CString)
        let code = text.withUnsafeMutableBufferPointer { buffer -> Int32 in
            var tail: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v2(
                database.handle, buffer.baseAddress, Int32(clamping: buffer.count), &handle, &tail)
            if let tail, let base = buffer.baseAddress { rest = tail - UnsafePointer(base) }
            return code
        }
        guard code == SQLITE_OK else { throw database.fault(code) }
        guard let handle else { throw SQLFault(.invalid, "the statement is empty") }
        let tail = sql.utf8.dropFirst(rest)
        guard tail.allSatisfy({ $0 == 0x3B || $0 <= 0x20 }) else {
            sqlite3_finalize(handle)
            throw SQLFault(.forbidden, "only one statement at a time is allowed")
        }
        self.handle = handle
        self.database = database
        columns = (0..<sqlite3_column_count(handle)).map { index in
            Column(
                name: sqlite3_column_name(handle, index).map { String(cString: $0) } ?? "",
                declaredType: sqlite3_column_decltype(handle, index).map { String(cString: $0) })
        }
    }

    deinit { sqlite3_finalize(handle) }

    /// A SELECT, and no account of how one would be run.
    var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 && sqlite3_stmt_isexplain(handle) == 0 }

    func reset() { sqlite3_reset(handle) }

    func bind(_ values: [SQLValue]) throws(SQLFault) {
        guard values.count == Int(sqlite3_bind_parameter_count(handle)) else {
            throw SQLFault(.invalid, "the statement has other parameters than values were given")
        }
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            let code: Int32
            switch value {
            case .null: code = sqlite3_bind_null(handle, place)
            case .integer(let value): code = sqlite3_bind_int64(handle, place, value)
            case .real(let value): code = sqlite3_bind_double(handle, place, value)
            case .text(var value):
                // A null pointer would bind NULL: an empty text needs an address too.
                value += "\0"
                code = value.withUTF8 { buffer in
                    buffer.withMemoryRebound(to: CChar.self) { bytes in
                        persona_sqlite_bind_text(handle, place, bytes.baseAddress, Int32(clamping: bytes.count - 1))
                    }
                }
            }
            guard code == SQLITE_OK else { throw database.fault(code) }
        }
    }

    /// Whether there is a row.
    func step() throws(SQLFault) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw database.fault(code)
        }
    }

    /// The next row, `nil` after the last.
    package func next() throws(SQLFault) -> [SQLValue]? {
        guard try step() else { return nil }
        return columns.indices.map { value(Int32($0)) }
    }

    private func value(_ index: Int32) -> SQLValue {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
        case SQLITE_TEXT:
            guard let bytes = sqlite3_column_text(handle, index) else { return .null }
            let count = Int(sqlite3_column_bytes(handle, index))
            return .text(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            guard let bytes = sqlite3_column_blob(handle, index) else { return .text("") }
            let raw = UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, index)))
            let digits = Array("0123456789abcdef".utf8)
            return .text(String(decoding: raw.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
        default: return .null
        }
    }
}
