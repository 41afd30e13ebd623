import FoundationEssentials

/// The article that a page describes in JSON-LD (schema.org).
struct LinkedData {
    var title: String?
    var byline: String?
    var excerpt: String?
    var siteName: String?
    var publishedTime: String?

    /// Bytes of one JSON-LD script that are read.
    private static let maximumBytes = 1_000_000
    private static let types: Set<String> = [
        "AdvertiserContentArticle", "NewsArticle", "AnalysisNewsArticle", "AskPublicNewsArticle",
        "BackgroundNewsArticle", "OpinionNewsArticle", "ReportageNewsArticle", "ReviewNewsArticle", "Report",
        "SatiricalArticle", "ScholarlyArticle", "MedicalScholarlyArticle", "SocialMediaPosting", "BlogPosting",
        "LiveBlogPosting", "DiscussionForumPosting", "TechArticle", "APIReference", "Article",
    ]

    static func article(in tree: ElementTree) -> LinkedData? {
        for index in tree.elements(["script"], below: 0)
        where tree.attribute("type", of: index)?.lowercased() == "application/ld+json" {
            let text = tree.children(of: index).map { tree[$0].text }.joined()
            guard text.utf8.count <= maximumBytes, let value = parse(text), let object = find(in: value) else {
                continue
            }
            return LinkedData(object, pageTitle: DocumentTitle(tree).text)
        }
        return nil
    }

    private init(_ object: [String: Value], pageTitle: String) {
        let name = object["name"]?.string
        let headline = object["headline"]?.string
        if let name, let headline, name != headline {
            // Some put the site's name into one of the two: the one that the title resembles is the article's.
            let isName = Similarity.of(name, pageTitle) > 0.75 && Similarity.of(headline, pageTitle) <= 0.75
            title = isName ? name : headline
        } else {
            title = name ?? headline
        }
        byline = Self.names(object["author"])
        excerpt = object["description"]?.string
        siteName = object["publisher"]?.object?["name"]?.string
        publishedTime = object["datePublished"]?.string
    }

    private static func names(_ author: Value?) -> String? {
        let people = author?.array ?? author.map { [$0] } ?? []
        let names = people.compactMap { $0.object?["name"]?.string }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }

    private static func parse(_ text: String) -> Value? {
        let body = text.replacing("<![CDATA[", with: "").replacing("]]>", with: "")
        // Broken JSON-LD is common and only means that the page says nothing in it.
        return try? JSONDecoder().decode(Value.self, from: Data(body.utf8))
    }

    private static func find(in value: Value) -> [String: Value]? {
        let candidates = value.array ?? [value]
        for candidate in candidates {
            guard let object = candidate.object else { continue }
            if isArticle(object) { return object }
            for inner in object["@graph"]?.array ?? [] {
                if let found = inner.object, isArticle(found) { return found }
            }
        }
        return nil
    }

    private static func isArticle(_ object: [String: Value]) -> Bool {
        guard let type = object["@type"] else { return false }
        return (type.array ?? [type]).contains { types.contains($0.string ?? "") }
    }

    /// JSON of which only texts, lists and objects matter.
    private indirect enum Value: Decodable {
        case string(String)
        case array([Value])
        case object([String: Value])
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(String.self) {  // a mismatch only means: try the next type
                self = .string(value)
            } else if let value = try? container.decode([String: Value].self) {  // as above
                self = .object(value)
            } else if let value = try? container.decode([Value].self) {  // as above
                self = .array(value)
            } else {
                self = .other
            }
        }

        var string: String? {
            guard case .string(let value) = self, !value.collapsed.isEmpty else { return nil }
            return value.collapsed
        }

        var array: [Value]? {
            guard case .array(let value) = self else { return nil }
            return value
        }

        var object: [String: Value]? {
            guard case .object(let value) = self else { return nil }
            return value
        }
    }
}

/// How much of one text's words another one has.
enum Similarity {
    /// 1 where every word of `second` is in `first`, 0 where none is; longer words count more.
    static func of(_ first: String, _ second: String) -> Double {
        let known = Set(words(first))
        let asked = words(second)
        let total = asked.reduce(0) { $0 + $1.count + 1 } - 1
        guard !known.isEmpty, total > 0 else { return 0 }
        let missing = asked.filter { !known.contains($0) }.reduce(0) { $0 + $1.count + 1 } - 1
        return 1 - Double(max(0, missing)) / Double(total)
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
    }
}
