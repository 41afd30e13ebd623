import DocumentModel
import Glibc

/// Computes the formulas of a workbook: each once, without recursion from cell to cell.
struct Calculation {
    struct Address: Hashable {
        var sheet: Int
        var row: Int
        var column: Int
    }

    private enum State {
        case waiting(Formula)
        /// Its formula is being computed further down the stack.
        case open(Formula)
        case done(FormulaValue)
    }

    /// Cells that all formulas together may look at: a few seconds of work.
    private static let budget = 50_000_000
    private var states: [Address: State] = [:]
    private var visited = 0
    private let sheetIndex: [String: Int]
    /// Values of cells that are no formulas; the grid includes header rows.
    private let grids: [[[FormulaValue]]]
    /// Cells of each grid's longest row, which every reference is held to.
    private let widths: [Int]

    /// `formulas` maps addresses to source text.
    init(names: [String], grids: [[[FormulaValue]]], formulas: [Address: String]) throws(OOXMLError) {
        self.grids = grids
        widths = grids.map { rows in rows.reduce(0) { Swift.max($0, $1.count) } }
        sheetIndex = Dictionary(names.enumerated().map { ($1.lowercased(), $0) }) { first, _ in first }
        for (address, text) in formulas { states[address] = .waiting(try FormulaParser.parse(text)) }
    }

    /// The value of a cell, computing what it needs.
    mutating func value(at address: Address) throws(OOXMLError) -> FormulaValue {
        guard states[address] != nil else { return plain(address) }
        var stack = [address]
        while let current = stack.last {
            switch states[current] {
            case .none, .done: stack.removeLast()
            case .waiting(let formula), .open(let formula):
                states[current] = .open(formula)
                var missing: [Address] = []
                let value = evaluate(formula, on: current.sheet, &missing)
                guard visited <= Self.budget else {
                    throw OOXMLError("formula_too_costly", "The formulas look at too many cells.")
                }
                if missing.isEmpty {
                    states[current] = .done(value)
                    stack.removeLast()
                } else {
                    for need in missing {
                        if case .open = states[need] {
                            let name = CellReference.name(row: need.row, column: need.column)
                            throw OOXMLError("formula_circular", "The formula in \(name) depends on itself.")
                        }
                    }
                    stack += missing
                }
            }
        }
        guard case .done(let value) = states[address] else { return .error(.reference) }
        return value
    }

    private func plain(_ address: Address) -> FormulaValue {
        guard grids.indices.contains(address.sheet), grids[address.sheet].indices.contains(address.row),
            grids[address.sheet][address.row].indices.contains(address.column)
        else { return .blank }
        return grids[address.sheet][address.row][address.column]
    }

    private mutating func look(_ address: Address, _ missing: inout [Address]) -> FormulaValue {
        visited += 1
        switch states[address] {
        case .none: return plain(address)
        case .done(let value): return value
        case .waiting, .open:
            missing.append(address)
            return .blank
        }
    }

    /// The cells of a range that the sheet has; `nil` for an unknown sheet.
    private mutating func cells(_ range: CellRange, on sheet: Int, _ missing: inout [Address]) -> [FormulaValue]? {
        guard let index = range.sheet.map({ sheetIndex[$0.lowercased()] }) ?? sheet, grids.indices.contains(index)
        else { return nil }
        var values: [FormulaValue] = []
        for row in range.rows.clamped(to: 0...Swift.max(0, grids[index].count)) {
            for column in range.columns.clamped(to: 0...widths[index]) {
                guard visited <= Self.budget else { return values }
                values.append(look(Address(sheet: index, row: row, column: column), &missing))
            }
        }
        return values
    }

    private mutating func evaluate(_ formula: Formula, on sheet: Int, _ missing: inout [Address]) -> FormulaValue {
        switch formula {
        case .literal(let value): return value
        case .range(let range):
            guard range.isSingle else { return .error(.value) }
            return cells(range, on: sheet, &missing)?.first ?? .error(.reference)
        case .negate(let inner): return Self.numeric(evaluate(inner, on: sheet, &missing)) { -$0 }
        case .percent(let inner): return Self.numeric(evaluate(inner, on: sheet, &missing)) { $0 / 100 }
        case .binary(let symbol, let left, let right):
            let left = evaluate(left, on: sheet, &missing)
            return Self.combine(symbol, left, evaluate(right, on: sheet, &missing))
        case .call(let function, let arguments): return call(function, arguments, on: sheet, &missing)
        }
    }

    private static func numeric(_ value: FormulaValue, _ body: (Double) -> Double) -> FormulaValue {
        switch value.number {
        case .success(let number): finite(body(number))
        case .failure(let fault): .error(fault)
        }
    }

    private static func finite(_ value: Double) -> FormulaValue { value.isFinite ? .number(value) : .error(.number) }

    private static func combine(_ symbol: Formula.Operator, _ left: FormulaValue, _ right: FormulaValue)
        -> FormulaValue
    {
        if case .error = left { return left }
        if case .error = right { return right }
        switch symbol {
        case .equal: return .bool(FormulaValue.order(left, right) == 0)
        case .notEqual: return .bool(FormulaValue.order(left, right) != 0)
        case .less: return .bool(FormulaValue.order(left, right) < 0)
        case .greater: return .bool(FormulaValue.order(left, right) > 0)
        case .lessOrEqual: return .bool(FormulaValue.order(left, right) <= 0)
        case .greaterOrEqual: return .bool(FormulaValue.order(left, right) >= 0)
        case .join:
            guard case .success(let first) = left.string, case .success(let second) = right.string else {
                return .error(.value)
            }
            let text = first + second
            return text.utf16.count <= DocumentLimits.cellCharacters ? .text(text) : .error(.value)
        case .add, .subtract, .multiply, .divide, .power:
            guard case .success(let first) = left.number, case .success(let second) = right.number else {
                return .error(.value)
            }
            return arithmetic(symbol, first, second)
        }
    }

    private static func arithmetic(_ symbol: Formula.Operator, _ first: Double, _ second: Double) -> FormulaValue {
        switch symbol {
        case .add: finite(first + second)
        case .subtract: finite(first - second)
        case .multiply: finite(first * second)
        case .divide: second == 0 ? .error(.division) : finite(first / second)
        case .power: first == 0 && second == 0 ? .error(.number) : finite(pow(first, second))
        default: .error(.value)
        }
    }

    private mutating func call(
        _ function: Formula.Function, _ arguments: [Formula], on sheet: Int, _ missing: inout [Address]
    ) -> FormulaValue {
        switch function {
        case .condition:
            switch evaluate(arguments[0], on: sheet, &missing).truth {
            case .failure(let fault): return .error(fault)
            case .success(true): return evaluate(arguments[1], on: sheet, &missing)
            case .success(false):
                return arguments.count > 2 ? evaluate(arguments[2], on: sheet, &missing) : .bool(false)
            }
        case .ifError:
            let value = evaluate(arguments[0], on: sheet, &missing)
            if case .error = value { return evaluate(arguments[1], on: sheet, &missing) }
            return value
        case .round:
            let digits = evaluate(arguments[1], on: sheet, &missing)
            return Self.round(evaluate(arguments[0], on: sheet, &missing), digits)
        case .abs: return Self.numeric(evaluate(arguments[0], on: sheet, &missing)) { Swift.abs($0) }
        case .not:
            switch evaluate(arguments[0], on: sheet, &missing).truth {
            case .success(let value): return .bool(!value)
            case .failure(let fault): return .error(fault)
            }
        case .sum, .average, .min, .max, .count, .countA, .and, .or:
            return aggregate(function, arguments, on: sheet, &missing)
        }
    }

    /// Half away from zero, as spreadsheets round.
    private static func round(_ value: FormulaValue, _ digits: FormulaValue) -> FormulaValue {
        guard case .success(let places) = digits.number else { return .error(.value) }
        let scale = pow(10, places.rounded(.towardZero).clamped(to: -300...300))
        return numeric(value) { number in
            let scaled = number * scale
            // 2.675 × 100 is 267.49999999999997: what a person typed decides, to 15 digits.
            let nudged = scaled + (scaled < 0 ? -1 : 1) * Swift.abs(scaled) * 4e-16
            return scaled.isFinite ? nudged.rounded(.toNearestOrAwayFromZero) / scale : number
        }
    }

    /// In a range text, blanks and booleans do not count as numbers; as direct arguments they do.
    private mutating func aggregate(
        _ function: Formula.Function, _ arguments: [Formula], on sheet: Int, _ missing: inout [Address]
    ) -> FormulaValue {
        var tally = Tally(function)
        for argument in arguments {
            if case .range(let range) = argument {
                guard let values = cells(range, on: sheet, &missing) else { return .error(.reference) }
                for value in values { tally.take(value, direct: false) }
            } else {
                tally.take(evaluate(argument, on: sheet, &missing), direct: true)
            }
        }
        return tally.value
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
