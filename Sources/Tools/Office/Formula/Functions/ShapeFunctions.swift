/// Functions that cut rows and columns from arrays.
enum ShapeFunctions {
    static let all: [Function] = [
        .call("TAKE", 2...3, "ann", [.array, .later]) { e, a throws(Stop) in try cut(&e, a, isTaking: true) },
        .call("DROP", 2...3, "ann", [.array, .later]) { e, a throws(Stop) in try cut(&e, a, isTaking: false) },
        .call("CHOOSEROWS", 2...254, "aa", [.array, .later]) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            let rows = try chosen(&e, a.dropFirst(), of: source.rows)
            try e.room(rows.count, source.columns)
            return SearchFunctions.pick(e, source, rows: rows)
        },
        .call("CHOOSECOLS", 2...254, "aa", [.array, .later]) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            let columns = try chosen(&e, a.dropFirst(), of: source.columns)
            try e.room(source.rows, columns.count)
            return SearchFunctions.pick(e, source, columns: columns)
        },
        .call("EXPAND", 2...4, "anns", [.array, .later]) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            let rows = a.has(1) ? a.integer(1) : source.rows
            let columns = a.has(2) ? a.integer(2) : source.columns
            guard rows >= source.rows, columns >= source.columns else {
                throw e.fail(.value, "EXPAND cannot make an array smaller.")
            }
            try e.room(rows, columns)
            let padding = a.has(3) ? a.scalar(3) : .error(.notAvailable)
            return e.array(
                rows, columns,
                (0..<rows).flatMap { row in
                    (0..<columns).map { row < source.rows && $0 < source.columns ? source[row, $0] : padding }
                })
        },
    ]

    private static func cut(_ e: inout Evaluator, _ a: [Operand], isTaking: Bool) throws(Stop) -> Operand {
        let source = try e.matrix(a[0])
        let rows = a.has(1) ? range(a.integer(1), source.rows, isTaking) : 0..<source.rows
        let columns = a.has(2) ? range(a.integer(2), source.columns, isTaking) : 0..<source.columns
        guard !rows.isEmpty, !columns.isEmpty else { throw e.fail(.calculation, "Nothing is left of the array.") }
        try e.room(rows.count, columns.count)
        return e.array(rows.count, columns.count, rows.flatMap { row in columns.map { source[row, $0] } })
    }

    private static func range(_ wanted: Int, _ count: Int, _ isTaking: Bool) -> Range<Int> {
        let size = min(Int(wanted.magnitude), count)
        if isTaking { return wanted >= 0 ? 0..<size : (count - size)..<count }
        return wanted >= 0 ? size..<count : 0..<(count - size)
    }

    private static func chosen(_ e: inout Evaluator, _ a: some Sequence<Operand>, of count: Int) throws(Stop) -> [Int] {
        try e.numbers(a).map { number throws(Stop) in
            let place = [Operand].integer(number.rounded(.towardZero))
            let index = place > 0 ? place - 1 : count + place
            guard place != 0, (0..<count).contains(index) else { throw .error(.value) }
            return index
        }
    }
}
