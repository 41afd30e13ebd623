import Glibc

extension Evaluator {
    /// Operands of one precedence, from the left.
    mutating func chain(_ e: Expression, _ first: Int32, _ operands: Int32) throws(Stop) -> Operand {
        var left = try evaluate(e, e.links[Int(first)])
        // A sum that is a formula's last step is zero where only rounding errors are left of it.
        let isLast = here.names == 0 && e.nodes[Int(e.root)] == .chain(first: first, operands: operands)
        for index in 1..<max(1, Int(operands)) {
            guard let symbol = Operator(rawValue: e.links[Int(first) + index * 2 - 1]) else { continue }
            let right = try evaluate(e, e.links[Int(first) + index * 2])
            if symbol.isReference {
                left = try combine(symbol, left, right)
            } else {
                left = try apply(symbol, left, right, isLast && index == Int(operands) - 1)
            }
        }
        return left
    }

    private mutating func apply(_ symbol: Operator, _ left: Operand, _ right: Operand, _ isLast: Bool) throws(Stop)
        -> Operand
    {
        if let one = try self.one(left), let two = try self.one(right) {
            return .value(try compute(symbol, one, two, isLast))
        }
        return try broadcast([left, right]) { evaluator, values throws(Stop) in
            try evaluator.compute(symbol, values[0], values[1], false)
        }
    }

    @inline(__always)
    mutating func compute(_ symbol: Operator, _ left: CellValue, _ right: CellValue, _ isLast: Bool) throws(Stop)
        -> CellValue
    {
        if case .number(let one) = left, case .number(let two) = right, symbol.rawValue >= Operator.add.rawValue {
            return try arithmetic(symbol, one, two, isLast)
        }
        if case .error(let error) = left { throw .error(error) }
        if case .error(let error) = right { throw .error(error) }
        switch symbol {
        case .equal: return .boolean(Ordering.compare(left, right) == 0)
        case .notEqual: return .boolean(Ordering.compare(left, right) != 0)
        case .less: return .boolean(Ordering.compare(left, right) < 0)
        case .greater: return .boolean(Ordering.compare(left, right) > 0)
        case .lessOrEqual: return .boolean(Ordering.compare(left, right) <= 0)
        case .greaterOrEqual: return .boolean(Ordering.compare(left, right) >= 0)
        case .join:
            let text = left.text + right.text
            guard text.utf8.count <= limits.cellCharacters || text.utf16.count <= limits.cellCharacters else {
                throw fail(.value, "A text has more than \(limits.cellCharacters) characters.")
            }
            return .text(text)
        default:
            let (one, two) = (try number(left), try number(right))
            return try arithmetic(symbol, one, two, isLast)
        }
    }

    private mutating func arithmetic(_ symbol: Operator, _ one: Double, _ two: Double, _ isLast: Bool) throws(Stop)
        -> CellValue
    {
        let result: Double
        switch symbol {
        case .add: result = isLast ? Self.settled(one + two, one) : one + two
        case .subtract: result = isLast ? Self.settled(one - two, one) : one - two
        case .multiply: result = one * two
        case .divide:
            guard two != 0 else { throw fail(.division, "A number is divided by zero or by an empty cell.") }
            result = one / two
        case .power:
            result = try Self.power(one, two)
        default: result = 0
        }
        guard result.isFinite else { throw fail(.number, "A number is larger than 1.8E+308.") }
        return .number(result == 0 ? 0 : result)
    }

    /// Nothing is left of a sum beyond its 15th digit.
    private static func settled(_ sum: Double, _ operand: Double) -> Double {
        sum.magnitude < operand.magnitude * 1e-15 ? 0 : sum
    }

    static func power(_ base: Double, _ exponent: Double) throws(Stop) -> Double {
        if base == 0 {
            if exponent == 0 { throw .error(.number) }
            if exponent < 0 { throw .error(.division) }
        }
        let result = pow(base, exponent)
        if result.isNaN { throw .error(.number) }
        return result
    }

    private mutating func combine(_ symbol: Operator, _ left: Operand, _ right: Operand) throws(Stop) -> Operand {
        let (one, two) = (try areas(left), try areas(right))
        switch symbol {
        case .union:
            guard one.count + two.count <= SyntaxLimits.characters else { throw .error(.value) }
            return .areas(one + two)
        case .range:
            guard let first = one.first, one.count == 1, let second = two.first, two.count == 1,
                first.sheet == second.sheet
            else { throw fail(.value, "':' joins cells of one sheet only.") }
            return .area(first.union(second))
        default:
            let common = one.flatMap { area in two.compactMap { area.intersection($0) } }
            guard let first = common.first else { throw fail(.null, "The ranges have no cell in common.") }
            return common.count == 1 ? .area(first) : .areas(common)
        }
    }

    /// The ranges of a reference.
    mutating func areas(_ operand: Operand) throws(Stop) -> [Area] {
        switch operand {
        case .area(let area): return [area]
        case .areas(let areas): return areas
        case .value(.error(let error)): throw .error(error)
        case .value, .matrix, .missing: throw fail(.value, "A reference belongs here, not a value.")
        }
    }
}
