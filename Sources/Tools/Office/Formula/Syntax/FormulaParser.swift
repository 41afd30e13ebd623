/// Reads formulas in A1 notation (ECMA-376 part 1, section 18.17).
package struct FormulaParser {
    let tokens: [Token]
    var position = 0
    var builder = ExpressionBuilder()
    /// The cell that relative references are counted from.
    let base: CellPosition
    private var levels = 0
    /// Names that LET has bound around here, the innermost last.
    var bound: [String] = []

    /// `text` without or with its leading `=`, as it stands in the cell at `base`.
    package static func parse(_ text: String, at base: CellPosition = .origin) throws(SyntaxFault) -> Expression {
        let bare = text.hasPrefix("=") ? String(text.dropFirst()) : text
        guard bare.utf16.count <= SyntaxLimits.characters else {
            throw SyntaxFault(
                kind: .tooLong, position: SyntaxLimits.characters,
                message: "The formula has more than \(SyntaxLimits.characters) characters")
        }
        var parser = FormulaParser(tokens: try Lexer.tokens(bare), base: base)
        _ = try parser.expression()
        guard parser.next == .end else { throw parser.unexpected() }
        return parser.builder.finish()
    }

    private init(tokens: [Token], base: CellPosition) {
        self.tokens = tokens
        self.base = base
    }

    var token: Token { tokens[min(position, tokens.count - 1)] }
    var next: Token.Kind { token.kind }
    func peek(_ offset: Int) -> Token { tokens[min(position + offset, tokens.count - 1)] }

    func fault(_ kind: SyntaxFault.Kind, _ message: String) -> SyntaxFault {
        SyntaxFault(kind: kind, position: token.start, message: message)
    }

    func unexpected() -> SyntaxFault {
        switch next {
        case .end: fault(.unexpected, "The formula ends too early")
        case .symbol(let symbol): fault(.unexpected, "'\(symbol.rawValue)' cannot stand here")
        case .word(let word): fault(.unexpected, "'\(word.prefix(40))' cannot stand here")
        default: fault(.unexpected, "This cannot stand here")
        }
    }

    mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard next == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(SyntaxFault) {
        guard take(symbol) else {
            throw next == .end ? fault(.unterminated, "'\(symbol.rawValue)' is missing at the end") : unexpected()
        }
    }

    /// One bracket or function deeper.
    mutating func nested<Value>(
        _ body: (inout FormulaParser) throws(SyntaxFault) -> Value
    ) throws(SyntaxFault) -> Value {
        levels += 1
        defer { levels -= 1 }
        guard levels <= SyntaxLimits.levels else {
            throw fault(.tooDeep, "Functions and brackets stand more than \(SyntaxLimits.levels) levels deep")
        }
        return try body(&self)
    }

    mutating func expression() throws(SyntaxFault) -> Int32 { try binary(0) }

    private static let precedences = 5

    private static func symbol(_ symbol: Token.Symbol) -> (level: Int, Operator)? {
        switch symbol {
        case .equal: (0, .equal)
        case .notEqual: (0, .notEqual)
        case .less: (0, .less)
        case .greater: (0, .greater)
        case .lessOrEqual: (0, .lessOrEqual)
        case .greaterOrEqual: (0, .greaterOrEqual)
        case .join: (1, .join)
        case .plus: (2, .add)
        case .minus: (2, .subtract)
        case .times: (3, .multiply)
        case .over: (3, .divide)
        case .power: (4, .power)
        default: nil
        }
    }

    /// All operators bind to the left, `^` too.
    private mutating func binary(_ level: Int) throws(SyntaxFault) -> Int32 {
        guard level < Self.precedences else { return try unary() }
        let first = try binary(level + 1)
        var items: [Int32] = []
        while case .symbol(let symbol) = next, let (found, sign) = Self.symbol(symbol), found == level {
            position += 1
            if items.isEmpty { items.append(first) }
            items.append(sign.rawValue)
            items.append(try binary(level + 1))
        }
        return items.isEmpty ? first : chain(items)
    }

    mutating func chain(_ items: [Int32]) -> Int32 {
        let first = builder.list(items)
        return builder.add(.chain(first: first, operands: Int32(items.count / 2 + 1)))
    }

    /// Signs bind more closely than `^`: -2^2 is 4.
    private mutating func unary() throws(SyntaxFault) -> Int32 {
        var signs: [Node.Prefix] = []
        while case .symbol(let symbol) = next {
            switch symbol {
            case .plus: signs.append(.plus)
            case .minus: signs.append(.minus)
            case .at: signs.append(.single)
            default: break
            }
            guard symbol == .plus || symbol == .minus || symbol == .at else { break }
            position += 1
        }
        var operand = try references()
        // `@` binds more closely than `%`.
        while signs.last == .single {
            signs.removeLast()
            operand = builder.add(.prefix(.single, operand))
        }
        while take(.percent) { operand = builder.add(.percent(operand)) }
        for sign in signs.reversed() { operand = builder.add(.prefix(sign, operand)) }
        return operand
    }

    /// References with blanks between them: what they have in common.
    private mutating func references() throws(SyntaxFault) -> Int32 {
        let first = try range()
        var items: [Int32] = []
        while token.hasSpaceBefore, startsReference, builder.isReference(items.last ?? first) {
            if items.isEmpty { items.append(first) }
            items.append(Operator.intersection.rawValue)
            let operand = try range()
            guard builder.isReference(operand) else { throw unexpected() }
            items.append(operand)
        }
        return items.isEmpty ? first : chain(items)
    }

    private var startsReference: Bool {
        switch next {
        case .word, .quoted, .bracket, .symbol(.open): true
        default: false
        }
    }

    private mutating func range() throws(SyntaxFault) -> Int32 {
        let first = try postfix()
        var items: [Int32] = []
        while next == .symbol(.colon) {
            guard builder.isReference(items.last ?? first) else { throw unexpected() }
            position += 1
            if items.isEmpty { items.append(first) }
            items.append(Operator.range.rawValue)
            let operand = try postfix()
            guard builder.isReference(operand) else {
                throw fault(.unexpected, "What follows ':' is no reference")
            }
            items.append(operand)
        }
        return items.isEmpty ? first : chain(items)
    }

    private mutating func postfix() throws(SyntaxFault) -> Int32 {
        var operand = try primary()
        while next == .symbol(.hash), builder.isReference(operand) {
            position += 1
            operand = builder.add(.spilled(operand))
        }
        return operand
    }

    /// Text between two tokens' ends: how names of sheets and columns were written.
    func isAdjacent(_ offset: Int) -> Bool { !peek(offset).hasSpaceBefore }
}
