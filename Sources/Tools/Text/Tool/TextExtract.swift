import Patterns
package import ToolKit
import Workspaces

/// Finds e-mail addresses, web addresses, dates, amounts and telephone numbers in a text.
package struct TextExtract: Tool {
    package struct Input: Codable, Sendable {
        package var text: String?
        package var path: String?
        /// `emails`, `urls`, `dates`, `amounts`, `phones`; all by default.
        package var kinds: [String]?
        /// Whether `03/04/2026` is 3 April; by default 4 March, and said to be ambiguous.
        package var dayFirst: Bool?

        enum CodingKeys: String, CodingKey {
            case text, path, kinds
            case dayFirst = "day_first"
        }
    }

    package struct Output: Codable, Sendable {
        package var items: [ExtractedItem]
        package var truncated: Bool
    }

    static let mostItems = 2_000
    /// Bytes of a text.
    static let mostBytes = 4 * 1024 * 1024

    package static let descriptor = ToolDescriptor(
        name: "text.extract",
        summary: """
            Finds e-mail addresses, URLs, dates (as ISO 8601), amounts of money (number and currency) and telephone \
            numbers in a 'text' or a file ('path'), each with its line. Choose with 'kinds'.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let kinds = input.kinds ?? Extraction.kinds
        if let unknown = kinds.first(where: { !Extraction.kinds.contains($0) }) {
            throw TextSource.invalid("'\(unknown.prefix(20))' is none of \(Extraction.kinds.joined(separator: ", ")).")
        }
        return try await BlockingWork.run(until: context.deadline) { work in
            let text = try TextSource.read(input.text, input.path, named: "text", in: context)
            guard text.utf8.count <= Self.mostBytes else {
                throw TextSource.invalid("The text has more than \(Self.mostBytes) bytes.")
            }
            var extraction = try Extraction(kinds: kinds, dayFirst: input.dayFirst)
            for (number, line) in LineSearch.lines(of: text).enumerated() {
                try work.check()
                try extraction.read(Array(line.unicodeScalars.prefix(LineSearch.longestLine)), line: number + 1)
                guard extraction.items.count <= Self.mostItems else { break }
            }
            return Output(
                items: Array(extraction.items.prefix(Self.mostItems)),
                truncated: extraction.items.count > Self.mostItems)
        }
    }
}

/// Something found.
package struct ExtractedItem: Codable, Sendable, Hashable {
    /// `email`, `url`, `date`, `amount` or `phone`.
    package var kind: String
    /// As it stands in the text.
    package var text: String
    /// Normalised: a date as `YYYY-MM-DD`, an amount as a decimal number, a telephone number as digits.
    package var value: String
    /// ISO 4217, of an amount.
    package var currency: String?
    /// Day and month could be the other way round.
    package var ambiguous: Bool?
    package var line: Int
    package var column: Int
}
