import DocumentModel

/// A rectangle of cells; rows and columns from 0.
struct CellArea: Hashable {
    var rows: ClosedRange<Int>
    var columns: ClosedRange<Int>

    /// `A1`, `A1:B9`, with or without `$`. `nil`: it is not a range of a sheet, or not in order.
    init?(_ text: some StringProtocol) {
        let ends = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = CellReference.parse(ends[0]),
            let last = CellReference.parse(ends[ends.count - 1]), first.row <= last.row, first.column <= last.column
        else { return nil }
        rows = first.row...last.row
        columns = first.column...last.column
    }

    init(rows: ClosedRange<Int>, columns: ClosedRange<Int>) {
        self.rows = rows
        self.columns = columns
    }

    func overlaps(_ other: CellArea) -> Bool { rows.overlaps(other.rows) && columns.overlaps(other.columns) }
    func contains(_ row: Int, _ column: Int) -> Bool { rows.contains(row) && columns.contains(column) }

    /// `A1:B9`
    var name: String {
        let first = CellReference.name(row: rows.lowerBound, column: columns.lowerBound)
        let last = CellReference.name(row: rows.upperBound, column: columns.upperBound)
        return first == last ? first : "\(first):\(last)"
    }

    /// `'Q 1'!$B$2:$B$9`
    func absolute(on sheet: String) -> String {
        let first = Self.absolute(rows.lowerBound, columns.lowerBound)
        let last = Self.absolute(rows.upperBound, columns.upperBound)
        return SheetArea.quoted(sheet) + "!" + first + (count == 1 ? "" : ":" + last)
    }

    var count: Int { rows.count * columns.count }

    private static func absolute(_ row: Int, _ column: Int) -> String {
        "$\(CellReference.letters(ofColumn: column))$\(row + 1)"
    }
}

/// A rectangle of a sheet that is named, or of the one that the text stands in.
struct SheetArea: Hashable {
    var sheet: String?
    var area: CellArea

    /// `B2:B9`, `Data!B2`, `'Q 1'!$B$2:$C$9`; the ends may come in any order.
    init?(_ text: String) {
        var cells = Substring(text)
        if let mark = text.lastIndex(of: "!") {
            var name = text[..<mark]
            cells = text[text.index(after: mark)...]
            if name.hasPrefix("'"), name.hasSuffix("'"), name.count >= 3 {
                name = name.dropFirst().dropLast()
                sheet = String(name).replacing("''", with: "'")
            } else {
                sheet = String(name)
            }
        }
        let ends = cells.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let one = CellReference.parse(ends[0]),
            let two = CellReference.parse(ends[ends.count - 1])
        else { return nil }
        area = CellArea(
            rows: min(one.row, two.row)...max(one.row, two.row),
            columns: min(one.column, two.column)...max(one.column, two.column))
    }

    /// A sheet's name as formulas want it.
    static func quoted(_ sheet: String) -> String { "'" + sheet.replacing("'", with: "''") + "'" }
}
