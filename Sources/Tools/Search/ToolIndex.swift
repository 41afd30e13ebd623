import Glibc
package import ToolKit

/// Finds the few tools that fit what somebody wants, in their own words.
///
/// Ranks by BM25F (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009, section 3.6): a word counts for
/// more the fewer tools have it, and in a name or a keyword for more than in a summary. A word of the question stands for
/// its synonyms too, at a discount, and one that no tool knows for those that are spelled nearly so.
package struct ToolIndex: Sendable {
    /// A tool that fits.
    package struct Hit: Sendable, Hashable {
        package let name: String
        /// The higher the better; comparable within one answer.
        package let score: Double
        /// The hit that needs this tool; `nil` for what fits by itself.
        package let neededBy: String?
    }

    private static let nameWeight = 3.0
    private static let keywordWeight = 2.5
    private static let summaryWeight = 1.0
    /// Saturation of a word's frequency, and how much a long text is held against it.
    private static let saturation = 1.2
    private static let lengthPenalty = 0.6
    private static let synonymWeight = 0.35
    private static let misspellingWeight = 0.6
    /// A hit below this part of the best one's score says nothing.
    private static let leastOfBest = 0.2

    private struct Posting {
        var tool: Int
        var weight: Double
    }

    private let descriptors: [ToolDescriptor]
    private let places: [String: Int]
    private let postings: [String: [Posting]]
    /// Every word as it is written, for those that are misspelled.
    private let spellings: Set<String>
    private let lengths: [Double]
    private let meanLength: Double

    package init(_ tools: [ToolDescriptor]) {
        descriptors = tools
        places = Dictionary(tools.enumerated().map { ($1.name, $0) }) { first, _ in first }
        var postings: [String: [Posting]] = [:]
        var lengths: [Double] = []
        var spellings: Set<String> = []
        for (index, tool) in tools.enumerated() {
            var weights: [String: Double] = [:]
            var length = 0.0
            for (text, weight) in [
                (tool.name, Self.nameWeight), (tool.keywords.joined(separator: " "), Self.keywordWeight),
                (tool.summary, Self.summaryWeight),
            ] {
                let words = Words.plain(text)
                spellings.formUnion(words)
                for word in words { weights[Words.stem(word), default: 0] += weight }
                length += Double(words.count) * weight
            }
            for (word, weight) in weights { postings[word, default: []].append(Posting(tool: index, weight: weight)) }
            lengths.append(length)
        }
        self.postings = postings
        self.spellings = spellings
        self.lengths = lengths
        meanLength = max(1, lengths.reduce(0, +) / Double(max(1, lengths.count)))
    }

    /// The `limit` best, best first, each followed by the tools that it needs and that are not among them.
    package func search(_ query: String, limit: Int) -> [Hit] {
        let scores = scores(of: query)
        guard let best = scores.values.max() else { return [] }
        let ranked = scores.filter { $0.value >= best * Self.leastOfBest }
            .sorted { one, other in
                one.value == other.value
                    ? descriptors[one.key].name < descriptors[other.key].name : one.value > other.value
            }
            .prefix(limit)
        var hits: [Hit] = []
        var shown = Set(ranked.map(\.key))
        for (tool, score) in ranked {
            hits.append(Hit(name: descriptors[tool].name, score: score, neededBy: nil))
            hits += needs(of: tool, shown: &shown)
        }
        return hits
    }

    private func needs(of tool: Int, shown: inout Set<Int>) -> [Hit] {
        var hits: [Hit] = []
        var open = [tool]
        while let next = open.popLast() {
            for name in descriptors[next].dependencies {
                guard let place = places[name], shown.insert(place).inserted else { continue }
                hits.append(Hit(name: name, score: 0, neededBy: descriptors[tool].name))
                open.append(place)
            }
        }
        return hits
    }

    private func scores(of query: String) -> [Int: Double] {
        var scores: [Int: Double] = [:]
        for (word, weight) in expanded(query) {
            guard let list = postings[word] else { continue }
            let having = Double(list.count) + 0.5
            let lacking = Double(descriptors.count - list.count) + 0.5
            let rarity = log(1 + lacking / having)
            for posting in list {
                let length = 1 - Self.lengthPenalty + Self.lengthPenalty * lengths[posting.tool] / meanLength
                let frequency = posting.weight / length
                scores[posting.tool, default: 0] += weight * rarity * frequency / (Self.saturation + frequency)
            }
        }
        return scores
    }

    private func expanded(_ query: String) -> [String: Double] {
        var words: [String: Double] = [:]
        for written in Words.plain(query) {
            let word = Words.stem(written)
            words[word] = 1
            for synonym in Synonyms.of[word] ?? [] {
                words[synonym] = max(words[synonym] ?? 0, Self.synonymWeight)
            }
            if postings[word] == nil, Synonyms.of[word] == nil {
                for known in spellings where Self.isNearly(known, written) {
                    let stem = Words.stem(known)
                    words[stem] = max(words[stem] ?? 0, Self.misspellingWeight)
                }
            }
        }
        return words
    }

    /// One letter more, fewer, other, or two changed about.
    private static func isNearly(_ one: String, _ other: String) -> Bool {
        let a = Array(one.utf8), b = Array(other.utf8)
        guard abs(a.count - b.count) <= 1, a.count > 3 else { return false }
        let head = zip(a, b).prefix { $0 == $1 }.count
        let tail = zip(a.reversed(), b.reversed()).prefix { $0 == $1 }.count
        let (short, long) = (min(a.count, b.count), max(a.count, b.count))
        if head + tail >= long - 1 { return true }
        return a.count == b.count && head + tail >= short - 2 && head + 1 < a.count && a[head] == b[head + 1]
            && a[head + 1] == b[head]
    }
}
