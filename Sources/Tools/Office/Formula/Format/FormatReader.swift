/// Reads the code of a number format.
struct FormatReader {
    private let scalars: [Character]
    private var position = 0
    private var section = FormatSection()
    private var sections: [FormatSection] = []
    /// Commas since the last digit.
    private var commas = 0
    private var hasDigit = false
    private var hasPoint = false

    static func sections(_ code: String) throws(NumberFormat.Fault) -> [FormatSection] {
        var reader = FormatReader(scalars: Array(code))
        while reader.position < reader.scalars.count { try reader.step() }
        reader.close()
        return reader.sections
    }

    private init(scalars: [Character]) { self.scalars = scalars }

    private func peek(_ offset: Int = 0) -> Character? {
        scalars.indices.contains(position + offset) ? scalars[position + offset] : nil
    }

    private mutating func add(_ piece: FormatSection.Piece) { section.pieces.append(piece) }

    private mutating func literal(_ text: String) {
        if case .literal(let before) = section.pieces.last {
            section.pieces[section.pieces.count - 1] = .literal(before + text)
        } else {
            add(.literal(text))
        }
    }

    private mutating func close() {
        if hasDigit { section.thousands = hasPoint ? section.thousands : commas }
        section.pieces = Self.withMinutes(section.pieces)
        sections.append(section)
        section = FormatSection()
        (commas, hasDigit, hasPoint) = (0, false, false)
    }

    private mutating func step() throws(NumberFormat.Fault) {
        guard let character = peek() else { return }
        switch character {
        case ";":
            position += 1
            close()
        case "\"": try quoted()
        case "\\":
            guard let next = peek(1) else { throw NumberFormat.Fault(message: "Nothing follows the last '\\'.") }
            literal(String(next))
            position += 2
        case "_":
            // As wide as the next character: a blank.
            literal(" ")
            position += 2
        case "*": position += 2
        case "[": try bracket()
        case "0", "#", "?": digit(character)
        case ".": point()
        case ",":
            position += 1
            if hasDigit, !hasPoint { commas += 1 } else if hasDigit { section.thousands += 1 } else { literal(",") }
        case "%":
            add(.percent)
            position += 1
        case "@":
            add(.text)
            position += 1
        case "/":
            add(section.isDate || !hasDigit ? .literal("/") : .slash)
            position += 1
        case "e", "E": exponent(character)
        case "G", "g": general(character)
        case "A", "a": half(character)
        case "y", "Y", "m", "M", "d", "D", "h", "H", "s", "S": dates(Character(character.lowercased()))
        default:
            literal(String(character))
            position += 1
        }
    }

    private mutating func quoted() throws(NumberFormat.Fault) {
        position += 1
        var text = ""
        while let next = peek(), next != "\"" {
            text.append(next)
            position += 1
        }
        guard peek() != nil else { throw NumberFormat.Fault(message: "A text in the format has no closing quote.") }
        position += 1
        literal(text)
    }

    private mutating func digit(_ character: Character) {
        // A comma between digits groups them.
        if hasDigit, commas > 0, !hasPoint { section.isGrouped = true }
        commas = 0
        hasDigit = true
        add(.digit(character.asciiValue ?? 48))
        position += 1
    }

    private mutating func point() {
        position += 1
        if section.isDate, peek() == "0" {
            var count = 0
            while peek() == "0" {
                count += 1
                position += 1
            }
            add(.fraction(count))
            return
        }
        if hasPoint || section.isDate { return literal(".") }
        section.thousands = commas
        hasPoint = true
        hasDigit = true
        add(.point)
    }

    private mutating func exponent(_ character: Character) {
        if let sign = peek(1), sign == "+" || sign == "-", hasDigit {
            add(.exponent(hasPlus: sign == "+"))
            position += 2
        } else {
            literal(String(character))
            position += 1
        }
    }

    private mutating func general(_ character: Character) {
        let word = String(scalars[position..<min(position + 7, scalars.count)])
        if word.lowercased() == "general" {
            add(.general)
            position += 7
        } else {
            literal(String(character))
            position += 1
        }
    }

    private mutating func half(_ character: Character) {
        let rest = String(scalars[position..<min(position + 5, scalars.count)])
        if rest.uppercased() == "AM/PM" {
            add(.half("AM", "PM"))
            position += 5
        } else if rest.uppercased().hasPrefix("A/P") {
            add(.half(String(rest.prefix(1)), String(rest.dropFirst(2).prefix(1))))
            position += 3
        } else {
            literal(String(character))
            position += 1
        }
    }

    private mutating func dates(_ letter: Character) {
        var count = 0
        while let next = peek(), Character(next.lowercased()) == letter {
            count += 1
            position += 1
        }
        switch letter {
        case "y": add(.year(count))
        case "m": add(.month(count))
        case "d": add(.day(count))
        case "h": add(.hour(count))
        default: add(.second(count))
        }
    }

    /// A colour, a condition, elapsed time, or a currency with its language.
    private mutating func bracket() throws(NumberFormat.Fault) {
        position += 1
        var text = ""
        while let next = peek(), next != "]" {
            text.append(next)
            position += 1
        }
        guard peek() != nil else { throw NumberFormat.Fault(message: "A bracket in the format is not closed.") }
        position += 1
        let lower = text.lowercased()
        if let first = lower.first, "hms".contains(first), lower.allSatisfy({ $0 == first }) {
            add(.elapsed(first == "h" ? .hours : first == "m" ? .minutes : .seconds, lower.count))
        } else if text.hasPrefix("$") {
            let sign = text.dropFirst().prefix { $0 != "-" }
            if !sign.isEmpty { literal(String(sign)) }
        } else if let condition = Self.condition(text) {
            section.condition = condition
        } else if Self.colors.contains(lower) || lower.hasPrefix("color") {
            section.color = lower.prefix(1).uppercased() + lower.dropFirst()
        } else if !lower.hasPrefix("dbnum"), !lower.hasPrefix("natnum") {
            throw NumberFormat.Fault(message: "[\(text.prefix(40))] means nothing in a format.")
        }
    }

    private static let colors = ["black", "blue", "cyan", "green", "magenta", "red", "white", "yellow"]

    private static func condition(_ text: String) -> FormatCondition? {
        for (sign, symbol) in [
            ("<>", Operator.notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("<", .less), (">", .greater),
            ("=", .equal),
        ] where text.hasPrefix(sign) {
            guard let number = Double(text.dropFirst(sign.count)), number.isFinite else { return nil }
            return FormatCondition(comparison: symbol, number: number)
        }
        return nil
    }

    /// `m` behind hours or before seconds is minutes.
    private static func withMinutes(_ pieces: [FormatSection.Piece]) -> [FormatSection.Piece] {
        var result = pieces
        let places = pieces.indices.filter { index in
            switch pieces[index] {
            case .year, .month, .day, .hour, .minute, .second, .elapsed: true
            default: false
            }
        }
        for (order, index) in places.enumerated() {
            guard case .month(let count) = pieces[index], count <= 2 else { continue }
            var isMinute = false
            if order > 0 {
                switch pieces[places[order - 1]] {
                case .hour, .elapsed(.hours, _): isMinute = true
                default: break
                }
            }
            if order + 1 < places.count {
                switch pieces[places[order + 1]] {
                case .second, .elapsed(.seconds, _): isMinute = true
                default: break
                }
            }
            if isMinute { result[index] = .minute(count) }
        }
        return result
    }
}
