import Domain
import SQLite
import ToolKit

/// Tables out of JSON: lists of objects, or lists of lists under a header.
enum JSONTables {
    /// A list, or an object in which one member is a list.
    static func table(_ value: JSONValue) throws(ToolFailure) -> SourceTable {
        if let rows = value.array { return try table(rows: rows) }
        let lists = (value.object ?? [:]).filter { $0.value.array?.first?.object != nil }
        guard lists.count == 1, let rows = lists.first?.value.array else {
            throw invalid("The JSON is no list of objects, and no object with one such list.")
        }
        return try table(rows: rows)
    }

    /// One value a line.
    static func lines(_ bytes: [UInt8]) throws(ToolFailure) -> SourceTable {
        var rows: [JSONValue] = []
        for (number, line) in bytes.split(separator: 0x0A).enumerated() where line.contains(where: { $0 > 0x20 }) {
            guard rows.count < SourceTable.mostRows else { throw tooMany }
            do {
                rows.append(try JSONValue(parsing: Array(line)))
            } catch {
                throw invalid("Line \(number + 1) is no JSON: \(error)")
            }
        }
        return try table(rows: rows)
    }

    static func table(rows: [JSONValue]) throws(ToolFailure) -> SourceTable {
        guard !rows.isEmpty else { throw invalid("The JSON holds no rows.") }
        guard rows.count <= SourceTable.mostRows else { throw tooMany }
        if rows.allSatisfy({ $0.array != nil }) {
            return typed(cells: rows.map { $0.array ?? [] })
        }
        var names: [String] = []
        var known: Set<String> = []
        for (number, row) in rows.enumerated() {
            guard let members = row.object else { throw invalid("Item \(number + 1) is no object.") }
            for name in members.keys.sorted() where known.insert(name).inserted { names.append(name) }
            guard names.count <= SourceTable.mostColumns else {
                throw invalid("The objects have more than \(SourceTable.mostColumns) different members.")
            }
        }
        guard !names.isEmpty else { throw invalid("The objects have no members.") }
        return table(names: names, cells: rows.map { row in names.map { row[$0] ?? .null } })
    }

    /// Cells of a sheet: the first row that is filled is the header where it holds texts alone.
    static func typed(cells: [[JSONValue]]) -> SourceTable {
        let filled = cells.filter { $0.contains { $0 != .null } }
        let width = min(SourceTable.mostColumns, filled.reduce(0) { max($0, $1.count) })
        let isCut = filled.contains { $0.count > width } || filled.count > SourceTable.mostRows + 1
        let even = filled.prefix(SourceTable.mostRows + 1).map { row in
            Array((row + [JSONValue](repeating: .null, count: max(0, width - row.count))).prefix(width))
        }
        let first = even.first ?? []
        let isHeader =
            even.count > 1 && first.allSatisfy { $0 == .null || $0.string != nil } && first.contains { $0 != .null }
        let names = (0..<width).map { index in
            isHeader ? first[index].string ?? "column_\(index + 1)" : "column_\(index + 1)"
        }
        var table = table(names: names, cells: isHeader ? Array(even.dropFirst()) : even)
        table.isTruncated = isCut
        return table
    }

    private static func table(names: [String], cells: [[JSONValue]]) -> SourceTable {
        let types = names.indices.map { index in type(of: cells.lazy.map { $0[index] }) }
        return SourceTable(
            columns: zip(names, types).map { SourceTable.Column(name: $0, type: $1) },
            rows: cells.map { row in zip(row, types).map { sql($0, as: $1) } })
    }

    /// The narrowest type of all values; text where they disagree.
    private static func type(of values: some Sequence<JSONValue>) -> SourceTable.ColumnType {
        var found: SourceTable.ColumnType?
        for value in values where value != .null {
            let type: SourceTable.ColumnType =
                switch value {
                case .bool: .boolean
                case .int: .integer
                case .double: .number
                case .string(let text): isDate(text) ? .date : .text
                default: .text
                }
            switch (found, type) {
            case (nil, _): found = type
            case (let known?, _) where known == type: break
            case (.integer?, .number), (.number?, .integer): found = .number
            default: return .text
            }
        }
        return found ?? .text
    }

    /// `2026-03-01`, with a time or without.
    static func isDate(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(11))
        guard bytes.count >= 10, bytes[4] == 0x2D, bytes[7] == 0x2D, text.utf8.count <= 40 else { return false }
        let areDigits = [0, 1, 2, 3, 5, 6, 8, 9].allSatisfy { (48...57).contains(bytes[$0]) }
        return areDigits && (bytes.count == 10 || bytes[10] == 0x54 || bytes[10] == 0x20)
    }

    private static func sql(_ value: JSONValue, as type: SourceTable.ColumnType) -> SQLValue {
        switch value {
        case .null: .null
        case .bool(let value): type == .boolean ? .integer(value ? 1 : 0) : .text(value ? "true" : "false")
        case .int(let value):
            switch type {
            case .number: .real(Double(value))
            case .text: .text("\(value)")
            default: .integer(value)
            }
        case .double(let value): type == .text ? .text("\(value)") : .real(value)
        case .string(let text): .text(text)
        // What cannot be written as JSON came in as none.
        case .array, .object: (try? value.canonicalBytes()).map { .text(String(decoding: $0, as: UTF8.self)) } ?? .null
        }
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "json_invalid", message)
    }

    private static let tooMany = ToolFailure(
        .invalidInput, code: "data_too_large", "A table has at most \(SourceTable.mostRows) rows.")
}
