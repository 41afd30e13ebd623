import DocumentModel

/// The presentation: title, points, table, chart, pages, sources.
struct DeckComposer {
    private static let pointsPerSlide = 4
    /// A year by months.
    private static let tableRows = 12
    private static let tableColumns = 6
    /// Two lines of a slide's title.
    private static let titleCharacters = 100

    let composition: Composition

    func deck() -> Deck {
        let briefing = composition.briefing
        var slides = [titleSlide] + pointSlides
        if let facts = composition.facts {
            let table = facts.excerpt(rows: Self.tableRows, columns: Self.tableColumns)
            let notes = facts.sentences(atMost: 6).joined(separator: " ")
            // A table's caption is not shown on a slide: that rows are left out stands in the title.
            let whole = "\(facts.table.rows.count)\(facts.table.truncated ? "+" : "")"
            let isWhole = table.rows.count == facts.table.rows.count && !facts.table.truncated
            let title = isWhole ? "The figures" : "The figures: \(table.rows.count) of \(whole) rows"
            slides.append(Slide(.table(title: title, table: table), notes: notes))
        }
        if let plan = composition.plan {
            var chart = plan.chart
            // The slide has the title already.
            chart.title = nil
            slides.append(Slide(.chart(title: plan.title, chart: chart), notes: chart.altText))
        }
        for (image, title) in composition.screenshots {
            slides.append(Slide(.image(title: Clip.clip(title, to: Self.titleCharacters), image: image)))
        }
        slides += lossSlides
        if !briefing.sources.isEmpty { slides.append(Slide(.sources(title: "Sources"), notes: noteText)) }
        return Deck(
            title: briefing.title, author: composition.persona, sources: composition.sources, slides: slides)
    }

    private var noteText: String? {
        let notes = composition.briefing.notes
        return notes.isEmpty ? nil : notes.joined(separator: "\n")
    }

    private var titleSlide: Slide {
        Slide(
            .title(
                title: composition.briefing.title,
                subtitle: "\(composition.attribution). \(composition.authorship)."),
            notes: composition.briefing.summary.isEmpty ? nil : composition.briefing.summary)
    }

    private var pointSlides: [Slide] {
        let points = composition.briefing.points
        guard !points.isEmpty else {
            let text = composition.briefing.summary
            return [
                Slide(.bullets(title: "Key points", points: [Point(text.isEmpty ? "No points were found." : text)]))
            ]
        }
        let count = (points.count + Self.pointsPerSlide - 1) / Self.pointsPerSlide
        // Even slides: five points are three and two, not four and one.
        let size = (points.count + count - 1) / count
        return (0..<count).map { index in
            let part = points.dropFirst(index * size).prefix(size)
            let title = count == 1 ? "Key points" : "Key points (\(index + 1) of \(count))"
            return Slide(
                .bullets(title: title, points: part.map { Point($0.text, source: $0.source) }),
                notes: citations(part))
        }
    }

    private func citations(_ points: ArraySlice<Briefing.Point>) -> String {
        let cited = Set(points.map(\.source))
        return composition.briefing.sources.filter { cited.contains($0.number) }
            .map { "[\($0.number)] \($0.title) \($0.url)" }.joined(separator: "\n")
    }

    private var lossSlides: [Slide] {
        guard !composition.losses.isEmpty else { return [] }
        let points = composition.losses.prefix(8).map { Point("\($0.url): \($0.reason)") }
        return [Slide(.bullets(title: "What could not be read", points: points))]
    }
}
