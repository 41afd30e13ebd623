/// What a cell or a formula is worth.
enum FormulaValue: Sendable, Hashable {
    case blank
    case number(Double)
    case text(String)
    case bool(Bool)
    case error(FormulaFault)

    /// The number that arithmetic takes; an error where there is none.
    var number: Result<Double, FormulaFault> {
        switch self {
        case .blank: .success(0)
        case .number(let value): .success(value)
        case .bool(let value): .success(value ? 1 : 0)
        case .text(let text): Double(text).map { $0.isFinite ? .success($0) : .failure(.value) } ?? .failure(.value)
        case .error(let fault): .failure(fault)
        }
    }

    var string: Result<String, FormulaFault> {
        switch self {
        case .blank: .success("")
        case .number(let value): .success(NumberText.plain(value))
        case .bool(let value): .success(value ? "TRUE" : "FALSE")
        case .text(let text): .success(text)
        case .error(let fault): .failure(fault)
        }
    }

    var truth: Result<Bool, FormulaFault> {
        if case .text(let text) = self {
            return text.uppercased() == "TRUE"
                ? .success(true) : text.uppercased() == "FALSE" ? .success(false) : .failure(.value)
        }
        return number.map { $0 != 0 }
    }

    /// Numbers come before text, text before booleans; text compares without case.
    static func order(_ first: FormulaValue, _ second: FormulaValue) -> Int {
        switch (first, second) {
        case (.text(let first), .text(let second)):
            let (first, second) = (first.lowercased(), second.lowercased())
            return first == second ? 0 : first < second ? -1 : 1
        case (.text(let first), .blank): return first.isEmpty ? 0 : 1
        case (.blank, .text(let second)): return second.isEmpty ? 0 : -1
        default: break
        }
        let (left, right) = (first.rank, second.rank)
        guard left == right else { return left < right ? -1 : 1 }
        let (one, two) = (first.plain, second.plain)
        return one == two ? 0 : one < two ? -1 : 1
    }

    private var plain: Double {
        switch self {
        case .number(let value): value
        case .bool(let value): value ? 1 : 0
        case .blank, .text, .error: 0
        }
    }

    private var rank: Int {
        switch self {
        case .blank, .number: 0
        case .text: 1
        case .bool: 2
        case .error: 3
        }
    }
}

/// Error values (ECMA-376 part 1, section 18.17.3).
enum FormulaFault: String, Error, Sendable, Hashable {
    case division = "#DIV/0!"
    case value = "#VALUE!"
    case reference = "#REF!"
    case number = "#NUM!"
    case name = "#NAME?"
    case notAvailable = "#N/A"
}
