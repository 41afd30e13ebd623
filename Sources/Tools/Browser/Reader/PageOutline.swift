/// A whole page as a sequence of headings, paragraphs, list items, tables and pictures, without choosing among them:
/// what a saved page or a mail's HTML part says.
package struct PageOutline {
    package enum Part: Sendable, Hashable {
        case heading(level: Int, text: String)
        case paragraph(String)
        /// Level from 0.
        case listItem(level: Int, text: String)
        case table([[String]])
        case image(name: String, alternative: String?)
    }

    /// Columns that one cell may span; more are an attack on memory.
    private static let maximumSpan = 60

    private let tree: ElementTree
    private var parts: [Part] = []
    private var line = ""
    private var isBlankDue = false
    private var heading: Int?
    private var lists = 0
    private var items = 0
    private var verbatim = 0
    /// The outermost table; those within are text of its cells.
    private var tables = 0
    private var rows: [[String]] = []

    package static func parts(html: String) -> [Part] {
        guard var tree = TreeParser.parse(html) else { return [] }
        Preparation.prepare(&tree)
        var outline = PageOutline(tree: tree)
        outline.walk(tree.first("body") ?? 0)
        outline.flush()
        return outline.parts
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
        guard !node.isText else { return add(node.text) }
        switch node.name {
        case "br": line += "\n"
        case "img": addImage(index)
        case "table":
            flush()
            tables += 1
        case "tr" where tables == 1: rows.append([])
        case "td", "th": if tables > 1 { isBlankDue = true } else { line = "" }
        default:
            guard tables == 0 else {
                if Hints.block.contains(node.name) { isBlankDue = true }
                return
            }
            enterBlock(node.name)
        }
    }

    private mutating func enterBlock(_ name: String) {
        switch name {
        case "h1", "h2", "h3", "h4", "h5", "h6":
            flush()
            heading = name.last?.wholeNumberValue
        case "ul", "ol", "dl":
            flush()
            lists += 1
        case "li", "dd", "dt":
            flush()
            items += 1
        case "pre":
            flush()
            verbatim += 1
        default: if Hints.block.contains(name) { flush() }
        }
    }

    private mutating func leave(_ index: Int) {
        let name = tree[index].name
        switch name {
        case "table":
            tables -= 1
            if tables == 0 { endTable() }
        case "td", "th": if tables == 1 { endCell(index) }
        default:
            guard tables == 0 else { return }
            switch name {
            case "h1", "h2", "h3", "h4", "h5", "h6":
                flush()
                heading = nil
            case "ul", "ol", "dl":
                flush()
                lists -= 1
            case "li", "dd", "dt":
                flush()
                items -= 1
            case "pre":
                flush()
                verbatim -= 1
            case "br", "img": break
            default: if Hints.block.contains(name) { flush() }
            }
        }
    }

    private mutating func add(_ raw: String) {
        guard verbatim == 0 else {
            line += raw
            return
        }
        for character in raw {
            if character.isWhitespace {
                isBlankDue = true
            } else {
                if isBlankDue, let last = line.last, !last.isWhitespace { line += " " }
                isBlankDue = false
                line.append(character)
            }
        }
    }

    private mutating func addImage(_ index: Int) {
        let alternative = tree.attribute("alt", of: index)?.collapsed
        let source = tree.attribute("src", of: index) ?? ""
        // A picture written into the page itself has no name; what is without text besides is decoration.
        let name =
            source.hasPrefix("data:") ? "" : source.split(separator: "/").last.map { String($0.prefix(200)) } ?? ""
        guard tables == 0, alternative?.isEmpty == false else { return }
        if line.allSatisfy(\.isWhitespace) { flush() }
        parts.append(.image(name: name, alternative: alternative))
    }

    private mutating func flush() {
        isBlankDue = false
        let text = line.split(separator: "\n", omittingEmptySubsequences: false)
            .map { verbatim > 0 ? String($0) : $0.split(separator: " ").joined(separator: " ") }.joined(separator: "\n")
        line = ""
        guard !text.allSatisfy(\.isWhitespace) else { return }
        if let heading {
            parts.append(.heading(level: heading, text: text))
        } else if items > 0 {
            parts.append(.listItem(level: max(0, lists - 1), text: text))
        } else {
            parts.append(.paragraph(text))
        }
    }

    private mutating func endCell(_ index: Int) {
        if rows.isEmpty { rows.append([]) }
        rows[rows.count - 1].append(line.collapsed)
        line = ""
        isBlankDue = false
        let span = tree.attribute("colspan", of: index).flatMap { Int($0) } ?? 1
        for _ in 1..<min(max(1, span), Self.maximumSpan) { rows[rows.count - 1].append("") }
    }

    /// A table of one column or one row lays a page out: its cells are paragraphs.
    private mutating func endTable() {
        let filled = rows.filter { row in row.contains { !$0.isEmpty } }
        rows = []
        line = ""
        let width = filled.reduce(0) { max($0, $1.count) }
        if filled.count > 1, width > 1 {
            parts.append(.table(filled))
        } else {
            for row in filled { for cell in row where !cell.isEmpty { parts.append(.paragraph(cell)) } }
        }
    }
}
