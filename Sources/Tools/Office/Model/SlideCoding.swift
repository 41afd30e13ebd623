/// A slide in JSON: `{"type": "bullets", "title": …, "points": […], "notes": …}`.
extension Slide: Codable {
    private enum Kind: String, Codable, CaseIterable {
        case title, section, bullets, table, chart, image, sources, closing
        case twoColumns = "two_columns"
    }

    private enum CodingKeys: String, CodingKey {
        case type, title, subtitle, points, left, right, table, chart, image, notes
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        notes = try container.decodeIfPresent(String.self, forKey: .notes)
        let title = try container.decode(String.self, forKey: .title)
        let subtitle = try container.decodeIfPresent(String.self, forKey: .subtitle)
        switch try container.decode(Kind.self, forKey: .type) {
        case .title: content = .title(title: title, subtitle: subtitle)
        case .section: content = .section(title: title, subtitle: subtitle)
        case .closing: content = .closing(title: title, subtitle: subtitle)
        case .sources: content = .sources(title: title)
        case .bullets: content = .bullets(title: title, points: try container.decode([Point].self, forKey: .points))
        case .twoColumns:
            content = .twoColumns(
                title: title, left: try container.decode(SlideColumn.self, forKey: .left),
                right: try container.decode(SlideColumn.self, forKey: .right))
        case .table: content = .table(title: title, table: try container.decode(Table.self, forKey: .table))
        case .chart: content = .chart(title: title, chart: try container.decode(Chart.self, forKey: .chart))
        case .image: content = .image(title: title, image: try container.decode(Image.self, forKey: .image))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(title, forKey: .title)
        try container.encodeIfPresent(notes, forKey: .notes)
        switch content {
        case .title(_, let subtitle):
            try container.encode(Kind.title, forKey: .type)
            try container.encodeIfPresent(subtitle, forKey: .subtitle)
        case .section(_, let subtitle):
            try container.encode(Kind.section, forKey: .type)
            try container.encodeIfPresent(subtitle, forKey: .subtitle)
        case .closing(_, let subtitle):
            try container.encode(Kind.closing, forKey: .type)
            try container.encodeIfPresent(subtitle, forKey: .subtitle)
        case .sources:
            try container.encode(Kind.sources, forKey: .type)
        case .bullets(_, let points):
            try container.encode(Kind.bullets, forKey: .type)
            try container.encode(points, forKey: .points)
        case .twoColumns(_, let left, let right):
            try container.encode(Kind.twoColumns, forKey: .type)
            try container.encode(left, forKey: .left)
            try container.encode(right, forKey: .right)
        case .table(_, let table):
            try container.encode(Kind.table, forKey: .type)
            try container.encode(table, forKey: .table)
        case .chart(_, let chart):
            try container.encode(Kind.chart, forKey: .type)
            try container.encode(chart, forKey: .chart)
        case .image(_, let image):
            try container.encode(Kind.image, forKey: .type)
            try container.encode(image, forKey: .image)
        }
    }
}
