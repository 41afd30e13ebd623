import FoundationEssentials
import Glibc
import Reader
import Testing

/// Pages with expected content that others wrote (see the corpus's README).
private enum Corpus {
    static let root: String = {
        if let given = getenv("PERSONA_CORPORA") { return String(cString: given) }
        let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(repository)/../shared/corpora"
    }()

    static var pages: [String] {
        // An absent corpus has no pages; the suite then counts as skipped.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/html")) ?? []
        return names.sorted()
    }

    static func file(_ page: String, _ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(root)/html/\(page)/\(name)"))
    }
}

private struct Expectation: Decodable {
    var title: String?
    var byline: String?
    var siteName: String?
    var lang: String?
    var publishedTime: String?
}

private func words(_ text: String) -> [String: Int] {
    var counts: [String: Int] = [:]
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
        counts[String(word), default: 0] += 1
    }
    return counts
}

/// Harmonic mean of precision and recall over words, each as often as it occurs.
private func agreement(_ found: String, _ expected: String) -> Double {
    let (first, second) = (words(found), words(expected))
    let (total, wanted) = (first.values.reduce(0, +), second.values.reduce(0, +))
    if total + wanted == 0 { return 1 }
    let common = first.reduce(0) { $0 + min($1.value, second[$1.key] ?? 0) }
    return 2 * Double(common) / Double(total + wanted)
}

@Suite(.timeLimit(.minutes(10))) struct CorpusTests {
    @Test(.enabled(if: !Corpus.pages.isEmpty, "the corpus is absent"))
    func articlesAgreeWithTheCorpus() throws {
        var scores: [Double] = []
        var titles = 0
        var (bylines, sites, languages) = (0, 0, 0)
        for page in Corpus.pages {
            let article = Reader.article(html: String(decoding: try Corpus.file(page, "source.html"), as: UTF8.self))
            let expected = Reader.wholeText(
                html: String(decoding: try Corpus.file(page, "expected.html"), as: UTF8.self))
            let metadata = try JSONDecoder().decode(
                Expectation.self, from: try Corpus.file(page, "expected-metadata.json"))
            let score = agreement(article.text, expected)
            scores.append(score)
            let hasTitle =
                article.title == (metadata.title ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
            titles += hasTitle ? 1 : 0
            bylines += article.byline == metadata.byline ? 1 : 0
            sites += article.siteName == metadata.siteName ? 1 : 0
            languages += article.language == metadata.lang ? 1 : 0
            if score < 0.95 || !hasTitle {
                print("\(page): F1 \(score), title '\(article.title)' expected '\(metadata.title ?? "")'")
            }
        }
        let mean = scores.reduce(0, +) / Double(scores.count)
        print(
            "Reader on \(scores.count) pages: mean word F1 \(mean), titles \(titles), bylines \(bylines), "
                + "sites \(sites), languages \(languages)")
        #expect(mean >= 0.90)
        #expect(Double(titles) / Double(scores.count) >= 0.90)
    }
}
