import DocumentModel

/// Covers, columns, quotes, sources.
extension SlideFlow {
    func cover(_ slide: Slide, _ layout: SlideLayout, _ subtitle: String?, number: Int = 0) -> SlidePage {
        let frame = stage.frame(.title, layout)
        let (text, size) = fit.fitted(
            slide.title, in: frame, from: stage.sizes.cover, to: 18, heading: true, bold: stage.theme.hasBoldTitles)
        var elements: [SlideElement] = [
            .placeholder(
                .title, frame: nil,
                [Paragraph(runs: [TextRun(text: text, size: size == stage.sizes.cover ? nil : size)])])
        ]
        if number > 0, stage.place(.sectionNumber, layout) != nil {
            elements.append(
                .placeholder(.sectionNumber, frame: nil, [.plain(number < 10 ? "0\(number)" : "\(number)")]))
        }
        if let subtitle, !subtitle.isEmpty {
            let (text, size) = fit.fitted(
                subtitle, in: stage.frame(.subtitle, layout), from: stage.sizes.subtitle, to: 12)
            elements.append(
                .placeholder(.subtitle, frame: nil, [.plain(text, size: size == stage.sizes.subtitle ? nil : size)]))
        }
        return SlidePage(layout: layout, elements: elements, notes: slide.notes)
    }

    func columns(_ slide: Slide, _ left: SlideColumn, _ right: SlideColumn) -> [SlidePage] {
        let isHeaded = left.heading != nil || right.heading != nil
        let layout: SlideLayout = isHeaded ? .comparison : .twoContent
        let slots: [Slot] = [.left, .right]
        let frames = slots.map { content($0, layout, slide) }
        let sides = [left, right]
        let found = zip(sides, zip(slots, frames)).map { side, place in
            let inset = stage.place(place.0, layout)?.inset ?? .init()
            let room = place.1.inset(inset).inset(stage.textMargin)
            return fit.pages(side.points, in: room, largest: isHeaded ? 18 : 20)
        }
        let size = found.flatMap { $0 }.reduce(22) { min($0, $1.size) }
        let space = found.flatMap { $0 }.reduce(26) { min($0, $1.space) }
        let count = found.reduce(1) { max($0, $1.count) }
        let parts = (0..<count).map { index -> Part in
            var part = Part(elements: [])
            for side in 0..<2 {
                // A card stands even where its side has no more to say.
                let points = found[side].indices.contains(index) ? found[side][index].points : []
                guard isHeaded || !points.isEmpty else { continue }
                part.elements.append(
                    text(slots[side], .init(points: points, size: size, space: space), frames[side]))
                part.cited += Self.cited(points)
            }
            if isHeaded { part.elements += headings(sides) }
            return part
        }
        return numbered(slide, layout, parts)
    }

    private func headings(_ sides: [SlideColumn]) -> [SlideElement] {
        zip(sides, [Slot.leftHeading, .rightHeading]).compactMap { side, slot in
            guard let heading = side.heading, !heading.isEmpty else { return nil }
            let (text, size) = fit.fitted(
                heading, in: stage.frame(slot, .comparison), from: 20, to: 11, bold: true)
            return .placeholder(slot, frame: nil, [.plain(text, size: size == 20 ? nil : size)])
        }
    }

    func quotation(_ slide: Slide, _ quote: Quote) -> SlidePage {
        let frame = stage.frame(.quote, .quote)
        let (text, size) = fit.fitted(quote.text, in: frame, from: 36, to: 14, heading: true)
        let mark = quote.source.map { [TextRun(text: "  ", size: 12), citation($0, size: 12)] } ?? []
        let words = Paragraph(runs: [TextRun(text: text, size: size)] + mark, bullet: false)
        let below = stage.frame(.attribution, .quote)
        let lines = speaker(quote, width: below.widthInPoints)
        // Words and speaker stand as one block in the middle of the slide.
        let high = fit.height(text, size, width: frame.widthInPoints, heading: true) + 8
        let all = Double(below.bottom - frame.y) * Frame.pointsPerUnit
        let top = max(0, (all - high - 22 - (lines.isEmpty ? 0 : below.heightInPoints)) * 0.42)
        let block = Frame(
            x: frame.x, y: frame.y + Frame.units(top), width: frame.width, height: Frame.units(high))
        var sign = Shape(
            name: "Mark",
            frame: Frame(
                x: stage.grid.quoteMark.x, y: block.y - Frame.units(26), width: stage.grid.quoteMark.width,
                height: stage.grid.quoteMark.height))
        sign.paragraphs = [.plain("“", size: 130, bold: true, colour: stage.inks.accent, font: "+mj-lt")]
        sign.anchor = "t"
        var elements: [SlideElement] = [
            .placeholder(.title, frame: nil, [.plain(slide.title)]), .placeholder(.quote, frame: block, [words]),
        ]
        // Beside the words there is room for a mark on our own layout alone.
        if stage.place(.quote, .quote) != nil { elements.append(.shape(sign)) }
        if !lines.isEmpty {
            let place = Frame(
                x: below.x, y: block.bottom + Frame.units(22), width: below.width, height: below.height)
            elements.append(.placeholder(.attribution, frame: place, lines))
        }
        return SlidePage(
            layout: .quote, elements: elements, notes: slide.notes, cited: quote.source.map { [$0] } ?? [])
    }

    private func speaker(_ quote: Quote, width: Double) -> [Paragraph] {
        var lines: [Paragraph] = []
        if let name = quote.attribution, !name.isEmpty {
            lines.append(
                .plain(
                    fit.clipped(name, lines: 1, font: stage.theme.bodyFont, points: 18, bold: true, width: width)))
        }
        if let role = quote.role, !role.isEmpty {
            let shown = fit.clipped(role, lines: 2, font: stage.theme.bodyFont, points: 14, width: width)
            lines.append(.plain(shown, size: 14, bold: false, colour: stage.inks.muted))
        }
        return lines
    }

    private func citation(_ source: Int, size: Double) -> TextRun {
        TextRun(text: "[\(source)]", size: size, colour: stage.inks.muted, link: link(source))
    }

    func sources(_ slide: Slide) -> [SlidePage] {
        let frame = stage.frame(.body, .content)
        let lines = deck.sources.map { Point([$0.title, $0.url ?? ""].joined(separator: "  ") + " [000]") }
        let pages = fit.pages(lines, in: frame, largest: 16)
        var rest = deck.sources[...]
        var parts: [Part] = []
        for page in pages {
            let here = rest.prefix(page.points.count)
            rest = rest.dropFirst(page.points.count)
            guard !here.isEmpty else { continue }
            let paragraphs = here.enumerated().map { index, source in
                var runs = [
                    TextRun(text: "[\(source.number)]  ", size: page.size, bold: true, colour: stage.inks.accent),
                    TextRun(text: source.title, size: page.size),
                ]
                if let url = source.url {
                    let small = max(11, page.size - 3)
                    runs.append(TextRun(text: "  ", size: small))
                    runs.append(TextRun(text: url, size: small, colour: stage.inks.muted, link: link(source.number)))
                }
                return Paragraph(runs: runs, bullet: false, space: index == 0 ? 0 : page.space.rounded())
            }
            parts.append(Part(elements: [.placeholder(.body, frame: nil, paragraphs)]))
        }
        return numbered(slide, .content, parts)
    }
}
