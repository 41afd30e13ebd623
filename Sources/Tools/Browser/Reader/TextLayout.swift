/// Writes an element's content as plain text: paragraphs apart by a blank line, list items and table rows as lines.
struct TextLayout {
    private let tree: ElementTree
    private var text = ""
    private var line = ""
    private var isBlankDue = false
    /// Line ends due before the next block.
    private var gap = 0
    /// How many elements of these kinds are open.
    private var verbatim = 0
    private var cells = 0
    private var items = 0

    static func text(of root: Int, in tree: ElementTree) -> String {
        var layout = TextLayout(tree: tree)
        layout.walk(root)
        layout.flush()
        return layout.text
    }

    private init(tree: ElementTree) { self.tree = tree }

    private mutating func walk(_ root: Int) {
        var open: [Int] = []
        for index in tree.order(below: root) {
            while let last = open.last, tree[index].parent != last, index != root {
                open.removeLast()
                leave(last)
            }
            enter(index)
            if !tree[index].isText { open.append(index) }
        }
        for index in open.reversed() { leave(index) }
    }

    private mutating func enter(_ index: Int) {
        let node = tree[index]
        if node.isText {
            verbatim > 0 ? addVerbatim(node.text) : add(node.text)
            return
        }
        defer { count(node.name, 1) }
        switch node.name {
        case "br": breakLine(1)
        case "li":
            breakLine(1)
            line = "- "
        case "tr": breakLine(1)
        case "td", "th":
            if !line.isEmpty { line += " | " }
            isBlankDue = false
        default:
            if Hints.block.contains(node.name), node.name != "img" { breakLine(spacing(node.name)) }
        }
    }

    private mutating func leave(_ index: Int) {
        let name = tree[index].name
        count(name, -1)
        switch name {
        case "li", "tr": breakLine(1)
        case "td", "th", "br", "img": break
        default: if Hints.block.contains(name) { breakLine(spacing(name)) }
        }
    }

    private mutating func count(_ name: String, _ change: Int) {
        switch name {
        case "pre": verbatim += change
        case "td", "th": cells += change
        case "li": items += change
        default: break
        }
    }

    /// Within cells and items blocks are lines; elsewhere a blank line stands between them.
    private func spacing(_ name: String) -> Int {
        if cells > 0 { return 0 }
        return items > 0 || name == "tbody" || name == "thead" || name == "tfoot" ? 1 : 2
    }

    private mutating func add(_ raw: String) {
        for character in raw {
            if character.isWhitespace {
                isBlankDue = true
            } else {
                if isBlankDue, !line.isEmpty, line.last != " " { line += " " }
                isBlankDue = false
                line.append(character)
            }
        }
    }

    private mutating func addVerbatim(_ raw: String) {
        let lines = raw.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, part) in lines.enumerated() {
            if number > 0 { breakLine(1) }
            line += part
        }
    }

    private mutating func breakLine(_ spacing: Int) {
        if spacing == 0 {
            isBlankDue = true
            return
        }
        flush()
        gap = max(gap, spacing)
    }

    private mutating func flush() {
        isBlankDue = false
        defer { line = "" }
        let kept = line.last?.isWhitespace == true ? String(line.reversed().drop { $0.isWhitespace }.reversed()) : line
        guard !kept.isEmpty, kept != "-", !kept.allSatisfy({ $0 == "|" || $0 == " " }) else { return }
        if !text.isEmpty { text += String(repeating: "\n", count: max(1, gap)) }
        text += kept
        gap = 0
    }
}
