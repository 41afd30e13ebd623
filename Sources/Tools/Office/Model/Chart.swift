/// A chart of a slide or a report, with its data.
package struct Chart: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Horizontal bars; `column` stands upright.
        case bar
        case column, line, area, pie, scatter
    }

    package struct Series: Sendable, Hashable, Codable {
        package var name: String
        /// One for each category; `nil` leaves a gap.
        package var values: [Double?]
        /// Scatter only: the abscissa of each value.
        package var x: [Double]?

        package init(name: String, values: [Double?], x: [Double]? = nil) {
            self.name = name
            self.values = values
            self.x = x
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
    /// What the chart shows, for those who cannot see it; `nil`: made from title and series.
    package var altText: String?

    package init(
        kind: Kind, title: String? = nil, categories: [String], series: [Series], categoryAxisTitle: String? = nil,
        valueAxisTitle: String? = nil, numberFormat: String? = nil, altText: String? = nil
    ) {
        self.kind = kind
        self.title = title
        self.categories = categories
        self.series = series
        self.categoryAxisTitle = categoryAxisTitle
        self.valueAxisTitle = valueAxisTitle
        self.numberFormat = numberFormat
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
        altText = try container.decodeIfPresent(String.self, forKey: .altText)
    }

    enum CodingKeys: String, CodingKey {
        case kind, title, categories, series
        case categoryAxisTitle = "category_axis_title"
        case valueAxisTitle = "value_axis_title"
        case numberFormat = "number_format"
        case altText = "alt_text"
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
