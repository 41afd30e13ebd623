/// Makes a tree fit for scoring: silent elements out, double line breaks into paragraphs, loose text into paragraphs.
enum Preparation {
    static func prepare(_ tree: inout ElementTree) {
        for index in tree.order(below: 0).reversed() where index != 0 {
            let node = tree[index]
            if Hints.silent.contains(node.name) {
                tree.detach(index)
            } else if node.name == "font" {
                tree.rename(index, "span")
            }
        }
        splitAtDoubleBreaks(&tree)
    }

    /// Whether each node is text level: computed from the leaves up.
    static func phrasing(_ tree: ElementTree) -> [Bool] {
        var result = Array(repeating: true, count: tree.count)
        for index in tree.order(below: 0).reversed() {
            let node = tree[index]
            if node.isText || Hints.phrasing.contains(node.name) { continue }
            result[index] =
                Hints.transparent.contains(node.name) && tree.children(of: index).allSatisfy { result[$0] }
        }
        return result
    }

    /// Text before, between and after two or more `<br>` becomes paragraphs.
    private static func splitAtDoubleBreaks(_ tree: inout ElementTree) {
        let phrasing = phrasing(tree)
        for parent in tree.order(below: 0) where parent != 0 && hasDoubleBreak(tree, parent) {
            if tree[parent].name == "p" { tree.rename(parent, "div") }
            var paragraph = -1
            var children = tree.children(of: parent)[...]
            while let child = children.first {
                let breaks = leadingBreaks(tree, children)
                if breaks.count > 1 {
                    for element in breaks.nodes { tree.detach(element) }
                    children = children.dropFirst(breaks.nodes.count)
                    paragraph = -1
                    continue
                }
                children = children.dropFirst()
                guard phrasing[child] else {
                    paragraph = -1
                    continue
                }
                if paragraph < 0 {
                    if isBlank(tree, child) { continue }
                    paragraph = tree.make("p")
                    tree.insert(paragraph, into: parent, before: child)
                }
                tree.detach(child)
                tree.insert(child, into: paragraph, before: -1)
            }
        }
    }

    private static func hasDoubleBreak(_ tree: ElementTree, _ parent: Int) -> Bool {
        guard !tree[parent].isText, !["pre", "span", "a"].contains(tree[parent].name) else { return false }
        var count = 0
        var child = tree[parent].first
        while child >= 0 {
            if tree[child].name == "br" { count += 1 } else if !isBlank(tree, child) { count = 0 }
            if count > 1 { return true }
            child = tree[child].next
        }
        return false
    }

    private static func leadingBreaks(_ tree: ElementTree, _ children: ArraySlice<Int>) -> (count: Int, nodes: [Int]) {
        var count = 0
        var nodes: [Int] = []
        guard let first = children.first, tree[first].name == "br" else { return (0, []) }
        for child in children {
            if tree[child].name == "br" { count += 1 } else if !isBlank(tree, child) { break }
            nodes.append(child)
        }
        return (count, nodes)
    }

    static func isBlank(_ tree: ElementTree, _ index: Int) -> Bool {
        tree[index].isText && tree[index].length == 0
    }

    /// Gives the loose text of a `div` paragraphs of its own.
    static func wrapLooseText(in parent: Int, _ tree: inout ElementTree, phrasing: inout [Bool]) {
        var paragraph = -1
        for child in tree.children(of: parent) {
            guard phrasing[child] else {
                paragraph = -1
                continue
            }
            if paragraph < 0 {
                if isBlank(tree, child) || tree[child].name == "br" { continue }
                paragraph = tree.make("p")
                phrasing.append(false)
                tree.insert(paragraph, into: parent, before: child)
            }
            tree.detach(child)
            tree.insert(child, into: paragraph, before: -1)
        }
    }
}
