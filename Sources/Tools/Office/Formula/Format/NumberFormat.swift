import Glibc

/// A number format as spreadsheets write it: up to four sections, conditions, colours, dates, fractions. Names of months
/// and days are English; the point and the comma are what they are in the code.
package struct NumberFormat: Sendable, Hashable {
    /// What a cell shows.
    package struct Rendering: Sendable, Hashable {
        package var text: String
        /// `Red`, or `Color12`; `nil`: the cell's own.
        package var color: String?

        package init(text: String, color: String? = nil) {
            self.text = text
            self.color = color
        }
    }

    package struct Fault: Error, Sendable, Hashable {
        package let message: String
    }

    /// Characters of a code, as Excel has it.
    package static let mostCharacters = 255
    let sections: [FormatSection]

    /// Throws for a code that Excel would refuse.
    package init(_ code: String) throws(Fault) {
        guard code.utf16.count <= Self.mostCharacters else { throw Fault(message: "The format is too long.") }
        sections = try FormatReader.sections(code)
        guard sections.count <= 4 else { throw Fault(message: "The format has more than four sections.") }
    }

    /// Whether numbers show as dates or times.
    package var isDate: Bool { sections.first?.isDate ?? false }

    package func text(_ value: CellValue, _ system: DateSystem = .year1900) -> String {
        render(value, system).text
    }

    package func render(_ value: CellValue, _ system: DateSystem = .year1900) -> Rendering {
        switch value {
        case .number(let number): return render(number, system)
        case .boolean, .error: return Rendering(text: value.text)
        case .blank: return Rendering(text: "")
        case .text(let text):
            let section = sections.count == 4 ? sections[3] : sections.first { $0.hasText && !$0.hasNumber }
            guard let section else { return Rendering(text: text) }
            return Rendering(text: section.text(text), color: section.color)
        }
    }

    private func render(_ value: Double, _ system: DateSystem) -> Rendering {
        let (section, isUnsigned) = choose(value)
        guard let section else { return Rendering(text: "####") }
        let shown = isUnsigned ? value.magnitude : value
        return Rendering(text: section.number(shown, system) ?? "####", color: section.color)
    }

    /// The section of a number, and whether it says itself what the sign is.
    private func choose(_ value: Double) -> (FormatSection?, Bool) {
        let numeric = Array(sections.prefix(3))
        if numeric.contains(where: { $0.condition != nil }) { return conditional(value, numeric) }
        switch numeric.count {
        case 0, 1: return (numeric.first, false)
        case 2: return value < 0 ? (numeric[1], true) : (numeric[0], false)
        default: return value < 0 ? (numeric[1], true) : (value == 0 ? numeric[2] : numeric[0], false)
        }
    }

    private func conditional(_ value: Double, _ numeric: [FormatSection]) -> (FormatSection?, Bool) {
        for (index, section) in numeric.enumerated() {
            if let condition = section.condition {
                if condition.holds(value) { return (section, value < 0 && condition.isBelowZero) }
            } else if index == numeric.count - 1 {
                return (section, false)
            } else if index == 1, numeric[0].condition != nil, value < 0 {
                return (section, true)
            }
        }
        return (nil, false)
    }
}

/// `[<100]`
struct FormatCondition: Sendable, Hashable {
    var comparison: Operator
    var number: Double

    func holds(_ value: Double) -> Bool {
        switch comparison {
        case .less: value < number
        case .greater: value > number
        case .lessOrEqual: value <= number
        case .greaterOrEqual: value >= number
        case .notEqual: value != number
        default: value == number
        }
    }

    /// Only negative numbers meet it: the sign goes without saying.
    var isBelowZero: Bool {
        comparison == .less && number <= 0 || comparison == .lessOrEqual && number < 0
            || comparison == .equal && number < 0
    }
}

/// One section of a format.
struct FormatSection: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        case literal(String)
        /// `0`, `#` or `?`
        case digit(UInt8)
        case point
        case percent
        /// `E+`: the sign always, or only of negative ones.
        case exponent(hasPlus: Bool)
        case slash
        case general
        case text
        case year(Int)
        case month(Int)
        case day(Int)
        case hour(Int)
        case minute(Int)
        case second(Int)
        /// Digits behind the point of the seconds.
        case fraction(Int)
        /// `[h]`: all hours, minutes or seconds since the start; the least number of digits.
        case elapsed(Unit, Int)
        case half(String, String)
    }

    enum Unit: Sendable, Hashable { case hours, minutes, seconds }

    var pieces: [Piece] = []
    var condition: FormatCondition?
    var color: String?
    /// Thousands are separated.
    var isGrouped = false
    /// Commas behind the digits: each divides by 1000.
    var thousands = 0

    var isDate: Bool {
        pieces.contains {
            switch $0 {
            case .year, .month, .day, .hour, .minute, .second, .elapsed, .half: true
            default: false
            }
        }
    }

    var hasText: Bool { pieces.contains(.text) }

    var hasNumber: Bool {
        isDate
            || pieces.contains {
                switch $0 {
                case .digit, .general: true
                default: false
                }
            }
    }

    func text(_ text: String) -> String {
        pieces.reduce(into: "") { result, piece in
            switch piece {
            case .literal(let literal): result += literal
            case .text, .general: result += text
            default: break
            }
        }
    }

    /// `nil`: it cannot be shown, as a date below zero.
    func number(_ value: Double, _ system: DateSystem) -> String? {
        if isDate { return DateRendering.text(self, value, system) }
        if pieces.contains(.general) { return general(value) }
        if pieces.contains(.slash), let text = FractionRendering.text(self, value) { return text }
        return NumberRendering(self).text(value)
    }

    private func general(_ value: Double) -> String {
        pieces.reduce(into: "") { result, piece in
            switch piece {
            case .literal(let literal): result += literal
            case .general: result += NumberText.general(value)
            case .percent: result += "%"
            default: break
            }
        }
    }
}
