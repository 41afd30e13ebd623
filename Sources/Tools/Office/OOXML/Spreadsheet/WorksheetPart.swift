import DocumentModel
import Formula

/// `xl/worksheets/sheetN.xml`, written as its rows come.
struct WorksheetPart {
    /// Relationships of the sheet's parts.
    struct Related {
        var drawing: String?
        var notes: String?
        var table: String?
        /// By cell.
        var links: [String: String] = [:]
    }

    let source: SheetSource
    let related: Related
    let values: SheetValues?
    let styles: StyleSheet
    let named: [String: CellStyle]
    private var formats: ColumnFormats
    private var placed: [Int: [Int: (cell: Cell, style: Int)]] = [:]
    private var sheet: Sheet { source.sheet }

    init(
        _ source: SheetSource, related: Related, values: SheetValues?, styles: StyleSheet, named: [String: CellStyle]
    ) {
        self.source = source
        self.related = related
        self.values = values
        self.styles = styles
        self.named = named
        formats = ColumnFormats(source, styles: styles, named: named)
        for cell in source.sheet.cells {
            guard let place = CellReference.parse(cell.cell) else { continue }
            placed[place.row, default: [:]][place.column] = (cell.value, formats.placed(cell))
        }
        for (row, cells) in values?.spilled[source.index] ?? [:] {
            for (column, value) in cells where placed[row]?[column] == nil {
                placed[row, default: [:]][column] = (value.cell, styles.index(of: styles.body))
            }
        }
    }

    mutating func write(to output: ZipOutput, strings: inout SharedStrings) throws(OOXMLError) {
        try output.write(head)
        var encoder = RowEncoder(output, strings: strings)
        let heights = Dictionary(sheet.rowHeights.map { ($0.row - 1, $0.height) }) { $1 }
        let count = try rows(&encoder, heights)
        strings = encoder.strings
        try output.write(tail(rows: count))
    }

    // MARK: Rows

    private mutating func rows(_ encoder: inout RowEncoder, _ heights: [Int: Double]) throws(OOXMLError) -> Int {
        try encoder.raw("<sheetData>")
        var next = 0
        if !sheet.columns.isEmpty {
            try header(&encoder, heights)
            next = 1
        }
        let isPlain = placed.isEmpty && !formats.hasRanges && heights.isEmpty
        // What the closure changes cannot be `self` while the source is read.
        var writer = self
        let data = try source.each { (number, cells) throws(OOXMLError) in
            if isPlain {
                try writer.plain(number, cells, &encoder)
            } else {
                try writer.mixed(number, cells, heights, &encoder)
            }
        }
        next = max(next, data + (sheet.columns.isEmpty ? 0 : 1))
        if let totals = writer.sheet.totalsRow {
            try writer.totals(totals, &encoder, heights)
            next = totals + 1
        }
        let last = max(writer.placed.keys.max() ?? -1, writer.formats.lastRangedRow, heights.keys.max() ?? -1)
        while next <= last {
            try writer.mixed(next, [], heights, &encoder)
            next += 1
        }
        self = writer
        try encoder.raw("</sheetData>")
        return data
    }

    private mutating func header(_ encoder: inout RowEncoder, _ heights: [Int: Double]) throws(OOXMLError) {
        try encoder.begin(row: 0, attributes: " ht=\"\(NumberText.plain(heights[0] ?? 22))\" customHeight=\"1\"")
        let ranges = formats.ranges(inRow: 0)
        let extra = placed[0] ?? [:]
        for column in sheet.columns.indices where extra[column] == nil || sheet.table != nil {
            let style = formats.mix(formats.columns[column].header, column, ranges)
            try encoder.text(sheet.columns[column].header, column, style: style)
        }
        for column in extra.keys.sorted() where sheet.table == nil || column >= sheet.columns.count {
            guard let cell = extra[column] else { continue }
            try emit(cell.cell, 0, column, formats.mix(cell.style, column, ranges), &encoder)
        }
        try encoder.end()
    }

    @inline(__always)
    private func plain(_ row: Int, _ cells: [Cell], _ encoder: inout RowEncoder) throws(OOXMLError) {
        try encoder.begin(row: row)
        for (column, cell) in cells.enumerated() {
            if case .empty = cell { continue }
            try emit(cell, row, column, formats.body(column, cell), &encoder)
        }
        try encoder.end()
    }

    private mutating func mixed(
        _ row: Int, _ cells: [Cell], _ heights: [Int: Double], _ encoder: inout RowEncoder
    ) throws(OOXMLError) {
        let ranges = formats.ranges(inRow: row)
        let extra = placed[row] ?? [:]
        let height = heights[row]
        if cells.isEmpty, extra.isEmpty, ranges.isEmpty, height == nil { return }
        var columns = Set(cells.indices).union(extra.keys)
        for range in ranges where range.area.count <= ColumnFormats.mostStyledCells {
            columns.formUnion(range.area.columns)
        }
        try encoder.begin(
            row: row, attributes: height.map { " ht=\"\(NumberText.plain($0))\" customHeight=\"1\"" } ?? "")
        for column in columns.sorted() {
            let cell: Cell
            var style: Int
            if let found = extra[column] {
                (cell, style) = found
            } else {
                cell = cells.indices.contains(column) ? cells[column] : .empty
                style = cells.isEmpty ? 0 : formats.body(column, cell)
            }
            style = formats.mix(style, column, ranges)
            if case .empty = cell {
                if !ranges.isEmpty, style != 0 { try encoder.blank(column, style: style) }
                continue
            }
            try emit(cell, row, column, style, &encoder)
        }
        try encoder.end()
    }

    private mutating func totals(_ row: Int, _ encoder: inout RowEncoder, _ heights: [Int: Double]) throws(OOXMLError) {
        try encoder.begin(row: row)
        let ranges = formats.ranges(inRow: row)
        for column in sheet.columns.indices {
            let style = formats.mix(formats.columns[column].total, column, ranges)
            if let total = sheet.total(ofColumn: column) {
                try emit(total, row, column, style, &encoder)
            } else {
                try encoder.blank(column, style: style)
            }
        }
        for (column, cell) in (placed[row] ?? [:]).sorted(by: { $0.key < $1.key }) where column >= sheet.columns.count {
            try emit(cell.cell, row, column, formats.mix(cell.style, column, ranges), &encoder)
        }
        try encoder.end()
    }

    @inline(__always)
    private func emit(
        _ cell: Cell, _ row: Int, _ column: Int, _ style: Int, _ encoder: inout RowEncoder
    ) throws(OOXMLError) {
        switch cell {
        case .empty: try encoder.blank(column, style: style)
        case .text(let text): try encoder.text(text, column, style: style)
        case .number(let value) where value.isFinite: try encoder.number(value, column, style: style)
        case .bool(let value): try encoder.boolean(value, column, style: style)
        case .formula(let text):
            let address = CellAddress(sheet: source.index, row: row, column: column)
            let bare = text.hasPrefix("=") ? String(text.dropFirst()) : text
            try encoder.formula(
                values?.formula(address) ?? bare, values?.value(address), area: values?.arrays[address], column,
                style: style)
        case .integer, .number, .date:
            switch cell.stored {
            case .number(let value): try encoder.number(value, column, style: style)
            case .text(let text): try encoder.text(text, column, style: style)
            case .error(let error): try encoder.error(error, column, style: style)
            case .blank, .boolean: try encoder.blank(column, style: style)
            }
        }
    }

    // MARK: Before the rows

    private var head: [UInt8] {
        var xml = XMLBuffer()
        xml.open("worksheet", ["xmlns": SpreadsheetSpace.main, "xmlns:r": OfficeType.relationships])
        xml.element("sheetPr") { xml in
            if let color = sheet.tabColor { xml.element("tabColor", ["rgb": "FF" + color.uppercased()]) }
            xml.element("pageSetUpPr", ["fitToPage": "1"])
        }
        if source.pull == nil, let area = sheet.tableArea, placed.isEmpty {
            let last = CellReference.name(
                row: sheet.totalsRow ?? sheet.rows.count, column: area.columns.upperBound)
            xml.element("dimension", ["ref": last == "A1" ? "A1" : "A1:\(last)"])
        }
        SheetViews(sheet: sheet, index: source.index).write(&xml)
        xml.element("sheetFormatPr", ["defaultRowHeight": "15"])
        columns(&xml)
        return xml.bytes
    }

    private func columns(_ xml: inout XMLBuffer) {
        guard !sheet.columns.isEmpty else { return }
        let widths = ColumnWidths(styles.body)
        let sample = source.sample
        xml.element("cols") { xml in
            for (index, column) in sheet.columns.enumerated() {
                // What stands alone on the sheet stays out: it may run into the next column.
                var values = sample.compactMap { $0.indices.contains(index) ? $0[index].stored : nil }
                values += computed(index)
                // Why a format cannot be read is said where it is checked; here the number is drawn plainly.
                let format = try? NumberFormat(formats.columns[index].format)
                let width = widths.width(
                    of: column, hasFilter: sheet.autofilter || sheet.table != nil, values: values, format: format)
                xml.element(
                    "col",
                    [
                        "min": "\(index + 1)", "max": "\(index + 1)", "width": NumberText.plain(width),
                        "customWidth": "1", "hidden": column.hidden == true ? "1" : nil,
                    ])
            }
        }
    }

    /// Values of formulas and totals of a column, as far as they are looked at.
    private func computed(_ column: Int) -> [CellValue] {
        guard let values, source.pull == nil else { return [] }
        let step = max(1, sheet.rows.count / ColumnWidths.sample)
        var rows = stride(from: 0, to: sheet.rows.count, by: step).filter { row in
            guard sheet.rows[row].indices.contains(column), case .formula = sheet.rows[row][column] else {
                return false
            }
            return true
        }.map { $0 + 1 }
        if let totals = sheet.totalsRow { rows.append(totals) }
        return rows.map { values.value(CellAddress(sheet: source.index, row: $0, column: column)) }
    }

    private func tail(rows: Int) -> [UInt8] {
        var xml = XMLBuffer(fragment: ())
        SheetRules(sheet: sheet, rows: rows, related: related, styles: styles, named: named).write(&xml)
        xml.close("worksheet")
        return xml.bytes
    }
}

extension CellValue {
    /// As a model holds it.
    fileprivate var cell: Cell {
        switch self {
        case .blank, .error: .empty
        case .number(let value): .number(value)
        case .text(let text): .text(text)
        case .boolean(let value): .bool(value)
        }
    }
}
