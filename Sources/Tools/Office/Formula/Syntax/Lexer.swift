/// A piece of a formula's text.
struct Token: Equatable {
    enum Kind: Equatable {
        case number(Double)
        case text(String)
        /// Letters, digits, `_ . \ ? $`: a name, a cell, a function, a truth value.
        case word(String)
        /// A sheet's name in quotes.
        case quoted(String)
        /// What stands between the outermost square brackets.
        case bracket(String)
        case error(ErrorValue)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case over = "/"
        case power = "^"
        case join = "&"
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case greater = ">"
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case percent = "%"
        case colon = ":"
        case comma = ","
        case semicolon = ";"
        case bang = "!"
        case open = "("
        case close = ")"
        case openBrace = "{"
        case closeBrace = "}"
        case hash = "#"
        case at = "@"
    }

    var kind: Kind
    /// Bytes of the text.
    var start: Int
    var end: Int
    var hasSpaceBefore: Bool
}

/// Cuts a formula into tokens (ECMA-376 part 1, section 18.17.2).
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0

    static func tokens(_ text: String) throws(SyntaxFault) -> [Token] {
        var lexer = Lexer(bytes: Array(text.utf8))
        var tokens: [Token] = []
        tokens.reserveCapacity(lexer.bytes.count / 2 + 1)
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func byte(_ offset: Int = 0) -> UInt8 {
        let index = position + offset
        return index < bytes.count ? bytes[index] : 0
    }

    private func fault(_ kind: SyntaxFault.Kind, _ message: String, at place: Int) -> SyntaxFault {
        SyntaxFault(kind: kind, position: place, message: message)
    }

    private mutating func next() throws(SyntaxFault) -> Token {
        let before = position
        while [32, 9, 10, 13].contains(byte()), position < bytes.count { position += 1 }
        let start = position
        let kind = try kind()
        return Token(kind: kind, start: start, end: position, hasSpaceBefore: start > before)
    }

    private mutating func kind() throws(SyntaxFault) -> Token.Kind {
        guard position < bytes.count else { return .end }
        let first = byte()
        switch first {
        case 48...57: return try number()
        case 46 where (48...57).contains(byte(1)): return try number()
        case 34: return .text(try quoted(34, "This text has no closing quote."))
        case 39: return .quoted(try quoted(39, "This sheet's name has no closing quote."))
        case 91: return .bracket(try bracket())
        case 35: return errorOrHash()
        default: break
        }
        if Self.isWord(first) { return word() }
        return .symbol(try symbol(first))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 65...90, 97...122, 48...57, 95, 46, 92, 36, 63, 0x80...0xFF: true
        default: false
        }
    }

    private mutating func word() -> Token.Kind {
        let start = position
        while position < bytes.count, Self.isWord(byte()) { position += 1 }
        return .word(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func number() throws(SyntaxFault) -> Token.Kind {
        let start = position
        var text: [UInt8] = []
        /// Digits from the first that is not zero on; beyond 15 they are zeros.
        var significant = 0
        var hasPoint = false
        while (48...57).contains(byte()) || (byte() == 46 && !hasPoint) {
            let current = byte()
            if current == 46 { hasPoint = true }
            if current != 46, significant > 0 || current != 48 { significant += 1 }
            text.append(current != 46 && significant > 15 ? 48 : current)
            position += 1
        }
        // A name may start behind digits nowhere, but `1E5` is a number and `1:5` are rows.
        if byte() | 0x20 == 101 {
            let sign = byte(1) == 43 || byte(1) == 45 ? 1 : 0
            if (48...57).contains(byte(1 + sign)) {
                text.append(101)
                position += 1
                while (48...57).contains(byte()) || byte() == 43 || byte() == 45 {
                    if byte() < 48, text.last != 101 { break }
                    text.append(byte())
                    position += 1
                }
            }
        }
        if Self.isWord(byte()), byte() != 46 || hasPoint {
            throw fault(.number, "This is neither a number nor a name.", at: start)
        }
        if text.last == 46 { text.append(48) }
        if text.first == 46 { text.insert(48, at: 0) }
        guard let value = Double(Self.closed(text)), value.isFinite else {
            throw fault(.number, "This number is out of range.", at: start)
        }
        return .number(value)
    }

    /// `1.e5` has a point that the library's reader does not take.
    private static func closed(_ text: [UInt8]) -> String {
        String(decoding: text, as: UTF8.self).replacing(".e", with: ".0e")
    }

    private mutating func quoted(_ quote: UInt8, _ message: String) throws(SyntaxFault) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let current = byte()
            position += 1
            if current == quote {
                guard byte() == quote, position < bytes.count else { return String(decoding: text, as: UTF8.self) }
                position += 1
            }
            text.append(current)
        }
        throw fault(.unterminated, message, at: start)
    }

    /// Brackets may stand within brackets; `'` takes what follows as it is.
    private mutating func bracket() throws(SyntaxFault) -> String {
        let start = position
        var depth = 0
        while position < bytes.count {
            switch byte() {
            case 39: position += 1
            case 91: depth += 1
            case 93: depth -= 1
            default: break
            }
            position += 1
            if depth == 0, position <= bytes.count {
                return String(decoding: bytes[(start + 1)..<(position - 1)], as: UTF8.self)
            }
        }
        throw fault(.unterminated, "This bracket is not closed.", at: start)
    }

    private mutating func errorOrHash() -> Token.Kind {
        for error in ErrorValue.allCases {
            let text = Array(error.text.utf8)
            guard position + text.count <= bytes.count else { continue }
            let isHere = text.indices.allSatisfy { index in
                let found = bytes[position + index]
                return (found >= 97 && found <= 122 ? found - 32 : found) == text[index]
            }
            guard isHere else { continue }
            position += text.count
            return .error(error)
        }
        position += 1
        return .symbol(.hash)
    }

    private mutating func symbol(_ first: UInt8) throws(SyntaxFault) -> Token.Symbol {
        let two = String(decoding: [first, byte(1)], as: UTF8.self)
        if let symbol = Token.Symbol(rawValue: two), two.utf8.count == 2 {
            position += 2
            return symbol
        }
        guard let symbol = Token.Symbol(rawValue: String(decoding: [first], as: UTF8.self)) else {
            throw fault(.unexpected, "This character cannot stand here.", at: position)
        }
        position += 1
        return symbol
    }
}
