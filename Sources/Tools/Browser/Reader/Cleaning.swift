/// Takes out of the selected element what is no article: forms, link lists, share bars, widgets.
struct Cleaning {
    private(set) var tree: ElementTree
    private var measures: Measures
    private let root: Int
    private let strictness: Selection.Strictness
    private var dataTables: Set<Int> = []

    init(_ tree: ElementTree, root: Int, strictness: Selection.Strictness) {
        self.tree = tree
        self.root = root
        self.strictness = strictness
        measures = Measures(tree, below: 0)
    }

    mutating func clean() {
        for table in tree.elements(["table"], below: root) where isData(table) { dataTables.insert(table) }
        cleanConditionally(["form", "fieldset"])
        remove(["object", "embed", "footer", "link", "aside"])
        removeShareBars()
        remove(["iframe", "input", "textarea", "select", "button"])
        removeHeadings()
        cleanConditionally(["table"])
        cleanConditionally(["ul", "ol"])
        cleanConditionally(["div"])
        for paragraph in tree.elements(["p"], below: root).reversed() where isBarren(paragraph) { remove(paragraph) }
    }

    private mutating func remove(_ index: Int) {
        measures.remove(index, from: tree)
        tree.detach(index)
    }

    private mutating func remove(_ names: Set<String>) {
        for index in tree.elements(names, below: root).reversed() { remove(index) }
    }

    private func isBarren(_ paragraph: Int) -> Bool {
        let sum = measures[paragraph]
        return sum.text == 0 && sum.images == 0 && sum.embeds == 0
    }

    private mutating func removeShareBars() {
        let maximumText = 500
        for child in tree.children(of: root) {
            for index in tree.order(below: child).dropFirst().reversed() where !tree[index].isText {
                let words = tree.hint(index).split { !$0.isLetter && !$0.isNumber }
                if words.contains("share") || words.contains("sharedaddy"), measures[index].text < maximumText {
                    remove(index)
                }
            }
        }
    }

    private mutating func removeHeadings() {
        guard strictness.weighsNames else { return }
        for index in tree.elements(["h1", "h2"], below: root).reversed() where Hints.weight(tree[index]) < 0 {
            remove(index)
        }
    }

    private mutating func cleanConditionally(_ names: Set<String>) {
        guard strictness.cleansConditionally else { return }
        for index in tree.elements(names, below: root).reversed() where isClutter(index) { remove(index) }
    }

    private func isClutter(_ index: Int) -> Bool {
        let node = tree[index]
        if dataTables.contains(index) { return false }
        if !dataTables.isEmpty, tree.ancestors(of: index).contains(where: dataTables.contains) { return false }
        if tree.hasAncestor(index, in: ["code"]) { return false }
        let weight = strictness.weighsNames ? Hints.weight(node) : 0
        if weight < 0 { return true }
        let sum = measures[index]
        guard sum.commas < 10 else { return false }
        let isList =
            node.name == "ul" || node.name == "ol" || (sum.text > 0 && Double(sum.listed) / Double(sum.text) > 0.9)
        lazy var isFigure = tree.hasAncestor(index, in: ["figure"])
        let density = measures.linkDensity(index)
        if sum.images > 1, Double(sum.paragraphs) / Double(sum.images) < 0.5, !isFigure {
            // A list of pictures is a gallery.
            return !(isList && sum.images == sum.items)
        }
        if !isList, sum.items - 100 > sum.paragraphs { return true }
        if sum.inputs > sum.paragraphs / 3 { return true }
        if !isList, isNearlyEmpty(sum), density > 0, !isFigure { return true }
        if !isList, weight < 25, density > 0.2 { return true }
        if weight >= 25, density > 0.5 { return true }
        if (sum.embeds == 1 && sum.text < 75) || sum.embeds > 1 { return true }
        return sum.images == 0 && sum.prose == 0
    }

    private func isNearlyEmpty(_ sum: Measures.Sums) -> Bool {
        let headings = sum.text == 0 ? 0 : Double(sum.heading) / Double(sum.text)
        return headings < 0.9 && sum.text < 25 && (sum.images == 0 || sum.images > 2)
    }

    private static let dataMarks: Set<String> = ["caption", "col", "colgroup", "tfoot", "thead", "th"]

    /// Whether a table holds data rather than layout.
    private func isData(_ table: Int) -> Bool {
        let attributes = tree[table].attributes
        if attributes["role"] == "presentation" || attributes["datatable"] == "0" { return false }
        if attributes["summary"] != nil { return true }
        // The first telling element decides, so that nested tables are not walked again for each of them.
        var current = tree.following(table, below: table)
        while let index = current {
            if Self.dataMarks.contains(tree[index].name) { return true }
            if tree[index].name == "table" { return false }
            current = tree.following(index, below: table)
        }
        let below = tree.order(below: table).dropFirst()
        let rows = below.filter { tree[$0].name == "tr" }
        let columns = rows.map { row in tree.children(of: row).count { tree[$0].name == "td" } }.max() ?? 0
        if rows.count <= 1 || columns <= 1 { return false }
        return rows.count >= 10 || columns > 4 || rows.count * columns > 10
    }
}
