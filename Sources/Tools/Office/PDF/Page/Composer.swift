import DocumentModel

/// Lays a report out on pages, top to bottom, and draws it where the canvas draws.
final class Composer {
    let report: Report
    let typesetter: Typesetter
    let canvas: Canvas
    let shelf: PictureShelf
    let styles: Styles
    let citations: Citations
    let numbers: NumberText
    let paper: Paper
    private let options: PDFOptions
    private let totalPages: Int?

    /// From 1.
    private(set) var page = 1
    /// Where the next line begins.
    var y: Double
    /// Alternative texts of the figures drawn so far.
    var figures: [String] = []
    var headingParents: [Int32] = []
    /// The headings met so far, for the table of contents.
    var headings: [ContentsEntry] = []
    /// All headings with their pages, where a pass before this one has found them.
    let contents: [ContentsEntry]
    let footnotes: [Footnote]
    var notes = PageNotes()
    var noteBlocks: [Int: TextBlock] = [:]
    var hasListedSources = false

    /// Margins, in points: 22 mm at the sides leave lines of about 85 characters.
    let left = 62.0
    let top = 62.0
    var right: Double { paper.width - left }
    var bottom: Double { paper.height - 68 - notes.height }
    var width: Double { right - left }
    var isAtTop: Bool { y <= top + 0.01 }
    var room: Double { bottom - y }

    init(
        _ report: Report, _ paper: Paper, _ options: PDFOptions, _ typesetter: Typesetter, _ canvas: Canvas,
        _ shelf: PictureShelf, totalPages: Int?, contents: [ContentsEntry] = []
    ) {
        self.report = report
        self.paper = paper
        self.options = options
        self.typesetter = typesetter
        self.canvas = canvas
        self.shelf = shelf
        self.totalPages = totalPages
        self.contents = contents
        footnotes = report.numberedFootnotes
        styles = Styles(report.theme)
        citations = Citations(report)
        numbers = NumberText(language: report.language)
        y = top
    }

    func compose() throws {
        canvas.begin("Document")
        startPage()
        composeTitle()
        for (index, block) in report.blocks.enumerated() { try compose(block, at: index) }
        while !notes.waiting.isEmpty { try breakPage() }
        finishPage()
        canvas.end("Document")
    }

    private func compose(_ block: Block, at index: Int) throws {
        try checkTime()
        switch block {
        case .heading(let level, let text):
            try composeHeading(text, level: level, following: report.blocks[(index + 1)...])
        case .paragraph(let text): try composeParagraph(text)
        case .bullets(let items): try composeList(items) { _ in "•" }
        case .numbered(let items): try composeList(items) { "\($0 + 1)." }
        case .table(let table): try composeTable(table)
        case .chart(let chart): try composeChart(chart)
        case .image(let image): try composeImage(image)
        case .sources(let heading): try composeSources(heading)
        case .note(let text): try composeNote(text)
        case .pageBreak: if !isAtTop { try breakPage() }
        case .contents(let heading): try composeContents(heading)
        }
    }

    func breakPage() throws {
        finishPage()
        try checkTime()
        guard page < options.maximumPages else {
            throw PDFError(.tooManyPages, "The report needs more than \(options.maximumPages) pages; shorten it.")
        }
        page += 1
        notes.turn(room: paper.height - 68 - top, self)
        startPage()
    }

    func checkTime() throws {
        guard let deadline = options.deadline, deadline <= .now else { return }
        throw PDFError(.outOfTime, "The report was not printed in time; it stopped on page \(page). Shorten it.")
    }

    /// Leaves `height` before the next block, but not at the top of a page.
    func space(_ height: Double) { if !isAtTop { y += height } }

    /// Turns the page unless `height` fits.
    func reserve(_ height: Double) throws { if height > room, !isAtTop { try breakPage() } }

    private func startPage() {
        y = top
        canvas.fill(Box(x: 0, y: 0, width: paper.width, height: paper.height), styles.background)
    }

    /// The footer lies outside every element: an artifact, not content.
    private func finishPage() {
        drawNotes()
        if canvas.isDrawing {
            let line = paper.height - 46
            canvas.rule(left, line, to: right, line, styles.hairline)
            let title = typesetter.set(report.title.printable, styles.label, width: width - 70, maximumLines: 1)
            canvas.label(title, x: title.isRightToLeft ? left + 70 : left, y: line + 8, styles.muted)
            let number = typesetter.set("\(page) / \(totalPages ?? page)", styles.label, width: nil)
            let isMirrored = title.isRightToLeft
            canvas.label(number, x: isMirrored ? left : right - number.width, y: line + 8, styles.muted)
        }
        canvas.showPage()
    }
}
