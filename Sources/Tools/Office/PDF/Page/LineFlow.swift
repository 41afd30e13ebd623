import DocumentModel

/// Part of a text that stands on one page.
struct Fragment {
    var lines: Range<Int>
    var top: Double
    var height: Double
    var isFirst: Bool
    var isLast: Bool
}

extension Composer {
    /// Places the lines of `block` from `y` on, over as many pages as it takes: never fewer than two lines of a
    /// paragraph alone on a page. `padding` is kept above and below on each page.
    /// Footnotes that lines refer to take their room at the foot of the same page.
    func flow(
        _ block: TextBlock, padding: Double = 0, footnotes: [(byte: Int, number: Int)] = [],
        draw: (Fragment) -> Void
    ) throws {
        var next = 0
        while next < block.lines.count {
            let rest = block.lines.count - next
            var count = fitting(block, from: next, in: room - 2 * padding, footnotes)
            if count < rest {
                if rest - count == 1 { count -= 1 }
                if count < min(2, rest), !isAtTop {
                    try breakPage()
                    continue
                }
                count = max(1, count)
            }
            let lines = next..<next + count
            let height = block.lines[lines].reduce(2 * padding) { $0 + $1.advance }
            draw(
                Fragment(
                    lines: lines, top: y, height: height, isFirst: next == 0,
                    isLast: next + count == block.lines.count))
            y += height
            next += count
            takeNotes(of: block, lines, footnotes)
            if next < block.lines.count { try breakPage() }
        }
    }

    /// How many lines fit into `height`.
    func fitting(
        _ block: TextBlock, from first: Int, in height: Double, _ footnotes: [(byte: Int, number: Int)] = []
    ) -> Int {
        var used = 0.0
        var count = 0
        for index in block.lines.indices[first...] {
            used += block.lines[index].advance
            if !footnotes.isEmpty { used += notes.height(of: numbers(in: block, index..<index + 1, footnotes), self) }
            guard used <= height + 0.01 else { break }
            count += 1
        }
        return count
    }

    /// What must stand on the page for `block` to begin there.
    func opening(of block: TextBlock) -> Double {
        block.lines.prefix(block.lines.count <= 3 ? 3 : 2).reduce(0) { $0 + $1.advance }
    }

    /// A plain paragraph in `style` between `x` and `x + width`.
    func paragraph(
        _ text: String, _ style: TextStyle, _ ink: Ink, tag: String = "P", alignment: Alignment = .start
    ) throws {
        let (text, links, footnotes) = citations.marked(text)
        let block = typesetter.set(text, style, width: width, alignment: alignment, links: links)
        try canvas.tag(tag) {
            try flow(block, footnotes: footnotes) { draw($0, of: block, x: left, ink) }
        }
    }

    func draw(_ fragment: Fragment, of block: TextBlock, x: Double, padding: Double = 0, _ ink: Ink) {
        guard canvas.isDrawing else { return }
        _ = canvas.draw(
            block, lines: fragment.lines, x: x, y: fragment.top + padding, ink: ink, linkInk: styles.link, leaf: "Span")
    }
}
