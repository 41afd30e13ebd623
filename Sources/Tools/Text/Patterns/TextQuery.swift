/// What is looked for in lines of text: a literal or a pattern.
package struct TextQuery: Sendable {
    private enum Kind {
        case literal([Unicode.Scalar])
        case pattern(Pattern)
    }

    private let kind: Kind
    private let ignoresCase: Bool

    /// Bytes of a literal.
    package static let longestLiteral = 1_000

    package init(literal: String, ignoringCase: Bool) throws(PatternFault) {
        guard !literal.isEmpty, literal.utf8.count <= Self.longestLiteral else {
            throw PatternFault("the text to look for has from 1 to \(Self.longestLiteral) bytes")
        }
        ignoresCase = ignoringCase
        kind = .literal(literal.unicodeScalars.map { ignoringCase ? $0.lowered : $0 })
    }

    package init(pattern: String, ignoringCase: Bool) throws(PatternFault) {
        ignoresCase = ignoringCase
        kind = .pattern(try Pattern(pattern, ignoringCase: ignoringCase))
    }

    /// Matches in one line, at most `limit`.
    package func matches(
        in line: [Unicode.Scalar], limit: Int, budget: inout Pattern.Budget
    ) throws(PatternFault) -> [Pattern.Match] {
        switch kind {
        case .pattern(let pattern): return try pattern.matches(in: line, limit: limit, budget: &budget)
        case .literal(let wanted):
            return try occurrences(of: wanted, in: line, limit: limit, budget: &budget)
        }
    }

    private func occurrences(
        of wanted: [Unicode.Scalar], in line: [Unicode.Scalar], limit: Int, budget: inout Pattern.Budget
    ) throws(PatternFault) -> [Pattern.Match] {
        var found: [Pattern.Match] = []
        var index = 0
        while found.count < limit, index + wanted.count <= line.count {
            var length = 0
            while length < wanted.count,
                wanted[length] == (ignoresCase ? line[index + length].lowered : line[index + length])
            { length += 1 }
            budget.steps -= length + 1
            guard budget.steps > 0 else { throw PatternFault("the search took too much work; search less text") }
            if length == wanted.count {
                found.append(Pattern.Match(range: index..<(index + length), groups: []))
                index += length
            } else {
                index += 1
            }
        }
        return found
    }
}
