/// A presentation, 16:9.
package struct Deck: Sendable, Hashable, Codable {
    package var title: String
    package var author: String
    /// BCP 47: `en`, `de-AT`, `ar`.
    package var language: String
    package var theme: Theme
    /// What slides cite by number.
    package var sources: [Source]
    package var slides: [Slide]

    package init(
        title: String, author: String, language: String = "en", theme: Theme = .light, sources: [Source] = [],
        slides: [Slide]
    ) {
        self.title = title
        self.author = author
        self.language = language
        self.theme = theme
        self.sources = sources
        self.slides = slides
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = try container.decode(String.self, forKey: .title)
        author = try container.decodeIfPresent(String.self, forKey: .author) ?? ""
        language = try container.decodeIfPresent(String.self, forKey: .language) ?? "en"
        theme = try container.decodeIfPresent(Theme.self, forKey: .theme) ?? .light
        sources = try container.decodeIfPresent([Source].self, forKey: .sources) ?? []
        slides = try container.decode([Slide].self, forKey: .slides)
    }

    enum CodingKeys: String, CodingKey { case title, author, language, theme, sources, slides }

    /// Everything that is wrong; empty means the deck can be written.
    package func validate() -> [DocumentFault] {
        var inspection = DocumentInspection()
        inspection.text(title, "title", limit: DocumentLimits.title, required: true)
        inspection.text(author, "author", limit: DocumentLimits.title)
        inspection.text(language, "language", limit: 35, required: true)
        inspection.within("theme", theme.inspect)
        Source.inspect(sources, &inspection)
        inspection.count(slides.count, "slides", in: 1...DocumentLimits.slides)
        let numbers = Set(sources.map(\.number))
        inspection.each("slides", slides) { $0.inspect(&$1, sources: numbers) }
        return inspection.faults
    }
}

/// One line of a slide.
package struct Point: Sendable, Hashable, Codable {
    package var text: String
    /// Number of the source it comes from.
    package var source: Int?
    /// 0 or 1; `nil` is 0.
    package var level: Int?

    package init(_ text: String, source: Int? = nil, level: Int? = nil) {
        self.text = text
        self.source = source
        self.level = level
    }

    enum CodingKeys: String, CodingKey { case text, source, level }
}

/// A slide: its content and what its speaker says.
package struct Slide: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case title(title: String, subtitle: String?)
        case section(title: String, subtitle: String?)
        case bullets(title: String, points: [Point])
        case twoColumns(title: String, left: SlideColumn, right: SlideColumn)
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

    package init(_ content: Content, notes: String? = nil) {
        self.content = content
        self.notes = notes
    }

    package var title: String {
        switch content {
        case .title(let title, _), .section(let title, _), .bullets(let title, _), .twoColumns(let title, _, _),
            .table(let title, _), .chart(let title, _), .image(let title, _), .sources(let title),
            .closing(let title, _):
            title
        }
    }

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.text(title, "title", limit: DocumentLimits.title, required: true)
        inspection.text(notes, "notes", limit: DocumentLimits.paragraph)
        switch content {
        case .title(_, let subtitle), .section(_, let subtitle), .closing(_, let subtitle):
            inspection.text(subtitle, "subtitle", limit: DocumentLimits.line)
        case .bullets(_, let points):
            Point.inspect(points, &inspection, sources: sources)
        case .twoColumns(_, let left, let right):
            inspection.within("left") { left.inspect(&$0, sources: sources) }
            inspection.within("right") { right.inspect(&$0, sources: sources) }
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

/// One half of a slide with two columns.
package struct SlideColumn: Sendable, Hashable, Codable {
    package var heading: String?
    package var points: [Point]

    package init(heading: String? = nil, points: [Point]) {
        self.heading = heading
        self.points = points
    }

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.text(heading, "heading", limit: DocumentLimits.title)
        Point.inspect(points, &inspection, sources: sources)
    }
}

extension Point {
    static func inspect(_ points: [Point], _ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.count(points.count, "points", in: 1...DocumentLimits.points)
        inspection.each("points", points) { point, inspection in
            inspection.text(point.text, "text", limit: DocumentLimits.line, required: true)
            inspection.require(
                (0...1).contains(point.level ?? 0), "out_of_range", "Levels are 0 and 1.", at: "level")
            if let source = point.source {
                inspection.require(
                    sources.contains(source), "unknown_source", "There is no source \(source).", at: "source")
            }
        }
    }
}
