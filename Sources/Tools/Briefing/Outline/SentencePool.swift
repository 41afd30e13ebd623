/// The sentences that may become points, fairly from all sources.
struct SentencePool {
    struct Candidate {
        var text: String
        /// Number of its source, from 1.
        var source: Int
        /// From 0 within its source, counting candidates.
        var position: Int
        var tokens: [String]
        var grade: Boilerplate.Grade
    }

    private(set) var candidates: [Candidate] = []

    init(_ pages: [BriefingPage]) {
        let found = pages.prefix(BriefingLimits.sources).enumerated().map { Self.candidates($1, number: $0 + 1) }
        let quotas = Self.quotas(found.map(\.count), capacity: BriefingLimits.sentences)
        for (list, quota) in zip(found, quotas) { candidates += list.prefix(quota) }
    }

    /// Equal shares, and what one source does not need goes to the others.
    static func quotas(_ counts: [Int], capacity: Int) -> [Int] {
        var quotas = Array(repeating: 0, count: counts.count)
        var left = max(capacity, 0)
        while left > 0 {
            let open = counts.indices.filter { quotas[$0] < counts[$0] }
            guard !open.isEmpty else { break }
            let share = max(left / open.count, 1)
            for index in open where left > 0 {
                let grant = min(share, counts[index] - quotas[index], left)
                quotas[index] += grant
                left -= grant
            }
        }
        return quotas
    }

    /// Good sentences; weak ones only where a source has fewer than three good ones.
    private static func candidates(_ page: BriefingPage, number: Int) -> [Candidate] {
        let text = String(page.text.prefix(BriefingLimits.sourceCharacters))
        var seen: Set<String> = []
        var all: [Candidate] = []
        var good = 0
        for sentence in SentenceSplitter.sentences(in: text) {
            let grade = Boilerplate.grade(sentence)
            // No source can place more than all sentences of the pool.
            guard good < BriefingLimits.sentences else { break }
            guard grade > .none, seen.insert(sentence).inserted else { continue }
            let tokens = Tokens.content(of: sentence)
            guard tokens.count > 1 else { continue }
            all.append(
                Candidate(text: sentence, source: number, position: all.count, tokens: tokens, grade: grade))
            if grade == .good { good += 1 }
        }
        return good >= 3 ? all.filter { $0.grade == .good } : all
    }
}
