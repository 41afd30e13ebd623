import CLibPQ

/// Copies a libpq result into Swift values, so that rows may travel between threads.
enum ResultReader {
    static func read(_ result: OpaquePointer, _ prepared: Wire.Prepared?) -> PostgresResult {
        let (tag, affected) = command(result)
        let rowCount = Int(PQntuples(result))
        guard rowCount > 0 else { return PostgresResult(rows: [], affected: affected, tag: tag) }
        let columns = prepared?.columns ?? describe(result)
        prepared?.columns = columns
        let table = copy(result, columns, rowCount)
        return PostgresResult(
            rows: (0..<rowCount).map { PostgresRow(table: table, index: $0) }, affected: affected, tag: tag)
    }

    private static func copy(_ result: OpaquePointer, _ columns: Columns, _ rowCount: Int) -> Table {
        let columnCount = columns.names.count
        var bytes: [UInt8] = []
        var spans: [Int] = []
        spans.reserveCapacity(2 * rowCount * columnCount)
        for row in 0..<Int32(clamping: rowCount) {
            for column in 0..<Int32(clamping: columnCount) {
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                    spans.append(-1)
                    spans.append(-1)
                    continue
                }
                let length = Int(PQgetlength(result, row, column))
                spans.append(bytes.count)
                bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
                spans.append(bytes.count)
            }
        }
        return Table(columns: columns, bytes: bytes, spans: spans)
    }

    private static func describe(_ result: OpaquePointer) -> Columns {
        let count = PQnfields(result)
        return Columns(
            names: (0..<count).map { PQfname(result, $0).map { String(cString: $0) } ?? "" },
            types: (0..<count).map { PQftype(result, $0) })
    }

    /// `INSERT 0 3` gives `INSERT` and 3; `COMMIT` gives itself and 0.
    private static func command(_ result: OpaquePointer) -> (tag: String, affected: Int) {
        let words = PQcmdStatus(result).map { String(cString: $0).split(separator: " ") } ?? []
        let tag = words.first.map(String.init) ?? ""
        let affected = words.count > 1 ? words.last.flatMap { Int($0) } ?? 0 : 0
        return (tag, affected)
    }
}
