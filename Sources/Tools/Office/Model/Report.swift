/// A printed document of a few pages.
package struct Report: Sendable, Hashable, Codable {
    package var title: String
    package var subtitle: String?
    package var author: String
    /// BCP 47.
    package var language: String
    /// As shown under the title, already in the reader's language.
    package var date: String?
    package var theme: Theme
    /// What paragraphs cite inline as `[n]`.
    package var sources: [Source]
    package var blocks: [Block]

    package init(
        title: String, subtitle: String? = nil, author: String, language: String = "en", date: String? = nil,
        theme: Theme = .light, sources: [Source] = [], blocks: [Block]
    ) {
        self.title = title
        self.subtitle = subtitle
        self.author = author
        self.language = language
        self.date = date
        self.theme = theme
        self.sources = sources
        self.blocks = blocks
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = try container.decode(String.self, forKey: .title)
        subtitle = try container.decodeIfPresent(String.self, forKey: .subtitle)
        author = try container.decodeIfPresent(String.self, forKey: .author) ?? ""
        language = try container.decodeIfPresent(String.self, forKey: .language) ?? "en"
        date = try container.decodeIfPresent(String.self, forKey: .date)
        theme = try container.decodeIfPresent(Theme.self, forKey: .theme) ?? .light
        sources = try container.decodeIfPresent([Source].self, forKey: .sources) ?? []
        blocks = try container.decode([Block].self, forKey: .blocks)
    }

    enum CodingKeys: String, CodingKey { case title, subtitle, author, language, date, theme, sources, blocks }

    /// Everything that is wrong; empty means the report can be written.
    package func validate() -> [DocumentFault] {
        var inspection = DocumentInspection()
        inspection.text(title, "title", limit: DocumentLimits.title, required: true)
        inspection.text(subtitle, "subtitle", limit: DocumentLimits.line)
        inspection.text(author, "author", limit: DocumentLimits.title)
        inspection.text(date, "date", limit: DocumentLimits.title)
        inspection.text(language, "language", limit: 35, required: true)
        inspection.within("theme", theme.inspect)
        Source.inspect(sources, &inspection)
        inspection.count(blocks.count, "blocks", in: 1...DocumentLimits.blocks)
        let numbers = Set(sources.map(\.number))
        inspection.each("blocks", blocks) { $0.inspect(&$1, sources: numbers) }
        return inspection.faults
    }
}

/// A part of a report. Text cites a source inline as `[n]`.
package enum Block: Sendable, Hashable {
    /// Level 1 to 3.
    case heading(level: Int, text: String)
    case paragraph(String)
    case bullets([String])
    case numbered([String])
    case table(Table)
    case chart(Chart)
    case image(Image)
    /// The report's sources, numbered and linked.
    case sources(heading: String?)
    /// A callout: how the report was made, what is missing.
    case note(String)
    case pageBreak

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        switch self {
        case .heading(let level, let text):
            inspection.require((1...3).contains(level), "out_of_range", "Levels are 1 to 3.", at: "level")
            inspection.text(text, "text", limit: DocumentLimits.title, required: true)
        case .paragraph(let text), .note(let text):
            inspection.text(text, "text", limit: DocumentLimits.paragraph, required: true)
        case .bullets(let items), .numbered(let items):
            inspection.count(items.count, "items", in: 1...DocumentLimits.blocks)
            inspection.each("items", items) { item, inspection in
                inspection.require(
                    item.utf16.count <= DocumentLimits.paragraph, "too_long", "The item's text is too long.")
            }
        case .table(let table): inspection.within("table", table.inspect)
        case .chart(let chart): inspection.within("chart", chart.inspect)
        case .image(let image): inspection.within("image") { image.inspect(&$0, sources: sources) }
        case .sources(let heading): inspection.text(heading, "heading", limit: DocumentLimits.title)
        case .pageBreak: break
        }
    }
}

/// A block in JSON: `{"type": "paragraph", "text": "Rain fell [1]."}`.
extension Block: Codable {
    private enum Kind: String, Codable, CaseIterable {
        case heading, paragraph, bullets, numbered, table, chart, image, sources, note
        case pageBreak = "page_break"
    }

    private enum CodingKeys: String, CodingKey { case type, level, text, items, table, chart, image, heading }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .type) {
        case .heading:
            self = .heading(
                level: try container.decodeIfPresent(Int.self, forKey: .level) ?? 1,
                text: try container.decode(String.self, forKey: .text))
        case .paragraph: self = .paragraph(try container.decode(String.self, forKey: .text))
        case .note: self = .note(try container.decode(String.self, forKey: .text))
        case .bullets: self = .bullets(try container.decode([String].self, forKey: .items))
        case .numbered: self = .numbered(try container.decode([String].self, forKey: .items))
        case .table: self = .table(try container.decode(Table.self, forKey: .table))
        case .chart: self = .chart(try container.decode(Chart.self, forKey: .chart))
        case .image: self = .image(try container.decode(Image.self, forKey: .image))
        case .sources: self = .sources(heading: try container.decodeIfPresent(String.self, forKey: .heading))
        case .pageBreak: self = .pageBreak
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .type)
        switch self {
        case .heading(let level, let text):
            try container.encode(level, forKey: .level)
            try container.encode(text, forKey: .text)
        case .paragraph(let text), .note(let text): try container.encode(text, forKey: .text)
        case .bullets(let items), .numbered(let items): try container.encode(items, forKey: .items)
        case .table(let table): try container.encode(table, forKey: .table)
        case .chart(let chart): try container.encode(chart, forKey: .chart)
        case .image(let image): try container.encode(image, forKey: .image)
        case .sources(let heading): try container.encodeIfPresent(heading, forKey: .heading)
        case .pageBreak: break
        }
    }

    private var kind: Kind {
        switch self {
        case .heading: .heading
        case .paragraph: .paragraph
        case .bullets: .bullets
        case .numbered: .numbered
        case .table: .table
        case .chart: .chart
        case .image: .image
        case .sources: .sources
        case .note: .note
        case .pageBreak: .pageBreak
        }
    }
}
