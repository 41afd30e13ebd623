import Patterns
package import ToolKit
import Workspaces

/// Finds places in a text.
package struct TextSearch: Tool {
    package struct Input: Codable, Sendable {
        package var text: String?
        package var path: String?
        /// A literal.
        package var find: String?
        /// Or a regular expression.
        package var pattern: String?
        package var caseSensitive: Bool?
        package var context: Int?
        package var limit: Int?

        enum CodingKeys: String, CodingKey {
            case text, path, find, pattern, context, limit
            case caseSensitive = "case_sensitive"
        }
    }

    package struct Output: Codable, Sendable {
        package struct Match: Codable, Sendable {
            package var line: Int
            package var column: Int
            package var match: String
            /// What the groups of a pattern took.
            package var groups: [String?]
            package var text: String
            package var before: [String]
            package var after: [String]
        }

        package var matches: [Match]
        package var truncated: Bool
    }

    static let mostMatches = 2_000

    package static let descriptor = ToolDescriptor(
        name: "text.search",
        summary: """
            Finds every place of a literal ('find') or a regular expression ('pattern', with groups) in a 'text' or a \
            file ('path'): line, column, match and its line. Patterns have no back-references and cannot hang.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let limit = try TextSource.check(input.limit, 1...Self.mostMatches, named: "limit", default: 200)
        let lines = try TextSource.check(input.context, 0...10, named: "context", default: 0)
        let isInsensitive = !(input.caseSensitive ?? false)
        guard (input.find == nil) != (input.pattern == nil) else {
            throw TextSource.invalid("Give either 'find' or 'pattern'.")
        }
        return try await BlockingWork.run(until: context.deadline) { _ in
            let text = try TextSource.read(input.text, input.path, named: "text", in: context)
            do throws(PatternFault) {
                let query =
                    if let find = input.find {
                        try TextQuery(literal: find, ignoringCase: isInsensitive)
                    } else {
                        try TextQuery(pattern: input.pattern ?? "", ignoringCase: isInsensitive)
                    }
                var hits: [LineSearch.Hit] = []
                var budget = Pattern.Budget()
                let isMore = try LineSearch(query, context: lines).search(
                    text, into: &hits, limit: limit, budget: &budget)
                return Output(matches: hits.map { Output.Match($0) }, truncated: isMore)
            } catch {
                throw ToolFailure(.invalidInput, code: "pattern_invalid", "The search cannot be done: \(error).")
            }
        }
    }
}

extension TextSearch.Output.Match {
    init(_ hit: LineSearch.Hit) {
        self.init(
            line: hit.line, column: hit.column, match: hit.match, groups: hit.groups, text: hit.text,
            before: hit.before, after: hit.after)
    }
}
