/// A presentation, 16:9.
package struct Deck: Sendable, Hashable, Codable {
    package var title: String
    package var author: String
    /// BCP 47: `en`, `de-AT`, `ar`.
    package var language: String
    package var theme: Theme
    /// `nil`: by the language.
    package var direction: Direction?
    /// What stands at the foot of each slide; `nil` is the deck's title, an empty text nothing.
    package var footer: String?
    package var slideNumbers: Bool
    /// Between slides that name none of their own.
    package var transition: Transition
    /// What slides cite by number.
    package var sources: [Source]
    package var slides: [Slide]

    package init(
        title: String, author: String, language: String = "en", theme: Theme = .light, direction: Direction? = nil,
        footer: String? = nil, slideNumbers: Bool = true, transition: Transition = .none, sources: [Source] = [],
        slides: [Slide]
    ) {
        self.title = title
        self.author = author
        self.language = language
        self.theme = theme
        self.direction = direction
        self.footer = footer
        self.slideNumbers = slideNumbers
        self.transition = transition
        self.sources = sources
        self.slides = slides
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = try container.decode(String.self, forKey: .title)
        author = try container.decodeIfPresent(String.self, forKey: .author) ?? ""
        language = try container.decodeIfPresent(String.self, forKey: .language) ?? "en"
        theme = try container.decodeIfPresent(Theme.self, forKey: .theme) ?? .light
        direction = try container.decodeIfPresent(Direction.self, forKey: .direction)
        footer = try container.decodeIfPresent(String.self, forKey: .footer)
        slideNumbers = try container.decodeIfPresent(Bool.self, forKey: .slideNumbers) ?? true
        transition = try container.decodeIfPresent(Transition.self, forKey: .transition) ?? .none
        sources = try container.decodeIfPresent([Source].self, forKey: .sources) ?? []
        slides = try container.decode([Slide].self, forKey: .slides)
    }

    enum CodingKeys: String, CodingKey {
        case title, author, language, theme, direction, footer, transition, sources, slides
        case slideNumbers = "slide_numbers"
    }

    /// Languages that are written from right to left, by their subtags.
    private static let rightToLeft: Set<String> = ["ar", "he", "iw", "fa", "ur", "yi", "ps", "sd", "ug", "dv", "ckb"]

    package var isRightToLeft: Bool {
        if let direction { return direction == .rightToLeft }
        let subtags = language.lowercased().split(whereSeparator: { $0 == "-" || $0 == "_" })
        return subtags.first.map { Self.rightToLeft.contains(String($0)) } ?? false
    }

    /// Everything that is wrong; empty means the deck can be written.
    package func validate() -> [DocumentFault] {
        var inspection = DocumentInspection()
        inspection.text(title, "title", limit: DocumentLimits.title, required: true)
        inspection.text(author, "author", limit: DocumentLimits.title)
        inspection.text(language, "language", limit: 35, required: true)
        inspection.text(footer, "footer", limit: DocumentLimits.title)
        inspection.within("theme", theme.inspect)
        Source.inspect(sources, &inspection)
        inspection.count(slides.count, "slides", in: 1...DocumentLimits.slides)
        let numbers = Set(sources.map(\.number))
        inspection.each("slides", slides) { $0.inspect(&$1, sources: numbers) }
        return inspection.faults
    }
}

package enum Direction: String, Sendable, Hashable, Codable, CaseIterable {
    case leftToRight = "ltr"
    case rightToLeft = "rtl"
}

/// How a slide comes in.
package enum Transition: String, Sendable, Hashable, Codable, CaseIterable {
    case none, fade, push, wipe, split
}

/// One line of a slide.
package struct Point: Sendable, Hashable, Codable {
    package var text: String
    /// A few words before the text that are set off.
    package var lead: String?
    /// Number of the source it comes from.
    package var source: Int?
    /// 0 to 2; `nil` is 0.
    package var level: Int?
    /// Where the text leads: `http`, `https` or `mailto`.
    package var link: String?

    package init(_ text: String, lead: String? = nil, source: Int? = nil, level: Int? = nil, link: String? = nil) {
        self.text = text
        self.lead = lead
        self.source = source
        self.level = level
        self.link = link
    }

    enum CodingKeys: String, CodingKey { case text, lead, source, level, link }
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
                (0...2).contains(point.level ?? 0), "out_of_range", "Levels are 0 to 2.", at: "level")
            inspection.text(point.lead, "lead", limit: DocumentLimits.title)
            inspection.text(point.link, "link", limit: DocumentLimits.line)
            inspection.require(
                point.link.map(Source.isLink) ?? true, "link", "A link is http, https or mailto.", at: "link")
            Source.inspect(reference: point.source, &inspection, among: sources)
        }
    }
}
