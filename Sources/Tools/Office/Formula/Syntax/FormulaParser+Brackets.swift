extension FormulaParser {
    /// `{1,2;3,4}`
    mutating func array() throws(SyntaxFault) -> Int32 {
        position += 1
        var values: [CellValue] = []
        var columns = 0
        var (rows, width) = (0, 0)
        while true {
            values.append(try constant())
            width += 1
            if take(.comma) { continue }
            rows += 1
            if rows == 1 { columns = width }
            guard width == columns else { throw fault(.array, "The rows of this array are not equally long") }
            width = 0
            if take(.semicolon) { continue }
            try expect(.closeBrace)
            return builder.matrix(Matrix(rows: rows, columns: columns, values))
        }
    }

    private mutating func constant() throws(SyntaxFault) -> CellValue {
        var sign = 1.0
        var hasSign = false
        if take(.minus) { (sign, hasSign) = (-1, true) } else if take(.plus) { hasSign = true }
        switch next {
        case .number(let value):
            position += 1
            return .number(value * sign)
        case .text(let text) where !hasSign:
            position += 1
            return .text(text)
        case .error(let error) where !hasSign:
            position += 1
            return .error(error)
        case .word(let word) where !hasSign && ["TRUE", "FALSE"].contains(word.uppercased()):
            position += 1
            return .boolean(word.uppercased() == "TRUE")
        default: throw fault(.array, "Only constants can stand in an array")
        }
    }

    /// What stands in the brackets behind a table's name: `Column`, `#All`, `@Column`, `[#Headers],[A]:[B]`.
    mutating func structured(_ table: String, _ text: String) throws(SyntaxFault) -> Int32 {
        var node = TableNode(table: table, parts: [], firstColumn: nil, lastColumn: nil)
        var rest = Substring(text).trimmingBlanks
        if rest.isEmpty { return builder.table(node) }
        if rest.first == "@" {
            node.parts = .thisRow
            rest = rest.dropFirst().trimmingBlanks
            if rest.isEmpty { return builder.table(node) }
        }
        guard rest.first == "[" else {
            if rest.first == "#" {
                node.parts.formUnion(try part(rest))
            } else {
                node.firstColumn = Self.unescaped(rest)
            }
            return builder.table(node)
        }
        while true {
            guard let (inside, after) = Self.bracketed(rest) else {
                throw fault(.unexpected, "This table reference cannot be read")
            }
            rest = after.trimmingBlanks
            if inside.first == "#" {
                node.parts.formUnion(try part(inside))
            } else if inside.first == "@" {
                node.parts.formUnion(.thisRow)
                node.firstColumn = Self.unescaped(inside.dropFirst())
            } else {
                node.firstColumn = Self.unescaped(inside)
                if rest.first == ":" {
                    guard let (second, end) = Self.bracketed(rest.dropFirst().trimmingBlanks) else {
                        throw fault(.unexpected, "This table reference cannot be read")
                    }
                    node.lastColumn = Self.unescaped(second)
                    rest = end.trimmingBlanks
                }
            }
            if rest.isEmpty { return builder.table(node) }
            guard rest.first == "," else { throw fault(.unexpected, "This table reference cannot be read") }
            rest = rest.dropFirst().trimmingBlanks
        }
    }

    private func part(_ text: Substring) throws(SyntaxFault) -> TableNode.Parts {
        switch text.lowercased() {
        case "#all": return .all
        case "#data": return .data
        case "#headers": return .headers
        case "#totals": return .totals
        case "#this row": return .thisRow
        default: throw fault(.unexpected, "'\(text.prefix(40))' is no part of a table")
        }
    }

    /// The content of the bracket that `text` starts with, and what follows it.
    private static func bracketed(_ text: Substring) -> (Substring, Substring)? {
        guard text.first == "[" else { return nil }
        var index = text.index(after: text.startIndex)
        while index < text.endIndex {
            if text[index] == "'" {
                index = text.index(after: index)
                guard index < text.endIndex else { return nil }
            } else if text[index] == "]" {
                return (text[text.index(after: text.startIndex)..<index], text[text.index(after: index)...])
            }
            index = text.index(after: index)
        }
        return nil
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if character == "'", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var copy = self
        while copy.first == " " { copy.removeFirst() }
        while copy.last == " " { copy.removeLast() }
        return copy
    }
}
