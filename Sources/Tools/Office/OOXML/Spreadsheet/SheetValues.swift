import DocumentModel
import Formula

/// What the cells of a model hold, and what its formulas come to.
struct SheetValues {
    private var book: FormulaWorkbook
    private(set) var hasFormulas = false
    /// Cells that arrays fill beside their formula, by sheet, row and column.
    private(set) var spilled: [Int: [Int: [Int: CellValue]]] = [:]
    private(set) var arrays: [CellAddress: String] = [:]

    /// Without a formula and a chart nothing is looked up, and nothing is kept.
    init(_ workbook: Workbook, now: Double) throws(OOXMLError) {
        book = FormulaWorkbook()
        do throws(FormulaFailure) {
            for sheet in workbook.sheets { try book.addSheet(sheet.name) }
            for (index, sheet) in workbook.sheets.enumerated() { try define(sheet, index) }
            for name in workbook.names { try book.define(name.name, as: name.refersTo) }
        } catch { throw OOXMLError(error.code.rawValue, error.message) }
        for (index, sheet) in workbook.sheets.enumerated() { try fill(sheet, index) }
        hasFormulas = book.formulaCount > 0
        guard hasFormulas else { return }
        do throws(FormulaFailure) { try book.calculate(Surroundings(now: now, seed: 1)) } catch {
            throw OOXMLError("formula_\(error.code.rawValue)", error.message)
        }
        try refuseCircles()
        for (index, sheet) in workbook.sheets.enumerated() { gatherArrays(sheet, index) }
    }

    private mutating func define(_ sheet: Sheet, _ index: Int) throws(FormulaFailure) {
        guard let table = sheet.table, let area = sheet.tableArea else { return }
        try book.define(
            FormulaTable(
                name: table.name, area: Area(sheet: index, rows: area.rows, columns: area.columns),
                columns: sheet.columns.map(\.header), hasHeaders: true, hasTotals: sheet.totalsRow != nil))
    }

    private mutating func fill(_ sheet: Sheet, _ index: Int) throws(OOXMLError) {
        for (column, header) in sheet.columns.enumerated() {
            try set(.text(header.header), CellAddress(sheet: index, row: 0, column: column))
        }
        for (row, cells) in sheet.rows.enumerated() {
            for (column, cell) in cells.enumerated() {
                try set(cell, CellAddress(sheet: index, row: row + 1, column: column))
            }
        }
        if let row = sheet.totalsRow {
            for column in sheet.columns.indices {
                if let total = sheet.total(ofColumn: column) {
                    try set(total, CellAddress(sheet: index, row: row, column: column))
                }
            }
        }
        for placed in sheet.cells {
            guard let place = CellReference.parse(placed.cell) else { continue }
            try set(placed.value, CellAddress(sheet: index, row: place.row, column: place.column))
        }
    }

    private mutating func set(_ cell: Cell, _ address: CellAddress) throws(OOXMLError) {
        let place = "\(book.sheetNames[address.sheet])!\(address.position.name)"
        var expression: Expression?
        if case .formula(let text) = cell { expression = try Self.parse(text, at: address.position, place) }
        do throws(FormulaFailure) {
            if let expression {
                try book.setFormula(expression, at: address)
            } else if case let value = cell.stored, !value.isBlank {
                try book.set(value, at: address)
            }
        } catch { throw OOXMLError(error.code.rawValue, "\(place): \(error.message)") }
    }

    private static func parse(_ text: String, at base: CellPosition, _ place: String) throws(OOXMLError) -> Expression {
        let expression: Expression
        do throws(SyntaxFault) { expression = try FormulaParser.parse(text, at: base) } catch {
            throw OOXMLError(
                "formula_invalid",
                "\(place): The formula '\(text.prefix(80))' cannot be read: \(error.description).")
        }
        if let name = expression.unknownFunctions.first {
            throw OOXMLError("formula_invalid", "\(place): \(name) is no function that can be computed here.")
        }
        return expression
    }

    private func refuseCircles() throws(OOXMLError) {
        guard let report = book.reports.first(where: { !$0.circle.isEmpty }) else { return }
        throw OOXMLError(
            "formula_circular",
            "The formula in \(report.sheet)!\(report.cell) depends on itself: \(report.circle.prefix(8).joined(separator: ", "))."
        )
    }

    private mutating func gatherArrays(_ sheet: Sheet, _ index: Int) {
        func gather(_ row: Int, _ column: Int) {
            let address = CellAddress(sheet: index, row: row, column: column)
            guard let area = book.spill(at: address), area.count > 1 else { return }
            let range = CellArea(rows: Int(area.top)...Int(area.bottom), columns: Int(area.left)...Int(area.right))
            arrays[address] = range.name
            for row in range.rows {
                for column in range.columns where !(row == address.row && column == address.column) {
                    spilled[index, default: [:]][row, default: [:]][column] =
                        value(CellAddress(sheet: index, row: row, column: column))
                }
            }
        }
        for (row, cells) in sheet.rows.enumerated() {
            for (column, cell) in cells.enumerated() {
                if case .formula = cell { gather(row + 1, column) }
            }
        }
        for placed in sheet.cells {
            if case .formula = placed.value, let place = CellReference.parse(placed.cell) {
                gather(place.row, place.column)
            }
        }
    }

    func value(_ address: CellAddress) -> CellValue { book.value(at: address) }
    /// As XLSX files want it.
    func formula(_ address: CellAddress) -> String? { book.formula(at: address, forFile: true) }
    /// All formulas whose value is an error.
    var reports: [FormulaReport] { book.reports }
}

extension Cell {
    /// What a file holds for it; of a formula nothing yet.
    var stored: CellValue {
        switch self {
        case .empty, .formula: .blank
        case .text(let text): text.isEmpty ? .blank : .text(text)
        case .bool(let value): .boolean(value)
        case .number(let value): value.isFinite ? .number(value) : .error(.number)
        // Beyond 15 digits a spreadsheet would change the number: identifiers stay as they are, as text.
        case .integer(let value):
            value.magnitude < 1_000_000_000_000_000 ? .number(Double(value)) : .text("\(value)")
        case .date(let text): SerialDate.parse(text).map { .number($0.serial) } ?? .text(text)
        }
    }
}

extension Sheet {
    /// From 0; the row of totals follows the data.
    var totalsRow: Int? { hasTotals && !rows.isEmpty ? rows.count + 1 : nil }

    /// Headers, data and totals; a table has at least one row of data, be it empty.
    var tableArea: CellArea? {
        guard !columns.isEmpty else { return nil }
        return CellArea(rows: 0...(totalsRow ?? max(1, rows.count)), columns: 0...columns.count - 1)
    }

    /// What stands in a column's cell of the totals row.
    func total(ofColumn index: Int) -> Cell? {
        guard let total = columns[index].total, let range = dataRange(ofColumn: index) else {
            return index == columns.firstIndex(where: { $0.total == nil }) ? .text(totalsLabel ?? "Total") : nil
        }
        guard let table else {
            return .formula("\(total == .count ? "COUNTA" : total.rawValue.uppercased())(\(range))")
        }
        let name = columns[index].header.reduce(into: "") { text, character in
            if "[]#'@".contains(character) { text.append("'") }
            text.append(character)
        }
        return .formula("SUBTOTAL(\(total.subtotal),\(table.name)[\(name)])")
    }
}

extension Sheet.Aggregate {
    /// Number of SUBTOTAL that leaves hidden rows out.
    var subtotal: Int {
        switch self {
        case .average: 101
        case .count: 103
        case .max: 104
        case .min: 105
        case .sum: 109
        }
    }

    /// ST_TotalsRowFunction.
    var totalsFunction: String { self == .count ? "count" : rawValue }
}
