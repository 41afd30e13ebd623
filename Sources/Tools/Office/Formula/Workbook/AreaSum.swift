/// What the common aggregates need to know of some cells. Sums carry their rounding error along (Neumaier), so that
/// the order hardly matters.
struct AreaSum: Sendable {
    var numbers = 0
    /// Cells that are not blank.
    var filled = 0
    private var sum = 0.0
    private var carry = 0.0
    var least = Double.infinity
    var most = -Double.infinity
    /// The first error met.
    var error: ErrorValue?

    var total: Double {
        let exact = sum + carry
        return exact.isFinite ? exact : sum
    }

    @inline(__always)
    mutating func add(_ value: Double) {
        numbers += 1
        filled += 1
        accumulate(value)
        if value < least { least = value }
        if value > most { most = value }
    }

    @inline(__always)
    private mutating func accumulate(_ value: Double) {
        let next = sum + value
        carry += sum.magnitude >= value.magnitude ? (sum - next) + value : (value - next) + sum
        sum = next
    }

    mutating func add(_ other: AreaSum) {
        numbers += other.numbers
        filled += other.filled
        accumulate(other.sum)
        carry += other.carry
        least = min(least, other.least)
        most = max(most, other.most)
        if error == nil { error = other.error }
    }
}

extension CellStore {
    /// Adds the area up, reusing what is known of whole blocks (64 rows) and of 64 of them.
    mutating func sum(_ area: Area, _ steps: inout Int) -> AreaSum {
        var total = AreaSum()
        for number in columnNumbers(area) { add(&total, number, Int(area.top), Int(area.bottom), &steps) }
        return total
    }

    private mutating func add(_ total: inout AreaSum, _ number: Int, _ top: Int, _ bottom: Int, _ steps: inout Int) {
        let count = columns[number].blocks.count
        let end = min(bottom >> 6, count - 1)
        var index = top >> 6
        while index <= end {
            if index & 63 == 0, index + 63 <= end, index << 6 >= top, (index + 64) << 6 - 1 <= bottom {
                total.add(bundle(number, index >> 6, &steps))
                index += 64
                continue
            }
            let block = Int(columns[number].blocks[index])
            if block >= 0, blocks[block].used != 0 {
                let mask = Self.mask(index << 6, top, bottom)
                if mask == ~0 { total.add(whole(block)) } else { add(&total, block, mask) }
                steps += 1
            }
            index += 1
        }
    }

    private mutating func bundle(_ number: Int, _ place: Int, _ steps: inout Int) -> AreaSum {
        if columns[number].sums.indices.contains(place), let known = columns[number].sums[place] { return known }
        var total = AreaSum()
        for index in (place << 6)..<(place << 6 + 64) {
            let block = Int(columns[number].blocks[index])
            if block >= 0 { total.add(whole(block)) }
        }
        steps += 64
        while columns[number].sums.count <= place { columns[number].sums.append(nil) }
        columns[number].sums[place] = total
        return total
    }

    private mutating func whole(_ block: Int) -> AreaSum {
        while sums.count <= block { sums.append(AreaSum()) }
        if !blocks[block].isSummed {
            var total = AreaSum()
            add(&total, block, ~0)
            sums[block] = total
            blocks[block].isSummed = true
        }
        return sums[block]
    }

    private func add(_ total: inout AreaSum, _ block: Int, _ mask: UInt64) {
        var bits = blocks[block].used & mask
        while bits != 0 {
            let slot = block << 6 | bits.trailingZeroBitCount
            bits &= bits - 1
            switch tags[slot] {
            case Tag.number: total.add(Double(bitPattern: payloads[slot]))
            case Tag.error:
                total.filled += 1
                if total.error == nil {
                    total.error = ErrorValue(rawValue: UInt8(truncatingIfNeeded: payloads[slot]))
                }
            default: total.filled += 1
            }
        }
    }
}
