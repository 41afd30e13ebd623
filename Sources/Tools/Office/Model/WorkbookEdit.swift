/// One change of an existing workbook.
package enum WorkbookEdit: Sendable, Hashable {
    /// Sets a cell; `null` empties it. The cell keeps its looks.
    case set(sheet: String, cell: String, value: Cell)
    /// Sets the cells from `cell` on to the right and down.
    case fill(sheet: String, cell: String, rows: [[Cell]])
    /// Adds rows to a native table, before its totals; formulas of its columns are filled down.
    case append(table: String, rows: [[Cell]])
    /// Adds rows below all others of a sheet.
    case appendRows(sheet: String, rows: [[Cell]])
    /// Rows count from 1.
    case insertRows(sheet: String, row: Int, count: Int)
    case deleteRows(sheet: String, row: Int, count: Int)
    /// Columns by letter.
    case insertColumns(sheet: String, column: String, count: Int)
    case deleteColumns(sheet: String, column: String, count: Int)
    case addSheet(name: String, rows: [[Cell]])
    case renameSheet(sheet: String, name: String)
    case deleteSheet(sheet: String)
}

extension WorkbookEdit: Codable {
    package enum Operation: String, Codable, Sendable, CaseIterable {
        case set, fill, append
        case appendRows = "append_rows"
        case insertRows = "insert_rows"
        case deleteRows = "delete_rows"
        case insertColumns = "insert_columns"
        case deleteColumns = "delete_columns"
        case addSheet = "add_sheet"
        case renameSheet = "rename_sheet"
        case deleteSheet = "delete_sheet"
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case op, sheet, cell, value, rows, table, row, column, count, name
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String { try container.decode(String.self, forKey: key) }
        func rows() throws -> [[Cell]] { try container.decode([[Cell]].self, forKey: .rows) }
        func count() throws -> Int { try container.decodeIfPresent(Int.self, forKey: .count) ?? 1 }
        switch try container.decode(Operation.self, forKey: .op) {
        case .set:
            let value = try container.decodeIfPresent(Cell.self, forKey: .value) ?? .empty
            self = .set(sheet: try text(.sheet), cell: try text(.cell), value: value)
        case .fill: self = .fill(sheet: try text(.sheet), cell: try text(.cell), rows: try rows())
        case .append: self = .append(table: try text(.table), rows: try rows())
        case .appendRows: self = .appendRows(sheet: try text(.sheet), rows: try rows())
        case .insertRows:
            self = .insertRows(
                sheet: try text(.sheet), row: try container.decode(Int.self, forKey: .row), count: try count())
        case .deleteRows:
            self = .deleteRows(
                sheet: try text(.sheet), row: try container.decode(Int.self, forKey: .row), count: try count())
        case .insertColumns:
            self = .insertColumns(sheet: try text(.sheet), column: try text(.column), count: try count())
        case .deleteColumns:
            self = .deleteColumns(sheet: try text(.sheet), column: try text(.column), count: try count())
        case .addSheet:
            let rows = try container.decodeIfPresent([[Cell]].self, forKey: .rows) ?? []
            self = .addSheet(name: try text(.name), rows: rows)
        case .renameSheet: self = .renameSheet(sheet: try text(.sheet), name: try text(.name))
        case .deleteSheet: self = .deleteSheet(sheet: try text(.sheet))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func lines(_ operation: Operation, _ sheet: String, _ count: Int) throws {
            try container.encode(operation, forKey: .op)
            try container.encode(sheet, forKey: .sheet)
            try container.encode(count, forKey: .count)
        }
        switch self {
        case .set(let sheet, let cell, let value):
            try container.encode(Operation.set, forKey: .op)
            try container.encode(sheet, forKey: .sheet)
            try container.encode(cell, forKey: .cell)
            try container.encode(value, forKey: .value)
        case .fill(let sheet, let cell, let rows):
            try container.encode(Operation.fill, forKey: .op)
            try container.encode(sheet, forKey: .sheet)
            try container.encode(cell, forKey: .cell)
            try container.encode(rows, forKey: .rows)
        case .append(let table, let rows):
            try container.encode(Operation.append, forKey: .op)
            try container.encode(table, forKey: .table)
            try container.encode(rows, forKey: .rows)
        case .appendRows(let sheet, let rows):
            try container.encode(Operation.appendRows, forKey: .op)
            try container.encode(sheet, forKey: .sheet)
            try container.encode(rows, forKey: .rows)
        case .insertRows(let sheet, let row, let count):
            try lines(.insertRows, sheet, count)
            try container.encode(row, forKey: .row)
        case .deleteRows(let sheet, let row, let count):
            try lines(.deleteRows, sheet, count)
            try container.encode(row, forKey: .row)
        case .insertColumns(let sheet, let column, let count):
            try lines(.insertColumns, sheet, count)
            try container.encode(column, forKey: .column)
        case .deleteColumns(let sheet, let column, let count):
            try lines(.deleteColumns, sheet, count)
            try container.encode(column, forKey: .column)
        case .addSheet(let name, let rows):
            try container.encode(Operation.addSheet, forKey: .op)
            try container.encode(name, forKey: .name)
            try container.encode(rows, forKey: .rows)
        case .renameSheet(let sheet, let name):
            try container.encode(Operation.renameSheet, forKey: .op)
            try container.encode(sheet, forKey: .sheet)
            try container.encode(name, forKey: .name)
        case .deleteSheet(let sheet):
            try container.encode(Operation.deleteSheet, forKey: .op)
            try container.encode(sheet, forKey: .sheet)
        }
    }
}
