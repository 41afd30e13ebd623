/// A rectangle of values. Rows from `stored` on are all `tail`: a whole column costs what is filled of it.
package final class Matrix: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    /// Rows that `values` holds, row by row.
    package let stored: Int
    package let values: [CellValue]
    package let tail: CellValue

    /// `values` must have `rows * columns` elements; missing ones are blank.
    package convenience init(rows: Int, columns: Int, _ values: [CellValue]) {
        self.init(rows: rows, columns: columns, stored: rows, values, tail: .blank)
    }

    init(rows: Int, columns: Int, stored: Int, _ values: [CellValue], tail: CellValue) {
        self.rows = max(1, rows)
        self.columns = max(1, columns)
        self.stored = min(stored, self.rows)
        let wanted = self.stored * self.columns
        if values.count == wanted {
            self.values = values
        } else {
            self.values = Array(
                (values + Array(repeating: .blank, count: max(0, wanted - values.count))).prefix(wanted))
        }
        self.tail = tail
    }

    convenience init(column values: [CellValue]) { self.init(rows: values.count, columns: 1, values) }

    package var count: Int { rows * columns }
    var isVector: Bool { rows == 1 || columns == 1 }

    package subscript(row: Int, column: Int) -> CellValue {
        guard row >= 0, row < stored, column >= 0, column < columns else { return tail }
        return values[row * columns + column]
    }

    /// Element of a row by row walk.
    subscript(index: Int) -> CellValue { index >= 0 && index < values.count ? values[index] : tail }

    package static func == (first: Matrix, second: Matrix) -> Bool {
        first.rows == second.rows && first.columns == second.columns && first.stored == second.stored
            && first.values == second.values && first.tail == second.tail
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rows)
        hasher.combine(columns)
        hasher.combine(values)
    }
}
