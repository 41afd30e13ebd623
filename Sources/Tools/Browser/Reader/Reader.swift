/// A page's main content and what it says of itself.
package struct Article: Sendable, Hashable {
    /// Empty where the page names none.
    package var title: String
    package var byline: String?
    package var excerpt: String?
    package var siteName: String?
    /// As the page writes it, most often ISO 8601.
    package var publishedTime: String?
    /// BCP 47, as the page writes it.
    package var language: String?
    /// Paragraphs separated by blank lines, list items and table rows as lines (cells apart by ` | `).
    package var text: String

    /// Characters of `text`.
    package var length: Int { text.count }
}

/// Finds the article in a web page, in the manner of reader views: paragraphs vote for their ancestors by length and
/// commas, links and telling names count against them. Needs no network and takes any input, however nested.
package enum Reader {
    /// An attempt with less text is repeated less strictly; the longest attempt counts.
    package static let sufficientCharacters = 500
    /// Of an excerpt taken from the text.
    package static let excerptCharacters = 300

    /// Reads HTML as it stands after scripts ran. At most `maximumBytes` of it are looked at.
    package static func article(html: String) -> Article {
        guard var tree = TreeParser.parse(html) else { return Article(title: "", text: "") }
        let metadata = Metadata(tree)
        Preparation.prepare(&tree)
        let (text, byline) = mainText(tree, metadata)
        return Article(
            title: metadata.title, byline: metadata.byline ?? byline,
            excerpt: metadata.excerpt ?? firstParagraph(of: text), siteName: metadata.siteName,
            publishedTime: metadata.publishedTime, language: metadata.language, text: text)
    }

    /// Every visible word of the page, laid out the same way: what remains where no article is.
    package static func wholeText(html: String) -> String {
        guard var tree = TreeParser.parse(html) else { return "" }
        Preparation.prepare(&tree)
        return TextLayout.text(of: tree.first("body") ?? 0, in: tree)
    }

    /// Bytes of HTML beyond which nothing is read.
    package static let maximumBytes = TreeParser.maximumBytes

    private static func mainText(_ tree: ElementTree, _ metadata: Metadata) -> (text: String, byline: String?) {
        var best = (text: "", byline: String?.none)
        for strictness in attempts {
            var selection = Selection(
                tree, title: metadata.title, looksForByline: metadata.byline == nil, strictness: strictness)
            let (root, _) = selection.select()
            var cleaning = Cleaning(selection.tree, root: root, strictness: strictness)
            cleaning.clean()
            let text = TextLayout.text(of: root, in: cleaning.tree)
            if text.count > best.text.count { best = (text, selection.byline) }
            if text.count >= sufficientCharacters { break }
        }
        return best
    }

    private static let attempts: [Selection.Strictness] = [
        Selection.Strictness(),
        Selection.Strictness(dropsUnlikely: false),
        Selection.Strictness(dropsUnlikely: false, weighsNames: false),
        Selection.Strictness(dropsUnlikely: false, weighsNames: false, cleansConditionally: false),
    ]

    private static func firstParagraph(of text: String) -> String? {
        guard let line = text.split(separator: "\n").first(where: { $0.count > 1 }) else { return nil }
        return String(line.prefix(excerptCharacters))
    }
}
