/// Functions that take part of a range.
enum SearchFunctions {
    static let all: [Function] = [
        .call("INDEX", 1...4, "annn", .reference) { e, a throws(Stop) in try index(&e, a) },
        .call("ROWS", 1...1, "r") { e, a throws(Stop) in .number(Double(try size(&e, a[0]).rows)) },
        .call("COLUMNS", 1...1, "r") { e, a throws(Stop) in .number(Double(try size(&e, a[0]).columns)) },
        .call("TRANSPOSE", 1...1, "a", .array) { e, a throws(Stop) in
            let source = try e.matrix(a[0])
            try e.room(source.columns, source.rows)
            var values: [CellValue] = []
            for column in 0..<source.columns {
                for row in 0..<source.rows { values.append(source[row, column]) }
            }
            return e.array(source.columns, source.rows, values)
        },
        .call("FILTER", 2...3, "aar", [.array, .later, .worksheet]) { e, a throws(Stop) in try filter(&e, a) },
        .call("UNIQUE", 1...3, "abb", [.array, .later]) { e, a throws(Stop) in try unique(&e, a) },
        .call("SEQUENCE", 1...4, "n", [.array, .later]) { e, a throws(Stop) in
            let (rows, columns) = (a.integer(0, 1), a.has(1) ? a.integer(1) : 1)
            guard rows > 0, columns > 0 else {
                throw e.fail(.calculation, "SEQUENCE needs at least one row and column.")
            }
            try e.room(rows, columns)
            let (start, step) = (a.has(2) ? a.number(2) : 1, a.has(3) ? a.number(3) : 1)
            return e.array(rows, columns, (0..<(rows * columns)).map { .finite(start + Double($0) * step) })
        },
        .call("RANDARRAY", 0...5, "nnnnb", [.array, .later, .volatile]) { e, a throws(Stop) in
            let (rows, columns) = (a.has(0) ? a.integer(0) : 1, a.has(1) ? a.integer(1) : 1)
            let (low, high) = (a.has(2) ? a.number(2) : 0, a.has(3) ? a.number(3) : 1)
            guard low <= high else { throw e.fail(.value, "RANDARRAY's least number is above its largest.") }
            try e.room(rows, columns)
            var values: [CellValue] = []
            for _ in 0..<(rows * columns) {
                let part = e.surroundings.random()
                values.append(
                    .finite(a.flag(4) ? low + (part * (high - low + 1)).rounded(.down) : low + part * (high - low)))
            }
            return e.array(rows, columns, values)
        },
    ]

    private static func size(_ e: inout Evaluator, _ operand: Operand) throws(Stop) -> (rows: Int, columns: Int) {
        switch operand {
        case .area(let area): return (area.rows, area.columns)
        default:
            let matrix = try e.matrix(operand)
            return (matrix.rows, matrix.columns)
        }
    }

    private static func index(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        var source = a[0]
        if case .areas(let areas) = source {
            let number = a.integer(3, 1)
            guard number >= 1, number <= areas.count else { throw e.fail(.reference, "There is no range \(number).") }
            source = .area(areas[number - 1])
        }
        if case .value(.error(let error)) = source { throw .error(error) }
        let (rows, columns) = try size(&e, source)
        var (row, column) = (a.integer(1), a.integer(2))
        // With one number, a single row is counted along.
        if a.count == 2, rows == 1, columns > 1 { (row, column) = (1, row) }
        guard row >= 0, column >= 0 else { throw e.fail(.value, "INDEX takes no negative numbers.") }
        guard row <= rows, column <= columns else {
            throw e.fail(
                .reference, "The range has \(rows) rows and \(columns) columns; \(row), \(column) was asked for.")
        }
        if rows == 1, a.count == 2 || row == 0, column > 0 { row = 1 }
        let rowRange = row == 0 ? 0..<rows : (row - 1)..<row
        let columnRange =
            column == 0
            ? (columns == 1 || row == 0 || a.count > 2 || columns > 1 ? 0..<columns : 0..<1) : (column - 1)..<column
        if case .area(let area) = source {
            guard
                let part = Area(
                    sheet: Int(area.sheet), row: Int(area.top) + rowRange.lowerBound,
                    column: Int(area.left) + columnRange.lowerBound, rows: rowRange.count, columns: columnRange.count)
            else { throw .error(.reference) }
            return .area(part)
        }
        let matrix = try e.matrix(source)
        if rowRange.count == 1, columnRange.count == 1 {
            return .value(matrix[rowRange.lowerBound, columnRange.lowerBound])
        }
        try e.room(rowRange.count, columnRange.count)
        return e.array(
            rowRange.count, columnRange.count, rowRange.flatMap { row in columnRange.map { matrix[row, $0] } })
    }

    private static func filter(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let (source, test) = (try e.matrix(a[0]), try e.matrix(a[1]))
        let isByRow = test.columns == 1 && test.rows == source.rows
        guard isByRow || test.rows == 1 && test.columns == source.columns else {
            throw e.fail(.value, "FILTER's condition has another size than its range.")
        }
        var kept: [Int] = []
        for index in 0..<(isByRow ? max(source.stored, test.stored) : source.columns) {
            if try e.flag(test[index]) { kept.append(index) }
        }
        guard !kept.isEmpty else {
            if a.has(2) { return a[2] }
            throw e.fail(.calculation, "FILTER kept nothing.")
        }
        return isByRow ? pick(e, source, rows: kept) : pick(e, source, columns: kept)
    }

    static func pick(_ e: Evaluator, _ source: Matrix, rows: [Int]) -> Operand {
        e.array(
            rows.count, source.columns, rows.flatMap { row in (0..<source.columns).map { source[row, $0] } })
    }

    static func pick(_ e: Evaluator, _ source: Matrix, columns: [Int]) -> Operand {
        e.array(
            source.rows, columns.count, (0..<source.rows).flatMap { row in columns.map { source[row, $0] } })
    }

    private static func unique(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let source = try e.matrix(a[0])
        let isByColumn = a.flag(1)
        var counts: [[CellValue]: Int] = [:]
        var order: [(index: Int, key: [CellValue])] = []
        for index in 0..<(isByColumn ? source.columns : source.stored) {
            let line =
                isByColumn
                ? (0..<source.rows).map { source[$0, index] } : (0..<source.columns).map { source[index, $0] }
            let key = line.map(folded)
            if counts[key] == nil { order.append((index, key)) }
            counts[key, default: 0] += 1
        }
        // Blank rows below count once, as one.
        if !isByColumn, source.stored < source.rows {
            let key = [CellValue](repeating: folded(source.tail), count: source.columns)
            if counts[key] == nil { order.append((source.stored, key)) }
            counts[key, default: 0] += source.rows - source.stored
        }
        let kept = order.filter { !a.flag(2) || counts[$0.key] == 1 }.map(\.index)
        guard !kept.isEmpty else { throw e.fail(.calculation, "No value occurs just once.") }
        return isByColumn ? pick(e, source, columns: kept) : pick(e, source, rows: kept)
    }

    private static func folded(_ value: CellValue) -> CellValue {
        if case .text(let text) = value { .text(text.lowercased()) } else { value }
    }
}
