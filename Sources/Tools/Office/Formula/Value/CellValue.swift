/// What a cell holds.
package enum CellValue: Sendable, Hashable {
    case blank
    case number(Double)
    case text(String)
    case boolean(Bool)
    case error(ErrorValue)

    package var isBlank: Bool { if case .blank = self { true } else { false } }
    package var isText: Bool { if case .text = self { true } else { false } }
    package var isNumber: Bool { if case .number = self { true } else { false } }
    package var isBoolean: Bool { if case .boolean = self { true } else { false } }
    package var error: ErrorValue? { if case .error(let error) = self { error } else { nil } }

    /// As it reads in another text: numbers with 15 digits, `TRUE`, `FALSE`.
    package var text: String {
        switch self {
        case .blank: ""
        case .number(let value): NumberText.general(value)
        case .text(let text): text
        case .boolean(let value): value ? "TRUE" : "FALSE"
        case .error(let error): error.text
        }
    }

    /// A number that a cell can hold, or `#NUM!`; there is no negative zero.
    static func finite(_ value: Double) -> CellValue {
        value.isFinite ? .number(value == 0 ? 0 : value) : .error(.number)
    }
}

/// How values stand to each other: numbers before texts before booleans, texts without case, a blank as the zero of
/// the other's type, numbers by 15 digits.
package enum Ordering {
    /// Below zero, zero, above zero. Errors are equal to themselves only.
    package static func compare(_ first: CellValue, _ second: CellValue) -> Int {
        switch (first, second) {
        case (.number(let one), .number(let two)): return numbers(one, two)
        case (.text(let one), .text(let two)): return texts(one, two)
        case (.boolean(let one), .boolean(let two)): return one == two ? 0 : one ? 1 : -1
        case (.blank, .blank): return 0
        case (.blank, .number(let two)): return numbers(0, two)
        case (.number(let one), .blank): return numbers(one, 0)
        case (.blank, .text(let two)): return two.isEmpty ? 0 : -1
        case (.text(let one), .blank): return one.isEmpty ? 0 : 1
        case (.blank, .boolean(let two)): return two ? -1 : 0
        case (.boolean(let one), .blank): return one ? 1 : 0
        case (.error(let one), .error(let two)): return Int(one.rawValue) - Int(two.rawValue)
        default: return rank(first) - rank(second)
        }
    }

    private static func rank(_ value: CellValue) -> Int {
        switch value {
        case .blank, .number: 0
        case .text: 1
        case .boolean: 2
        case .error: 3
        }
    }

    /// Two numbers that agree in 15 significant digits are one, as in every spreadsheet.
    @inline(__always)
    static func numbers(_ first: Double, _ second: Double) -> Int {
        if first == second { return 0 }
        let difference = first - second
        if difference.magnitude > max(first.magnitude, second.magnitude) * 1e-14 { return difference < 0 ? -1 : 1 }
        if Digits.rounded(first, 15) == Digits.rounded(second, 15) { return 0 }
        return difference < 0 ? -1 : 1
    }

    /// Without case, by code points of the lower case.
    static func texts(_ first: String, _ second: String) -> Int {
        var one = first.utf8.makeIterator()
        var two = second.utf8.makeIterator()
        while true {
            switch (one.next(), two.next()) {
            case (nil, nil): return 0
            case (nil, _): return -1
            case (_, nil): return 1
            case (let left?, let right?):
                if left >= 0x80 || right >= 0x80 { return wide(first, second) }
                let (low, high) = (lower(left), lower(right))
                if low != high { return low < high ? -1 : 1 }
            }
        }
    }

    private static func wide(_ first: String, _ second: String) -> Int {
        let (one, two) = (first.lowercased().unicodeScalars, second.lowercased().unicodeScalars)
        if one.elementsEqual(two) { return 0 }
        return one.lexicographicallyPrecedes(two) ? -1 : 1
    }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte &+ 32 : byte }
}
