import CSV
package import Domain
package import SQLite
import ToolKit

/// One table on its way into the engine: typed columns and rows.
package struct SourceTable: Sendable {
    package enum ColumnType: String, Sendable, Hashable, Codable, CaseIterable {
        case text, integer, number, date, boolean

        /// As SQLite takes it; the affinity keeps texts texts and numbers numbers (SQLite, "Datatypes", section 3.1).
        var declared: String {
            switch self {
            case .text: "TEXT"
            case .integer: "INTEGER"
            case .number: "REAL"
            case .date: "DATE TEXT"
            case .boolean: "BOOLEAN INTEGER"
            }
        }

        /// What a column of a result is, by what its source was declared as.
        init?(declared: String?) {
            switch declared {
            case "TEXT": self = .text
            case "INTEGER": self = .integer
            case "REAL": self = .number
            case "DATE TEXT": self = .date
            case "BOOLEAN INTEGER": self = .boolean
            default: return nil
            }
        }
    }

    package struct Column: Sendable, Hashable {
        package var name: String
        package var type: ColumnType

        package init(name: String, type: ColumnType) {
            self.name = name
            self.type = type
        }
    }

    package var columns: [Column]
    package var rows: [[SQLValue]]
    /// Rows or columns were left out.
    package var isTruncated: Bool

    package init(columns: [Column], rows: [[SQLValue]], isTruncated: Bool = false) {
        self.columns = columns
        self.rows = rows
        self.isTruncated = isTruncated
    }

    /// Bytes of one file.
    static let largestFile = 50 * 1024 * 1024
    static let mostColumns = 500
    static let mostRows = 500_000
    /// Cells of all tables of a call: about 500 MB while they are read.
    static let mostCells = 8_000_000

    init(_ table: CSVTable) {
        columns = table.columns.map { column in
            Column(name: column.name, type: ColumnType(rawValue: column.type.rawValue) ?? .text)
        }
        rows = table.rows.map { row in
            row.map { value in
                switch value {
                case .empty: .null
                case .text(let text), .date(let text): .text(text)
                case .integer(let value): .integer(value)
                case .number(let value): .real(value)
                case .boolean(let value): .integer(value ? 1 : 0)
                }
            }
        }
        isTruncated = table.truncated
    }

    /// Names as SQLite compares them: without case, and each once.
    mutating func separateNames() {
        var seen: Set<String> = []
        for index in columns.indices {
            let base = columns[index].name.isEmpty ? "column_\(index + 1)" : columns[index].name
            var name = base
            var number = 2
            while !seen.insert(name.lowercased()).inserted {
                name = "\(base)_\(number)"
                number += 1
            }
            columns[index].name = name
        }
    }
}

/// A sheet's cells before types are found: what a reader of workbooks gives.
package struct SheetCells: Sendable {
    package var name: String
    /// Rows of unequal width.
    package var rows: [[JSONValue]]

    package init(name: String, rows: [[JSONValue]]) {
        self.name = name
        self.rows = rows
    }
}

/// Reads the sheets of a workbook out of its bytes; the place where another reader fits.
package typealias WorkbookReading = @Sendable (_ bytes: [UInt8]) throws -> [SheetCells]
