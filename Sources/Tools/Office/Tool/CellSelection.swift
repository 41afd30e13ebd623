import DocumentModel
import Domain
import Formula
import OOXML
import ToolKit

/// The rows and columns that a query asks for.
struct CellSelection {
    private let sheet: Int
    private var rows: ClosedRange<Int>
    private var columns: ClosedRange<Int>
    private let hasHeader: Bool
    private let input: WorkbookQuery.Input
    private let isOpen: Bool
    private var names: [String] = []
    private var matched = 0
    private var cells = 0
    private var text = 0
    private var found: [(row: Int, cells: [Int: JSONValue])] = []
    private var types: [Int: Set<String>] = [:]
    private var formulas: [WorkbookQuery.Output.FormulaEntry] = []
    private var isCut = false
    private var widest = 0
    private var tests: [(column: Int, condition: WorkbookQuery.Condition)]?
    private var sawHeader = false

    init(
        _ input: WorkbookQuery.Input, _ reader: WorkbookReader, _ tables: [WorkbookReader.TableEntry]
    ) throws(ToolFailure) {
        self.input = input
        if let name = input.table {
            guard let table = tables.first(where: { $0.name.lowercased() == name.lowercased() }) else {
                throw Self.refused(
                    "table_missing", "There is no table '\(name)'; there are \(Self.list(tables.map(\.name))).")
            }
            sheet = table.sheet
            let last = table.rows.upperBound - (table.hasTotals ? 1 : 0)
            rows = table.rows.lowerBound...max(table.rows.lowerBound, last)
            columns = table.columns
            hasHeader = table.hasHeaders
            names = table.headers
            isOpen = false
            return
        }
        guard !reader.sheets.isEmpty else { throw Self.refused("sheet_missing", "The workbook has no sheet of cells.") }
        var index = reader.sheets.firstIndex { !$0.isHidden } ?? 0
        if let name = input.sheet {
            guard let found = reader.sheet(named: name) else {
                throw Self.refused(
                    "sheet_missing", "There is no sheet '\(name)'; there are \(Self.list(reader.sheets.map(\.name))).")
            }
            index = found
        }
        sheet = index
        hasHeader = input.header ?? true
        guard let range = input.range else {
            rows = 0...DocumentLimits.sheetRows - 1
            columns = 0...DocumentLimits.sheetColumns - 1
            isOpen = true
            return
        }
        let ends = range.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let one = CellReference.parse(ends[0]),
            let two = CellReference.parse(ends[ends.count - 1])
        else { throw Self.refused("range_invalid", "'\(range)' is not a range such as B2:D9.") }
        rows = min(one.row, two.row)...max(one.row, two.row)
        columns = min(one.column, two.column)...max(one.column, two.column)
        isOpen = false
    }

    private static func refused(_ code: String, _ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: code, message)
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(30).map { "'\($0)'" }.joined(separator: ", ")
    }

    // MARK: Reading

    mutating func run(_ reader: WorkbookReader) throws {
        let wanted = max(0, min(input.limit ?? TableRead.maximumRows, TableRead.maximumRows))
        let skipped = max(0, input.offset ?? 0)
        var selection = self
        var failure: ToolFailure?
        try reader.rows(of: sheet, formulas: input.formulas ?? false) { (row, line) throws(OOXMLError) in
            guard row <= selection.rows.upperBound else { return false }
            guard row >= selection.rows.lowerBound else { return true }
            do throws(ToolFailure) {
                try selection.take(row, line, reader, wanted: wanted, skipped: skipped)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        self = selection
    }

    private mutating func take(
        _ row: Int, _ line: [ReadCell], _ reader: WorkbookReader, wanted: Int, skipped: Int
    ) throws(ToolFailure) {
        let inside = line.filter { columns.contains($0.column) && !$0.value.isBlank }
        if hasHeader, !sawHeader {
            sawHeader = true
            if names.isEmpty { nameColumns(inside) }
            return
        }
        guard !inside.isEmpty else { return }
        if isOpen { widest = max(widest, (inside.last?.column ?? 0) + 1) }
        if tests == nil {
            var tests: [(Int, WorkbookQuery.Condition)] = []
            for condition in input.conditions ?? [] { tests.append((try column(condition.column), condition)) }
            self.tests = tests
        }
        var values: [Int: JSONValue] = [:]
        for cell in inside { values[cell.column] = Self.json(cell, reader) }
        guard (tests ?? []).allSatisfy({ CellTest(condition: $0.condition).holds(values[$0.column] ?? .null) }) else {
            return
        }
        matched += 1
        guard matched > skipped else { return }
        text += inside.reduce(0) { $0 + ($1.value.isText ? $1.value.text.utf8.count : 8) }
        guard found.count < wanted, cells + inside.count <= TableRead.maximumCells, text <= TableRead.maximumText else {
            isCut = true
            return
        }
        cells += inside.count
        found.append((row, values))
        for cell in inside {
            types[cell.column, default: []].insert(Self.type(cell, reader))
            if let formula = cell.formula, formulas.count < WorkbookQuery.maximumFormulas {
                formulas.append(.init(cell: CellReference.name(row: row, column: cell.column), formula: formula))
            }
        }
    }

    private mutating func nameColumns(_ cells: [ReadCell]) {
        let last = isOpen ? cells.last?.column ?? 0 : columns.upperBound
        names = (columns.lowerBound...max(columns.lowerBound, min(last, columns.lowerBound + 2_000))).map { column in
            cells.first { $0.column == column }?.value.text ?? CellReference.letters(ofColumn: column)
        }
    }

    /// By name, else by letter.
    private func column(_ name: String) throws(ToolFailure) -> Int {
        if let index = names.firstIndex(where: { $0.lowercased() == name.lowercased() }) {
            return columns.lowerBound + index
        }
        guard let place = CellReference.parse(name + "1"), columns.contains(place.column) else {
            throw Self.refused("column_missing", "There is no column '\(name)'; there are \(Self.list(names)).")
        }
        return place.column
    }

    private static func json(_ cell: ReadCell, _ reader: WorkbookReader) -> JSONValue {
        // A workbook whose formats cannot be read has numbers for dates.
        if let date = try? reader.date(cell) { return .string(date) }
        switch cell.value {
        case .blank: return .null
        case .number(let value):
            return value == value.rounded() && abs(value) < 1e15 ? .int(Int64(value)) : .double(value)
        case .boolean(let flag): return .bool(flag)
        case .text(let text): return .string(text)
        case .error(let error): return .string(error.text)
        }
    }

    private static func type(_ cell: ReadCell, _ reader: WorkbookReader) -> String {
        // As above.
        if (try? reader.date(cell)) != nil { return "date" }
        return switch cell.value {
        case .number: "number"
        case .boolean: "boolean"
        case .blank, .text, .error: "text"
        }
    }

    // MARK: The answer

    func output(_ sheets: [WorkbookQuery.Output.SheetEntry], _ reader: WorkbookReader) -> WorkbookQuery.Output {
        let last =
            isOpen ? max(columns.lowerBound + max(names.count, widest) - 1, columns.lowerBound) : columns.upperBound
        var shown = Array(columns.lowerBound...min(last, columns.upperBound))
        if let wanted = input.columns {
            // A column that is not there is left out: its condition would have said so.
            shown = wanted.compactMap { try? column($0) }
        }
        let described = shown.map { column in
            let offset = column - columns.lowerBound
            let kinds = types[column] ?? []
            return WorkbookQuery.Output.Column(
                name: names.indices.contains(offset) ? names[offset] : CellReference.letters(ofColumn: column),
                letter: CellReference.letters(ofColumn: column),
                type: kinds.isEmpty ? "empty" : kinds.count == 1 ? kinds.first ?? "empty" : "mixed")
        }
        return WorkbookQuery.Output(
            sheets: sheets, sheet: reader.sheets[sheet].name, columns: described,
            rows: found.map { row in shown.map { row.cells[$0] ?? .null } }, numbers: found.map { $0.row + 1 },
            rowCount: matched, truncated: isCut, formulas: formulas)
    }
}

/// A condition upon one value.
struct CellTest {
    let condition: WorkbookQuery.Condition

    func holds(_ value: JSONValue) -> Bool {
        let wanted = condition.value ?? .null
        switch condition.comparison {
        case .empty: return value == .null
        case .notEmpty: return value != .null
        case .contains:
            guard case .string(let text) = wanted else { return false }
            return Self.text(value).lowercased().contains(text.lowercased())
        case .equal: return order(value, wanted) == 0
        case .notEqual: return order(value, wanted) != 0
        case .less: return order(value, wanted).map { $0 < 0 } ?? false
        case .lessOrEqual: return order(value, wanted).map { $0 <= 0 } ?? false
        case .greater: return order(value, wanted).map { $0 > 0 } ?? false
        case .greaterOrEqual: return order(value, wanted).map { $0 >= 0 } ?? false
        }
    }

    /// Numbers by size, texts (and dates, which are ISO 8601) by their characters without case; `nil`: of two kinds.
    private func order(_ one: JSONValue, _ two: JSONValue) -> Int? {
        if let a = Self.number(one), let b = Self.number(two) { return a < b ? -1 : a > b ? 1 : 0 }
        switch (one, two) {
        case (.string(let a), .string(let b)):
            let (a, b) = (a.lowercased(), b.lowercased())
            return a < b ? -1 : a > b ? 1 : 0
        case (.bool(let a), .bool(let b)): return a == b ? 0 : a ? 1 : -1
        case (.null, .null): return 0
        default: return nil
        }
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .double(let number): number
        case .string, .bool, .null, .array, .object: nil
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: ""
        }
    }
}
