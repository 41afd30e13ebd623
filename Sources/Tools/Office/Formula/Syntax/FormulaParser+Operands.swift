extension FormulaParser {
    /// One operand: a literal, a reference, a name, a call, something in brackets.
    mutating func primary() throws(SyntaxFault) -> Int32 {
        switch next {
        case .number(let value):
            if let rows = try wholeRows(sheet: -1) { return rows }
            position += 1
            return builder.add(.number(value))
        case .text(let text):
            position += 1
            let place = builder.string(text)
            return builder.add(.text(place))
        case .error(let error):
            position += 1
            return builder.add(.error(error))
        case .quoted(let name):
            position += 1
            return try qualified(name)
        case .bracket(let text):
            position += 1
            return try structured("", text)
        case .word(let word): return try named(word)
        case .symbol(.open): return try group()
        case .symbol(.openBrace): return try array()
        case .symbol, .end: throw unexpected()
        }
    }

    private mutating func group() throws(SyntaxFault) -> Int32 {
        position += 1
        let inner = try nested { parser throws(SyntaxFault) in
            let first = try parser.expression()
            var items: [Int32] = []
            while parser.next == .symbol(.comma) {
                guard parser.builder.isReference(items.last ?? first) else { throw parser.unexpected() }
                parser.position += 1
                if items.isEmpty { items.append(first) }
                items.append(Operator.union.rawValue)
                let operand = try parser.expression()
                guard parser.builder.isReference(operand) else {
                    throw parser.fault(.unexpected, "Only references can be joined by a comma")
                }
                items.append(operand)
            }
            return items.isEmpty ? first : parser.chain(items)
        }
        try expect(.close)
        return builder.add(.group(inner))
    }

    private mutating func named(_ word: String) throws(SyntaxFault) -> Int32 {
        if peek(1).kind == .symbol(.bang), isAdjacent(1) {
            position += 1
            return try qualified(word)
        }
        if peek(1).kind == .symbol(.colon), case .word = peek(2).kind, peek(3).kind == .symbol(.bang) {
            throw fault(.unsupported, "References across several sheets are not supported")
        }
        if peek(1).kind == .symbol(.open), isAdjacent(1) { return try call(word) }
        let variable = FunctionTable.bareVariable(word)
        if let place = bound.lastIndex(where: { Ordering.texts($0, variable) == 0 }) {
            position += 1
            let name = builder.string(bound[place])
            return builder.add(.variable(name, slot: Int32(place)))
        }
        if case .bracket(let text) = peek(1).kind, isAdjacent(1) {
            position += 2
            return try structured(word, text)
        }
        let upper = word.uppercased()
        if upper == "TRUE" || upper == "FALSE" {
            position += 1
            return builder.add(.boolean(upper == "TRUE"))
        }
        return try reference(word, sheet: -1)
    }

    /// What follows the name of a sheet.
    private mutating func qualified(_ name: String) throws(SyntaxFault) -> Int32 {
        try expect(.bang)
        guard !name.contains("[") else {
            throw fault(.unsupported, "References to other files are not supported")
        }
        guard !name.isEmpty, !token.hasSpaceBefore else { throw unexpected() }
        switch next {
        case .error(.reference):
            position += 1
            return builder.add(.error(.reference))
        case .number:
            let sheet = builder.sheet(name)
            guard let rows = try wholeRows(sheet: sheet) else { throw unexpected() }
            return rows
        case .word(let word):
            let sheet = builder.sheet(name)
            return try reference(word, sheet: sheet)
        default: throw unexpected()
        }
    }

    /// A cell, whole columns, whole rows, a range of cells or a defined name.
    private mutating func reference(_ word: String, sheet: Int32) throws(SyntaxFault) -> Int32 {
        let bytes = Array(word.utf8)
        if let first = RelativeCell.parse(bytes[...]) {
            position += 1
            guard next == .symbol(.colon), case .word(let other) = peek(1).kind,
                let last = RelativeCell.parse(Array(other.utf8)[...]), peek(2).kind != .symbol(.open),
                peek(2).kind != .symbol(.bang)
            else {
                return builder.add(.cell(first.relative(to: base), sheet: sheet))
            }
            position += 2
            return area(first, last, .cells, sheet)
        }
        if let columns = wholeColumns(bytes, sheet: sheet) { return columns }
        if bytes.first == 36, let rows = try wholeRows(sheet: sheet) { return rows }
        guard Self.isName(bytes) else { throw unexpected() }
        position += 1
        let place = builder.string(word)
        return builder.add(.name(place, sheet: sheet))
    }

    private mutating func area(_ first: RelativeCell, _ last: RelativeCell, _ extent: AreaNode.Extent, _ sheet: Int32)
        -> Int32
    {
        builder.area(
            AreaNode(first: first.relative(to: base), last: last.relative(to: base), extent: extent, sheet: sheet))
    }

    private static func isName(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, bytes.count <= 255 else { return false }
        let startsWell = first == 95 || first == 92 || first >= 0x80 || (65...90).contains(first & 0xDF)
        return startsWell && !bytes.contains(36)
    }

    /// `A:C`
    private mutating func wholeColumns(_ bytes: [UInt8], sheet: Int32) -> Int32? {
        guard peek(1).kind == .symbol(.colon), case .word(let other) = peek(2).kind,
            let first = Self.column(bytes), let last = Self.column(Array(other.utf8)),
            peek(3).kind != .symbol(.open)
        else { return nil }
        position += 3
        return area(
            RelativeCell(row: 0, column: first.0, isColumnAbsolute: first.1),
            RelativeCell(row: SyntaxLimits.rows - 1, column: last.0, isColumnAbsolute: last.1), .columns, sheet)
    }

    private static func column(_ bytes: [UInt8]) -> (Int, Bool)? {
        var index = 0
        guard let found = RelativeCell.column(bytes[...], &index), index == bytes.count else { return nil }
        return found
    }

    /// `1:5`, `$1:$5`; `nil` where no colon follows.
    private mutating func wholeRows(sheet: Int32) throws(SyntaxFault) -> Int32? {
        guard peek(1).kind == .symbol(.colon), let first = rowNumber(0), let last = rowNumber(2) else { return nil }
        position += 3
        return area(
            RelativeCell(row: first.0, column: 0, isRowAbsolute: first.1),
            RelativeCell(row: last.0, column: SyntaxLimits.columns - 1, isRowAbsolute: last.1), .rows, sheet)
    }

    private func rowNumber(_ offset: Int) -> (Int, Bool)? {
        switch peek(offset).kind {
        case .number(let value) where value >= 1 && value <= Double(SyntaxLimits.rows) && value == value.rounded():
            return (Int(value) - 1, false)
        case .word(let word):
            var index = 0
            let bytes = Array(word.utf8)
            guard let found = RelativeCell.row(bytes[...], &index), index == bytes.count else { return nil }
            return found
        default: return nil
        }
    }

    private mutating func call(_ word: String) throws(SyntaxFault) -> Int32 {
        let start = position
        position += 2
        let name = FunctionTable.bare(word)
        if name == "LET" { return try binding(start) }
        let arguments = try nested { parser throws(SyntaxFault) in try parser.arguments() }
        try expect(.close)
        if name == "SINGLE", arguments.count == 1 { return builder.add(.prefix(.single, arguments[0])) }
        if name == "ANCHORARRAY", arguments.count == 1 { return builder.add(.spilled(arguments[0])) }
        let first = builder.list(arguments)
        guard let function = FunctionTable.shared.index(name) else {
            let place = builder.string(name)
            return builder.add(.unknown(name: place, first: first, count: Int32(arguments.count)))
        }
        try check(arguments.count, FunctionTable.shared[function], at: start)
        return builder.add(.call(function: function, first: first, count: Int32(arguments.count)))
    }

    private func check(_ count: Int, _ function: Function, at start: Int) throws(SyntaxFault) {
        if function.arguments.contains(count) { return }
        let isFew = count < function.arguments.lowerBound
        throw SyntaxFault(
            kind: isFew ? .tooFewArguments : .tooManyArguments, position: tokens[start].start,
            message: "\(function.name) takes \(function.arity) arguments, not \(count)")
    }

    private mutating func arguments() throws(SyntaxFault) -> [Int32] {
        var arguments: [Int32] = []
        if next == .symbol(.close) { return arguments }
        while true {
            arguments.append(
                next == .symbol(.comma) || next == .symbol(.close) ? builder.add(.missing) : try expression())
            guard arguments.count <= SyntaxLimits.arguments else {
                throw fault(.tooManyArguments, "A function takes at most \(SyntaxLimits.arguments) arguments")
            }
            guard take(.comma) else { return arguments }
        }
    }

    /// `LET(name, value, …, body)`
    private mutating func binding(_ start: Int) throws(SyntaxFault) -> Int32 {
        let outside = bound.count
        defer { bound.removeLast(bound.count - outside) }
        let items = try nested { parser throws(SyntaxFault) in
            var items: [Int32] = []
            while case .word(let raw) = parser.next, parser.peek(1).kind == .symbol(.comma) {
                let word = FunctionTable.bareVariable(raw)
                guard Self.isName(Array(word.utf8)), RelativeCell.parse(Array(word.utf8)[...]) == nil else {
                    throw parser.fault(.unexpected, "'\(word.prefix(40))' cannot be a name")
                }
                parser.position += 2
                let value = try parser.expression()
                items += [parser.builder.string(word), value]
                parser.bound.append(word)
                try parser.expect(.comma)
                guard items.count < SyntaxLimits.arguments else {
                    throw parser.fault(.tooManyArguments, "LET binds too many names")
                }
            }
            guard !items.isEmpty else { throw parser.fault(.tooFewArguments, "LET takes a name, a value and a body") }
            items.append(try parser.expression())
            return items
        }
        try expect(.close)
        let first = builder.list(items)
        return builder.add(.bind(first: first, count: Int32(items.count)))
    }
}
