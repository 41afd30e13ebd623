import DocumentModel

/// Breaks a deck into pages and sets each: what stands where, at which size.
struct SlideFlow {
    let deck: Deck
    let stage: Stage
    let fit: TextFit
    /// Sizes of the pictures, by path.
    let pictures: [String: ImageHeader]

    /// A page's content before its head is set.
    struct Part {
        var elements: [SlideElement]
        var cited: [Int] = []
    }

    func pages() -> [SlidePage] {
        var sections = 0
        return deck.slides.flatMap { slide -> [SlidePage] in
            if case .section = slide.content { sections += 1 }
            return pages(of: slide, section: sections).map { page in
                var page = page
                page.transition = slide.transition ?? deck.transition
                return page
            }
        }
    }

    private func pages(of slide: Slide, section: Int) -> [SlidePage] {
        switch slide.content {
        case .title(_, let subtitle): return [cover(slide, .title, subtitle)]
        case .section(_, let subtitle): return [cover(slide, .section, subtitle, number: section)]
        case .closing(_, let subtitle): return [cover(slide, .closing, subtitle)]
        case .bullets(_, let points):
            let frame = content(.body, .content, slide)
            let pages = fit.pages(points, in: frame.inset(stage.textMargin))
            return numbered(
                slide, .content, pages.map { Part(elements: [text(.body, $0, frame)], cited: Self.cited($0.points)) })
        case .twoColumns(_, let left, let right), .comparison(_, let left, let right):
            return columns(slide, left, right)
        case .quote(_, let quote): return [quotation(slide, quote)]
        case .bigNumber(_, let numbers):
            return numbered(
                slide, .bigNumber,
                [Part(elements: figures(numbers, slide), cited: numbers.compactMap(\.source))])
        case .diagram(_, let diagram):
            let frame = content(.body, .diagram, slide)
            let elements = DiagramLayout(stage: stage, fit: fit, frame: frame).elements(diagram)
            let alt = diagram.altText ?? DiagramLayout.alternative(diagram)
            return numbered(
                slide, .diagram, [Part(elements: [.group(name: "Diagram", alt: alt, frame, elements)])])
        case .table(_, let table): return tables(slide, table)
        case .chart(_, let chart):
            return numbered(slide, .chart, [Part(elements: [.chart(chart, content(.chart, .chart, slide))])])
        case .image(_, let image): return picture(slide, image)
        case .sources: return sources(slide)
        }
    }

    static func cited(_ points: [Point]) -> [Int] { Array(Set(points.compactMap(\.source))).sorted() }

    // MARK: - Heads

    /// The place of a slot, less what the takeaway of the slide needs below it.
    func content(_ slot: Slot, _ layout: SlideLayout, _ slide: Slide) -> Frame {
        var frame = stage.frame(slot, layout)
        if let high = takeawayHeight(slide) { frame.height -= Frame.units(high + 16) }
        return frame
    }

    private func takeawayHeight(_ slide: Slide) -> Double? {
        guard let text = slide.takeaway, !text.isEmpty else { return nil }
        let inset = SlideGrid.takeawayInset
        let wide = stage.frame(.body, .content).widthInPoints - 2 * inset.side
        let high = fit.height(text, Self.takeawaySize, width: wide, bold: true)
        return min(64, high + inset.top + inset.bottom + 6)
    }

    static let takeawaySize = 16.0
    private static let kickerSize = 12.0
    /// Of a title's frame, where a kicker stands above it.
    private static let kickerRoom = 18.0

    func title(_ title: String, _ layout: SlideLayout, below reserved: Double = 0) -> (
        element: SlideElement, height: Double
    ) {
        let frame = stage.frame(.title, layout).below(reserved)
        let bold = stage.theme.hasBoldTitles
        // A title of two lines is a little smaller than one of one.
        let found = fit.size(title, in: frame, from: stage.sizes.title, to: 22, heading: true, bold: bold, lines: 1)
        let (text, size) =
            found > 22
            ? (title, found)
            : fit.fitted(title, in: frame, from: min(24, stage.sizes.title), to: 12, heading: true, bold: bold)
        let run = TextRun(text: text, size: size == stage.sizes.title ? nil : size)
        let height = fit.height(text, size, width: frame.widthInPoints, bold: bold, heading: true)
        return (.placeholder(.title, frame: nil, [Paragraph(runs: [run], bullet: true)]), height)
    }

    /// Continuations say so in their titles; the notes stay with the first, the takeaway with the last.
    func numbered(_ slide: Slide, _ layout: SlideLayout, _ parts: [Part]) -> [SlidePage] {
        parts.enumerated().map { index, part in
            let text = parts.count == 1 ? slide.title : "\(slide.title) (\(index + 1)/\(parts.count))"
            let hasKicker = !(slide.kicker ?? "").isEmpty
            let (title, height) = title(text, layout, below: hasKicker ? Self.kickerRoom : 0)
            var elements = [title]
            if let kicker = slide.kicker, !kicker.isEmpty {
                elements.append(self.kicker(kicker, above: height, layout))
            }
            elements += part.elements
            if let takeaway = slide.takeaway, !takeaway.isEmpty, index == parts.count - 1 {
                elements += self.takeaway(takeaway, slide)
            }
            return SlidePage(
                layout: layout, elements: elements, notes: index == 0 ? slide.notes : nil, cited: part.cited)
        }
    }

    private func kicker(_ text: String, above titleHeight: Double, _ layout: SlideLayout) -> SlideElement {
        let title = stage.frame(.title, layout)
        let frame = Frame(
            x: title.x, y: max(Frame.units(18), title.bottom - Frame.units(titleHeight + 22)), width: title.width,
            height: Frame.units(18))
        let clipped = fit.clipped(
            text, lines: 1, font: stage.theme.bodyFont, points: Self.kickerSize, bold: true,
            width: frame.widthInPoints)
        return .placeholder(.kicker, frame: frame, [.plain(clipped)])
    }

    private func takeaway(_ text: String, _ slide: Slide) -> [SlideElement] {
        let body = stage.frame(.body, .content)
        let high = Frame.units(takeawayHeight(slide) ?? 0)
        let frame = Frame(x: body.x, y: body.bottom - high, width: body.width, height: high)
        let (shown, size) = fit.fitted(
            text, in: frame.inset(SlideGrid.takeawayInset), from: Self.takeawaySize, to: 11, bold: true)
        let corner = min(stage.theme.spacing.corner, 8)
        let edge = Frame(
            x: frame.x, y: frame.y + Frame.units(corner), width: Frame.units(4),
            height: frame.height - Frame.units(2 * corner))
        return [
            .placeholder(.takeaway, frame: frame, [.plain(shown, size: size == Self.takeawaySize ? nil : size)]),
            .shape(Shape(name: "Edge", frame: edge, fill: stage.inks.accent)),
        ]
    }

    // MARK: - Text

    func text(_ slot: Slot, _ points: TextFit.Points, _ frame: Frame) -> SlideElement {
        .placeholder(slot, frame: frame, paragraphs(points))
    }

    func paragraphs(_ points: TextFit.Points) -> [Paragraph] {
        points.points.enumerated().map { index, point in
            let level = min(2, max(0, point.level ?? 0))
            let size = points.size - TextFit.steps[level]
            var runs: [TextRun] = []
            var own = size
            if let lead = point.lead, !lead.isEmpty {
                runs.append(TextRun(text: lead, size: size, bold: true, colour: stage.inks.heading))
                own = max(12, size - 2)
            }
            runs.append(TextRun(text: point.text, size: own, link: point.link, breaksBefore: !runs.isEmpty))
            if let source = point.source {
                runs.append(TextRun(text: "  ", size: own))
                runs.append(
                    TextRun(
                        text: "[\(source)]", size: max(10, own - 6), colour: stage.inks.muted, link: link(source)))
            }
            let space = level > 0 ? max(3, points.space * 0.4) : points.space
            return Paragraph(runs: runs, level: level, space: index == 0 ? 0 : space.rounded())
        }
    }

    /// The address of a source, where it may become a link.
    func link(_ number: Int) -> String? {
        deck.sources.first { $0.number == number }.flatMap { $0.isLink ? $0.url : nil }
    }
}
