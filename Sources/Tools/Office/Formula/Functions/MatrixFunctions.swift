enum MatrixFunctions {
    static let all: [Function] = [
        .call("SUMPRODUCT", 1...255, "a") { e, a throws(Stop) in
            var sources: [Matrix] = []
            for operand in a { sources.append(try e.matrix(operand)) }
            guard let first = sources.first,
                sources.allSatisfy({ $0.rows == first.rows && $0.columns == first.columns })
            else { throw e.fail(.value, "SUMPRODUCT's arrays are not equally large.") }
            let stored = sources.reduce(0) { max($0, $1.values.count) }
            try e.charge(stored * sources.count / 4)
            var sum = AreaSum()
            for index in 0..<stored { sum.add(try product(sources, index)) }
            let rest = first.count - stored
            if rest > 0, sources.allSatisfy({ !$0.tail.isBlank }) {
                sum.add(try product(sources, stored) * Double(rest))
            }
            return .number(sum.total)
        },
        .call("SUMXMY2", 2...2, "a") { e, a throws(Stop) in
            .number(try e.pairs(a[0], a[1]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) })
        },
        .call("SUMX2MY2", 2...2, "a") { e, a throws(Stop) in
            .number(try e.pairs(a[0], a[1]).reduce(0) { $0 + $1.0 * $1.0 - $1.1 * $1.1 })
        },
        .call("SUMX2PY2", 2...2, "a") { e, a throws(Stop) in
            .number(try e.pairs(a[0], a[1]).reduce(0) { $0 + $1.0 * $1.0 + $1.1 * $1.1 })
        },
        .call("MMULT", 2...2, "a", .array) { e, a throws(Stop) in
            let (one, two) = (try grid(&e, a[0]), try grid(&e, a[1]))
            let inner = two.count
            guard one.first?.count == inner, let columns = two.first?.count else {
                throw e.fail(.value, "MMULT's first array must have as many columns as the second has rows.")
            }
            try e.room(one.count, columns)
            try e.charge(one.count * columns * inner / 4)
            var values: [CellValue] = []
            for row in one {
                for column in 0..<columns {
                    values.append(.finite((0..<inner).reduce(0) { $0 + row[$1] * two[$1][column] }))
                }
            }
            return e.array(one.count, columns, values)
        },
        .call("MDETERM", 1...1, "a") { e, a throws(Stop) in
            var rows = try square(&e, a[0])
            return .number(eliminate(&rows, extra: nil))
        },
        .call("MINVERSE", 1...1, "a", .array) { e, a throws(Stop) in
            var rows = try square(&e, a[0])
            let size = rows.count
            for index in 0..<size {
                rows[index] += (0..<size).map { $0 == index ? 1 : 0 }
            }
            guard eliminate(&rows, extra: size) != 0 else { throw e.fail(.number, "The matrix has no inverse.") }
            return e.array(size, size, rows.flatMap { $0[size...].map { .finite($0) } })
        },
        .call("MUNIT", 1...1, "n", [.array, .later]) { e, a throws(Stop) in
            let size = a.integer(0)
            guard size >= 1 else { throw .error(.value) }
            try e.room(size, size)
            return e.array(size, size, (0..<(size * size)).map { .number($0 / size == $0 % size ? 1 : 0) })
        },
    ]

    /// Rows and columns of a matrix to be inverted: the work grows with the third power.
    private static let mostRows = 300

    private static func product(_ sources: [Matrix], _ index: Int) throws(Stop) -> Double {
        var product = 1.0
        for source in sources {
            switch source[index] {
            case .number(let value): product *= value
            case .error(let error): throw .error(error)
            case .blank, .text, .boolean: product = 0
            }
        }
        return product
    }

    /// Every element must be a number.
    static func grid(_ e: inout Evaluator, _ operand: Operand) throws(Stop) -> [[Double]] {
        let source = try e.matrix(operand)
        guard source.stored == source.rows else { throw e.fail(.value, "A matrix has cells that are not numbers.") }
        var rows: [[Double]] = []
        for row in 0..<source.rows {
            var line: [Double] = []
            for column in 0..<source.columns {
                switch source[row, column] {
                case .number(let value): line.append(value)
                case .error(let error): throw .error(error)
                default: throw e.fail(.value, "A matrix has cells that are not numbers.")
                }
            }
            rows.append(line)
        }
        return rows
    }

    private static func square(_ e: inout Evaluator, _ operand: Operand) throws(Stop) -> [[Double]] {
        let rows = try grid(&e, operand)
        guard rows.count == rows.first?.count, rows.count <= mostRows else {
            throw e.fail(.value, "The matrix is not square, or larger than \(mostRows) x \(mostRows).")
        }
        try e.charge(rows.count * rows.count * rows.count)
        return rows
    }

    /// Gauss and Jordan with the largest pivot; leaves the unit matrix where `extra` columns follow. The determinant.
    static func eliminate(_ rows: inout [[Double]], extra: Int?) -> Double {
        let size = rows.count
        var determinant = 1.0
        for pivot in 0..<size {
            let best = (pivot..<size).max { rows[$0][pivot].magnitude < rows[$1][pivot].magnitude } ?? pivot
            guard rows[best][pivot].magnitude > 1e-300 else { return 0 }
            if best != pivot {
                rows.swapAt(best, pivot)
                determinant = -determinant
            }
            let divisor = rows[pivot][pivot]
            determinant *= divisor
            if extra != nil { rows[pivot] = rows[pivot].map { $0 / divisor } }
            for row in 0..<size where extra != nil ? row != pivot : row > pivot {
                let factor = extra != nil ? rows[row][pivot] : rows[row][pivot] / divisor
                if factor == 0 { continue }
                for column in pivot..<rows[row].count { rows[row][column] -= factor * rows[pivot][column] }
            }
        }
        return determinant
    }
}
