import DocumentModel

/// Big numbers, tables, pictures.
extension SlideFlow {
    func figures(_ numbers: [Figure], _ slide: Slide) -> [SlideElement] {
        guard numbers.count > 1, !numbers.isEmpty else { return numbers.first.map { single($0) } ?? [] }
        let body = content(.body, .bigNumber, slide)
        let isOpen = stage.theme.style == .rule
        let high = min(body.heightInPoints, 236)
        let row = Frame(
            x: body.x, y: body.y + (body.height - Frame.units(high)) / 2, width: body.width,
            height: Frame.units(high))
        let cards = row.columns(numbers.count, gutter: isOpen ? 44 : 22)
        let inner = cards.map { $0.inset(isOpen ? 0 : 20, 20) }
        let value = inner[0].top(78)
        let size = numbers.reduce(64.0) {
            min($0, fit.size($1.value, in: value, from: 64, to: 20, heading: true, lines: 1))
        }
        let label = Frame(x: 0, y: 0, width: inner[0].width, height: Frame.units(46))
        let labelSize = numbers.reduce(18.0) {
            min($0, fit.size($1.label, in: label, from: 18, to: 11, heading: false))
        }
        var elements: [SlideElement] = []
        for (index, number) in numbers.enumerated() {
            if !isOpen {
                elements.append(
                    .shape(Shape.card("Card", cards[index], fill: stage.inks.surface, theme: stage.theme)))
            } else if index > 0 {
                let x = cards[index].x - Frame.units(22)
                elements.append(
                    .line(
                        Line(
                            name: "Rule", from: (x, row.y), to: (x, row.bottom), colour: stage.theme.rule, points: 1)))
            }
            elements += figure(number, in: inner[index], size: size, labelSize: labelSize)
        }
        return elements
    }

    private func figure(_ number: Figure, in frame: Frame, size: Double, labelSize: Double) -> [SlideElement] {
        var value = Shape(
            name: "Number", frame: frame.top(78),
            paragraphs: [.plain(number.value, size: size, bold: true, colour: stage.inks.accent, font: "+mj-lt")])
        value.anchor = "b"
        let below = frame.below(90)
        let label = fit.clipped(
            number.label, lines: 3, font: stage.theme.bodyFont, points: labelSize, bold: true,
            width: below.widthInPoints)
        var lines = [Paragraph.plain(label, size: labelSize, bold: true, colour: stage.inks.heading)]
        let used = fit.height(label, labelSize, width: below.widthInPoints, bold: true) + 6
        if let source = number.source {
            lines[0].runs.append(TextRun(text: "  [\(source)]", size: 11, colour: stage.inks.muted, link: link(source)))
        }
        if let detail = number.detail, !detail.isEmpty {
            let (text, size) = fit.fitted(detail, in: below.below(used), from: 14, to: 10)
            var line = Paragraph.plain(text, size: size, colour: stage.inks.muted)
            line.space = 5
            lines.append(line)
        }
        return [.shape(value), .shape(Shape(name: "Label", frame: below, paragraphs: lines, anchor: "t"))]
    }

    /// One number takes the slide.
    private func single(_ number: Figure) -> [SlideElement] {
        let frame = stage.frame(.figure, .bigNumber)
        let (value, size) = fit.fitted(number.value, in: frame, from: 138, to: 28, heading: true, bold: true)
        let room = stage.frame(.figureLabel, .bigNumber)
        let (label, labelSize) = fit.fitted(number.label, in: room.top(66), from: 26, to: 14, bold: true)
        var lines = [Paragraph.plain(label, size: labelSize)]
        if let source = number.source {
            lines[0].runs.append(TextRun(text: "  ", size: 12))
            lines[0].runs.append(
                TextRun(text: "[\(source)]", size: 12, bold: false, colour: stage.inks.muted, link: link(source)))
        }
        if let detail = number.detail, !detail.isEmpty {
            let (text, size) = fit.fitted(detail, in: room.below(72), from: 18, to: 11)
            lines.append(.plain(text, size: size, bold: false, colour: stage.inks.muted))
        }
        return [
            .placeholder(.figure, frame: nil, [.plain(value, size: size)]),
            .placeholder(.figureLabel, frame: nil, lines),
        ]
    }

    func tables(_ slide: Slide, _ table: Table) -> [SlidePage] {
        let frame = content(.table, .table, slide)
        let tableFit = TableFit(table, in: frame, fit)
        var pages = numbered(
            slide, .table, tableFit.pages.map { Part(elements: [.table(tableFit, $0, frame)]) })
        if tableFit.omitted > 0, let last = pages.indices.last {
            pages[last].notes =
                (pages[last].notes.map { $0 + "\n" } ?? "")
                + "The last \(tableFit.omitted) of \(table.rows.count) rows are not shown."
        }
        return pages
    }

    func picture(_ slide: Slide, _ image: Image) -> [SlidePage] {
        let caption = image.caption ?? image.altText
        let header = pictures[image.path]
        let isWide = header.map { Double($0.width) / Double($0.height) >= 2.1 } ?? false
        let body = content(.body, .content, slide)
        var frame = content(.picture, .picture, slide)
        if isWide { frame = Frame(x: body.x, y: body.y, width: body.width, height: body.height - Frame.units(52)) }
        var room: Frame
        // One taller than twice the frame is cropped; it takes the whole of it.
        if let header, Double(header.height) / Double(header.width) * Double(frame.width) / Double(frame.height) <= 2 {
            var placed = frame.fitting(width: header.width, height: header.height)
            (placed.x, placed.y) = (frame.x, frame.y)
            frame = placed
        }
        if isWide {
            room = Frame(x: body.x, y: frame.bottom + Frame.units(12), width: body.width, height: Frame.units(40))
        } else {
            let start = frame.right + Frame.units(stage.grid.gutter)
            room = Frame(x: start, y: body.y, width: body.right - start, height: body.height)
        }
        let (text, size) = fit.fitted(caption, in: room, from: 16, to: 9)
        return numbered(
            slide, .picture,
            [
                Part(
                    elements: [
                        .picture(image, frame),
                        .placeholder(.caption, frame: room, [.plain(text, size: size == 16 ? nil : size)]),
                    ], cited: image.source.map { [$0] } ?? [])
            ])
    }
}
