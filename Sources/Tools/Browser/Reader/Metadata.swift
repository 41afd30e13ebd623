import FoundationEssentials

/// What a page says of itself: meta elements (Open Graph, Dublin Core, Parse.ly, Twitter), JSON-LD, `<title>`.
struct Metadata: Sendable {
    var title = ""
    var byline: String?
    var excerpt: String?
    var siteName: String?
    var publishedTime: String?
    var language: String?

    /// Of a title; headings are compared with it, word by word.
    static let titleCharacters = 1_000

    init(_ tree: ElementTree) {
        let values = Self.metaValues(tree)
        let linked = LinkedData.article(in: tree)
        func first(_ names: String...) -> String? { names.lazy.compactMap { values[$0] }.first }
        title =
            linked?.title
            ?? first(
                "parsely-title", "dc:title", "dcterm:title", "dcterms:title", "og:title", "weibo:article:title",
                "weibo:webpage:title", "title", "twitter:title")
            ?? DocumentTitle(tree).text
        title = String(Self.unescape(title).collapsed.prefix(Self.titleCharacters))
        byline = linked?.byline ?? first("parsely-author", "dc:creator", "dcterm:creator", "dcterms:creator", "author")
        if byline == nil, let author = values["article:author"], !author.hasPrefix("http") { byline = author }
        excerpt =
            linked?.excerpt
            ?? first(
                "dc:description", "dcterm:description", "dcterms:description", "og:description",
                "weibo:article:description", "weibo:webpage:description", "description", "twitter:description")
        siteName = linked?.siteName ?? first("og:site_name")
        publishedTime = linked?.publishedTime ?? first("article:published_time", "parsely-pub-date")
        byline = byline.map { Self.unescape($0).collapsed }
        excerpt = excerpt.map { Self.unescape($0).collapsed }
        siteName = siteName.map { Self.unescape($0).collapsed }
        if let html = tree.first("html") {
            language = tree.attribute("lang", of: html) ?? tree.attribute("xml:lang", of: html)
        }
        if language?.isEmpty == true { language = nil }
    }

    /// By lower-case name; `property` may hold several names. The last of equal ones counts.
    private static func metaValues(_ tree: ElementTree) -> [String: String] {
        var values: [String: String] = [:]
        for index in tree.elements(["meta"], below: 0) {
            guard let content = tree.attribute("content", of: index), !content.collapsed.isEmpty else { continue }
            let property = tree.attribute("property", of: index) ?? ""
            let name = tree.attribute("name", of: index) ?? ""
            for key in (property.isEmpty ? name : property).split(whereSeparator: \.isWhitespace) {
                values[key.lowercased().replacingDots] = content
            }
        }
        return values
    }

    /// Undoes a second escaping, common in generated meta elements: the five XML entities and numeric ones.
    static func unescape(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...]
            guard let end = rest.prefix(12).firstIndex(of: ";"),
                let character = entity(rest[rest.index(after: rest.startIndex)..<end])
            else {
                result += "&"
                rest = rest.dropFirst()
                continue
            }
            result += character
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func entity(_ name: Substring) -> String? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let number = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        guard let number else { return nil }
        return String(Unicode.Scalar(number == 0 ? 0xFFFD : number) ?? "\u{FFFD}")
    }
}

extension String {
    fileprivate var replacingDots: String { String(map { $0 == "." ? ":" : $0 }) }
}

/// The article's title within `<title>`, which often carries the site's name too.
struct DocumentTitle {
    let text: String

    private static let separators: Set<Character> = ["|", "-", "–", "—", "\\", "/", ">", "»"]
    private static let hierarchical: Set<Character> = ["\\", "/", ">", "»"]

    init(_ tree: ElementTree) {
        let whole =
            tree.elements(["title"], below: 0).first { !tree.hasAncestor($0, in: ["svg"]) }
            .map { tree.text(below: $0, limit: Metadata.titleCharacters * 4) } ?? ""
        let short = Self.shorten(whole, tree)
        // A very short rest is more likely the site than the article, unless exactly one part was cut off a hierarchy.
        let words = Self.words(short)
        let parts = Self.pieces(whole)
        let isHierarchy = parts.contains { Self.hierarchical.contains($0.separator) }
        if words <= 4, !isHierarchy || words != Self.words(Self.withoutSeparators(whole)) - 1 {
            text = whole
        } else {
            text = short
        }
    }

    private static func shorten(_ whole: String, _ tree: ElementTree) -> String {
        let parts = pieces(whole)
        if let last = parts.last {
            let head = String(whole[..<last.range.lowerBound]).collapsed
            guard words(head) < 3, let first = parts.first else { return head }
            return String(whole[first.range.upperBound...]).collapsed
        }
        if let colon = whole.range(ofCharacters: ": ") {
            let isHeading = tree.elements(["h1", "h2"], below: 0).contains {
                tree.text(below: $0, limit: Metadata.titleCharacters * 4) == whole
            }
            guard !isHeading, let last = whole.lastIndex(of: ":") else { return whole }
            let tail = String(whole[whole.index(after: last)...]).collapsed
            if words(tail) < 3 { return String(whole[colon.upperBound...]).collapsed }
            return words(String(whole[..<colon.lowerBound])) > 5 ? whole : tail
        }
        guard whole.count > 150 || whole.count < 15 else { return whole }
        let headings = tree.elements(["h1"], below: 0)
        return headings.count == 1 ? tree.text(below: headings[0]) : whole
    }

    /// Separators that stand between blanks.
    private static func pieces(_ text: String) -> [(separator: Character, range: Range<String.Index>)] {
        let indices = Array(text.indices)
        guard indices.count > 2 else { return [] }
        return (1..<indices.count - 1).compactMap { position in
            let character = text[indices[position]]
            guard separators.contains(character), text[indices[position - 1]].isWhitespace,
                text[indices[position + 1]].isWhitespace
            else { return nil }
            return (character, indices[position - 1]..<text.index(after: indices[position + 1]))
        }
    }

    private static func withoutSeparators(_ text: String) -> String {
        String(text.map { separators.contains($0) ? " " : $0 })
    }

    private static func words(_ text: String) -> Int { text.split(whereSeparator: \.isWhitespace).count }
}

extension String {
    fileprivate func range(ofCharacters needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
