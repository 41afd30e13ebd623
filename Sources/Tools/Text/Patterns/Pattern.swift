/// A regular expression whose matching takes time in proportion to text times pattern, whatever both hold: Thompson's
/// construction, run by Pike's machine (R. Cox, "Regular Expression Matching: the Virtual Machine Approach").
///
/// Literals, `.`, classes `[a-z]` `[^a-z]` `\d \w \s \D \W \S`, `\t \n \r`, anchors `^ $` (of a line), `\b \B`, groups
/// `( )` and `(?: )`, `|`, `* + ? {m,n}` and their lazy forms, a leading `(?i)`. No back-references and no look-around:
/// they have no such bound. Of the matches at one place the leftmost alternative wins, as in Perl.
package struct Pattern: Sendable {
    let program: [Instruction]
    let groups: Int
    let ignoresCase: Bool

    /// Bytes of a pattern.
    package static let longest = 1_000
    /// Instructions of a compiled pattern: `(a{1000}){1000}` must not become memory.
    static let mostInstructions = 5_000
    /// Copies that `{m,n}` may ask for.
    static let mostRepeats = 1_000
    /// Nesting of groups.
    static let deepest = 50
    /// Captured groups.
    static let mostGroups = 20

    enum Instruction: Sendable, Hashable {
        case scalar(Unicode.Scalar)
        case any
        case set(ScalarSet)
        /// Tries the first before the second.
        case split(Int, Int)
        case jump(Int)
        case save(Int)
        case lineStart, lineEnd
        case wordEdge(Bool)
        case match
    }

    package init(_ text: String, ignoringCase: Bool = false) throws(PatternFault) {
        guard text.utf8.count <= Self.longest else {
            throw PatternFault("a pattern has at most \(Self.longest) bytes")
        }
        var parser = PatternParser(text)
        let tree = try parser.parse()
        ignoresCase = ignoringCase || parser.ignoresCase
        groups = parser.groups
        var compiler = PatternCompiler(ignoresCase: ignoringCase || parser.ignoresCase)
        program = try compiler.program(of: tree)
    }

    /// Bounds what one search may do: instructions of the machine.
    package struct Budget: Sendable {
        package var steps: Int

        /// A few megabytes of text with an ordinary pattern, before a call's time is over.
        package static let call = 50_000_000

        package init(steps: Int = Budget.call) { self.steps = steps }
    }

    package struct Match: Sendable, Hashable {
        /// In the searched scalars.
        package var range: Range<Int>
        /// Of each group, `nil` where it took no part.
        package var groups: [Range<Int>?]
    }

    /// The first match at or after `start`. Throws where the budget is spent.
    package func firstMatch(
        in text: [Unicode.Scalar], from start: Int = 0, budget: inout Budget
    ) throws(PatternFault) -> Match? {
        var machine = PatternMachine(self, text)
        return try machine.run(from: start, budget: &budget)
    }

    /// Matches that do not overlap, at most `limit`.
    package func matches(
        in text: [Unicode.Scalar], limit: Int, budget: inout Budget
    ) throws(PatternFault) -> [Match] {
        var found: [Match] = []
        var start = 0
        while found.count < limit, start <= text.count,
            let match = try firstMatch(in: text, from: start, budget: &budget)
        {
            found.append(match)
            start = match.range.isEmpty ? match.range.upperBound + 1 : match.range.upperBound
        }
        return found
    }
}

/// What is wrong with a pattern, in words for whoever wrote it.
package struct PatternFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    init(_ message: String) { self.message = message }
    package var description: String { message }
}

/// Which scalars fit one place.
struct ScalarSet: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case digit, word, space }

    var ranges: [ClosedRange<UInt32>] = []
    var kinds: [Kind] = []
    var excluded: [Kind] = []
    var isInverted = false

    func holds(_ scalar: Unicode.Scalar) -> Bool {
        let isIn =
            ranges.contains { $0.contains(scalar.value) } || kinds.contains { Self.fits(scalar, $0) }
            || excluded.contains { !Self.fits(scalar, $0) }
        return isIn != isInverted
    }

    static func fits(_ scalar: Unicode.Scalar, _ kind: Kind) -> Bool {
        switch kind {
        case .digit: ("0"..."9").contains(scalar)
        case .space: scalar.properties.isWhitespace
        case .word: isWord(scalar)
        }
    }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
    }
}

extension Unicode.Scalar {
    /// Its lower-case form where that is one scalar.
    package var lowered: Unicode.Scalar {
        if value < 0x80 { return ("A"..."Z").contains(self) ? Unicode.Scalar(UInt8(value | 0x20)) : self }
        let mapped = properties.lowercaseMapping.unicodeScalars
        return mapped.count == 1 ? mapped.first ?? self : self
    }

    var raised: Unicode.Scalar {
        let mapped = properties.uppercaseMapping.unicodeScalars
        return mapped.count == 1 ? mapped.first ?? self : self
    }
}
