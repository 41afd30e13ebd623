import DocumentModel

extension Composer {
    func composeTitle() {
        let isMirrored = typesetter.set(report.title.printable, styles.title, width: width).isRightToLeft
        canvas.fill(Box(x: isMirrored ? right - 40 : left, y: y, width: 40, height: 4), styles.accent)
        y += 16
        // Validation bounds these texts to well under a page.
        stack(report.title, styles.title, styles.heading, tag: "H1")
        if let subtitle = report.subtitle, !subtitle.isEmpty {
            y += 5
            stack(subtitle, styles.subtitle, styles.muted, tag: "P", maximumLines: 8)
        }
        let byline = [report.author, report.date ?? ""].filter { !$0.isEmpty }.joined(separator: "  ·  ")
        if !byline.isEmpty {
            y += 8
            stack(byline, styles.byline, styles.muted, tag: "P")
        }
        y += 12
        canvas.rule(left, y, to: right, y, styles.hairline, width: 0.75)
        // A heading brings its own distance.
        if case .heading = report.blocks.first { y += 0 } else { y += 14 }
    }

    private func stack(_ text: String, _ style: TextStyle, _ ink: Ink, tag: String, maximumLines: Int? = nil) {
        let block = typesetter.set(text.printable, style, width: width, maximumLines: maximumLines)
        _ = canvas.draw(block, x: left, y: y, ink: ink, leaf: tag)
        y += block.height
    }

    /// The heading stays with what follows it.
    func composeHeading(_ text: String, level: Int, following: ArraySlice<Block>, isListed: Bool = true) throws {
        let (style, ink, before, after) = styles.heading(level: level)
        let block = typesetter.set(text.printable, style, width: width)
        space(before)
        // Three headings in a row are kept together; more than that is no text.
        try reserve(block.height + after + opening(of: following.prefix(3)))
        note(text.printable, level: level)
        if isListed {
            canvas.destination(ContentsEntry.place(headings.count), x: left, y: max(0, y - 12))
            headings.append(ContentsEntry(level: level, text: text, page: page))
        }
        _ = canvas.draw(block, x: left, y: y, ink: ink, leaf: "H\(min(max(level, 1), 3) + 1)")
        y += block.height + after
    }

    private func note(_ title: String, level: Int) {
        headingParents.removeLast(max(0, headingParents.count - max(0, level - 1)))
        let entry = canvas.outline(title, parent: headingParents.last ?? 0, page: page, y: y)
        headingParents.append(entry)
    }

    /// The height that the beginning of these blocks needs on the page of their heading.
    private func opening(of blocks: ArraySlice<Block>) -> Double {
        guard let first = blocks.first else { return 0 }
        switch first {
        case .heading(let level, let text):
            let (style, _, before, after) = styles.heading(level: level)
            let block = typesetter.set(text.printable, style, width: width)
            return before + block.height + after + opening(of: blocks.dropFirst())
        case .paragraph(let text), .note(let text):
            return opening(of: typesetter.set(text.printable, styles.body, width: width)) + 20
        case .bullets(let items), .numbered(let items):
            return opening(of: typesetter.set((items.first ?? "").printable, styles.body, width: width - 20))
        case .table: return 90
        case .chart(let chart): return chartHeight(chart)
        case .image(let image): return min(imageHeight(image), bottom - top - 80)
        case .sources, .pageBreak, .contents: return 40
        }
    }

    func composeParagraph(_ text: String) throws {
        try paragraph(text, styles.body, styles.text)
        y += 8
    }

    /// A callout: text on a tinted surface with an accent bar at its start.
    func composeNote(_ text: String) throws {
        let (text, links, footnotes) = citations.marked(text)
        let padding = 9.0
        let block = typesetter.set(text, styles.small.sized(9.5), width: width - 28, links: links)
        space(4)
        try canvas.tag("P") {
            try flow(block, padding: padding, footnotes: footnotes) { fragment in
                canvas.fill(Box(x: left, y: fragment.top, width: width, height: fragment.height), styles.surface)
                let bar = block.isRightToLeft ? right - 3 : left
                canvas.fill(Box(x: bar, y: fragment.top, width: 3, height: fragment.height), styles.accent)
                draw(fragment, of: block, x: left + 14, padding: padding, styles.text)
            }
        }
        y += 12
    }

    func composeList(_ items: [String], marker: (Int) -> String) throws {
        let widest = typesetter.width(marker(items.count - 1), styles.body)
        let indent = max(18, widest + 12)
        try canvas.tag("L") {
            for (index, item) in items.enumerated() {
                let (item, links, footnotes) = citations.marked(item)
                let block = typesetter.set(item, styles.body, width: width - indent, links: links)
                let label = typesetter.set(marker(index), styles.body, width: nil)
                try canvas.tag("LI") {
                    try composeItem(block, label, indent: indent, styles.text, footnotes)
                }
                y += 3.5
            }
        }
        y += 6
    }

    /// The marker hangs beside the first line, on the side where the text begins.
    func composeItem(
        _ block: TextBlock, _ label: TextBlock, indent: Double, _ ink: Ink, _ footnotes: [(byte: Int, number: Int)] = []
    ) throws {
        let isMirrored = block.isRightToLeft
        let x = isMirrored ? left : left + indent
        let mark = isMirrored ? right - indent + 7 : left + indent - 7 - label.width
        try reserve(opening(of: block))
        if canvas.isDrawing, let first = block.lines.first, let sign = label.lines.first {
            let offset = first.baseline - sign.baseline
            _ = canvas.draw(label, x: mark, y: y + offset, ink: styles.accent, leaf: "Lbl")
        }
        try canvas.tag("LBody") {
            try flow(block, footnotes: footnotes) { draw($0, of: block, x: x, ink) }
        }
    }

    func composeSources(_ heading: String?) throws {
        if let heading, !heading.isEmpty {
            try composeHeading(heading, level: 1, following: [.sources(heading: nil)], isListed: false)
        }
        guard !report.sources.isEmpty else { return }
        let widest = report.sources.reduce(0) {
            max($0, typesetter.width("[\($1.number)]", styles.small))
        }
        let indent = max(24, widest + 12)
        try canvas.tag("L") {
            for source in report.sources { try compose(source, indent: indent) }
        }
        hasListedSources = true
        y += 6
    }

    private func compose(_ source: Source, indent: Double) throws {
        let inner = width - indent
        let title = linked(source.title.printable, source, styles.small.sized(9.5), inner)
        let url = source.url.flatMap { $0.isEmpty ? nil : linked($0.printable, source, styles.small.sized(8.5), inner) }
        let label = typesetter.set("[\(source.number)]", styles.small.sized(9.5), width: nil)
        try reserve(min(title.height + (url?.height ?? 0), bottom - top))
        if !hasListedSources {
            canvas.destination(Citations.place(of: source.number), x: left, y: max(0, y - 12))
        }
        try canvas.tag("LI") {
            try composeItem(title, label, indent: indent, styles.text)
            if let url {
                try canvas.tag("LBody") {
                    let x = url.isRightToLeft || title.isRightToLeft ? left : left + indent
                    try flow(url) { fragment in
                        draw(fragment, of: url, x: x, source.isLink ? styles.link : styles.muted)
                    }
                }
            }
        }
        y += 5
    }

    private func linked(_ text: String, _ source: Source, _ style: TextStyle, _ width: Double) -> TextBlock {
        var links: [LinkSpan] = []
        if source.isLink, let url = source.url, !text.isEmpty {
            links = [LinkSpan(bytes: 0..<text.utf8.count, target: .address(url))]
        }
        return typesetter.set(text, style, width: width, links: links)
    }
}
