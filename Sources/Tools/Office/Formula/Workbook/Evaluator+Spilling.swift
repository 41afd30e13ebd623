/// How a formula's result fills cells.
package enum FormulaMode: Sendable, Hashable {
    /// An array fills the cells below and to the right.
    case dynamic
    /// One value: of a range the cell in the formula's own row or column (formulas before dynamic arrays).
    case single
    /// Fills exactly this many rows and columns, as formulas entered for a whole range do.
    case array(rows: Int, columns: Int)
}

extension Evaluator {
    /// Takes back what the formula's array filled.
    mutating func retract(_ slot: Int) {
        blocked.remove(slot)
        guard let area = spills.removeValue(forKey: slot) else { return }
        for filled in spilledSlots(area) where filled != slot {
            store.blocks[filled >> 6].spilled &= ~(1 << UInt64(filled & 63))
            store.write(filled, .blank)
        }
        disturbed.append(area)
    }

    /// Cells of the area that an array filled.
    private func spilledSlots(_ area: Area) -> [Int] {
        var slots: [Int] = []
        for row in Int(area.top)...Int(area.bottom) {
            for column in Int(area.left)...Int(area.right) {
                guard let slot = store.slot(sheet: Int(area.sheet), row: row, column: column),
                    store.blocks[slot >> 6].spilled >> UInt64(slot & 63) & 1 != 0
                else { continue }
                slots.append(slot)
            }
        }
        return slots
    }

    /// Fills cells with an array, or the formula's with `#SPILL!` where something is in the way.
    mutating func spill(_ source: Matrix, _ slot: Int, rows: Int, columns: Int) throws(Stop) {
        let anchor = store.address(slot)
        let previous = spills[slot]
        guard
            let area = Area(
                sheet: anchor.sheet, row: anchor.row, column: anchor.column, rows: rows, columns: columns)
        else {
            retract(slot)
            return block(slot, "The array of \(rows) x \(columns) reaches beyond the edge of the sheet.")
        }
        if previous != area { retract(slot) }
        guard area.count <= limits.arrayCells, store.filled + area.count <= limits.cells else {
            return block(slot, "The array of \(rows) x \(columns) is too large.")
        }
        try charge(area.count)
        if previous != area, let obstacle = obstacle(area, slot) {
            return block(slot, "The array has no room: \(store.address(obstacle).position.name) is not empty.")
        }
        var isChanged = previous != area
        for row in 0..<rows {
            for column in 0..<columns {
                let value = Self.element(source, row, column)
                if row == 0, column == 0 {
                    settle(slot, value)
                    continue
                }
                let target = store.makeSlot(
                    CellAddress(sheet: anchor.sheet, row: anchor.row + row, column: anchor.column + column))
                store.blocks[target >> 6].spilled |= 1 << UInt64(target & 63)
                if store.write(target, value) { isChanged = true }
            }
        }
        spills[slot] = area
        if isChanged { disturbed.append(area) }
    }

    /// A value for each cell of the range: single rows and columns repeat, what is missing is `#N/A`, blanks are 0.
    private static func element(_ source: Matrix, _ row: Int, _ column: Int) -> CellValue {
        let (row, column) = (source.rows == 1 ? 0 : row, source.columns == 1 ? 0 : column)
        guard row < source.rows, column < source.columns else { return .error(.notAvailable) }
        let value = source[row, column]
        return value.isBlank ? .number(0) : value
    }

    private mutating func block(_ slot: Int, _ why: String) {
        blocked.insert(slot)
        settle(slot, .error(.spill))
        reasons[slot] = why
    }

    private func obstacle(_ area: Area, _ own: Int) -> Int? {
        for number in store.columnNumbers(area) {
            for index in (Int(area.top) >> 6)...(Int(area.bottom) >> 6) {
                guard store.columns[number].blocks.indices.contains(index) else { break }
                let block = Int(store.columns[number].blocks[index])
                guard block >= 0 else { continue }
                var bits = store.blocks[block].used | store.blocks[block].formulas
                bits &= CellStore.mask(index << 6, Int(area.top), Int(area.bottom))
                if block == own >> 6 { bits &= ~(1 << UInt64(own & 63)) }
                if bits != 0 { return block << 6 | bits.trailingZeroBitCount }
            }
        }
        return nil
    }
}
