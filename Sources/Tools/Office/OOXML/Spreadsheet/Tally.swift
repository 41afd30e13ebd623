/// What an aggregate function has seen.
struct Tally {
    private let function: Formula.Function
    private var sum = 0.0
    private var least = Double.infinity
    private var greatest = -Double.infinity
    private var numbers = 0
    private var filled = 0
    private var all = true
    private var any = false
    private var fault: FormulaFault?

    init(_ function: Formula.Function) { self.function = function }

    mutating func take(_ value: FormulaValue, direct: Bool) {
        if value != .blank { filled += 1 }
        switch value {
        case .blank: break
        case .number(let number): add(number)
        case .bool(let flag):
            if function == .and || function == .or {
                add(flag ? 1 : 0)
            } else if direct {
                add(flag ? 1 : 0)
            }
        case .text where !direct: break
        case .text:
            switch value.number {
            case .success(let number): add(number)
            case .failure(let failure): if function != .count { fault = fault ?? failure }
            }
        case .error(let failure): fault = fault ?? failure
        }
    }

    private mutating func add(_ number: Double) {
        numbers += 1
        sum += number
        least = Swift.min(least, number)
        greatest = Swift.max(greatest, number)
        all = all && number != 0
        any = any || number != 0
    }

    var value: FormulaValue {
        switch function {
        case .count: return .number(Double(numbers))
        case .countA: return .number(Double(filled))
        default: break
        }
        if let fault { return .error(fault) }
        switch function {
        case .sum: return sum.isFinite ? .number(sum) : .error(.number)
        case .average: return numbers == 0 ? .error(.division) : .number(sum / Double(numbers))
        case .min: return .number(numbers == 0 ? 0 : least)
        case .max: return .number(numbers == 0 ? 0 : greatest)
        case .and: return numbers == 0 ? .error(.value) : .bool(all)
        case .or: return numbers == 0 ? .error(.value) : .bool(any)
        default: return .error(.value)
        }
    }
}
