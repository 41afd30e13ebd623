enum SortingFunctions {
    static let all: [Function] = [
        .call("SORT", 1...4, "aaab", [.array, .later, .worksheet]) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            let isByColumn = a.flag(3)
            let places = a.has(1) ? try e.numbers([a[1]]) : [1]
            let orders = a.has(2) ? try e.numbers([a[2]]) : [1]
            let depth = isByColumn ? source.rows : source.columns
            var keys: [Key] = []
            for (index, place) in places.enumerated() {
                let order = orders.indices.contains(index) ? orders[index] : orders.last ?? 1
                let number = [Operand].integer(place)
                guard number >= 1, number <= depth, order == 1 || order == -1 else {
                    throw e.fail(.value, "SORT was asked to sort by something that is not there.")
                }
                let count = isByColumn ? source.columns : source.stored
                let values = (0..<count).map { isByColumn ? source[number - 1, $0] : source[$0, number - 1] }
                keys.append(Key(values: values, isDescending: order < 0))
            }
            return try sorted(&e, source, keys, isByColumn: isByColumn)
        },
        .call("SORTBY", 2...127, "a(an)", [.array, .later]) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            var keys: [Key] = []
            var isByColumn = false
            for index in stride(from: 1, to: a.count, by: 2) {
                let by = try e.matrix(a[index])
                let isRow = by.rows == 1 && by.columns == source.columns && source.columns > 1
                guard isRow || by.columns == 1 && by.rows == source.rows, index == 1 || isRow == isByColumn else {
                    throw e.fail(.value, "SORTBY's ranges have different sizes.")
                }
                isByColumn = isRow
                let order = a.has(index + 1) ? a.number(index + 1) : 1
                guard order == 1 || order == -1 else { throw e.fail(.value, "The order is 1 or -1.") }
                let count = isRow ? source.columns : source.stored
                keys.append(Key(values: (0..<count).map { by[$0] }, isDescending: order < 0))
            }
            return try sorted(&e, source, keys, isByColumn: isByColumn)
        },
    ]

    private struct Key {
        var values: [CellValue]
        var isDescending: Bool
    }

    /// Equal ones keep their order; blanks come last in either direction.
    private static func sorted(_ e: inout Evaluator, _ source: Matrix, _ keys: [Key], isByColumn: Bool) throws(Stop)
        -> Operand
    {
        let count = isByColumn ? source.columns : source.stored
        try e.charge(count * 4)
        var order = Array(0..<count)
        order.sort { first, second in
            for key in keys {
                let (one, two) = (key.values[first], key.values[second])
                if one.isBlank != two.isBlank { return two.isBlank }
                let comparison = Ordering.compare(one, two)
                if comparison != 0 { return key.isDescending ? comparison > 0 : comparison < 0 }
            }
            return first < second
        }
        if isByColumn { return SearchFunctions.pick(e, source, columns: order) }
        let values = order.flatMap { row in (0..<source.columns).map { source[row, $0] } }
        return .matrix(
            Matrix(
                rows: source.rows, columns: source.columns, stored: source.stored, values, tail: source.tail))
    }
}
