/// A slide: its content and what its speaker says.
package struct Slide: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case title(title: String, subtitle: String?)
        case section(title: String, subtitle: String?)
        case bullets(title: String, points: [Point])
        case twoColumns(title: String, left: SlideColumn, right: SlideColumn)
        /// Two cards side by side, and what follows from them.
        case comparison(title: String, left: SlideColumn, right: SlideColumn)
        case quote(title: String, quote: Quote)
        /// One to four figures, large.
        case bigNumber(title: String, numbers: [Figure])
        case diagram(title: String, diagram: Diagram)
        case table(title: String, table: Table)
        case chart(title: String, chart: Chart)
        case image(title: String, image: Image)
        /// The deck's sources, with links.
        case sources(title: String)
        case closing(title: String, subtitle: String?)
    }

    package var content: Content
    /// Speaker notes.
    package var notes: String?
    /// A word or two above the title: the chapter, the date.
    package var kicker: String?
    /// The one sentence to remember, set off below the content. Not upon covers, quotes and sources.
    package var takeaway: String?
    /// `nil`: the deck's.
    package var transition: Transition?

    package init(
        _ content: Content, notes: String? = nil, kicker: String? = nil, takeaway: String? = nil,
        transition: Transition? = nil
    ) {
        self.content = content
        self.notes = notes
        self.kicker = kicker
        self.takeaway = takeaway
        self.transition = transition
    }

    package var title: String {
        switch content {
        case .title(let title, _), .section(let title, _), .bullets(let title, _), .twoColumns(let title, _, _),
            .comparison(let title, _, _), .quote(let title, _), .bigNumber(let title, _), .diagram(let title, _),
            .table(let title, _), .chart(let title, _), .image(let title, _), .sources(let title),
            .closing(let title, _):
            title
        }
    }

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.text(title, "title", limit: DocumentLimits.title, required: true)
        inspection.text(notes, "notes", limit: DocumentLimits.paragraph)
        inspection.text(kicker, "kicker", limit: DocumentLimits.title)
        inspection.text(takeaway, "takeaway", limit: DocumentLimits.title)
        switch content {
        case .title(_, let subtitle), .section(_, let subtitle), .closing(_, let subtitle):
            inspection.text(subtitle, "subtitle", limit: DocumentLimits.line)
        case .bullets(_, let points):
            Point.inspect(points, &inspection, sources: sources)
        case .twoColumns(_, let left, let right), .comparison(_, let left, let right):
            inspection.within("left") { left.inspect(&$0, sources: sources) }
            inspection.within("right") { right.inspect(&$0, sources: sources) }
        case .quote(_, let quote):
            inspection.within("quote") { quote.inspect(&$0, sources: sources) }
        case .bigNumber(_, let numbers):
            inspection.count(numbers.count, "numbers", in: 1...DocumentLimits.figures)
            inspection.each("numbers", numbers) { $0.inspect(&$1, sources: sources) }
        case .diagram(_, let diagram):
            inspection.within("diagram", diagram.inspect)
        case .table(_, let table):
            inspection.within("table", table.inspect)
        case .chart(_, let chart):
            inspection.within("chart", chart.inspect)
        case .image(_, let image):
            inspection.within("image") { image.inspect(&$0, sources: sources) }
        case .sources:
            inspection.require(!sources.isEmpty, "no_sources", "The deck has no sources to show.")
        }
    }
}

/// Words of somebody.
package struct Quote: Sendable, Hashable, Codable {
    package var text: String
    /// Who said it.
    package var attribution: String?
    /// What that person is.
    package var role: String?
    package var source: Int?

    package init(_ text: String, attribution: String? = nil, role: String? = nil, source: Int? = nil) {
        self.text = text
        self.attribution = attribution
        self.role = role
        self.source = source
    }

    enum CodingKeys: String, CodingKey { case text, attribution, role, source }

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.text(text, "text", limit: DocumentLimits.line, required: true)
        inspection.text(attribution, "attribution", limit: DocumentLimits.title)
        inspection.text(role, "role", limit: DocumentLimits.title)
        Source.inspect(reference: source, &inspection, among: sources)
    }
}

/// A number that is shown large: `38 %`, `€ 4.2 m`.
package struct Figure: Sendable, Hashable, Codable {
    package var value: String
    package var label: String
    package var detail: String?
    package var source: Int?

    package init(_ value: String, label: String, detail: String? = nil, source: Int? = nil) {
        self.value = value
        self.label = label
        self.detail = detail
        self.source = source
    }

    enum CodingKeys: String, CodingKey { case value, label, detail, source }

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.text(value, "value", limit: DocumentLimits.figure, required: true)
        inspection.text(label, "label", limit: DocumentLimits.title, required: true)
        inspection.text(detail, "detail", limit: DocumentLimits.title)
        Source.inspect(reference: source, &inspection, among: sources)
    }
}
