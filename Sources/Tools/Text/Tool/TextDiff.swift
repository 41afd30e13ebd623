import Patterns
package import ToolKit
import Workspaces

/// Compares two texts.
package struct TextDiff: Tool {
    package struct Input: Codable, Sendable {
        package var old: String?
        package var oldPath: String?
        package var new: String?
        package var newPath: String?
        /// `lines` (the default), a unified diff; or `words`.
        package var mode: String?
        package var context: Int?
        package var ignoreSpace: Bool?

        enum CodingKeys: String, CodingKey {
            case old, new, mode, context
            case oldPath = "old_path"
            case newPath = "new_path"
            case ignoreSpace = "ignore_space"
        }
    }

    package struct Output: Codable, Sendable {
        package var identical: Bool
        package var diff: String
        /// Lines, or words with `words`.
        package var added: Int
        package var removed: Int
        /// Whether no shorter difference exists; very different texts are shown as replaced.
        package var exact: Bool
        package var truncated: Bool
    }

    /// Lines or words of one text.
    static let mostItems = 200_000
    /// Bytes of an answer.
    static let mostAnswer = 1024 * 1024

    package static let descriptor = ToolDescriptor(
        name: "text.diff",
        summary: """
            Compares two texts or files ('old' or 'old_path', 'new' or 'new_path'): a unified diff of lines, or with mode \
            'words' the text with [-removed-] and {+added+} words.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let lines = try TextSource.check(input.context, 0...100, named: "context", default: 3)
        let mode = input.mode ?? "lines"
        guard mode == "lines" || mode == "words" else { throw TextSource.invalid("'mode' must be 'lines' or 'words'.") }
        return try await BlockingWork.run(until: context.deadline) { _ in
            let old = try TextSource.read(input.old, input.oldPath, named: "old", in: context)
            let new = try TextSource.read(input.new, input.newPath, named: "new", in: context)
            let left = mode == "words" ? DiffText.tokens(old) : LineSearch.lines(of: old)
            let right = mode == "words" ? DiffText.tokens(new) : LineSearch.lines(of: new)
            guard left.count <= Self.mostItems, right.count <= Self.mostItems else {
                throw TextSource.invalid("A text has at most \(Self.mostItems) \(mode) here.")
            }
            let ignoresSpace = input.ignoreSpace ?? false
            let diff = LineDiff(left.map { Self.key($0, ignoresSpace) }, right.map { Self.key($0, ignoresSpace) })
            let text =
                mode == "words"
                ? DiffText.words(left, right, diff.steps)
                : DiffText(context: lines).unified(
                    left, right, diff.steps, names: (input.oldPath ?? "old", input.newPath ?? "new"))
            return Self.output(text, diff)
        }
    }

    private static func key(_ item: Substring, _ ignoresSpace: Bool) -> String {
        ignoresSpace ? item.split(whereSeparator: \.isWhitespace).joined(separator: " ") : String(item)
    }

    private static func output(_ text: String, _ diff: LineDiff) -> Output {
        let added = diff.steps.count { if case .added = $0 { true } else { false } }
        let removed = diff.steps.count { if case .removed = $0 { true } else { false } }
        let isCut = text.utf8.count > mostAnswer
        return Output(
            identical: added + removed == 0,
            diff: isCut ? String(decoding: text.utf8.prefix(mostAnswer), as: UTF8.self) : text,
            added: added, removed: removed, exact: diff.isExact, truncated: isCut)
    }
}
