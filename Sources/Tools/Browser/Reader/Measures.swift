/// What stands below each element, kept up as elements go.
struct Measures: Sendable {
    struct Sums: Sendable, Equatable {
        /// Scalars of text, of text within links (links into the same page count a third), within headings, and within
        /// elements that carry prose.
        var text = 0
        var linked = 0.0
        var heading = 0
        var prose = 0
        var listed = 0
        var commas = 0
        var paragraphs = 0
        var images = 0
        var items = 0
        var inputs = 0
        var embeds = 0
        var tables = 0

        mutating func add(_ other: Sums, sign: Int = 1) {
            text += sign * other.text
            linked += Double(sign) * other.linked
            heading += sign * other.heading
            prose += sign * other.prose
            listed += sign * other.listed
            commas += sign * other.commas
            paragraphs += sign * other.paragraphs
            images += sign * other.images
            items += sign * other.items
            inputs += sign * other.inputs
            embeds += sign * other.embeds
            tables += sign * other.tables
        }
    }

    private var sums: [Sums]

    /// Measures everything below `root`.
    init(_ tree: ElementTree, below root: ElementTree.Index) {
        sums = Array(repeating: Sums(), count: tree.count)
        for index in tree.order(below: root).reversed() {
            let whole = Self.whole(tree[index], below: sums[index])
            sums[index] = whole.inside
            if index != root { sums[tree[index].parent].add(whole.outside) }
        }
    }

    /// Of what is below the element, itself not counted.
    subscript(_ index: ElementTree.Index) -> Sums { sums[index] }

    func linkDensity(_ index: ElementTree.Index) -> Double {
        let sum = sums[index]
        return sum.text == 0 ? 0 : sum.linked / Double(sum.text)
    }

    /// Takes a removed element out of its ancestors' sums; to be called while it is still in place.
    mutating func remove(_ index: ElementTree.Index, from tree: ElementTree) {
        let gone = Self.whole(tree[index], below: sums[index]).outside
        if gone == Sums() { return }
        var current = tree[index].parent
        while current >= 0 {
            sums[current].add(gone, sign: -1)
            current = tree[current].parent
        }
    }

    /// `inside` is what the element's own questions see, `outside` what its parent adds.
    private static func whole(_ node: ElementTree.Node, below: Sums) -> (inside: Sums, outside: Sums) {
        var inside = below
        if node.isText {
            inside.text = node.length
            inside.commas = node.commas
            return (inside, inside)
        }
        var outside = inside
        switch node.name {
        case "a": outside.linked = Double(inside.text) * ((node.attributes["href"] ?? "").hasPrefix("#") ? 0.3 : 1)
        case "p":
            outside.paragraphs += 1
            outside.prose += inside.text
        case "img":
            outside.images += 1
        case "li":
            outside.items += 1
            outside.prose += inside.text
        case "ul", "ol":
            outside.listed = inside.text
            outside.prose += inside.text
        case "table":
            outside.tables += 1
            outside.prose += inside.text
        case "blockquote", "dl", "div", "pre", "span", "td": outside.prose += inside.text
        case "input", "textarea", "select": outside.inputs += 1
        case "object", "embed", "iframe": outside.embeds += 1
        case "h1", "h2", "h3", "h4", "h5", "h6": outside.heading = inside.text
        default: break
        }
        // An element's own text density counts what is below it only; `div` itself is such an element for its parent.
        return (inside, outside)
    }
}
