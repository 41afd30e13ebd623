import DocumentModel
import Formula

/// The formats of a sheet's columns, and of the cells that differ from their column.
struct ColumnFormats {
    struct Column {
        var header: Int
        var body: Int
        /// Dates with a time, in a column of days.
        var timed: Int
        /// Text that begins like a formula.
        var quoted: Int
        var total: Int
        var format: String
    }

    private(set) var columns: [Column] = []
    private let styles: StyleSheet
    private let named: [String: CellStyle]
    private let ranges: [(area: CellArea, style: CellStyle, place: Int)]
    private var mixed: [[Int]: Int] = [:]

    init(_ source: SheetSource, styles: StyleSheet, named: [String: CellStyle]) {
        self.styles = styles
        self.named = named
        ranges = source.sheet.formats.enumerated().compactMap { place, format in
            guard let area = CellArea(format.range), let style = named[format.style] else { return nil }
            return (area, style, place)
        }
        let sample = source.sample
        for (index, column) in source.sheet.columns.enumerated() {
            columns.append(self.column(column, index, sample))
        }
    }

    private func column(_ column: Sheet.Column, _ index: Int, _ sample: [[Cell]]) -> Column {
        var body = styles.body
        body.horizontal = Self.horizontal(column.type)
        body.wraps = column.type == .text
        if let name = column.style, let style = named[name] { body = body.with(style) }
        if body.numberFormat == "General" { body.numberFormat = Self.format(column, index, sample) }
        if let format = column.numberFormat { body.numberFormat = format }
        var timed = body
        if column.numberFormat == nil, column.type == .date { timed.numberFormat = Self.timeFormat }
        var quoted = body
        quoted.quotes = true
        quoted.horizontal = nil
        quoted.numberFormat = "General"
        var header = styles.header
        header.horizontal = Self.horizontal(column.type) ?? "left"
        var total = styles.total
        total.horizontal = body.horizontal
        total.numberFormat =
            switch column.total {
            case .count: "0"
            case .average where column.type == .integer && column.numberFormat == nil: "#,##0.0"
            default: body.numberFormat
            }
        return Column(
            header: styles.index(of: header), body: styles.index(of: body), timed: styles.index(of: timed),
            quoted: styles.index(of: quoted), total: styles.index(of: total), format: body.numberFormat)
    }

    private static let timeFormat = "yyyy-mm-dd hh:mm"

    private static func horizontal(_ type: ValueType) -> String? {
        switch type.alignment {
        case .start: nil
        case .center: "center"
        case .end: "right"
        }
    }

    /// The format of a column's numbers where none is given.
    private static func format(_ column: Sheet.Column, _ index: Int, _ sample: [[Cell]]) -> String {
        let cells = sample.compactMap { $0.indices.contains(index) ? $0[index] : nil }
        switch column.type {
        case .text: return "General"
        // Excel shows booleans in any format; LibreOffice would show 1 and 0.
        case .boolean: return "\"TRUE\";\"TRUE\";\"FALSE\""
        case .date:
            let hasTime = cells.contains { cell in
                if case .date(let text) = cell { SerialDate.parse(text)?.hasTime ?? false } else { false }
            }
            return hasTime ? timeFormat : "yyyy-mm-dd"
        case .number: return "#,##0.00"
        case .integer: return column.total == nil && isYears(cells) ? "0" : "#,##0"
        }
    }

    /// Years are numbers that nobody groups.
    private static func isYears(_ cells: [Cell]) -> Bool {
        let numbers = cells.compactMap { cell -> Double? in
            if case .number(let value) = cell.stored { value } else { nil }
        }
        return !numbers.isEmpty && numbers.allSatisfy { (1500...2200).contains($0) }
    }

    /// The style of a cell of the body.
    @inline(__always) func body(_ column: Int, _ cell: Cell) -> Int {
        guard column < columns.count else { return 0 }
        switch cell {
        case .text(let text):
            guard let first = text.utf8.first, Self.looksLikeFormula(first) else { return columns[column].body }
            return columns[column].quoted
        case .date(let text):
            return columns[column].timed != columns[column].body && text.utf8.count > 10
                ? columns[column].timed : columns[column].body
        default: return columns[column].body
        }
    }

    @inline(__always) private static func looksLikeFormula(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "=") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "@") || byte == 0x09
    }

    /// A cell that stands alone: its kind says how it looks where no style does.
    mutating func placed(_ cell: PlacedCell) -> Int {
        var style = styles.body
        if case .date(let text) = cell.value {
            style.numberFormat = text.utf8.count > 10 ? Self.timeFormat : "yyyy-mm-dd"
        }
        if case .bool = cell.value { style.numberFormat = "\"TRUE\";\"TRUE\";\"FALSE\"" }
        if let name = cell.style, let named = named[name] { style = style.with(named) }
        return styles.index(of: style)
    }

    var hasRanges: Bool { !ranges.isEmpty }

    /// The ranges that touch a row, from 0.
    func ranges(inRow row: Int) -> [(area: CellArea, style: CellStyle, place: Int)] {
        ranges.filter { $0.area.rows.contains(row) }
    }

    /// Rows that ranges reach, as far as they may make cells of their own.
    var lastRangedRow: Int {
        ranges.filter { $0.area.count <= Self.mostStyledCells }.map(\.area.rows.upperBound).max() ?? -1
    }
    /// Cells that hold nothing are written for ranges up to this size only.
    static let mostStyledCells = 100_000

    /// `base` with what the ranges over the cell add.
    mutating func mix(
        _ base: Int, _ column: Int, _ ranges: [(area: CellArea, style: CellStyle, place: Int)]
    ) -> Int {
        let over = ranges.filter { $0.area.columns.contains(column) }
        guard !over.isEmpty else { return base }
        let key = [base] + over.map(\.place)
        if let found = mixed[key] { return found }
        let style = over.reduce(styles.style(base)) { $0.with($1.style) }
        let index = styles.index(of: style)
        mixed[key] = index
        return index
    }
}
