import DocumentModel

/// Reads formulas without their leading `=` (ECMA-376 part 1, section 18.17, the part that we compute).
struct FormulaParser {
    private enum Token: Hashable {
        case number(Double)
        case text(String)
        /// A word, or a quoted sheet name.
        case word(String)
        case quoted(String)
        case symbol(String)
        case end
    }

    /// Brackets and signs within each other; deeper is not written by people.
    private static let maximumDepth = 64
    private var tokens: [Token] = []
    private var position = 0
    private var depth = 0

    init(_ text: String) throws(OOXMLError) {
        guard text.utf16.count <= DocumentLimits.formulaCharacters else { throw Self.fault(text, "it is too long") }
        tokens = try Self.tokens(text)
        source = text
    }

    private let source: String

    static func parse(_ text: String) throws(OOXMLError) -> Formula {
        var parser = try FormulaParser(text)
        let formula = try parser.expression(0)
        guard parser.next == .end else { throw fault(text, "something follows its end") }
        return formula
    }

    mutating func wholeRange() throws(OOXMLError) -> CellRange? {
        guard case .range(let range) = try primary(), next == .end else { return nil }
        return range
    }

    private static func fault(_ text: String, _ why: String) -> OOXMLError {
        OOXMLError("formula_invalid", "The formula '\(text.prefix(80))' cannot be used: \(why).")
    }

    private var next: Token { tokens.indices.contains(position) ? tokens[position] : .end }

    private mutating func take(_ symbol: String) -> Bool {
        guard next == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expression(_ minimum: Int) throws(OOXMLError) -> Formula {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw Self.fault(source, "it is nested too deeply") }
        var left = try unary()
        while case .symbol(let symbol) = next, let binary = Formula.Operator(rawValue: symbol),
            binary.precedence > minimum
        {
            position += 1
            left = .binary(binary, left, try expression(binary.precedence))
        }
        return left
    }

    private mutating func unary() throws(OOXMLError) -> Formula {
        var negative = false
        while true {
            if take("-") {
                negative.toggle()
            } else if !take("+") {
                break
            }
        }
        var value = try primary()
        while take("%") { value = .percent(value) }
        return negative ? .negate(value) : value
    }

    private mutating func primary() throws(OOXMLError) -> Formula {
        let token = next
        position += 1
        switch token {
        case .number(let value): return .literal(.number(value))
        case .text(let value): return .literal(.text(value))
        case .symbol("("):
            let inner = try expression(0)
            guard take(")") else { throw Self.fault(source, "a bracket is not closed") }
            return inner
        case .quoted(let sheet):
            guard take("!"), case .word(let cell) = next else { throw Self.fault(source, "a quote is misplaced") }
            position += 1
            return .range(try range(sheet, cell))
        case .word(let word):
            if take("!") {
                guard case .word(let cell) = next else { throw Self.fault(source, "'\(word)!' names no cell") }
                position += 1
                return .range(try range(word, cell))
            }
            if take("(") { return try call(word) }
            switch word.uppercased() {
            case "TRUE": return .literal(.bool(true))
            case "FALSE": return .literal(.bool(false))
            default: return .range(try range(nil, word))
            }
        case .symbol(let symbol): throw Self.fault(source, "'\(symbol)' is misplaced")
        case .end: throw Self.fault(source, "it ends too early")
        }
    }

    private mutating func range(_ sheet: String?, _ first: String) throws(OOXMLError) -> CellRange {
        guard let start = CellReference.parse(first) else { throw Self.fault(source, "'\(first)' is no cell") }
        guard take(":") else { return CellRange(sheet: sheet, start, start) }
        guard case .word(let last) = next, let end = CellReference.parse(last) else {
            throw Self.fault(source, "a range has no end")
        }
        position += 1
        return CellRange(sheet: sheet, start, end)
    }

    private mutating func call(_ name: String) throws(OOXMLError) -> Formula {
        guard let function = Formula.Function(rawValue: name.uppercased()) else {
            let known = Formula.Function.allCases.map(\.rawValue).joined(separator: ", ")
            throw Self.fault(source, "the function \(name) is not among \(known)")
        }
        var arguments: [Formula] = []
        if !take(")") {
            repeat { arguments.append(try expression(0)) } while take(",")
            guard take(")") else { throw Self.fault(source, "a bracket is not closed") }
        }
        let allowed: ClosedRange<Int> =
            switch function {
            case .condition: 2...3
            case .round, .ifError: 2...2
            case .abs, .not: 1...1
            case .sum, .average, .min, .max, .count, .countA, .and, .or: 1...255
            }
        guard allowed.contains(arguments.count) else {
            throw Self.fault(source, "\(function.rawValue) takes \(allowed) arguments, not \(arguments.count)")
        }
        return .call(function, arguments)
    }

    private static func tokens(_ text: String) throws(OOXMLError) -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let character = rest.first {
            if character == "\"" || character == "'" {
                guard let quoted = quoted(&rest, character) else { throw fault(text, "a quote is not closed") }
                tokens.append(character == "'" ? .quoted(quoted) : .text(quoted))
            } else if character.isASCII && character.isNumber || character == "." {
                let digits = number(&rest)
                guard let value = Double(digits), value.isFinite else { throw fault(text, "'\(digits)' is no number") }
                tokens.append(.number(value))
            } else if character.isLetter || character == "$" || character == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "$" || $0 == "_" || $0 == "." }
                rest = rest.dropFirst(word.count)
                tokens.append(.word(String(word)))
            } else if character == " " {
                rest.removeFirst()
            } else {
                let two = String(rest.prefix(2))
                let symbol = ["<>", "<=", ">="].contains(two) ? two : String(character)
                guard "=<>&+-*/^%(),:!".contains(character) else { throw fault(text, "'\(character)' is not allowed") }
                rest = rest.dropFirst(symbol.count)
                tokens.append(.symbol(symbol))
            }
        }
        return tokens
    }

    /// The text between quotes, where a doubled quote stands for one.
    private static func quoted(_ rest: inout Substring, _ quote: Character) -> String? {
        rest.removeFirst()
        var text = ""
        while let character = rest.popFirst() {
            if character != quote {
                text.append(character)
            } else if rest.first == quote {
                text.append(quote)
                rest.removeFirst()
            } else {
                return text
            }
        }
        return nil
    }

    private static func number(_ rest: inout Substring) -> String {
        var digits = String(rest.prefix { $0.isASCII && $0.isNumber || $0 == "." })
        rest = rest.dropFirst(digits.count)
        guard let mark = rest.first, mark == "e" || mark == "E" else { return digits }
        let tail = rest.dropFirst()
        let sign = tail.prefix { $0 == "+" || $0 == "-" }.prefix(1)
        let exponent = tail.dropFirst(sign.count).prefix { $0.isASCII && $0.isNumber }
        guard !exponent.isEmpty else { return digits }
        digits += "e\(sign)\(exponent)"
        rest = rest.dropFirst(1 + sign.count + exponent.count)
        return digits
    }
}
