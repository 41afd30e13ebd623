import CSV
package import Domain
import SQLite
import ToolKit
import Workspaces

/// One table of a call by its name, and where it comes from.
package struct TableReference: Codable, Sendable, Hashable {
    /// As the query names it; by default the file's name without its ending.
    package var name: String?
    package var path: String?
    /// `csv`, `tsv`, `json`, `jsonl` or `xlsx`; by default from the file's name.
    package var format: String?
    /// Of a workbook; by default the first.
    package var sheet: String?
    /// Rows in place of a file: objects, or lists under a header.
    package var rows: [JSONValue]?
}

struct TableLoader {
    let workspace: Workspace
    let workbook: WorkbookReading
    let work: BlockingWork

    /// Tables of one call.
    static let mostTables = 20

    struct Loaded {
        var name: String
        var table: SourceTable
    }

    func load(_ references: [TableReference]) throws -> [Loaded] {
        guard (1...Self.mostTables).contains(references.count) else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid", "'tables' names from 1 to \(Self.mostTables) tables.")
        }
        var loaded: [Loaded] = []
        var cells = 0
        for reference in references {
            try work.check()
            var table = try table(reference)
            table.separateNames()
            guard table.columns.count <= SourceTable.mostColumns, table.rows.count <= SourceTable.mostRows else {
                throw Self.tooLarge
            }
            cells += table.columns.count * table.rows.count
            guard cells <= SourceTable.mostCells else { throw Self.tooLarge }
            let name = try name(of: reference)
            guard !loaded.contains(where: { $0.name.lowercased() == name.lowercased() }) else {
                throw ToolFailure(.invalidInput, code: "input_invalid", "Two tables are called '\(name)'; name them.")
            }
            loaded.append(Loaded(name: name, table: table))
        }
        return loaded
    }

    private static let tooLarge = ToolFailure(
        .invalidInput, code: "data_too_large",
        """
        The tables of one call have at most \(SourceTable.mostColumns) columns, \(SourceTable.mostRows) rows and \
        \(SourceTable.mostCells) cells.
        """)

    private func table(_ reference: TableReference) throws -> SourceTable {
        if let rows = reference.rows {
            guard reference.path == nil else {
                throw ToolFailure(.invalidInput, code: "input_invalid", "A table has a 'path' or 'rows', not both.")
            }
            return try JSONTables.table(rows: rows)
        }
        guard let text = reference.path else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "A table needs a 'path' or 'rows'.")
        }
        let path = try WorkspacePath(text)
        let bytes = try workspace.read(path, limit: SourceTable.largestFile)
        switch try format(reference, path, bytes) {
        case "xlsx": return try sheet(reference.sheet, of: try workbook(bytes), in: path)
        case "jsonl": return try JSONTables.lines(bytes)
        case "json":
            let value: JSONValue
            do {
                value = try JSONValue(parsing: bytes)
            } catch {
                throw ToolFailure(.invalidInput, code: "json_invalid", "'\(path)' is no JSON: \(error)")
            }
            return try JSONTables.table(value)
        default:
            var limits = CSVLimits()
            limits.columns = SourceTable.mostColumns
            limits.rows = SourceTable.mostRows
            do {
                return SourceTable(try CSVTable(parsing: bytes, limits: limits))
            } catch {
                throw ToolFailure(.invalidInput, code: "csv_invalid", "'\(path)': \(error.message)")
            }
        }
    }

    private func format(_ reference: TableReference, _ path: WorkspacePath, _ bytes: [UInt8]) throws(ToolFailure)
        -> String
    {
        let known = ["csv", "tsv", "json", "jsonl", "xlsx"]
        if let given = reference.format?.lowercased() {
            guard known.contains(given) else {
                throw ToolFailure(
                    .invalidInput, code: "input_invalid", "'format' must be one of \(known.joined(separator: ", ")).")
            }
            return given
        }
        let ending = path.name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        switch ending {
        case "ndjson": return "jsonl"
        case "xlsm": return "xlsx"
        default: return known.contains(ending) ? ending : bytes.starts(with: [0x50, 0x4B, 3, 4]) ? "xlsx" : "csv"
        }
    }

    private func sheet(_ name: String?, of sheets: [SheetCells], in path: WorkspacePath) throws(ToolFailure)
        -> SourceTable
    {
        let found = name.map { name in sheets.first { $0.name.lowercased() == name.lowercased() } } ?? sheets.first
        guard let found else {
            let names = sheets.prefix(50).map { "'\($0.name)'" }.joined(separator: ", ")
            throw ToolFailure(
                .invalidInput, code: "sheet_missing", "'\(path)' has no sheet '\(name ?? "")'; it has \(names).")
        }
        guard found.rows.contains(where: { $0.contains { $0 != .null } }) else {
            throw ToolFailure(.invalidInput, code: "sheet_empty", "The sheet '\(found.name)' of '\(path)' is empty.")
        }
        return JSONTables.typed(cells: found.rows)
    }

    private func name(of reference: TableReference) throws(ToolFailure) -> String {
        let file = reference.path.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        let stem = file.map { name in name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name }
        let name = reference.name ?? stem ?? "data"
        guard !name.isEmpty, name.utf8.count <= 120, !name.lowercased().hasPrefix("sqlite_"),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 })
        else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "'\(name.prefix(40))' cannot name a table.")
        }
        return name
    }
}
