/// The values of all cells: columns of blocks of 64 rows, 9 bytes a cell, nothing where nothing is. A cell's place in
/// the store is its slot, which never changes.
struct CellStore: Sendable {
    /// One bit a row.
    struct Block: Sendable {
        var column: Int32
        /// The first of its 64 rows.
        var row: Int32
        /// Into `formulas`; -1: none of its cells has one.
        var formulaBase: Int32 = -1
        var used: UInt64 = 0
        var formulas: UInt64 = 0
        /// Formulas without a current value.
        var dirty: UInt64 = 0
        /// On the stack of the calculation.
        var open: UInt64 = 0
        /// Evaluated, and waiting for another cell.
        var waiting: UInt64 = 0
        /// Filled by a formula elsewhere.
        var spilled: UInt64 = 0
        var isSummed = false
    }

    struct Column: Sendable {
        var sheet: Int32
        var index: Int32
        /// Block of each 64 rows; -1: none.
        var blocks: [Int32] = []
        var dirty = 0
        /// Grows with each change of a value.
        var version = 0
        /// Sums of 64 blocks.
        var sums: [AreaSum?] = []
    }

    enum Tag {
        static let blank: UInt8 = 0
        static let number: UInt8 = 1
        static let text: UInt8 = 2
        static let boolean: UInt8 = 3
        static let error: UInt8 = 4
    }

    private(set) var tags: [UInt8] = []
    private(set) var payloads: [UInt64] = []
    var blocks: [Block] = []
    var columns: [Column] = []
    /// Column numbers of each sheet's columns; -1: empty.
    private(set) var sheets: [[Int32]] = []
    /// Expression of each cell of a block that has formulas; 64 for each such block.
    private(set) var formulas: [Int32] = []
    var texts = TextTable()
    private(set) var filled = 0
    private(set) var formulaCount = 0
    var sums: [AreaSum] = []

    mutating func addSheet() { sheets.append([]) }

    // MARK: Places

    @inline(__always)
    func slot(sheet: Int, row: Int, column: Int) -> Int? {
        guard sheets.indices.contains(sheet), sheets[sheet].indices.contains(column) else { return nil }
        let number = Int(sheets[sheet][column])
        guard number >= 0 else { return nil }
        let index = row >> 6
        guard columns[number].blocks.indices.contains(index) else { return nil }
        let block = Int(columns[number].blocks[index])
        return block < 0 ? nil : block << 6 | row & 63
    }

    func slot(_ address: CellAddress) -> Int? { slot(sheet: address.sheet, row: address.row, column: address.column) }

    func address(_ slot: Int) -> CellAddress {
        let block = blocks[slot >> 6]
        let column = columns[Int(block.column)]
        return CellAddress(sheet: Int(column.sheet), row: Int(block.row) + slot & 63, column: Int(column.index))
    }

    /// The slot of a cell within the sheets' bounds, made where there is none.
    mutating func makeSlot(_ address: CellAddress) -> Int {
        if let slot = slot(address) { return slot }
        let number = makeColumn(address.sheet, address.column)
        let index = address.row >> 6
        while columns[number].blocks.count <= index { columns[number].blocks.append(-1) }
        let block = blocks.count
        blocks.append(Block(column: Int32(number), row: Int32(index << 6)))
        columns[number].blocks[index] = Int32(block)
        tags.append(contentsOf: repeatElement(0, count: 64))
        payloads.append(contentsOf: repeatElement(0, count: 64))
        return block << 6 | address.row & 63
    }

    private mutating func makeColumn(_ sheet: Int, _ column: Int) -> Int {
        while sheets[sheet].count <= column { sheets[sheet].append(-1) }
        if sheets[sheet][column] < 0 {
            sheets[sheet][column] = Int32(columns.count)
            columns.append(Column(sheet: Int32(sheet), index: Int32(column)))
        }
        return Int(sheets[sheet][column])
    }

    // MARK: Values

    @inline(__always)
    func value(_ slot: Int) -> CellValue {
        switch tags[slot] {
        case Tag.number: .number(Double(bitPattern: payloads[slot]))
        case Tag.text: .text(texts[Int(payloads[slot])])
        case Tag.boolean: .boolean(payloads[slot] != 0)
        case Tag.error: .error(ErrorValue(rawValue: UInt8(truncatingIfNeeded: payloads[slot])) ?? .value)
        default: .blank
        }
    }

    func value(_ address: CellAddress) -> CellValue { slot(address).map { value($0) } ?? .blank }

    /// Whether the value changed.
    @discardableResult
    mutating func write(_ slot: Int, _ value: CellValue) -> Bool {
        let tag: UInt8
        let payload: UInt64
        switch value {
        case .blank: (tag, payload) = (Tag.blank, 0)
        case .number(let number): (tag, payload) = (Tag.number, number.bitPattern)
        case .text(let text): (tag, payload) = (Tag.text, UInt64(texts.place(text)))
        case .boolean(let flag): (tag, payload) = (Tag.boolean, flag ? 1 : 0)
        case .error(let error): (tag, payload) = (Tag.error, UInt64(error.rawValue))
        }
        guard tags[slot] != tag || payloads[slot] != payload else { return false }
        tags[slot] = tag
        payloads[slot] = payload
        let block = slot >> 6
        let bit = UInt64(1) << UInt64(slot & 63)
        let wasUsed = blocks[block].used & bit != 0
        if tag == Tag.blank {
            blocks[block].used &= ~bit
            if wasUsed { filled -= 1 }
        } else if !wasUsed {
            blocks[block].used |= bit
            filled += 1
        }
        touch(block)
        return true
    }

    private mutating func touch(_ block: Int) {
        let column = Int(blocks[block].column)
        columns[column].version &+= 1
        blocks[block].isSummed = false
        let place = Int(blocks[block].row) >> 12
        if columns[column].sums.indices.contains(place) { columns[column].sums[place] = nil }
    }

    // MARK: Formulas

    func formula(_ slot: Int) -> Int? {
        let block = blocks[slot >> 6]
        guard block.formulas >> UInt64(slot & 63) & 1 != 0 else { return nil }
        return Int(formulas[Int(block.formulaBase) + slot & 63])
    }

    mutating func setFormula(_ slot: Int, _ expression: Int?) {
        let block = slot >> 6
        let bit = UInt64(1) << UInt64(slot & 63)
        let had = blocks[block].formulas & bit != 0
        guard let expression else {
            if had {
                clean(slot)
                blocks[block].formulas &= ~bit
                formulaCount -= 1
            }
            return
        }
        if blocks[block].formulaBase < 0 {
            blocks[block].formulaBase = Int32(formulas.count)
            formulas.append(contentsOf: repeatElement(-1, count: 64))
        }
        formulas[Int(blocks[block].formulaBase) + slot & 63] = Int32(expression)
        if !had {
            blocks[block].formulas |= bit
            formulaCount += 1
        }
        soil(slot)
    }

    @inline(__always)
    func isDirty(_ slot: Int) -> Bool { blocks[slot >> 6].dirty >> UInt64(slot & 63) & 1 != 0 }

    /// Whether the formula's value was current before.
    @discardableResult
    mutating func soil(_ slot: Int) -> Bool {
        let block = slot >> 6
        let bit = UInt64(1) << UInt64(slot & 63)
        guard blocks[block].formulas & bit != 0, blocks[block].dirty & bit == 0 else { return false }
        blocks[block].dirty |= bit
        columns[Int(blocks[block].column)].dirty += 1
        return true
    }

    mutating func clean(_ slot: Int) {
        let block = slot >> 6
        let bit = UInt64(1) << UInt64(slot & 63)
        guard blocks[block].dirty & bit != 0 else { return }
        blocks[block].dirty &= ~bit
        columns[Int(blocks[block].column)].dirty -= 1
    }

    // MARK: Ranges

    /// The bits of the block's rows that lie within the rows.
    @inline(__always)
    static func mask(_ row: Int, _ top: Int, _ bottom: Int) -> UInt64 {
        let low = max(0, top - row)
        let high = min(63, bottom - row)
        guard low <= high else { return 0 }
        return (~UInt64(0) >> UInt64(63 - high)) & (~UInt64(0) << UInt64(low))
    }

    /// Numbers of the columns of an area that hold anything.
    func columnNumbers(_ area: Area) -> [Int] {
        let sheet = Int(area.sheet)
        guard sheets.indices.contains(sheet) else { return [] }
        let last = min(Int(area.right), sheets[sheet].count - 1)
        guard Int(area.left) <= last else { return [] }
        return (Int(area.left)...last).compactMap { sheets[sheet][$0] >= 0 ? Int(sheets[sheet][$0]) : nil }
    }

    /// The first formula of the area, column by column from `column` and `row` on, that has no current value and is not
    /// on the stack (or is, where `open` is wanted).
    func firstDirty(_ area: Area, fromColumn: Int, fromRow: Int, includingOpen: Bool) -> Int? {
        let sheet = Int(area.sheet)
        guard sheets.indices.contains(sheet) else { return nil }
        let first = max(Int(area.left), fromColumn)
        let last = min(Int(area.right), sheets[sheet].count - 1)
        guard first <= last else { return nil }
        for index in first...last {
            let number = Int(sheets[sheet][index])
            guard number >= 0, columns[number].dirty > 0 else { continue }
            let top = index == fromColumn ? max(Int(area.top), fromRow) : Int(area.top)
            if let slot = firstDirty(number, top, Int(area.bottom), includingOpen) { return slot }
        }
        return nil
    }

    private func firstDirty(_ number: Int, _ top: Int, _ bottom: Int, _ includingOpen: Bool) -> Int? {
        let end = min(bottom >> 6, columns[number].blocks.count - 1)
        var index = top >> 6
        while index <= end {
            let block = Int(columns[number].blocks[index])
            if block >= 0, blocks[block].dirty != 0 {
                var bits = blocks[block].dirty & Self.mask(index << 6, top, bottom)
                if !includingOpen { bits &= ~blocks[block].open }
                if bits != 0 { return block << 6 | bits.trailingZeroBitCount }
            }
            index += 1
        }
        return nil
    }

    /// The last row of the area that holds a value; `nil`: none does.
    func lastUsedRow(_ area: Area) -> Int? {
        var found: Int?
        for number in columnNumbers(area) {
            var index = min(Int(area.bottom) >> 6, columns[number].blocks.count - 1)
            while index >= Int(area.top) >> 6, index >= 0 {
                let block = Int(columns[number].blocks[index])
                if block >= 0 {
                    let bits = blocks[block].used & Self.mask(index << 6, Int(area.top), Int(area.bottom))
                    if bits != 0 {
                        found = max(found ?? 0, index << 6 + 63 - bits.leadingZeroBitCount)
                        break
                    }
                }
                index -= 1
            }
        }
        return found
    }

    /// Slots of the column's cells within the rows that hold a value, from the top.
    @inline(__always)
    func eachUsed<Failure: Error>(
        column number: Int, _ top: Int, _ bottom: Int, _ body: (Int) throws(Failure) -> Void
    ) throws(Failure) {
        let end = min(bottom >> 6, columns[number].blocks.count - 1)
        var index = top >> 6
        while index <= end {
            let block = Int(columns[number].blocks[index])
            if block >= 0 {
                var bits = blocks[block].used & Self.mask(index << 6, top, bottom)
                while bits != 0 {
                    try body(block << 6 | bits.trailingZeroBitCount)
                    bits &= bits - 1
                }
            }
            index += 1
        }
    }
}
