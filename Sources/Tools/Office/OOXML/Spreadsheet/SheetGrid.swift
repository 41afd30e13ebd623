import DocumentModel

/// A sheet as rows of values and formulas, headers and totals included.
struct SheetGrid {
    let sheet: Sheet
    /// Row 0 holds the headers.
    private(set) var values: [[FormulaValue]] = []
    /// By row and column.
    private(set) var formulas: [Int: [Int: String]] = [:]
    private(set) var datesWithTime: Set<Int> = []
    let totalsRow: Int?

    init(_ sheet: Sheet) {
        self.sheet = sheet
        totalsRow = sheet.hasTotals && !sheet.rows.isEmpty ? sheet.rows.count + 1 : nil
        values.append(sheet.columns.map { .text($0.header) })
        for (index, row) in sheet.rows.enumerated() {
            var line: [FormulaValue] = []
            for (column, cell) in row.enumerated() { line.append(value(cell, row: index + 1, column: column)) }
            values.append(line)
        }
        if let totalsRow { addTotals(totalsRow) }
    }

    private mutating func value(_ cell: Cell, row: Int, column: Int) -> FormulaValue {
        switch cell {
        case .empty: return .blank
        case .text(let text): return .text(text)
        case .bool(let value): return .bool(value)
        case .number(let value): return value.isFinite ? .number(value) : .error(.number)
        // Beyond 15 digits a spreadsheet would change the number: identifiers stay as they are, as text.
        case .integer(let value):
            return value.magnitude < 1_000_000_000_000_000 ? .number(Double(value)) : .text("\(value)")
        case .date(let text):
            guard let date = SerialDate.parse(text) else { return .text(text) }
            if date.hasTime { datesWithTime.insert(column) }
            return .number(date.serial)
        case .formula(let text):
            let bare = text.hasPrefix("=") ? String(text.dropFirst()) : text
            formulas[row, default: [:]][column] = bare
            return .blank
        }
    }

    private mutating func addTotals(_ row: Int) {
        var line = [FormulaValue](repeating: .blank, count: sheet.columns.count)
        for (index, column) in sheet.columns.enumerated() {
            guard let total = column.total, let range = sheet.dataRange(ofColumn: index) else { continue }
            let function = total == .count ? "COUNTA" : total.rawValue.uppercased()
            formulas[row, default: [:]][index] = "\(function)(\(range))"
        }
        if let label = sheet.columns.firstIndex(where: { $0.total == nil }) {
            line[label] = .text(sheet.totalsLabel ?? "Total")
        }
        values.append(line)
    }

    /// The format of a column's numbers where none is given.
    func numberFormat(ofColumn index: Int) -> String {
        let column = sheet.columns[index]
        if let format = column.numberFormat { return format }
        switch column.type {
        case .text: return "General"
        // Excel shows booleans in any format; LibreOffice would show 1 and 0.
        case .boolean: return "\"TRUE\";\"TRUE\";\"FALSE\""
        case .date: return datesWithTime.contains(index) ? "yyyy-mm-dd hh:mm" : "yyyy-mm-dd"
        case .number: return "#,##0.00"
        case .integer: return isYears(index) ? "0" : "#,##0"
        }
    }

    /// Years are numbers that nobody groups.
    private func isYears(_ column: Int) -> Bool {
        var seen = false
        for row in values.dropFirst().prefix(sheet.rows.count) where row.indices.contains(column) {
            guard case .number(let value) = row[column] else { continue }
            guard (1500...2200).contains(value) else { return false }
            seen = true
        }
        return seen && sheet.columns[column].total == nil
    }
}
