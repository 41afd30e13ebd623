/// A cell's or a range's name in A1 notation.
package enum CellName {
    /// `A`, `XFD`; the column counts from 0.
    package static func letters(_ column: Int) -> String {
        var rest = column + 1
        var bytes: [UInt8] = []
        while rest > 0 {
            bytes.append(65 + UInt8((rest - 1) % 26))
            rest = (rest - 1) / 26
        }
        return String(decoding: bytes.reversed(), as: UTF8.self)
    }

    /// Row and column count from 0.
    package static func text(row: Int, column: Int) -> String { "\(letters(column))\(row + 1)" }

    /// Bare where grammar allows it, else in quotes.
    package static func sheet(_ name: String) -> String {
        isBare(name)
            ? name : "'" + name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    private static func isBare(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else { return false }
        let isWord = name.unicodeScalars.allSatisfy {
            $0 == "_" || $0 == "." || $0.properties.isAlphabetic || ("0"..."9").contains($0)
        }
        guard isWord else { return false }
        let upper = name.uppercased()
        // These would read as cells, in one notation or the other.
        return RelativeCell.parse(Array(upper.utf8)[...]) == nil && !["TRUE", "FALSE", "R", "C", "RC"].contains(upper)
            && !isR1C1(upper)
    }

    private static func isR1C1(_ name: String) -> Bool {
        guard name.first == "R" || name.first == "C" else { return false }
        return name.dropFirst().allSatisfy { $0 == "R" || $0 == "C" || $0.isNumber }
    }
}

/// One corner of a reference: absolute, or as the distance from the cell whose formula it is.
package struct RelativeCell: Sendable, Hashable {
    package var row: Int32
    package var column: Int32
    package var isRowAbsolute: Bool
    package var isColumnAbsolute: Bool

    package init(row: Int, column: Int, isRowAbsolute: Bool = true, isColumnAbsolute: Bool = true) {
        self.row = Int32(clamping: row)
        self.column = Int32(clamping: column)
        self.isRowAbsolute = isRowAbsolute
        self.isColumnAbsolute = isColumnAbsolute
    }

    /// `$A1`, in capitals or not: both parts, as they stand there. `nil` for anything else.
    static func parse(_ bytes: ArraySlice<UInt8>) -> RelativeCell? {
        var index = bytes.startIndex
        guard let (column, columnAbsolute) = column(bytes, &index), let (row, rowAbsolute) = row(bytes, &index),
            index == bytes.endIndex
        else { return nil }
        return RelativeCell(row: row, column: column, isRowAbsolute: rowAbsolute, isColumnAbsolute: columnAbsolute)
    }

    static func column(_ bytes: ArraySlice<UInt8>, _ index: inout Int) -> (Int, Bool)? {
        let isAbsolute = index < bytes.endIndex && bytes[index] == 36
        if isAbsolute { index += 1 }
        var value = 0
        var count = 0
        while index < bytes.endIndex, count < 4 {
            let byte = bytes[index] & 0xDF
            guard (65...90).contains(byte) else { break }
            value = value * 26 + Int(byte - 64)
            count += 1
            index += 1
        }
        guard count >= 1, count <= 3, value <= SyntaxLimits.columns else { return nil }
        return (value - 1, isAbsolute)
    }

    static func row(_ bytes: ArraySlice<UInt8>, _ index: inout Int) -> (Int, Bool)? {
        let isAbsolute = index < bytes.endIndex && bytes[index] == 36
        if isAbsolute { index += 1 }
        var value = 0
        var count = 0
        while index < bytes.endIndex, count < 8, (48...57).contains(bytes[index]) {
            value = value * 10 + Int(bytes[index] - 48)
            count += 1
            index += 1
        }
        guard count >= 1, count <= 7, value >= 1, value <= SyntaxLimits.rows else { return nil }
        return (value - 1, isAbsolute)
    }

    /// From a cell as written to the distance from `base`.
    func relative(to base: CellPosition) -> RelativeCell {
        RelativeCell(
            row: isRowAbsolute ? Int(row) : Int(row) - base.row,
            column: isColumnAbsolute ? Int(column) : Int(column) - base.column, isRowAbsolute: isRowAbsolute,
            isColumnAbsolute: isColumnAbsolute)
    }

    @inline(__always) func row(at base: Int) -> Int { isRowAbsolute ? Int(row) : base + Int(row) }
    @inline(__always) func column(at base: Int) -> Int { isColumnAbsolute ? Int(column) : base + Int(column) }
}

/// Row and column of a cell in its sheet, from 0.
package struct CellPosition: Sendable, Hashable {
    package var row: Int
    package var column: Int

    package init(row: Int, column: Int) {
        self.row = row
        self.column = column
    }

    /// `B2`; `nil` for anything else.
    package init?(_ name: String) {
        guard let cell = RelativeCell.parse(Array(name.utf8)[...]) else { return nil }
        self.init(row: Int(cell.row), column: Int(cell.column))
    }

    package static let origin = CellPosition(row: 0, column: 0)
    package var name: String { CellName.text(row: row, column: column) }
}
