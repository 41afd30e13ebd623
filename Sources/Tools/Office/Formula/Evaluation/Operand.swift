/// What an expression evaluates to.
enum Operand: Sendable {
    case value(CellValue)
    case area(Area)
    /// A union of references.
    case areas([Area])
    case matrix(Matrix)
    /// An argument that was left out.
    case missing

    static func number(_ value: Double) -> Operand { .value(.finite(value)) }
    static func text(_ text: String) -> Operand { .value(.text(text)) }
    static func boolean(_ value: Bool) -> Operand { .value(.boolean(value)) }
    static func error(_ error: ErrorValue) -> Operand { .value(.error(error)) }

    var isMissing: Bool { if case .missing = self { true } else { false } }
    var isReference: Bool {
        switch self {
        case .area, .areas: true
        case .value, .matrix, .missing: false
        }
    }

    /// A single value that is no reference; blank where the argument was left out.
    var single: CellValue { if case .value(let value) = self { value } else { .blank } }
}

extension [Operand] {
    /// Of a parameter of single numbers: already read.
    func number(_ index: Int, _ absent: Double = 0) -> Double {
        guard index < count else { return absent }
        if case .value(.number(let value)) = self[index] { return value }
        return 0
    }

    /// Towards zero; cut to ±2,000,000,000, so that products of two fit into an `Int`.
    func integer(_ index: Int, _ absent: Int = 0) -> Int {
        guard index < count else { return absent }
        return Self.integer(number(index).rounded(.towardZero))
    }

    static func integer(_ value: Double) -> Int {
        Int(Swift.min(Swift.max(value, -2_000_000_000), 2_000_000_000))
    }

    func text(_ index: Int, _ absent: String = "") -> String {
        guard index < count, case .value(.text(let text)) = self[index] else { return absent }
        return text
    }

    func flag(_ index: Int, _ absent: Bool = false) -> Bool {
        guard index < count else { return absent }
        if case .value(.boolean(let value)) = self[index] { return value }
        return false
    }

    func scalar(_ index: Int) -> CellValue { index < count ? self[index].single : .blank }

    /// Whether the argument is there and not empty between commas.
    func has(_ index: Int) -> Bool { index < count && !self[index].isMissing }
}
