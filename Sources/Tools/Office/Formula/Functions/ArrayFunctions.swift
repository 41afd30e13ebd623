/// Functions that put arrays together.
enum ArrayFunctions {
    static let all: [Function] = [
        .call("VSTACK", 1...254, "a", [.array, .later]) { e, a throws(Stop) in
            var sources: [Matrix] = []
            for operand in a { sources.append(try e.matrix(operand)) }
            let columns = sources.reduce(1) { max($0, $1.columns) }
            let rows = sources.reduce(0) { $0 + $1.rows }
            try e.room(rows, columns)
            var values: [CellValue] = []
            for source in sources {
                for row in 0..<source.rows {
                    for column in 0..<columns {
                        values.append(column < source.columns ? source[row, column] : .error(.notAvailable))
                    }
                }
            }
            return e.array(rows, columns, values)
        },
        .call("HSTACK", 1...254, "a", [.array, .later]) { e, a throws(Stop) in
            var sources: [Matrix] = []
            for operand in a { sources.append(try e.matrix(operand)) }
            let rows = sources.reduce(1) { max($0, $1.rows) }
            let columns = sources.reduce(0) { $0 + $1.columns }
            try e.room(rows, columns)
            var values: [CellValue] = []
            for row in 0..<rows {
                for source in sources {
                    for column in 0..<source.columns {
                        values.append(row < source.rows ? source[row, column] : .error(.notAvailable))
                    }
                }
            }
            return e.array(rows, columns, values)
        },
        .call("TOCOL", 1...3, "anb", [.array, .later]) { e, a throws(Stop) in
            let values = try flat(&e, a)
            return .matrix(Matrix(column: values))
        },
        .call("TOROW", 1...3, "anb", [.array, .later]) { e, a throws(Stop) in
            let values = try flat(&e, a)
            return e.array(1, values.count, values)
        },
        .call("WRAPROWS", 2...3, "ans", [.array, .later]) { e, a throws(Stop) in
            let (values, width) = try wrapped(&e, a)
            return e.array(values.count / width, width, values)
        },
        .call("WRAPCOLS", 2...3, "ans", [.array, .later]) { e, a throws(Stop) in
            let (values, height) = try wrapped(&e, a)
            let columns = values.count / height
            return e.array(
                height, columns, (0..<height).flatMap { row in (0..<columns).map { values[$0 * height + row] } })
        },
    ]

    private static func flat(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> [CellValue] {
        let source = try e.matrix(a[0])
        try e.room(source.rows, source.columns)
        let ignored = a.integer(1)
        var values: [CellValue] = []
        for index in 0..<source.count {
            let value = a.flag(2) ? source[index % source.rows, index / source.rows] : source[index]
            if value.isBlank, ignored & 1 != 0 { continue }
            if value.error != nil, ignored & 2 != 0 { continue }
            values.append(value)
        }
        guard !values.isEmpty else { throw e.fail(.calculation, "Nothing is left of the array.") }
        return values
    }

    private static func wrapped(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> ([CellValue], Int) {
        let source = try e.matrix(a[0])
        let size = a.integer(1)
        guard source.isVector, size >= 1 else { throw e.fail(.value, "A single row or column can be wrapped.") }
        let lines = (source.count + size - 1) / size
        try e.room(lines, size)
        let padding = a.has(2) ? a.scalar(2) : .error(.notAvailable)
        return ((0..<(lines * size)).map { $0 < source.count ? source[$0] : padding }, size)
    }
}
