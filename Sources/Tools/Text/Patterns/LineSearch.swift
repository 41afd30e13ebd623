/// Where a query fits in a text, line by line.
package struct LineSearch: Sendable {
    package struct Hit: Sendable, Hashable {
        /// Both from 1; columns count characters.
        package var line: Int
        package var column: Int
        /// What fitted.
        package var match: String
        package var groups: [String?]
        /// The line, or the part of a long one around the match.
        package var text: String
        package var before: [String]
        package var after: [String]
    }

    /// Characters of a line that are shown.
    package static let shownCharacters = 300
    /// Characters of a line that are searched: a file without line ends is not one line of work.
    package static let longestLine = 1_000_000
    /// Matches of one line.
    static let mostInLine = 100

    let query: TextQuery
    /// Lines shown before and after.
    let context: Int

    package init(_ query: TextQuery, context: Int = 0) {
        self.query = query
        self.context = context
    }

    /// Adds hits until there are `limit`; answers whether there were more.
    package func search(
        _ text: String, into hits: inout [Hit], limit: Int, budget: inout Pattern.Budget
    ) throws(PatternFault) -> Bool {
        let lines = Self.lines(of: text)
        for (number, line) in lines.enumerated() {
            let scalars = Array(line.unicodeScalars.prefix(Self.longestLine))
            for match in try query.matches(in: scalars, limit: Self.mostInLine, budget: &budget) {
                guard hits.count < limit else { return true }
                hits.append(hit(match, scalars, number, lines))
            }
        }
        return false
    }

    /// Lines without their ends: LF, CR LF.
    package static func lines(of text: String) -> [Substring] {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            Substring(line.last == "\r" ? line.dropLast() : line)
        }
        if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private func hit(_ match: Pattern.Match, _ line: [Unicode.Scalar], _ number: Int, _ lines: [Substring]) -> Hit {
        Hit(
            line: number + 1, column: match.range.lowerBound + 1,
            match: Self.text(line[match.range].prefix(Self.shownCharacters)),
            groups: match.groups.map { group in group.map { Self.text(line[$0].prefix(Self.shownCharacters)) } },
            text: Self.shown(line, around: match.range.lowerBound),
            before: lines[max(0, number - context)..<number].map { Self.clipped($0) },
            after: lines[min(lines.count, number + 1)..<min(lines.count, number + 1 + context)].map {
                Self.clipped($0)
            })
    }

    private static func shown(_ line: [Unicode.Scalar], around place: Int) -> String {
        guard line.count > shownCharacters else { return text(line[...]) }
        let start = max(0, min(place - shownCharacters / 3, line.count - shownCharacters))
        let end = start + shownCharacters
        return (start > 0 ? "…" : "") + text(line[start..<end]) + (end < line.count ? "…" : "")
    }

    private static func clipped(_ line: Substring) -> String {
        let head = line.unicodeScalars.prefix(shownCharacters)
        return String(head) + (head.endIndex < line.unicodeScalars.endIndex ? "…" : "")
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }
}
