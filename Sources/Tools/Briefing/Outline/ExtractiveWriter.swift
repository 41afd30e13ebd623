/// Writes a briefing out of the sources' own sentences. It is no language model and says so.
package enum ExtractiveWriter {
    package static let name = "built-in extractive writer"

    /// How much a candidate's rank counts against its likeness to what was chosen already (Carbonell and Goldstein,
    /// "The use of MMR", 1998).
    private static let relevanceShare = 0.7
    /// Share of the smaller sentence's words in common from which two sentences say the same.
    private static let duplicateShare = 0.65

    package static func outline(
        request: BriefingRequest, pages: [BriefingPage], table: BriefingTable? = nil
    ) -> Briefing {
        let pool = SentencePool(pages).candidates
        let ranks = TextRank.ranks(of: pool.map(\.tokens), bias: bias(pool, request))
        let chosen = choose(pool, ranks, limit: pointLimit(pages: pages.count))
        let points = chosen.map { Briefing.Point(text: pool[$0].text, source: pool[$0].source) }
        return Briefing(
            title: BriefingTitle.title(of: request, pages: pages), writtenBy: name,
            summary: summary(points, pages: pages, table: table), points: points,
            sources: BriefingSources.sources(of: pages), notes: notes(points, pages: pages))
    }

    private static func pointLimit(pages: Int) -> Int { min(BriefingLimits.points, 3 + 2 * max(pages, 1)) }

    /// Where rank comes from: words of the request, the head of a source, whole sentences that stand alone.
    private static func bias(_ pool: [SentencePool.Candidate], _ request: BriefingRequest) -> [Double] {
        let wanted = Set(Tokens.content(of: BriefingTitle.stripped(request.subject)))
        let asked = Set(Tokens.content(of: RequestText.withoutLinks(request.text)))
        return pool.map { candidate in
            let words = Set(candidate.tokens)
            let lead = 1 / Double(1 + candidate.position)
            var bias = 1 + 2 * Double(words.intersection(wanted).count) + Double(words.intersection(asked).count) + lead
            if leansOnContext(candidate.text) { bias *= 0.3 }
            if candidate.grade == .weak { bias *= 0.3 }
            return bias
        }
    }

    /// Whether it begins with a word that points to the sentence before it, or counts on things named there.
    static func leansOnContext(_ text: String) -> Bool {
        let lowered = text.lowercased()
        let word = lowered.prefix { !$0.isWhitespace && $0 != "," }
        return leaning.contains(String(word)) || pointing.contains { lowered.contains($0) }
    }

    private static let pointing = [
        " no such ", " any such ", " all three ", " all four ", " did so", " does so", " do so", " the latter",
        " the former", " did the same", " of them ", " as mentioned", " as described", " the same firms",
    ]

    private static let leaning: Set<String> = [
        "he", "she", "it", "they", "this", "these", "those", "that", "but", "and", "or", "so", "however", "also",
        "then", "thus", "therefore", "moreover", "furthermore", "additionally", "such", "his", "her", "their", "its",
        "er", "sie", "es", "dies", "diese", "dieser", "dieses", "aber", "und", "jedoch", "doch", "deshalb", "daher",
        "il", "elle", "ils", "elles", "cela", "ce", "cette", "mais", "et", "donc", "este", "esta", "esto", "pero", "y",
        "además", "i", "we", "you",
    ]

    /// Maximal marginal relevance; the best sentence of each source comes first, so that all are heard.
    private static func choose(_ pool: [SentencePool.Candidate], _ ranks: [Double], limit: Int) -> [Int] {
        let words = TextRank.numbered(pool.map(\.tokens))
        let order = pool.indices.sorted { isBefore($0, $1, pool, ranks) }
        let best = order.first.map { ranks[$0] } ?? 0
        guard best > 0 else { return [] }
        var chosen: [Int] = []
        var heard: Set<Int> = []
        for index in order where chosen.count < limit && !heard.contains(pool[index].source) {
            guard likeness(index, chosen, words) < duplicateShare else { continue }
            heard.insert(pool[index].source)
            chosen.append(index)
        }
        let heads = chosen
        var rest = order.filter { !chosen.contains($0) }
        while chosen.count < limit, !rest.isEmpty {
            var winner: (index: Int, score: Double)?
            for index in rest {
                let like = likeness(index, chosen, words)
                guard like < duplicateShare else { continue }
                let score = relevanceShare * ranks[index] / best - (1 - relevanceShare) * like
                if score > winner?.score ?? -.infinity { winner = (index, score) }
            }
            guard let winner else { break }
            chosen.append(winner.index)
            rest.removeAll { $0 == winner.index }
        }
        return heads + chosen.dropFirst(heads.count).sorted { isBefore($0, $1, pool, ranks) }
    }

    private static func isBefore(
        _ left: Int, _ right: Int, _ pool: [SentencePool.Candidate], _ ranks: [Double]
    ) -> Bool {
        ranks[left] != ranks[right] ? ranks[left] > ranks[right] : left < right
    }

    private static func likeness(_ index: Int, _ chosen: [Int], _ words: [[Int]]) -> Double {
        chosen.reduce(0) { highest, other in
            let smaller = min(words[index].count, words[other].count)
            guard smaller > 0 else { return highest }
            return max(highest, Double(TextRank.overlap(words[index], words[other])) / Double(smaller))
        }
    }

    private static func summary(_ points: [Briefing.Point], pages: [BriefingPage], table: BriefingTable?) -> String {
        var parts: [String] = []
        if points.isEmpty {
            parts.append(
                pages.isEmpty
                    ? "There were no pages to take points from: name the addresses of some, and I will read them."
                    : "No points could be taken from the sources.")
        } else {
            let names = pages.indices.filter { page in points.contains { $0.source == page + 1 } }
                .map { BriefingSources.shortName(pages[$0]) }
            let sources = names.count == 1 ? "one source" : "\(names.count) sources"
            var hosts: [String] = []
            for name in names where !hosts.contains(name) { hosts.append(name) }
            let list = ListFormat.list(hosts, atMost: 4)
            parts.append("\(points.count) key points from \(sources): \(list).")
        }
        if let table { parts.append(contentsOf: TableFacts(table).sentences(atMost: 2)) }
        return Clip.clip(parts.joined(separator: " "), to: BriefingLimits.summaryCharacters)
    }

    private static func notes(_ points: [Briefing.Point], pages: [BriefingPage]) -> [String] {
        var notes = [
            "The points are sentences of the sources, word for word; no language model was used."
        ]
        if pages.isEmpty { notes.append("There were no pages to read.") }
        for (index, page) in pages.prefix(BriefingLimits.sources).enumerated() {
            let name = BriefingSources.shortName(page)
            if page.text.allSatisfy(\.isWhitespace) {
                notes.append("[\(index + 1)] \(name) has no readable text.")
            } else if !points.contains(where: { $0.source == index + 1 }) {
                notes.append("[\(index + 1)] \(name) has too little text of its own to take a point from.")
            }
        }
        if !points.isEmpty, points.count < 3 {
            notes.append("The sources hold little running text, so there are few points.")
        }
        if pages.count > BriefingLimits.sources {
            notes.append("Only the first \(BriefingLimits.sources) of \(pages.count) pages were used.")
        }
        return Array(notes.prefix(BriefingLimits.notes))
    }
}
