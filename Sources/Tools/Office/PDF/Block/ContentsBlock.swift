import DocumentModel

/// A heading and where it stands.
struct ContentsEntry: Hashable {
    var level: Int
    var text: String
    var page: Int

    /// The named place of the heading at `index`.
    static func place(_ index: Int) -> String { "heading-\(index)" }
}

extension Composer {
    /// The entries without the heading of the table itself; from the report, so that both passes take the same room.
    private var outlined: [(level: Int, text: String)] {
        report.blocks.compactMap { block in
            if case .heading(let level, let text) = block { (min(max(level, 1), 3), text) } else { nil }
        }
    }

    func composeContents(_ heading: String?) throws {
        if let heading, !heading.isEmpty {
            let (style, ink, before, after) = styles.heading(level: 1)
            let block = typesetter.set(heading.printable, style, width: width)
            space(before)
            try reserve(block.height + after + 40)
            _ = canvas.draw(block, x: left, y: y, ink: ink, leaf: "H2")
            y += block.height + after
        }
        try canvas.tag("TOC") {
            for (index, entry) in outlined.enumerated() {
                try compose(entry, number: index)
            }
        }
        y += 10
    }

    private func compose(_ entry: (level: Int, text: String), number index: Int) throws {
        let style = entry.level == 1 ? styles.body.sized(10, bold: true) : styles.body.sized(9.5)
        let indent = Double(entry.level - 1) * 14
        let text = entry.text.printable
        let target = LinkSpan.Target.place(ContentsEntry.place(index))
        let block = typesetter.set(
            text, style, width: width - indent - 40, maximumLines: 1,
            links: [LinkSpan(bytes: 0..<text.utf8.count, target: target)])
        if entry.level == 1 { space(3) }
        try reserve(block.height)
        if canvas.isDrawing {
            let page = contents.indices.contains(index) ? "\(contents[index].page)" : ""
            let number = typesetter.set(page, style, width: nil)
            let isMirrored = typesetter.isRightToLeft
            let start = isMirrored ? left + 40 : left + indent
            canvas.tag("TOCI") {
                canvas.tag("Reference") {
                    _ = canvas.draw(block, x: start, y: y, ink: styles.text, linkInk: styles.text, leaf: "Span")
                    _ = canvas.draw(
                        number, x: isMirrored ? left : right - number.width, y: y, ink: styles.text, leaf: "Span")
                }
            }
            let baseline = y + (block.lines.first?.baseline ?? 0)
            if isMirrored {
                canvas.leader(left + number.width + 6, right - indent - block.width - 6, y: baseline, styles.muted)
            } else {
                canvas.leader(start + block.width + 6, right - number.width - 6, y: baseline, styles.muted)
            }
        }
        y += block.height + (entry.level == 1 ? 1.5 : 0.5)
    }
}

extension Canvas {
    /// Dots that lead the eye, on a grid of the page so that those of all lines stand below one another.
    fileprivate func leader(_ from: Double, _ to: Double, y: Double, _ colour: Ink) {
        let step = 5.0
        var x = (from / step).rounded(.up) * step
        while x < to {
            fill(Box(x: x, y: y - 0.8, width: 0.8, height: 0.8), colour)
            x += step
        }
    }
}
