extension Sheet {
    func inspect(_ inspection: inout DocumentInspection) {
        inspection.require(
            Self.legalName(name) == name, "sheet_name",
            "A sheet's name has 1 to 31 characters, none of []:*?/\\, and no apostrophe or space at its ends.",
            at: "name")
        inspection.count(columns.count, "columns", in: (cells.isEmpty ? 1 : 0)...DocumentLimits.sheetColumns)
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
            for (index, cell) in row.enumerated() { cell.inspect(&inspection, at: "\(index)") }
        }
        inspection.count(charts.count, "charts", in: 0...DocumentLimits.sheetCharts)
        inspection.each("charts", charts) { $0.inspect(&$1) }
        inspectExtras(&inspection)
    }

    private func inspectExtras(_ inspection: inout DocumentInspection) {
        let most = DocumentLimits.sheetExtras
        for (key, count) in [
            ("cells", cells.count), ("formats", formats.count), ("merges", merges.count), ("links", links.count),
            ("notes", notes.count), ("validations", validations.count), ("conditional", conditional.count),
            ("row_heights", rowHeights.count),
        ] { inspection.count(count, key, in: 0...most) }
        inspection.count(images.count, "images", in: 0...DocumentLimits.sheetCharts)
        var places: Set<String> = []
        inspection.each("cells", cells) { placed, inspection in
            inspection.cell(placed.cell, "cell")
            placed.value.inspect(&inspection, at: "value")
            inspection.require(
                places.insert(placed.cell.uppercased()).inserted, "duplicate", "The cell is there twice.", at: "cell")
        }
        inspection.each("merges", merges) { range, inspection in
            inspection.require(CellRangeText.isRange(range), "range", "'\(range)' is not a range of cells.")
        }
        inspection.each("validations", validations) { $0.inspect(&$1) }
        inspection.each("conditional", conditional) { $0.inspect(&$1) }
        inspectObjects(&inspection)
        inspection.each("row_heights", rowHeights) { row, inspection in
            inspection.require(
                (1...DocumentLimits.sheetRows).contains(row.row) && (0...409).contains(row.height), "out_of_range",
                "Rows count from 1, heights are 0 to 409 points.")
        }
        inspection.colour(tabColor, "tab_color")
        inspection.require((10...400).contains(zoom ?? 100), "out_of_range", "Zoom is 10 to 400 percent.", at: "zoom")
        inspection.within("freeze") { inspection in
            inspection.require(
                (0...1_000).contains(freeze?.rows ?? 0) && (0...100).contains(freeze?.columns ?? 0), "out_of_range",
                "At most 1,000 rows and 100 columns can be frozen.")
        }
    }

    private func inspectObjects(_ inspection: inout DocumentInspection) {
        inspection.each("links", links) { link, inspection in
            inspection.cell(link.cell, "cell")
            let isLink = Source(number: 1, title: link.url, url: link.url).isLink
            inspection.require(
                (isLink || link.url.hasPrefix("#")) && link.url.utf16.count <= DocumentLimits.line, "url",
                "A link begins with https://, http://, mailto: or #.", at: "url")
        }
        inspection.each("notes", notes) { note, inspection in
            inspection.cell(note.cell, "cell")
            inspection.text(note.text, "text", limit: DocumentLimits.cellCharacters, required: true)
            inspection.text(note.author, "author", limit: DocumentLimits.title)
        }
        inspection.each("images", images) { image, inspection in
            Image(path: image.path, altText: image.altText).inspect(&inspection, sources: [])
            inspection.cell(image.anchor, "anchor")
            inspection.require(
                (1...4_000).contains(image.width ?? 1), "out_of_range", "Widths are 1 to 4000 pixels.", at: "width")
        }
        inspection.within("print") { inspection in
            inspection.text(print?.header, "header", limit: DocumentLimits.pageText)
            inspection.text(print?.footer, "footer", limit: DocumentLimits.pageText)
            if let area = print?.area { inspection.range(area, "area") }
            inspection.require(
                (0...1_000).contains(print?.fitWidth ?? 1) && (0...1_000).contains(print?.fitHeight ?? 1),
                "out_of_range", "Pages are 0 to 1000.", at: "fit_width")
        }
        inspection.within("table") { inspection in
            guard let table else { return }
            inspection.text(table.name, "name", limit: 255, required: true)
            inspection.require(
                Set(columns.map { $0.header.lowercased() }).count == columns.count
                    && columns.allSatisfy { !$0.header.isEmpty }, "table_columns",
                "A table's headers are not empty and all different.", at: "name")
        }
    }

    /// Styles that are named must be there.
    func inspect(styles: Set<String>, _ inspection: inout DocumentInspection) {
        func check(_ name: String?, _ inspection: inout DocumentInspection) {
            guard let name, !styles.contains(name) else { return }
            inspection.report("unknown_style", "There is no style '\(name)'.", at: "style")
        }
        inspection.each("columns", columns) { check($0.style, &$1) }
        inspection.each("cells", cells) { check($0.style, &$1) }
        inspection.each("conditional", conditional) { check($0.style, &$1) }
        inspection.each("formats", formats) { format, inspection in
            check(format.style, &inspection)
            inspection.range(format.range, "range")
        }
    }
}

extension Cell {
    func inspect(_ inspection: inout DocumentInspection, at key: String) {
        switch self {
        case .text(let text):
            inspection.require(
                text.utf16.count <= DocumentLimits.cellCharacters, "too_long",
                "A cell holds at most \(DocumentLimits.cellCharacters) characters.", at: key)
        case .formula(let text):
            inspection.require(
                (1...DocumentLimits.formulaCharacters).contains(text.utf16.count), "too_long",
                "A formula has 1 to \(DocumentLimits.formulaCharacters) characters.", at: key)
        case .number(let value):
            inspection.require(value.isFinite, "not_finite", "The number is not finite.", at: key)
        case .date(let text):
            // An unreadable date is written as text: a real column has some.
            inspection.require(text.utf16.count <= 64, "too_long", "'\(text.prefix(20))…' is no date.", at: key)
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
