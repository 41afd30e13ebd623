enum LookupFunctions {
    static let all: [Function] = [
        .call("VLOOKUP", 3...4, "srnb") { e, a throws(Stop) in try table(&e, a, isRow: false) },
        .call("HLOOKUP", 3...4, "srnb") { e, a throws(Stop) in try table(&e, a, isRow: true) },
        .call("LOOKUP", 2...3, "srr") { e, a throws(Stop) in try lookup(&e, a) },
        .call("MATCH", 2...3, "srn") { e, a throws(Stop) in
            let line = try vector(&e, a[1])
            let wanted = blankAsZero(a.scalar(0))
            let kind = a.number(2, 1)
            let found =
                if kind == 0 {
                    try line.equal(&e, wanted, hasWildcards: true)
                } else {
                    try line.nearest(&e, wanted, isDescending: kind < 0)
                }
            guard let found else { throw notFound(&e, wanted) }
            return .number(Double(found + 1))
        },
        .call("XMATCH", 2...4, "srnn", .later) { e, a throws(Stop) in
            let line = try vector(&e, a[1])
            guard let found = try search(&e, line, a.scalar(0), a.integer(2), a.integer(3, 1)) else {
                throw notFound(&e, a.scalar(0))
            }
            return .number(Double(found + 1))
        },
        .call("XLOOKUP", 3...6, "srrrnn", [.later, .reference]) { e, a throws(Stop) in try extended(&e, a) },
    ]

    private static func blankAsZero(_ value: CellValue) -> CellValue { value.isBlank ? .number(0) : value }

    static func notFound(_ e: inout Evaluator, _ wanted: CellValue) -> Stop {
        e.fail(.notAvailable, "The value \(wanted.text.prefix(40)) was not found.")
    }

    private static func vector(_ e: inout Evaluator, _ operand: Operand) throws(Stop) -> Line {
        let isLine: Bool
        switch operand {
        case .area(let area): isLine = area.rows == 1 || area.columns == 1
        case .matrix(let matrix): isLine = matrix.isVector
        default: isLine = true
        }
        guard isLine else { throw e.fail(.notAvailable, "The searched range has several rows and columns.") }
        return try Line(&e, operand)
    }

    /// One cell of an operand; a reference where it is one.
    private static func element(_ e: inout Evaluator, _ operand: Operand, _ row: Int, _ column: Int) throws(Stop)
        -> Operand
    {
        if case .area(let area) = operand {
            return .area(
                Area(
                    cell: CellAddress(
                        sheet: Int(area.sheet), row: Int(area.top) + row, column: Int(area.left) + column)))
        }
        return .value(try e.matrix(operand)[row, column])
    }

    private static func table(_ e: inout Evaluator, _ a: [Operand], isRow: Bool) throws(Stop) -> Operand {
        let wanted = blankAsZero(a.scalar(0))
        let line = try Line(&e, a[1], isRow: isRow)
        let number = a.integer(2)
        guard number >= 1 else { throw e.fail(.value, "The number of the \(isRow ? "row" : "column") is below 1.") }
        let depth: Int
        switch a[1] {
        case .area(let area): depth = isRow ? area.rows : area.columns
        default:
            let matrix = try e.matrix(a[1])
            depth = isRow ? matrix.rows : matrix.columns
        }
        guard number <= depth else {
            throw e.fail(.reference, "The range has \(depth) \(isRow ? "rows" : "columns"), not \(number).")
        }
        let isNear = a.count < 4 || a.flag(3)
        let found =
            isNear ? try line.nearest(&e, wanted) : try line.equal(&e, wanted, hasWildcards: true)
        guard let found else { throw notFound(&e, wanted) }
        let cell = try element(&e, a[1], isRow ? number - 1 : found, isRow ? found : number - 1)
        return .value(try e.first(cell))
    }

    private static func lookup(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let wanted = blankAsZero(a.scalar(0))
        let source = try e.matrix(a[1])
        let isRow = source.columns > source.rows
        let line = try Line(&e, a[1], isRow: isRow)
        guard let found = try line.nearest(&e, wanted) else { throw notFound(&e, wanted) }
        if a.has(2) {
            let result = try Line(&e, a[2])
            guard found < result.count else { throw e.fail(.notAvailable, "The result range is too short.") }
            return .value(result.value(e, found))
        }
        return .value(isRow ? source[source.rows - 1, found] : source[found, source.columns - 1])
    }

    /// `mode`: 0 equal, -1 or the next below, 1 or the next above, 2 wildcards. `order`: 1 from the front, -1 from the
    /// end, 2 rising, -2 falling.
    private static func search(
        _ e: inout Evaluator, _ line: Line, _ wanted: CellValue, _ mode: Int, _ order: Int
    ) throws(Stop) -> Int? {
        guard (-1...2).contains(mode), [1, -1, 2, -2].contains(order) else {
            throw e.fail(.value, "The mode of the search is unknown.")
        }
        if case .blank = wanted {
            for index in 0..<line.count where line.value(e, index).isBlank { return index }
            return nil
        }
        if mode == 2 || mode == 0 {
            return try line.equal(&e, wanted, hasWildcards: mode == 2, isLast: order == -1)
        }
        return try line.closest(&e, wanted, isAbove: mode == 1, isLast: order == -1)
    }

    private static func extended(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let line = try vector(&e, a[1])
        let (rows, columns): (Int, Int)
        switch a[2] {
        case .area(let area): (rows, columns) = (area.rows, area.columns)
        default:
            let matrix = try e.matrix(a[2])
            (rows, columns) = (matrix.rows, matrix.columns)
        }
        // A single cell is a column as well as a row.
        let isRow = line.count == 1 ? columns == 1 && rows > 1 : line.isRow
        guard (isRow ? columns : rows) == line.count else {
            throw e.fail(.value, "The searched range and the result range are not equally long.")
        }
        guard let found = try search(&e, line, a.scalar(0), a.integer(4), a.integer(5, 1)) else {
            if a.has(3) { return a[3] }
            throw notFound(&e, a.scalar(0))
        }
        if case .area(let area) = a[2] {
            let row = isRow ? Int(area.top) : Int(area.top) + found
            let column = isRow ? Int(area.left) + found : Int(area.left)
            guard
                let part = Area(
                    sheet: Int(area.sheet), row: row, column: column, rows: isRow ? rows : 1,
                    columns: isRow ? 1 : columns)
            else { throw .error(.reference) }
            return .area(part)
        }
        let matrix = try e.matrix(a[2])
        if isRow { return .matrix(Matrix(column: (0..<rows).map { matrix[$0, found] })) }
        return e.array(1, columns, (0..<columns).map { matrix[found, $0] })
    }
}
