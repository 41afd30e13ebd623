extension Sheet {
    func inspect(_ inspection: inout DocumentInspection) {
        inspection.require(
            Self.legalName(name) == name, "sheet_name",
            "A sheet's name has 1 to 31 characters, none of []:*?/\\, and no apostrophe or space at its ends.",
            at: "name")
        inspection.count(columns.count, "columns", in: 1...DocumentLimits.sheetColumns)
        // Two rows are kept for the headers and the totals.
        inspection.count(rows.count, "rows", in: 0...(DocumentLimits.sheetRows - 2))
        inspection.text(totalsLabel, "totals_label", limit: DocumentLimits.title)
        inspection.each("columns", columns) { column, inspection in
            inspection.text(column.header, "header", limit: DocumentLimits.title)
            inspection.text(column.numberFormat, "number_format", limit: 255)
            inspection.require(
                (1...255).contains(column.width ?? 10), "out_of_range", "Widths are 1 to 255 characters.", at: "width")
        }
        inspection.each("rows", rows) { row, inspection in
            inspection.require(
                row.count <= columns.count, "row_width",
                "The row has \(row.count) cells; the sheet has \(columns.count) columns.")
            for (index, cell) in row.enumerated() { cell.inspect(&inspection, at: index) }
        }
        inspection.count(charts.count, "charts", in: 0...DocumentLimits.sheetCharts)
        inspection.each("charts", charts) { $0.inspect(&$1) }
    }
}

extension Cell {
    func inspect(_ inspection: inout DocumentInspection, at index: Int) {
        switch self {
        case .text(let text):
            inspection.require(
                text.utf16.count <= DocumentLimits.cellCharacters, "too_long",
                "A cell holds at most \(DocumentLimits.cellCharacters) characters.", at: "\(index)")
        case .formula(let text):
            inspection.require(
                (1...DocumentLimits.formulaCharacters).contains(text.utf16.count), "too_long",
                "A formula has 1 to \(DocumentLimits.formulaCharacters) characters.", at: "\(index)")
        case .number(let value):
            inspection.require(value.isFinite, "not_finite", "The number is not finite.", at: "\(index)")
        case .date(let text):
            // An unreadable date is written as text: a real column has some.
            inspection.require(text.utf16.count <= 64, "too_long", "'\(text.prefix(20))…' is no date.", at: "\(index)")
        case .empty, .integer, .bool: break
        }
    }
}

extension SheetChart {
    func inspect(_ inspection: inout DocumentInspection) {
        inspection.text(title, "title", limit: DocumentLimits.title)
        inspection.text(categoryAxisTitle, "category_axis_title", limit: DocumentLimits.title)
        inspection.text(valueAxisTitle, "value_axis_title", limit: DocumentLimits.title)
        inspection.text(numberFormat, "number_format", limit: 255)
        inspection.count(series.count, "series", in: 1...DocumentLimits.series)
        inspection.require(Self.isRange(categories), "range", "'\(categories)' is not a range.", at: "categories")
        inspection.each("series", series) { series, inspection in
            inspection.text(series.name, "name", limit: DocumentLimits.title)
            inspection.require(
                Self.isRange(series.values), "range", "'\(series.values)' is not a range.", at: "values")
        }
        if let anchor {
            inspection.require(
                CellReference.parse(anchor) != nil, "range", "'\(anchor)' is not a cell.", at: "anchor")
        }
    }

    private static func isRange(_ text: String) -> Bool {
        let cells = text.split(separator: "!", omittingEmptySubsequences: false).last ?? ""
        let ends = cells.split(separator: ":", omittingEmptySubsequences: false)
        return (1...2).contains(ends.count) && ends.allSatisfy { CellReference.parse($0) != nil }
    }
}
