/// A table read from CSV: dialect, header, typed columns, rows of equal width.
package struct CSVTable: Sendable, Hashable {
    package struct Column: Sendable, Hashable {
        package var name: String
        package var type: CSVType
    }

    package var encoding: CSVEncoding
    package var delimiter: String
    package var columns: [Column]
    /// As many cells in each row as there are columns.
    package var rows: [[CSVValue]]
    /// Rows or columns were left out.
    package var truncated: Bool

    /// Reads a table. Throws `CSVError` for what is not one: empty, binary, a PDF, HTML, prose without a delimiter.
    package init(parsing bytes: [UInt8], limits: CSVLimits = CSVLimits()) throws(CSVError) {
        guard bytes.count <= limits.bytes else {
            throw CSVError("The file has \(bytes.count) bytes; at most \(limits.bytes) are read.")
        }
        try Self.refuseForeign(bytes)
        let (encoding, text) = CSVEncoding.decode(bytes)
        guard !text.contains(0) else { throw CSVError("The file holds NUL bytes: it is binary, not CSV.") }
        guard text.contains(where: { $0 > 0x20 }) else { throw CSVError("The file is empty.") }
        let dialect = CSVDialect(detecting: text)
        let read = Self.records(text, dialect, limits)
        var records = read.records
        guard !records.isEmpty else { throw CSVError("The file holds no rows.") }
        let width = records.reduce(0) { max($0, $1.count) }
        guard width > 1 && dialect.isCertain || Self.isList(records) else {
            throw CSVError("No comma, semicolon, tab or bar separates columns: this is text, not CSV.")
        }
        let hasHeader = Self.hasHeader(records, dialect)
        let header = hasHeader ? records.removeFirst() : []
        self.encoding = encoding
        delimiter = String(UnicodeScalar(dialect.delimiter))
        (columns, rows) = Self.typed(records, Self.names(header, width), dialect)
        truncated = read.truncated
    }

    private static func refuseForeign(_ bytes: [UInt8]) throws(CSVError) {
        guard !bytes.isEmpty else { throw CSVError("The file is empty.") }
        let known: [([UInt8], String)] = [
            (Array("%PDF-".utf8), "a PDF"), ([0x50, 0x4B, 0x03, 0x04], "a ZIP or Office file"),
            ([0x89, 0x50, 0x4E, 0x47], "a picture"), ([0xFF, 0xD8, 0xFF], "a picture"),
            ([0xD0, 0xCF, 0x11, 0xE0], "an old Office file"), ([0x1F, 0x8B], "compressed"),
            (Array("{\\rtf".utf8), "an RTF document"),
        ]
        for (magic, name) in known where bytes.starts(with: magic) { throw CSVError("The file is \(name), not CSV.") }
        let start = bytes.prefix(1_024).drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
        let head = String(decoding: start, as: UTF8.self).lowercased()
        for mark in ["<!doctype", "<html", "<?xml", "<svg", "<head", "<body"] where head.hasPrefix(mark) {
            throw CSVError("The file is HTML or XML, not CSV.")
        }
    }

    private static func records(_ text: [UInt8], _ dialect: CSVDialect, _ limits: CSVLimits) -> (
        records: [[String]], truncated: Bool
    ) {
        var reader = CSVRecords(text, delimiter: dialect.delimiter)
        var records: [[String]] = []
        var truncated = false
        while let (fields, dropped) = reader.next(columns: limits.columns) {
            if fields.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) { continue }
            // Excel's first line `sep=;` is not data.
            if records.isEmpty, fields[0].lowercased().hasPrefix("sep=") { continue }
            truncated = truncated || dropped > 0
            // One more than asked for, for the header.
            guard records.count <= limits.rows else { return (records, true) }
            records.append(fields)
        }
        return (records, truncated)
    }

    /// A single column counts as a table where it has several short lines.
    private static func isList(_ records: [[String]]) -> Bool {
        records.count >= 2 && records.allSatisfy { ($0.first ?? "").count <= 64 }
            && !records.contains { ($0.first ?? "").split(separator: " ").count > 6 }
    }

    /// A first row of distinct words over rows that are not all words, or simply over others.
    private static func hasHeader(_ records: [[String]], _ dialect: CSVDialect) -> Bool {
        let first = records[0]
        guard records.count > 1 else { return true }
        let filled = first.filter { !$0.isEmpty }
        guard !filled.isEmpty else { return false }
        // Names that repeat are names only where something else than words stands below.
        if Set(filled).count != filled.count {
            guard records[1].contains(where: { CSVType.detect($0, decimalComma: dialect.decimalComma) != .text }) else {
                return false
            }
        }
        return filled.allSatisfy { CSVType.detect($0, decimalComma: dialect.decimalComma) == .text || isYear($0) }
            && filled.contains { CSVType.detect($0, decimalComma: dialect.decimalComma) == .text }
    }

    private static func isYear(_ text: String) -> Bool {
        text.count == 4 && Int(text).map { (1800...2200).contains($0) } == true
    }

    private static func names(_ header: [String], _ width: Int) -> [String] {
        var seen: [String: Int] = [:]
        return (0..<width).map { index in
            let given = index < header.count ? header[index] : ""
            let trimmed = given.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let name = trimmed.isEmpty ? "Column \(index + 1)" : trimmed
            seen[name, default: 0] += 1
            let count = seen[name] ?? 1
            return count == 1 ? name : "\(name) (\(count))"
        }
    }

    private static func typed(_ records: [[String]], _ names: [String], _ dialect: CSVDialect)
        -> ([Column], [[CSVValue]])
    {
        var columns: [Column] = []
        for (index, name) in names.enumerated() {
            let cells = records.lazy.map { $0.indices.contains(index) ? $0[index] : "" }
            columns.append(Column(name: name, type: CSVType.of(cells, decimalComma: dialect.decimalComma)))
        }
        let dayFirst = columns.indices.map { index in
            columns[index].type == .date && CSVDate.isDayFirst(records.lazy.compactMap { $0.dropFirst(index).first })
        }
        let rows = records.map { record in
            columns.indices.map { index in
                let text = record.indices.contains(index) ? record[index] : ""
                return CSVValue(
                    text, columns[index].type, decimalComma: dialect.decimalComma, dayFirst: dayFirst[index])
            }
        }
        return (columns, rows)
    }
}
