/// A cell of a workbook; all from 0.
package struct CellAddress: Sendable, Hashable {
    package var sheet: Int
    package var row: Int
    package var column: Int

    package init(sheet: Int = 0, row: Int, column: Int) {
        self.sheet = sheet
        self.row = row
        self.column = column
    }

    package var position: CellPosition { CellPosition(row: row, column: column) }
}

/// A rectangle of cells, ends included.
package struct Area: Sendable, Hashable {
    package var sheet: Int32
    package var top: Int32
    package var left: Int32
    package var bottom: Int32
    package var right: Int32

    package init(sheet: Int, rows: ClosedRange<Int>, columns: ClosedRange<Int>) {
        self.sheet = Int32(clamping: sheet)
        top = Int32(clamping: rows.lowerBound)
        bottom = Int32(clamping: rows.upperBound)
        left = Int32(clamping: columns.lowerBound)
        right = Int32(clamping: columns.upperBound)
    }

    init(cell: CellAddress) {
        self.init(sheet: cell.sheet, rows: cell.row...cell.row, columns: cell.column...cell.column)
    }

    /// `nil` where a corner lies outside of a sheet.
    init?(sheet: Int, row: Int, column: Int, rows: Int, columns: Int) {
        guard rows >= 1, columns >= 1, row >= 0, column >= 0, row <= SyntaxLimits.rows - rows,
            column <= SyntaxLimits.columns - columns
        else { return nil }
        self.init(sheet: sheet, rows: row...(row + rows - 1), columns: column...(column + columns - 1))
    }

    package var rows: Int { Int(bottom - top) + 1 }
    package var columns: Int { Int(right - left) + 1 }
    package var count: Int { rows * columns }
    var isCell: Bool { top == bottom && left == right }
    var first: CellAddress { CellAddress(sheet: Int(sheet), row: Int(top), column: Int(left)) }

    func contains(_ address: CellAddress) -> Bool {
        Int(sheet) == address.sheet && (Int(top)...Int(bottom)).contains(address.row)
            && (Int(left)...Int(right)).contains(address.column)
    }

    func intersection(_ other: Area) -> Area? {
        guard sheet == other.sheet, top <= other.bottom, other.top <= bottom, left <= other.right, other.left <= right
        else { return nil }
        return Area(
            sheet: Int(sheet), rows: Int(max(top, other.top))...Int(min(bottom, other.bottom)),
            columns: Int(max(left, other.left))...Int(min(right, other.right)))
    }

    func union(_ other: Area) -> Area {
        Area(
            sheet: Int(sheet), rows: Int(min(top, other.top))...Int(max(bottom, other.bottom)),
            columns: Int(min(left, other.left))...Int(max(right, other.right)))
    }

    var name: String {
        let start = CellName.text(row: Int(top), column: Int(left))
        return isCell ? start : start + ":" + CellName.text(row: Int(bottom), column: Int(right))
    }
}
