/// A slide in JSON: `{"type": "bullets", "title": …, "points": […], "notes": …}`.
extension Slide: Codable {
    fileprivate enum Kind: String, Codable, CaseIterable {
        case title, section, bullets, comparison, quote, diagram, table, chart, image, sources, closing
        case twoColumns = "two_columns"
        case bigNumber = "big_number"
    }

    fileprivate enum CodingKeys: String, CodingKey {
        case type, title, subtitle, points, left, right, quote, numbers, diagram, table, chart, image, notes, kicker
        case takeaway, transition
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        notes = try container.decodeIfPresent(String.self, forKey: .notes)
        kicker = try container.decodeIfPresent(String.self, forKey: .kicker)
        takeaway = try container.decodeIfPresent(String.self, forKey: .takeaway)
        transition = try container.decodeIfPresent(Transition.self, forKey: .transition)
        content = try Content(from: container)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(content.kind, forKey: .type)
        try container.encode(title, forKey: .title)
        try container.encodeIfPresent(notes, forKey: .notes)
        try container.encodeIfPresent(kicker, forKey: .kicker)
        try container.encodeIfPresent(takeaway, forKey: .takeaway)
        try container.encodeIfPresent(transition, forKey: .transition)
        try content.encode(to: &container)
    }
}

extension Slide.Content {
    fileprivate init(from container: KeyedDecodingContainer<Slide.CodingKeys>) throws {
        func value<Value: Decodable>(_ key: Slide.CodingKeys) throws -> Value {
            try container.decode(Value.self, forKey: key)
        }
        let title: String = try value(.title)
        let subtitle = try container.decodeIfPresent(String.self, forKey: .subtitle)
        self =
            switch try value(.type) as Slide.Kind {
            case .title: .title(title: title, subtitle: subtitle)
            case .section: .section(title: title, subtitle: subtitle)
            case .closing: .closing(title: title, subtitle: subtitle)
            case .sources: .sources(title: title)
            case .bullets: .bullets(title: title, points: try value(.points))
            case .twoColumns: .twoColumns(title: title, left: try value(.left), right: try value(.right))
            case .comparison: .comparison(title: title, left: try value(.left), right: try value(.right))
            case .quote: .quote(title: title, quote: try value(.quote))
            case .bigNumber: .bigNumber(title: title, numbers: try value(.numbers))
            case .diagram: .diagram(title: title, diagram: try value(.diagram))
            case .table: .table(title: title, table: try value(.table))
            case .chart: .chart(title: title, chart: try value(.chart))
            case .image: .image(title: title, image: try value(.image))
            }
    }

    fileprivate var kind: Slide.Kind {
        switch self {
        case .title: .title
        case .section: .section
        case .closing: .closing
        case .sources: .sources
        case .bullets: .bullets
        case .twoColumns: .twoColumns
        case .comparison: .comparison
        case .quote: .quote
        case .bigNumber: .bigNumber
        case .diagram: .diagram
        case .table: .table
        case .chart: .chart
        case .image: .image
        }
    }

    fileprivate func encode(to container: inout KeyedEncodingContainer<Slide.CodingKeys>) throws {
        switch self {
        case .title(_, let subtitle), .section(_, let subtitle), .closing(_, let subtitle):
            try container.encodeIfPresent(subtitle, forKey: .subtitle)
        case .sources: break
        case .bullets(_, let points): try container.encode(points, forKey: .points)
        case .twoColumns(_, let left, let right), .comparison(_, let left, let right):
            try container.encode(left, forKey: .left)
            try container.encode(right, forKey: .right)
        case .quote(_, let quote): try container.encode(quote, forKey: .quote)
        case .bigNumber(_, let numbers): try container.encode(numbers, forKey: .numbers)
        case .diagram(_, let diagram): try container.encode(diagram, forKey: .diagram)
        case .table(_, let table): try container.encode(table, forKey: .table)
        case .chart(_, let chart): try container.encode(chart, forKey: .chart)
        case .image(_, let image): try container.encode(image, forKey: .image)
        }
    }
}
