/// Finds the formulas that read a cell. Every range that formulas name stands once, in a grid of tiles about its size,
/// so that a cell is looked up once for each size that occurs.
struct ReaderIndex: Sendable {
    private struct Size: Hashable, Sendable {
        var sheet: Int32
        /// Exponents of two.
        var rows: Int32
        var columns: Int32
    }

    private struct Place: Hashable, Sendable {
        var size: Size
        var row: Int32
        var column: Int32
    }

    private struct Tile: Sendable {
        var ranges: [Int32] = []
        /// Ranges that this pass has not told yet stand in front.
        var untold = 0
        var pass = 0
    }

    private var ranges: [Area] = []
    private var places: [Area: Int32] = [:]
    private var readers: [[Int]] = []
    private var sizes: [Int32: [Size]] = [:]
    private var tiles: [Place: Tile] = [:]
    private var pass = 0

    mutating func add(_ area: Area, reader: Int) {
        if let place = places[area] {
            readers[Int(place)].append(reader)
            return
        }
        let number = Int32(ranges.count)
        places[area] = number
        ranges.append(area)
        readers.append([reader])
        let size = Size(sheet: area.sheet, rows: Self.exponent(area.rows), columns: Self.exponent(area.columns))
        if !(sizes[area.sheet]?.contains(size) ?? false) { sizes[area.sheet, default: []].append(size) }
        for row in (area.top >> size.rows)...(area.bottom >> size.rows) {
            for column in (area.left >> size.columns)...(area.right >> size.columns) {
                tiles[Place(size: size, row: row, column: column), default: Tile()].ranges.append(number)
            }
        }
    }

    private static func exponent(_ count: Int) -> Int32 { Int32(Int.bitWidth - (count - 1).leadingZeroBitCount) }

    /// From here on every range is told once again.
    mutating func begin() { pass += 1 }

    /// The readers of the cell that were not told in this pass.
    mutating func tell(_ cell: CellAddress, _ body: (Int) -> Void) {
        for size in sizes[Int32(cell.sheet)] ?? [] {
            let place = Place(size: size, row: Int32(cell.row) >> size.rows, column: Int32(cell.column) >> size.columns)
            guard let index = tiles.index(forKey: place) else { continue }
            if tiles.values[index].pass != pass {
                tiles.values[index].pass = pass
                tiles.values[index].untold = tiles.values[index].ranges.count
            }
            var next = 0
            while next < tiles.values[index].untold {
                let number = Int(tiles.values[index].ranges[next])
                guard ranges[number].contains(cell) else {
                    next += 1
                    continue
                }
                tiles.values[index].untold -= 1
                tiles.values[index].ranges.swapAt(next, tiles.values[index].untold)
                for reader in readers[number] { body(reader) }
            }
        }
    }
}

extension Evaluator {
    private mutating func makeReaders() -> ReaderIndex {
        if let readers { return readers }
        var index = ReaderIndex()
        for block in store.blocks.indices {
            var bits = store.blocks[block].formulas
            while bits != 0 {
                let slot = block << 6 | bits.trailingZeroBitCount
                bits &= bits - 1
                guard let place = store.formula(slot) else { continue }
                let own = store.address(slot)
                for hint in expressions[place].hints {
                    let sheet = hint.sheet < 0 ? own.sheet : hint.sheet
                    guard let area = hint.node.area(sheet: sheet, row: own.row, column: own.column) else { continue }
                    index.add(area, reader: slot)
                }
                add(expressions[place].tables, of: slot, own, &index)
            }
        }
        return index
    }

    private mutating func add(_ nodes: [TableNode], of slot: Int, _ own: CellAddress, _ index: inout ReaderIndex) {
        guard !nodes.isEmpty else { return }
        (here.sheet, here.row, here.column) = (own.sheet, own.row, own.column)
        for node in nodes {
            // A reference that leads nowhere reads nothing.
            if let area = try? area(node) { index.add(area, reader: slot) }
        }
    }

    /// Formulas that read these cells, or others that do, lose their values. Whether there were any that had one.
    mutating func soilReaders(of areas: [Area]) -> Bool {
        var index = makeReaders()
        readers = nil
        index.begin()
        var found = false
        var queue: [Int] = []
        let tell = { (evaluator: inout Evaluator, index: inout ReaderIndex, cell: CellAddress, queue: inout [Int]) in
            index.tell(cell) { reader in
                if evaluator.store.soil(reader) {
                    found = true
                    queue.append(reader)
                }
            }
        }
        for area in areas {
            for row in Int(area.top)...Int(area.bottom) {
                for column in Int(area.left)...Int(area.right) {
                    tell(
                        &self, &index, CellAddress(sheet: Int(area.sheet), row: row, column: column), &queue)
                }
            }
        }
        while let slot = queue.popLast() {
            tell(&self, &index, store.address(slot), &queue)
            guard let spilled = spills[slot] else { continue }
            for row in Int(spilled.top)...Int(spilled.bottom) {
                for column in Int(spilled.left)...Int(spilled.right) {
                    tell(&self, &index, CellAddress(sheet: Int(spilled.sheet), row: row, column: column), &queue)
                }
            }
        }
        readers = index
        return found
    }
}
