/// A document as an array of nodes that name each other by index: no recursion, no reference counting, a copy is one
/// array. Index 0 is the document itself.
struct ElementTree: Sendable {
    typealias Index = Int

    struct Node: Sendable {
        /// Lower case; empty for text.
        var name: String
        var text = ""
        var attributes: [String: String] = [:]
        var parent = -1
        var first = -1
        var last = -1
        var next = -1
        var previous = -1
        /// Of text: Unicode scalars once blanks are collapsed, and commas of any script among them.
        var length = 0
        var commas = 0

        var isText: Bool { name.isEmpty }
    }

    private(set) var nodes = [Node(name: "#document")]

    subscript(_ index: Index) -> Node { nodes[index] }
    var count: Int { nodes.count }

    mutating func append(_ node: Node, to parent: Index) -> Index {
        nodes.append(node)
        let index = nodes.count - 1
        insert(index, into: parent, before: -1)
        return index
    }

    /// Adds a node that stands nowhere yet.
    mutating func make(_ name: String) -> Index {
        nodes.append(Node(name: name))
        return nodes.count - 1
    }

    mutating func rename(_ index: Index, _ name: String) { nodes[index].name = name }

    /// Adds text at the end of a text node; the measures of a node cut in two may be off by one blank.
    mutating func extend(_ index: Index, by text: String, length: Int, commas: Int) {
        nodes[index].text += text
        nodes[index].length += length
        nodes[index].commas += commas
    }

    mutating func detach(_ index: Index) {
        let node = nodes[index]
        if node.previous >= 0 { nodes[node.previous].next = node.next }
        if node.next >= 0 { nodes[node.next].previous = node.previous }
        if node.parent >= 0 {
            if nodes[node.parent].first == index { nodes[node.parent].first = node.next }
            if nodes[node.parent].last == index { nodes[node.parent].last = node.previous }
        }
        nodes[index].parent = -1
        nodes[index].next = -1
        nodes[index].previous = -1
    }

    /// Puts a detached node before `sibling`, or last where that is -1.
    mutating func insert(_ index: Index, into parent: Index, before sibling: Index) {
        let previous = sibling >= 0 ? nodes[sibling].previous : nodes[parent].last
        nodes[index].parent = parent
        nodes[index].previous = previous
        nodes[index].next = sibling
        if previous >= 0 { nodes[previous].next = index } else { nodes[parent].first = index }
        if sibling >= 0 { nodes[sibling].previous = index } else { nodes[parent].last = index }
    }

    /// Puts `replacement` (detached) where `index` stood.
    mutating func replace(_ index: Index, with replacement: Index) {
        insert(replacement, into: nodes[index].parent, before: index)
        detach(index)
    }

    func children(of index: Index) -> [Index] {
        var found: [Index] = []
        var child = nodes[index].first
        while child >= 0 {
            found.append(child)
            child = nodes[child].next
        }
        return found
    }

    /// The node after `index` in document order below `root`; `skipping` leaves out its children.
    func following(_ index: Index, below root: Index, skipping: Bool = false) -> Index? {
        if !skipping, nodes[index].first >= 0 { return nodes[index].first }
        var current = index
        while current != root {
            if nodes[current].next >= 0 { return nodes[current].next }
            current = nodes[current].parent
            if current < 0 { return nil }
        }
        return nil
    }

    /// `root` and everything below it, in document order.
    func order(below root: Index) -> [Index] {
        var found = [root]
        while let last = found.last, let next = following(last, below: root) { found.append(next) }
        return found
    }

    func first(_ name: String) -> Index? {
        var current: Index? = 0
        while let index = current {
            if nodes[index].name == name { return index }
            current = following(index, below: 0)
        }
        return nil
    }

    func elements(_ names: Set<String>, below root: Index) -> [Index] {
        order(below: root).filter { $0 != root && names.contains(nodes[$0].name) }
    }

    func hasAncestor(_ index: Index, in names: [String]) -> Bool {
        var current = nodes[index].parent
        while current >= 0 {
            if names.contains(nodes[current].name) { return true }
            current = nodes[current].parent
        }
        return false
    }

    func ancestors(of index: Index, upTo limit: Int = .max) -> [Index] {
        var found: [Index] = []
        var current = nodes[index].parent
        while current > 0, found.count < limit {
            found.append(current)
            current = nodes[current].parent
        }
        return found
    }

    func attribute(_ name: String, of index: Index) -> String? { nodes[index].attributes[name] }

    /// Class and id, lower case: what authors call the element.
    func hint(_ index: Index) -> String {
        let attributes = nodes[index].attributes
        return ((attributes["class"] ?? "") + " " + (attributes["id"] ?? "")).lowercased()
    }

    /// Whether an element below satisfies `condition`; looks no further than the first.
    func contains(below root: Index, where condition: (Node) -> Bool) -> Bool {
        var current = following(root, below: root)
        while let index = current {
            if condition(nodes[index]) { return true }
            current = following(index, below: root)
        }
        return false
    }

    /// The text below, blanks collapsed; stops after about `limit` bytes.
    func text(below root: Index, limit: Int = .max) -> String {
        var found = nodes[root].text
        var current = following(root, below: root)
        while let index = current, found.utf8.count <= limit {
            found += nodes[index].text
            current = following(index, below: root)
        }
        return found.collapsed
    }
}

extension String {
    /// Runs of white space as one space each, none at the ends.
    var collapsed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    /// Whether it contains one of the words; bytes are compared, so both should be lower case.
    func contains(anyOf words: [String]) -> Bool {
        var copy = self
        return copy.withUTF8 { bytes in words.contains { Self.occurs(Array($0.utf8), in: bytes) } }
    }

    private static func occurs(_ word: [UInt8], in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let head = word.first, word.count <= bytes.count else { return false }
        for start in 0...(bytes.count - word.count) where bytes[start] == head {
            if zip(word, bytes[start...]).allSatisfy(==) { return true }
        }
        return false
    }
}
