import DocumentModel

/// An operation in JSON: `{"op": "replace_text", "find": "{{name}}", "replace": "Ada"}`.
extension DeckOperation: Codable {
    private enum Kind: String, Codable, CaseIterable {
        case fill
        case replaceText = "replace_text"
        case chartData = "chart_data"
        case deleteSlide = "delete_slide"
        case moveSlide = "move_slide"
        case duplicateSlide = "duplicate_slide"
        case copySlides = "copy_slides"
        case setNotes = "set_notes"
    }

    private enum CodingKeys: String, CodingKey {
        case op, find, replace, slides, slide, placeholder, points, text, chart, categories, series, to, from, notes
        case ignoresCase = "ignore_case"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func slide() throws -> Int { try container.decode(Int.self, forKey: .slide) }
        let place = try container.decodeIfPresent(Int.self, forKey: .to)
        switch try container.decode(Kind.self, forKey: .op) {
        case .replaceText:
            self = .replaceText(
                find: try container.decode(String.self, forKey: .find),
                replacement: try container.decode(String.self, forKey: .replace),
                slides: try container.decodeIfPresent([Int].self, forKey: .slides),
                ignoresCase: try container.decodeIfPresent(Bool.self, forKey: .ignoresCase) ?? false)
        case .fill:
            let text = try container.decodeIfPresent(String.self, forKey: .text)
            let lines = try container.decodeIfPresent([Point].self, forKey: .points)
            self = .fill(
                slide: try slide(), placeholder: try container.decode(String.self, forKey: .placeholder),
                lines: lines ?? (text ?? "").split(separator: "\n").map { Point(String($0)) })
        case .chartData:
            self = .setChart(
                slide: try slide(), chart: try container.decodeIfPresent(Int.self, forKey: .chart) ?? 1,
                data: ChartData(
                    categories: try container.decodeIfPresent([String].self, forKey: .categories) ?? [],
                    series: try container.decode([Chart.Series].self, forKey: .series)))
        case .deleteSlide: self = .deleteSlide(try slide())
        case .moveSlide: self = .moveSlide(try slide(), to: try container.decode(Int.self, forKey: .to))
        case .duplicateSlide: self = .duplicateSlide(try slide(), to: place)
        case .copySlides:
            self = .copySlides(
                from: try container.decode(String.self, forKey: .from),
                slides: try container.decode([Int].self, forKey: .slides), to: place)
        case .setNotes:
            self = .setNotes(slide: try slide(), notes: try container.decode(String.self, forKey: .notes))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func begin(_ kind: Kind, slide: Int? = nil) throws {
            try container.encode(kind, forKey: .op)
            try container.encodeIfPresent(slide, forKey: .slide)
        }
        switch self {
        case .replaceText(let find, let replacement, let slides, let ignoresCase):
            try begin(.replaceText)
            try container.encode(find, forKey: .find)
            try container.encode(replacement, forKey: .replace)
            try container.encodeIfPresent(slides, forKey: .slides)
            try container.encode(ignoresCase, forKey: .ignoresCase)
        case .fill(let slide, let placeholder, let lines):
            try begin(.fill, slide: slide)
            try container.encode(placeholder, forKey: .placeholder)
            try container.encode(lines, forKey: .points)
        case .setChart(let slide, let chart, let data):
            try begin(.chartData, slide: slide)
            try container.encode(chart, forKey: .chart)
            try container.encode(data.categories, forKey: .categories)
            try container.encode(data.series, forKey: .series)
        case .deleteSlide(let slide): try begin(.deleteSlide, slide: slide)
        case .moveSlide(let slide, let place):
            try begin(.moveSlide, slide: slide)
            try container.encode(place, forKey: .to)
        case .duplicateSlide(let slide, let place):
            try begin(.duplicateSlide, slide: slide)
            try container.encodeIfPresent(place, forKey: .to)
        case .copySlides(let path, let slides, let place):
            try begin(.copySlides)
            try container.encode(path, forKey: .from)
            try container.encode(slides, forKey: .slides)
            try container.encodeIfPresent(place, forKey: .to)
        case .setNotes(let slide, let notes):
            try begin(.setNotes, slide: slide)
            try container.encode(notes, forKey: .notes)
        }
    }
}
