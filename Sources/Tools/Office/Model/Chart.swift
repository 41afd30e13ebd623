/// A chart of a slide or a report, with its data.
package struct Chart: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Horizontal bars; `column` stands upright.
        case bar
        case column, line, area, pie, doughnut, scatter
        /// Columns with lines over them; each series says which it is.
        case combined

        /// Whether it shows shares of one whole.
        package var isRound: Bool { self == .pie || self == .doughnut }
    }

    package struct Series: Sendable, Hashable, Codable {
        package var name: String
        /// One for each category; `nil` leaves a gap.
        package var values: [Double?]
        /// Scatter only: the abscissa of each value.
        package var x: [Double]?
        /// Combined only: `column`, `line` or `area`; `nil` is a line for the last of several series, else columns.
        package var kind: Kind?
        /// Combined only: drawn against a second axis at the far side.
        package var secondaryAxis: Bool?

        package init(
            name: String, values: [Double?], x: [Double]? = nil, kind: Kind? = nil, secondaryAxis: Bool? = nil
        ) {
            self.name = name
            self.values = values
            self.x = x
            self.kind = kind
            self.secondaryAxis = secondaryAxis
        }

        enum CodingKeys: String, CodingKey {
            case name, values, x, kind
            case secondaryAxis = "secondary_axis"
        }
    }

    package var kind: Kind
    package var title: String?
    /// Empty for a scatter chart.
    package var categories: [String]
    package var series: [Series]
    package var categoryAxisTitle: String?
    package var valueAxisTitle: String?
    /// An Excel number format such as `#,##0`.
    package var numberFormat: String?
    /// Bars, columns and areas upon each other instead of beside.
    package var stacked: Bool?
    /// What the chart shows, for those who cannot see it; `nil`: made from title and series.
    package var altText: String?

    package init(
        kind: Kind, title: String? = nil, categories: [String], series: [Series], categoryAxisTitle: String? = nil,
        valueAxisTitle: String? = nil, numberFormat: String? = nil, stacked: Bool? = nil, altText: String? = nil
    ) {
        self.kind = kind
        self.title = title
        self.categories = categories
        self.series = series
        self.categoryAxisTitle = categoryAxisTitle
        self.valueAxisTitle = valueAxisTitle
        self.numberFormat = numberFormat
        self.stacked = stacked
        self.altText = altText
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decode(Kind.self, forKey: .kind)
        title = try container.decodeIfPresent(String.self, forKey: .title)
        categories = try container.decodeIfPresent([String].self, forKey: .categories) ?? []
        series = try container.decode([Series].self, forKey: .series)
        categoryAxisTitle = try container.decodeIfPresent(String.self, forKey: .categoryAxisTitle)
        valueAxisTitle = try container.decodeIfPresent(String.self, forKey: .valueAxisTitle)
        numberFormat = try container.decodeIfPresent(String.self, forKey: .numberFormat)
        stacked = try container.decodeIfPresent(Bool.self, forKey: .stacked)
        altText = try container.decodeIfPresent(String.self, forKey: .altText)
    }

    enum CodingKeys: String, CodingKey {
        case kind, title, categories, series, stacked
        case categoryAxisTitle = "category_axis_title"
        case valueAxisTitle = "value_axis_title"
        case numberFormat = "number_format"
        case altText = "alt_text"
    }

    /// How a series of a combined chart is drawn: `column`, `line` or `area`.
    package func drawnKind(ofSeries index: Int) -> Kind {
        guard kind == .combined, series.indices.contains(index) else { return kind }
        return series[index].kind ?? (index > 0 && index == series.count - 1 ? .line : .column)
    }

    package func validate() -> [DocumentFault] {
        var inspection = DocumentInspection()
        inspect(&inspection)
        return inspection.faults
    }

    func inspect(_ inspection: inout DocumentInspection) {
        inspection.text(title, "title", limit: DocumentLimits.title)
        inspection.text(categoryAxisTitle, "category_axis_title", limit: DocumentLimits.title)
        inspection.text(valueAxisTitle, "value_axis_title", limit: DocumentLimits.title)
        inspection.text(numberFormat, "number_format", limit: DocumentLimits.title)
        inspection.text(altText, "alt_text", limit: DocumentLimits.line)
        inspection.count(series.count, "series", in: 1...DocumentLimits.series)
        if kind != .scatter {
            inspection.count(categories.count, "categories", in: 1...DocumentLimits.categories)
        }
        inspection.each("categories", categories) { category, inspection in
            inspection.require(
                category.utf16.count <= DocumentLimits.title, "too_long", "The category's name is too long.")
        }
        inspection.each("series", series) { series, inspection in
            inspection.text(series.name, "name", limit: DocumentLimits.title)
            inspection.count(series.values.count, "values", in: 1...DocumentLimits.categories)
            inspection.require(
                series.kind.map { [.column, .line, .area].contains($0) } ?? true, "series_kind",
                "A series is drawn as column, line or area.", at: "kind")
            let wanted = kind == .scatter ? series.x?.count ?? 0 : categories.count
            inspection.require(
                series.values.count == wanted, "length",
                "The series has \(series.values.count) values for \(wanted) positions.", at: "values")
            inspection.require(
                series.values.allSatisfy { $0?.isFinite ?? true } && (series.x ?? []).allSatisfy(\.isFinite),
                "not_finite", "A value is infinite or not a number.", at: "values")
        }
    }
}
