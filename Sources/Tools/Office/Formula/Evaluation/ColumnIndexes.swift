/// Where each value of a column's range stands: made at the second question for the same range.
struct ColumnIndexes: Sendable {
    private struct Key: Hashable, Sendable {
        var tag: UInt8
        var bits: UInt64
    }

    private struct Index: Sendable {
        var version: Int
        /// Start and end in `rows`.
        var places: [Key: Range<Int>]
        var rows: [Int32]
    }

    /// Below this many cells a walk is as fast.
    private static let leastRows = 32
    private var indexes: [Area: Index] = [:]
    private var asked: Set<Area> = []

    /// Rows of the area, from its top, that equal the value without case, ascending; `nil`: walk through it. The area
    /// must be one column, its cells current, the value a number, a boolean or a text.
    mutating func rows(_ area: Area, equalTo value: CellValue, _ store: inout CellStore) -> ArraySlice<Int32>? {
        guard area.rows >= Self.leastRows, let number = store.columnNumbers(area).first else { return nil }
        let version = store.columns[number].version
        if indexes[area].map({ $0.version != version }) ?? true {
            guard !asked.insert(area).inserted else { return nil }
            indexes[area] = Self.make(area, number, version, &store)
        }
        guard let key = Self.key(value, &store), let index = indexes[area] else { return nil }
        guard let range = index.places[key] else { return [] }
        return index.rows[range]
    }

    private static func make(_ area: Area, _ number: Int, _ version: Int, _ store: inout CellStore) -> Index {
        var found: [(key: Int, row: Int32)] = []
        var numbers: [Key: Int] = [:]
        var counts: [Int] = []
        var slots: [Int] = []
        store.eachUsed(column: number, Int(area.top), Int(area.bottom)) { slots.append($0) }
        for slot in slots {
            guard let key = key(store.value(slot), &store) else { continue }
            let place = numbers[key] ?? numbers.count
            if place == counts.count {
                numbers[key] = place
                counts.append(0)
            }
            counts[place] += 1
            found.append((place, Int32(Int(store.blocks[slot >> 6].row) + slot & 63) - area.top))
        }
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + count) }
        var next = starts
        var rows = [Int32](repeating: 0, count: found.count)
        for (place, row) in found {
            rows[next[place]] = row
            next[place] += 1
        }
        return Index(
            version: version, places: numbers.mapValues { starts[$0]..<starts[$0 + 1] }, rows: rows)
    }

    private static func key(_ value: CellValue, _ store: inout CellStore) -> Key? {
        switch value {
        case .number(let number):
            let isWhole = number == number.rounded() && number.magnitude < 1e15
            return Key(tag: 1, bits: (isWhole ? number : Digits.rounded(number, 15)).bitPattern)
        case .text(let text): return Key(tag: 2, bits: UInt64(store.texts.fold(of: text)))
        case .boolean(let flag): return Key(tag: 3, bits: flag ? 1 : 0)
        case .blank, .error: return nil
        }
    }
}
