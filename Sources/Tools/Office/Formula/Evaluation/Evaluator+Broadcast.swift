extension Evaluator {
    /// Computes `body` for each cell of the largest operand; smaller ones repeat where they have one row or column, and
    /// are `#N/A` beyond their ends elsewhere.
    mutating func broadcast(
        _ operands: [Operand], _ body: (inout Evaluator, [CellValue]) throws(Stop) -> CellValue
    ) throws(Stop) -> Operand {
        var sources: [Matrix] = []
        for operand in operands { sources.append(try matrix(operand)) }
        let rows = sources.reduce(1) { max($0, $1.rows) }
        let columns = sources.reduce(1) { max($0, $1.columns) }
        // All rows below are alike where every operand's are, and none has columns that differ in one row.
        let isUniform = sources.allSatisfy { $0.rows == rows || $0.count == 1 }
        let stored =
            isUniform && rows > 1 ? sources.reduce(0) { $1.rows == rows ? max($0, $1.stored) : $0 } : rows
        guard stored * columns <= limits.arrayCells else {
            throw fail(.calculation, "An array of \(stored) x \(columns) is too large.")
        }
        try charge(stored * columns)
        var values: [CellValue] = []
        values.reserveCapacity(stored * columns)
        var row = [CellValue](repeating: .blank, count: sources.count)
        for index in 0..<stored {
            for column in 0..<columns {
                for (place, source) in sources.enumerated() { row[place] = Self.element(source, index, column) }
                values.append(try attempt(row, body))
            }
        }
        var tail = CellValue.blank
        if stored < rows {
            for (place, source) in sources.enumerated() { row[place] = Self.element(source, stored, 0) }
            tail = try attempt(row, body)
        }
        return .matrix(Matrix(rows: rows, columns: columns, stored: stored, values, tail: tail))
    }

    @inline(__always)
    private static func element(_ source: Matrix, _ row: Int, _ column: Int) -> CellValue {
        let (row, column) = (source.rows == 1 ? 0 : row, source.columns == 1 ? 0 : column)
        guard row < source.rows, column < source.columns else { return .error(.notAvailable) }
        return source[row, column]
    }

    private mutating func attempt(
        _ values: [CellValue], _ body: (inout Evaluator, [CellValue]) throws(Stop) -> CellValue
    ) throws(Stop) -> CellValue {
        do { return try body(&self, values) } catch {
            guard case .error(let problem) = error else { throw error }
            return .error(problem)
        }
    }

    // MARK: Calls

    mutating func call(_ e: Expression, _ index: Int32, _ first: Int32, _ count: Int32) throws(Stop) -> Operand {
        let function = FunctionTable.shared[index]
        switch function.kind {
        case .one(let body):
            let operand = try evaluate(e, e.links[Int(first)])
            return try each(operand) { evaluator, value throws(Stop) in
                .finite(try evaluator.checked(try body(try evaluator.number(value))))
            }
        case .two(let body):
            let left = try evaluate(e, e.links[Int(first)])
            let right = try evaluate(e, e.links[Int(first) + 1])
            if let one = try self.one(left), let two = try self.one(right) {
                let (x, y) = (try number(one), try number(two))
                return .value(.finite(try checked(try body(x, y))))
            }
            return try broadcast([left, right]) { evaluator, values throws(Stop) in
                let (x, y) = (try evaluator.number(values[0]), try evaluator.number(values[1]))
                return .finite(try evaluator.checked(try body(x, y)))
            }
        case .form(let form): return try evaluate(form, e, Array(e.links[Int(first)..<Int(first + count)]))
        case .general(let body): return try general(e, function, body, first, count)
        }
    }

    private mutating func checked(_ value: Double) throws(Stop) -> Double {
        guard value.isFinite else { throw fail(.number, "The result is outside of what a cell can hold.") }
        return value
    }

    private mutating func general(
        _ e: Expression, _ function: Function, _ body: Function.Body, _ first: Int32, _ count: Int32
    ) throws(Stop) -> Operand {
        var arguments: [Operand] = []
        arguments.reserveCapacity(Int(count))
        var isLifted = false
        for index in 0..<Int(count) {
            let parameter = function.parameter(index)
            let argument = try argument(e, e.links[Int(first) + index], parameter, function)
            guard parameter.isSingle else {
                arguments.append(argument)
                continue
            }
            if let value = try one(argument) {
                arguments.append(
                    argument.isMissing ? .missing : .value(try coerced(value, parameter, function)))
            } else {
                isLifted = true
                arguments.append(argument)
            }
        }
        return isLifted ? try lift(function, body, arguments) : try body(&self, arguments)
    }

    /// One argument; an error in it is the function's own business where it takes errors, or looks at ranges.
    private mutating func argument(
        _ e: Expression, _ node: Int32, _ parameter: Function.Parameter, _ function: Function
    ) throws(Stop) -> Operand {
        let outside = here.isArray
        if parameter == .array { here.isArray = true }
        defer { here.isArray = outside }
        guard function.traits.contains(.takesErrors) else { return try evaluate(e, node) }
        do { return try evaluate(e, node) } catch {
            guard case .error(let problem) = error else { throw error }
            return .error(problem)
        }
    }

    private mutating func coerced(_ value: CellValue, _ parameter: Function.Parameter, _ function: Function)
        throws(Stop) -> CellValue
    {
        if case .error(let error) = value, !function.traits.contains(.takesErrors) { throw .error(error) }
        switch parameter {
        case .number: return .number(try number(value))
        case .text: return .text(try text(value))
        case .boolean: return .boolean(try flag(value))
        case .scalar, .raw, .array: return value
        }
    }

    /// The function for each cell of its single arguments' arrays; the others stay as they are.
    private mutating func lift(_ function: Function, _ body: Function.Body, _ arguments: [Operand]) throws(Stop)
        -> Operand
    {
        let places = arguments.indices.filter { function.parameter($0).isSingle && !arguments[$0].isMissing }
        return try broadcast(places.map { arguments[$0] }) { evaluator, values throws(Stop) in
            var copy = arguments
            for (place, value) in zip(places, values) {
                copy[place] = .value(try evaluator.coerced(value, function.parameter(place), function))
            }
            return try evaluator.first(try body(&evaluator, copy))
        }
    }
}
