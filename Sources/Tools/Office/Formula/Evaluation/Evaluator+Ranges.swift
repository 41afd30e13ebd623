extension Evaluator {
    /// How a value that stands in a cell or an array counts among numbers.
    enum Counting {
        /// Numbers only.
        case numbers
        /// Texts as 0, booleans as 0 and 1 (AVERAGEA and its like).
        case all
    }

    /// The numbers of arguments: those of ranges and arrays as `counting` says; values that stand in the formula itself
    /// are read as numbers.
    mutating func eachNumber(
        _ operands: some Sequence<Operand>, _ counting: Counting = .numbers, _ body: (Double) -> Void
    ) throws(Stop) {
        for operand in operands {
            switch operand {
            case .value(let value): body(try number(value))
            case .missing: body(0)
            case .matrix(let matrix):
                try charge(matrix.values.count)
                for value in matrix.values { try Self.count(value, counting, body) }
                for _ in 0..<Self.tailCount(matrix) { try Self.count(matrix.tail, counting, body) }
            case .area(let area): try eachNumber(area, counting, body)
            case .areas(let areas): for area in areas { try eachNumber(area, counting, body) }
            }
        }
    }

    /// Elements below the stored rows that are not blank.
    static func tailCount(_ matrix: Matrix) -> Int {
        matrix.tail.isBlank ? 0 : (matrix.rows - matrix.stored) * matrix.columns
    }

    private mutating func eachNumber(_ area: Area, _ counting: Counting, _ body: (Double) -> Void) throws(Stop) {
        try prepare(area)
        for column in store.columnNumbers(area) {
            var slots = 0
            let store = self.store
            var problem: Int?
            store.eachUsed(column: column, Int(area.top), Int(area.bottom)) { slot in
                slots += 1
                switch store.tags[slot] {
                case CellStore.Tag.number: body(Double(bitPattern: store.payloads[slot]))
                case CellStore.Tag.error: if problem == nil { problem = slot }
                case CellStore.Tag.boolean: if counting == .all { body(store.payloads[slot] != 0 ? 1 : 0) }
                default: if counting == .all { body(0) }
                }
            }
            try charge(slots / 8)
            if let problem { throw source(problem) }
        }
    }

    /// What a cell in error stops a formula with.
    mutating func source(_ slot: Int) -> Stop {
        errorSource = slot
        return .error(store.value(slot).error ?? .value)
    }

    private static func count(_ value: CellValue, _ counting: Counting, _ body: (Double) -> Void) throws(Stop) {
        switch value {
        case .number(let number): body(number)
        case .error(let error): throw .error(error)
        case .boolean(let flag): if counting == .all { body(flag ? 1 : 0) }
        case .text: if counting == .all { body(0) }
        case .blank: break
        }
    }

    mutating func numbers(_ operands: some Sequence<Operand>, _ counting: Counting = .numbers) throws(Stop) -> [Double]
    {
        var found: [Double] = []
        try eachNumber(operands, counting) { found.append($0) }
        return found
    }

    /// Sums, counts and extremes, of ranges quickly.
    mutating func sum(_ operands: some Sequence<Operand>) throws(Stop) -> AreaSum {
        var total = AreaSum()
        for operand in operands {
            switch operand {
            case .area(let area): try add(area, &total)
            case .areas(let areas): for area in areas { try add(area, &total) }
            case .value, .matrix, .missing: try eachNumber([operand]) { total.add($0) }
            }
        }
        return total
    }

    private mutating func add(_ area: Area, _ total: inout AreaSum) throws(Stop) {
        try prepare(area)
        let part = store.sum(area, &steps)
        if part.error != nil, let slot = firstError(area) { throw source(slot) }
        total.add(part)
    }

    func firstError(_ area: Area) -> Int? {
        var found: Int?
        for column in store.columnNumbers(area) where found == nil {
            store.eachUsed(column: column, Int(area.top), Int(area.bottom)) { slot in
                if found == nil, store.tags[slot] == CellStore.Tag.error { found = slot }
            }
        }
        return found
    }

    /// Every value of an operand, row by row, blanks too.
    mutating func eachValue(_ operand: Operand, _ body: (CellValue) throws(Stop) -> Void) throws(Stop) {
        let source = try matrix(operand)
        try charge(source.values.count)
        for value in source.values { try body(value) }
        let rest = (source.rows - source.stored) * source.columns
        guard rest > 0 else { return }
        try charge(rest)
        for _ in 0..<rest { try body(source.tail) }
    }

    /// Values of a row, a column or any array, row by row, without what lies below the last filled row.
    mutating func values(_ operand: Operand) throws(Stop) -> [CellValue] {
        if case .areas(let areas) = operand {
            var found: [CellValue] = []
            for area in areas { found += try matrix(area).values }
            return found
        }
        let source = try matrix(operand)
        if source.tail.isBlank { return source.values }
        let rest = (source.rows - source.stored) * source.columns
        guard rest <= limits.arrayCells else { throw fail(.calculation, "An array is too large.") }
        return source.values + Array(repeating: source.tail, count: rest)
    }

    /// Pairs of numbers at the same places; a pair with anything else in it is left out. `#N/A` where the sizes differ.
    mutating func pairs(_ first: Operand, _ second: Operand) throws(Stop) -> [(Double, Double)] {
        let (one, two) = (try matrix(first), try matrix(second))
        guard one.count == two.count else { throw fail(.notAvailable, "The two ranges are not equally large.") }
        var pairs: [(Double, Double)] = []
        for index in 0..<max(one.values.count, two.values.count) {
            let (left, right) = (one[index], two[index])
            if case .error(let error) = left { throw .error(error) }
            if case .error(let error) = right { throw .error(error) }
            if case .number(let x) = left, case .number(let y) = right { pairs.append((x, y)) }
        }
        return pairs
    }

    func array(_ rows: Int, _ columns: Int, _ values: [CellValue]) -> Operand {
        .matrix(Matrix(rows: rows, columns: columns, values))
    }

    /// Refuses arrays that are too large before they are made.
    mutating func room(_ rows: Int, _ columns: Int) throws(Stop) {
        let (count, isTooMuch) = rows.multipliedReportingOverflow(by: columns)
        guard rows >= 1, columns >= 1, !isTooMuch, count <= limits.arrayCells else {
            throw fail(.calculation, "An array of \(rows) x \(columns) cannot be made.")
        }
        try charge(count)
    }
}
