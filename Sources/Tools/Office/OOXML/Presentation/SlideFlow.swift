import DocumentModel

/// A slide as it is written: text sized, overlong content split.
struct SlidePage {
    struct Text {
        var points: [Point]
        var size: Double
    }

    enum Content {
        case cover(subtitle: String?)
        case text(Text)
        case columns(left: Text, right: Text, headings: [String]?)
        case table(TableFit, TableFit.Page)
        case chart(Chart)
        case image(Image)
        case sources([Source], size: Double)
    }

    var layout: SlideLayout
    var title: String
    var titleSize: Double
    var content: Content
    var notes: String?
    /// Numbers of the sources that the slide cites.
    var cited: [Int]
}

/// Breaks a deck into pages.
struct SlideFlow {
    let deck: Deck
    let fit: TextFit

    func pages() -> [SlidePage] { deck.slides.flatMap(pages) }

    private func pages(of slide: Slide) -> [SlidePage] {
        switch slide.content {
        case .title(_, let subtitle): return [cover(slide, .title, subtitle)]
        case .section(_, let subtitle): return [cover(slide, .section, subtitle)]
        case .closing(_, let subtitle): return [cover(slide, .closing, subtitle)]
        case .bullets(_, let points):
            let (size, pages) = fit.pages(points, in: SlideGeometry.body)
            return numbered(
                slide, .content, pages.map { ($0.compactMap(\.source), .text(.init(points: $0, size: size))) })
        case .twoColumns(_, let left, let right): return columns(slide, left, right)
        case .table(_, let table):
            let tableFit = TableFit(table, in: SlideGeometry.body, fit)
            var result = numbered(slide, .table, tableFit.pages.map { ([], .table(tableFit, $0)) })
            if tableFit.omitted > 0, let last = result.indices.last {
                result[last].notes =
                    (result[last].notes.map { $0 + "\n" } ?? "")
                    + "The last \(tableFit.omitted) of \(table.rows.count) rows are not shown."
            }
            return result
        case .chart(_, let chart): return numbered(slide, .chart, [([], .chart(chart))])
        case .image(_, let image):
            return numbered(slide, .picture, [(image.source.map { [$0] } ?? [], .image(image))])
        case .sources: return sources(slide)
        }
    }

    private func cover(_ slide: Slide, _ layout: SlideLayout, _ subtitle: String?) -> SlidePage {
        let size = fit.size(slide.title, in: SlideGeometry.coverTitle, from: 44, to: 18, heading: true)
        return SlidePage(
            layout: layout, title: slide.title, titleSize: size, content: .cover(subtitle: subtitle),
            notes: slide.notes, cited: [])
    }

    /// Continuations say so in their titles; the notes stay with the first.
    private func numbered(_ slide: Slide, _ layout: SlideLayout, _ parts: [(cited: [Int], content: SlidePage.Content)])
        -> [SlidePage]
    {
        parts.enumerated().map { index, part in
            let title = index == 0 ? slide.title : "\(slide.title) (\(index + 1))"
            return SlidePage(
                layout: layout, title: title,
                titleSize: fit.size(title, in: SlideGeometry.title, from: 28, to: 14, heading: true),
                content: part.content, notes: index == 0 ? slide.notes : nil,
                cited: Array(Set(part.cited)).sorted())
        }
    }

    private func columns(_ slide: Slide, _ left: SlideColumn, _ right: SlideColumn) -> [SlidePage] {
        let headed = left.heading != nil || right.heading != nil
        let frame = headed ? SlideGeometry.below(SlideGeometry.left) : SlideGeometry.left
        let (first, second) = (fit.pages(left.points, in: frame), fit.pages(right.points, in: frame))
        // Points stand no larger than the heading above them by much.
        let size = min(first.size, second.size, headed ? 18 : 24)
        let headings = headed ? [left.heading ?? "", right.heading ?? ""] : nil
        let count = max(first.pages.count, second.pages.count)
        let parts = (0..<count).map { index -> (cited: [Int], content: SlidePage.Content) in
            let one = first.pages.indices.contains(index) ? first.pages[index] : []
            let two = second.pages.indices.contains(index) ? second.pages[index] : []
            return (
                (one + two).compactMap(\.source),
                .columns(
                    left: .init(points: one, size: size), right: .init(points: two, size: size), headings: headings)
            )
        }
        return numbered(slide, headed ? .comparison : .twoContent, parts)
    }

    private func sources(_ slide: Slide) -> [SlidePage] {
        let points = deck.sources.map { Point(SlidePart.line($0).joined(separator: "  ")) }
        let found = fit.pages(points, in: SlideGeometry.body)
        var rest = deck.sources[...]
        var parts: [(cited: [Int], content: SlidePage.Content)] = []
        for page in found.pages {
            let here = Array(rest.prefix(page.count))
            rest = rest.dropFirst(page.count)
            if !here.isEmpty { parts.append(([], .sources(here, size: min(found.size, 18)))) }
        }
        return numbered(slide, .content, parts)
    }
}
