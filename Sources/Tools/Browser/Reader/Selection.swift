/// Finds the elements that hold the article: paragraphs score for their ancestors, links take away.
struct Selection {
    /// How strict one attempt is; each retry gives up the next one.
    struct Strictness: Sendable {
        var dropsUnlikely = true
        var weighsNames = true
        var cleansConditionally = true
    }

    private(set) var tree: ElementTree
    /// A byline found in the text and taken out of it.
    private(set) var byline: String?
    private let title: String
    private let strictness: Strictness
    private let looksForByline: Bool
    private var phrasing: [Bool] = []
    private var toScore: [Int] = []
    private var scores: [Int: Double] = [:]

    private static let scored: Set<String> = ["section", "h2", "h3", "h4", "h5", "h6", "p", "td", "pre"]
    private static let vanishingWhenEmpty: Set<String> = [
        "div", "section", "header", "h1", "h2", "h3", "h4", "h5", "h6",
    ]
    /// Paragraphs with less text do not score.
    private static let minimumParagraph = 25
    private static let maximumByline = 100
    private static let topCandidates = 5
    private static let scoredAncestors = 5

    init(_ tree: ElementTree, title: String, looksForByline: Bool, strictness: Strictness) {
        self.tree = tree
        self.title = title
        self.looksForByline = looksForByline
        self.strictness = strictness
    }

    /// The element below which the article now stands, and the candidate that its class hints follow.
    mutating func select() -> (root: Int, top: Int) {
        phrasing = Preparation.phrasing(tree)
        let body = tree.first("body") ?? 0
        prune(below: body)
        var measures = Measures(tree, below: 0)
        score(measures)
        let candidates = ranked(measures)
        guard let best = candidates.first else { return (body, body) }
        let top = lift(best, candidates, body: body)
        measures = Measures(tree, below: 0)
        return (gather(around: top, body: body, measures), top)
    }
}

// Walking down: what goes, what scores.
extension Selection {
    private mutating func prune(below body: Int) {
        var seesTitle = true
        var index = tree.following(body, below: 0)
        while let current = index {
            let node = tree[current]
            guard !node.isText else {
                index = tree.following(current, below: 0)
                continue
            }
            if isUnwanted(current, seesTitle: &seesTitle) {
                index = tree.following(current, below: 0, skipping: true)
                tree.detach(current)
                continue
            }
            if Self.scored.contains(node.name) { toScore.append(current) }
            index = node.name == "div" ? settleDivision(current) : tree.following(current, below: 0)
        }
    }

    private mutating func isUnwanted(_ index: Int, seesTitle: inout Bool) -> Bool {
        let node = tree[index]
        if Hints.isHidden(node) { return true }
        let hint = tree.hint(index)
        if node.attributes["aria-modal"] == "true", node.attributes["role"] == "dialog" { return true }
        if looksForByline, byline == nil, let text = bylineText(index, hint) {
            byline = text
            return true
        }
        if seesTitle, node.name == "h1" || node.name == "h2",
            Similarity.of(title, tree.text(below: index, limit: 1_000)) > 0.75
        {
            seesTitle = false
            return true
        }
        if strictness.dropsUnlikely {
            if node.name != "body", node.name != "a", hint.contains(anyOf: Hints.unlikely),
                !hint.contains(anyOf: Hints.possible), !tree.hasAncestor(index, in: ["table", "code"])
            {
                return true
            }
            if let role = node.attributes["role"], Hints.roles.contains(role) { return true }
        }
        return Self.vanishingWhenEmpty.contains(node.name) && isEmpty(index)
    }

    private func bylineText(_ index: Int, _ hint: String) -> String? {
        let attributes = tree[index].attributes
        let names =
            attributes["rel"] == "author" || (attributes["itemprop"] ?? "").contains(anyOf: ["author"])
            || hint.contains(anyOf: Hints.byline)
        guard names else { return nil }
        let text = tree.text(below: index, limit: Self.maximumByline * 4)
        guard !text.isEmpty, text.count < Self.maximumByline else { return nil }
        let name = tree.order(below: index).first { (tree.attribute("itemprop", of: $0) ?? "") == "name" }
        return name.map { tree.text(below: $0) } ?? text
    }

    private func isEmpty(_ index: Int) -> Bool {
        var child = tree[index].first
        while child >= 0 {
            let node = tree[child]
            if node.isText ? node.length > 0 : (node.name != "br" && node.name != "hr") { return false }
            child = node.next
        }
        return true
    }

    /// A `div` that only wraps text is a paragraph; answers the node to go on with.
    private mutating func settleDivision(_ index: Int) -> Int? {
        Preparation.wrapLooseText(in: index, &tree, phrasing: &phrasing)
        let children = tree.children(of: index).filter { !Preparation.isBlank(tree, $0) }
        if children.count == 1, let only = children.first, tree[only].name == "p", linkShare(only) < 0.25 {
            tree.detach(only)
            tree.replace(index, with: only)
            toScore.append(only)
            return tree.following(only, below: 0)
        }
        if !tree.contains(below: index, where: { Hints.divisionBlocks.contains($0.name) }) {
            tree.rename(index, "p")
            toScore.append(index)
        }
        return tree.following(index, below: 0)
    }

    private func linkShare(_ index: Int) -> Double {
        var text = 0
        var linked = 0
        for inner in tree.order(below: index) where tree[inner].isText {
            text += tree[inner].length
            if tree.hasAncestor(inner, in: ["a"]) { linked += tree[inner].length }
        }
        return text == 0 ? 0 : Double(linked) / Double(text)
    }
}

// Scores.
extension Selection {
    private mutating func score(_ measures: Measures) {
        for index in toScore where tree[index].parent >= 0 {
            let sum = measures[index]
            guard sum.text >= Self.minimumParagraph else { continue }
            let points = 1 + Double(sum.commas + 1) + min(Double(sum.text / 100), 3)
            for (level, ancestor) in tree.ancestors(of: index, upTo: Self.scoredAncestors).enumerated() {
                guard tree[ancestor].parent >= 0 else { continue }
                let divider = level == 0 ? 1.0 : level == 1 ? 2.0 : Double(level) * 3
                scores[ancestor] = (scores[ancestor] ?? initialScore(ancestor)) + points / divider
            }
        }
    }

    private func initialScore(_ index: Int) -> Double {
        let node = tree[index]
        let base: Double
        switch node.name {
        case "div": base = 5
        case "pre", "td", "blockquote": base = 3
        case "address", "ol", "ul", "dl", "dd", "dt", "li", "form": base = -3
        case "h1", "h2", "h3", "h4", "h5", "h6", "th": base = -5
        default: base = 0
        }
        return base + (strictness.weighsNames ? Hints.weight(node) : 0)
    }

    private mutating func ranked(_ measures: Measures) -> [Int] {
        for index in scores.keys { scores[index]? *= 1 - measures.linkDensity(index) }
        let best = scores.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        return best.prefix(Self.topCandidates).map(\.key)
    }

    /// From the best candidate to the element that holds it and its near equals.
    private mutating func lift(_ best: Int, _ candidates: [Int], body: Int) -> Int {
        var top = best
        if tree[top].name == "body" { return top }
        let bestScore = scores[best] ?? 0
        let rivals = candidates.dropFirst().filter { (scores[$0] ?? 0) / bestScore >= 0.75 }
            .map { Set(tree.ancestors(of: $0)) }
        if rivals.count >= 3 {
            for ancestor in tree.ancestors(of: top) where tree[ancestor].name != "body" {
                if rivals.count(where: { $0.contains(ancestor) }) >= 3 {
                    top = ancestor
                    break
                }
            }
        }
        if scores[top] == nil { scores[top] = initialScore(top) }
        var last = scores[top] ?? 0
        let threshold = last / 3
        for parent in tree.ancestors(of: top) where tree[parent].name != "body" && tree[parent].name != "html" {
            guard let score = scores[parent] else { continue }
            if score < threshold { break }
            if score > last {
                top = parent
                break
            }
            last = score
        }
        while case let parent = tree[top].parent, parent > 0, tree[parent].name != "body", tree[parent].name != "html",
            tree.children(of: parent).filter({ !tree[$0].isText }).count == 1
        {
            top = parent
        }
        if scores[top] == nil { scores[top] = initialScore(top) }
        return top
    }

    /// Moves the candidate and those siblings that look like its continuation below a new element.
    private mutating func gather(around top: Int, body: Int, _ measures: Measures) -> Int {
        let root = tree.make("div")
        let parent = tree[top].parent
        guard tree[top].name != "body", parent > 0 else { return top }
        let topScore = scores[top] ?? 0
        let threshold = max(10, topScore * 0.2)
        let topClass = tree[top].attributes["class"] ?? ""
        for sibling in tree.children(of: parent) where !tree[sibling].isText {
            let isSameKind = !topClass.isEmpty && tree[sibling].attributes["class"] == topClass
            let bonus = isSameKind ? topScore * 0.2 : 0
            let isScored = scores[sibling].map { $0 + bonus >= threshold } ?? false
            guard sibling == top || isScored || isProse(sibling, measures) else { continue }
            tree.detach(sibling)
            tree.insert(sibling, into: root, before: -1)
            if !["div", "article", "section", "p", "ol", "ul"].contains(tree[sibling].name) {
                tree.rename(sibling, "div")
            }
        }
        tree.insert(root, into: parent, before: -1)
        return root
    }

    private func isProse(_ index: Int, _ measures: Measures) -> Bool {
        guard tree[index].name == "p" else { return false }
        let length = measures[index].text
        let density = measures.linkDensity(index)
        if length > 80 { return density < 0.25 }
        guard length > 0, density == 0 else { return false }
        let text = tree.text(below: index)
        return text.hasSuffix(".") || text.contains(anyOf: [". "])
    }
}
