/// A chart upon a sheet, drawn from its cells.
package struct SheetChart: Sendable, Hashable, Codable {
    package struct Series: Sendable, Hashable, Codable {
        package var name: String
        /// Cells of the same sheet, `B2:B9`, or of another, `'Q 1'!B2:B9`.
        package var values: String

        package init(name: String, values: String) {
            self.name = name
            self.values = values
        }

        package enum CodingKeys: String, CodingKey, CaseIterable { case name, values }
    }

    package var kind: Chart.Kind
    package var title: String?
    /// `A2:A9`, as in `Series.values`; for a scatter chart the abscissae.
    package var categories: String
    package var series: [Series]
    package var categoryAxisTitle: String?
    package var valueAxisTitle: String?
    package var numberFormat: String?
    /// Cell of the upper left corner; `nil`: to the right of the data.
    package var anchor: String?

    package init(
        kind: Chart.Kind, title: String? = nil, categories: String, series: [Series],
        categoryAxisTitle: String? = nil, valueAxisTitle: String? = nil, numberFormat: String? = nil,
        anchor: String? = nil
    ) {
        self.kind = kind
        self.title = title
        self.categories = categories
        self.series = series
        self.categoryAxisTitle = categoryAxisTitle
        self.valueAxisTitle = valueAxisTitle
        self.numberFormat = numberFormat
        self.anchor = anchor
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case kind, title, categories, series, anchor
        case categoryAxisTitle = "category_axis_title"
        case valueAxisTitle = "value_axis_title"
        case numberFormat = "number_format"
    }
}
