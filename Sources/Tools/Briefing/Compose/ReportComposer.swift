import DocumentModel

/// The printed report of one or two pages.
struct ReportComposer {
    private static let tableRows = 8
    private static let tableColumns = 6

    let composition: Composition

    func report() -> Report {
        let briefing = composition.briefing
        var blocks: [Block] = []
        if !briefing.summary.isEmpty { blocks.append(.paragraph(briefing.summary)) }
        if !briefing.points.isEmpty {
            blocks.append(.heading(level: 1, text: "Key points"))
            blocks.append(.numbered(briefing.points.map { "\($0.text) [\($0.source)]" }))
        }
        if let facts = composition.facts {
            blocks.append(.heading(level: 1, text: "The figures"))
            // What the summary says already is not said again.
            let sentences = facts.sentences(atMost: 5).filter { !briefing.summary.contains($0) }
            if !sentences.isEmpty { blocks.append(.paragraph(sentences.joined(separator: " "))) }
            if let plan = composition.plan { blocks.append(.chart(plan.chart)) }
            blocks.append(.table(facts.excerpt(rows: Self.tableRows, columns: Self.tableColumns)))
        }
        if !briefing.sources.isEmpty { blocks.append(.sources(heading: "Sources")) }
        if let lossText { blocks.append(.note(lossText)) }
        if !briefing.notes.isEmpty { blocks.append(.note(briefing.notes.joined(separator: " "))) }
        if blocks.isEmpty { blocks.append(.paragraph("There was nothing to report.")) }
        return Report(
            title: briefing.title, subtitle: subtitle, author: author, date: composition.date,
            sources: composition.sources, blocks: blocks)
    }

    private var author: String {
        [composition.persona, composition.organisation].compactMap { $0 }.joined(separator: ", ")
    }

    /// Author and date stand in a line of their own.
    private var subtitle: String {
        (composition.sender.map { "Prepared for \($0). " } ?? "") + "\(composition.authorship)."
    }

    private var lossText: String? {
        guard !composition.losses.isEmpty else { return nil }
        let items = composition.losses.map { "\($0.url) (\($0.reason))" }
        return "What could not be read: " + items.joined(separator: "; ") + "."
    }
}
