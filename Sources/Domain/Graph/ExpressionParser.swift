/// Recursive descent over the bytes of one expression, bounded in length and depth.
struct ExpressionParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() throws(ExpressionError) -> Expression {
        guard bytes.count <= GraphLimits.expressionBytes else {
            throw ExpressionError(.tooLarge, "an expression has at most \(GraphLimits.expressionBytes) bytes")
        }
        let expression = try disjunction()
        skipSpace()
        guard position == bytes.count else { throw syntax("unexpected '\(rest)'") }
        return expression
    }

    private mutating func disjunction() throws(ExpressionError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= GraphLimits.expressionDepth else { throw tooDeep }
        var left = try conjunction()
        while word("or") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(ExpressionError) -> Expression {
        var left = try negation()
        while word("and") { left = .and(left, try negation()) }
        return left
    }

    private mutating func negation() throws(ExpressionError) -> Expression {
        guard word("not") else { return try comparison() }
        depth += 1
        defer { depth -= 1 }
        guard depth <= GraphLimits.expressionDepth else { throw tooDeep }
        return .not(try negation())
    }

    private mutating func comparison() throws(ExpressionError) -> Expression {
        let left = try sum()
        for comparison in Expression.Comparison.allCases where symbol(comparison.rawValue) {
            return .compare(comparison, left, try sum())
        }
        return left
    }

    private mutating func sum() throws(ExpressionError) -> Expression {
        var left = try value()
        while true {
            if symbol("+") {
                left = .sum(left, try value())
            } else if symbol("-") {
                left = .difference(left, try value())
            } else {
                return left
            }
        }
    }

    private mutating func value() throws(ExpressionError) -> Expression {
        skipSpace()
        guard let byte = peek else { throw syntax("the expression ends where a value is expected") }
        switch byte {
        case UInt8(ascii: "("):
            position += 1
            let inner = try disjunction()
            guard symbol(")") else { throw syntax("')' is missing") }
            return inner
        case UInt8(ascii: "["):
            position += 1
            return .list(try arguments(until: "]"))
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            return .literal(.string(try quoted()))
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            return .literal(try number())
        default:
            return try named()
        }
    }

    private mutating func named() throws(ExpressionError) -> Expression {
        guard let name = name() else { throw syntax("a value is expected at '\(rest)'") }
        switch name {
        case "true": return .literal(.bool(true))
        case "false": return .literal(.bool(false))
        case "null": return .literal(.null)
        case "and", "or", "not": throw syntax("a value is expected before '\(name)'")
        default: break
        }
        if symbol("(") {
            guard let function = ExpressionFunction(rawValue: name) else {
                throw syntax("there is no function '\(name)'")
            }
            let arguments = try arguments(until: ")")
            guard function.arity.contains(arguments.count) else {
                let arity = function.arity
                let count = arity.count == 1 ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
                throw syntax("'\(name)' takes \(count) arguments, not \(arguments.count)")
            }
            return .call(function, arguments)
        }
        return .path(root: name, try pathParts())
    }

    private mutating func pathParts() throws(ExpressionError) -> [Expression.PathPart] {
        var parts: [Expression.PathPart] = []
        while true {
            if symbol(".") {
                guard let member = name() else { throw syntax("a name is expected after '.'") }
                parts.append(.member(member))
            } else if symbol("[") {
                skipSpace()
                if peek == UInt8(ascii: "'") || peek == UInt8(ascii: "\"") {
                    parts.append(.member(try quoted()))
                } else if case .int(let index) = try number(), let index = Int(exactly: index) {
                    parts.append(.index(index))
                } else {
                    throw syntax("an index is a whole number or a quoted name")
                }
                guard symbol("]") else { throw syntax("']' is missing") }
            } else {
                return parts
            }
        }
    }

    private mutating func arguments(until close: String) throws(ExpressionError) -> [Expression] {
        if symbol(close) { return [] }
        var list: [Expression] = []
        while true {
            list.append(try disjunction())
            if symbol(close) { return list }
            guard symbol(",") else { throw syntax("',' or '\(close)' is expected") }
        }
    }

    private mutating func quoted() throws(ExpressionError) -> String {
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            position += 1
            if byte == quote { return String(decoding: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            switch peek {
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "t"): text.append(9)
            case .some(let escaped) where [0x5C, 0x27, 0x22].contains(escaped): text.append(escaped)
            default: throw syntax("only \\n, \\t, \\\\, \\' and \\\" may be escaped")
            }
            position += 1
        }
        throw syntax("a quoted text does not end")
    }

    private mutating func number() throws(ExpressionError) -> JSONValue {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        while let byte = peek, (48...57).contains(byte) || byte == UInt8(ascii: ".") { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let whole = Int64(text) { return .int(whole) }
        if let double = Double(text), double.isFinite, text.last != "." { return .double(double) }
        throw syntax("'\(text)' is not a number")
    }

    private mutating func name() -> String? {
        skipSpace()
        let start = position
        while let byte = peek, Self.isNameByte(byte), !(position == start && (48...57).contains(byte)) { position += 1 }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }

    private mutating func word(_ word: String) -> Bool {
        skipSpace()
        let end = position + word.utf8.count
        guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8),
            end == bytes.count || !Self.isNameByte(bytes[end])
        else { return false }
        position = end
        return true
    }

    private mutating func symbol(_ symbol: String) -> Bool {
        skipSpace()
        let end = position + symbol.utf8.count
        guard end <= bytes.count, bytes[position..<end].elementsEqual(symbol.utf8) else { return false }
        position = end
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || (9...13).contains(byte) { position += 1 }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private var rest: String { String(decoding: bytes[min(position, bytes.count)...].prefix(20), as: UTF8.self) }

    private func syntax(_ message: String) -> ExpressionError {
        ExpressionError(.syntax, "\(message) (byte \(position) of the expression)")
    }

    private var tooDeep: ExpressionError {
        ExpressionError(.tooDeep, "an expression nests at most \(GraphLimits.expressionDepth) deep")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
    }
}
