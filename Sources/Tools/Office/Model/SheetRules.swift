/// What may be entered into cells.
package struct DataValidation: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// One of `values`, or of the cells that `source` names.
        case list
        case whole, decimal, date
        case length
        /// Where `formula` is true.
        case custom
    }

    package enum Comparison: String, Sendable, Hashable, Codable, CaseIterable {
        case between, equal, greater, less
        case notBetween = "not_between"
        case notEqual = "not_equal"
        case greaterOrEqual = "greater_or_equal"
        case lessOrEqual = "less_or_equal"
    }

    package enum Severity: String, Sendable, Hashable, Codable, CaseIterable { case stop, warning, information }

    package var range: String
    package var kind: Kind
    package var values: [String]?
    /// `$H$2:$H$9`, or a name.
    package var source: String?
    /// `nil`: `between` where there is a second bound, else `equal`.
    package var comparison: Comparison?
    /// Numbers, ISO 8601 dates, or formulas that begin with `=`.
    package var first: Scalar?
    package var second: Scalar?
    package var formula: String?
    /// Whether a cell may stay empty; `nil`: it may.
    package var allowBlank: Bool?
    package var message: String?
    package var error: String?
    package var severity: Severity?

    package init(
        range: String, kind: Kind, values: [String]? = nil, source: String? = nil, comparison: Comparison? = nil,
        first: Scalar? = nil, second: Scalar? = nil, formula: String? = nil, message: String? = nil,
        error: String? = nil
    ) {
        self.range = range
        self.kind = kind
        self.values = values
        self.source = source
        self.comparison = comparison
        self.first = first
        self.second = second
        self.formula = formula
        self.message = message
        self.error = error
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case range, kind, values, source, comparison, first, second, formula, message, error, severity
        case allowBlank = "allow_blank"
    }

    func inspect(_ inspection: inout DocumentInspection) {
        inspection.range(range, "range")
        // Excel's own bounds: titles 32, messages 255, a list 255 with its commas.
        inspection.text(message, "message", limit: 255)
        inspection.text(error, "error", limit: 255)
        switch kind {
        case .list:
            let length = (values ?? []).joined(separator: ",").utf16.count
            inspection.require(
                (values?.isEmpty ?? true) != (source == nil), "list", "A list has either values or a source.",
                at: "values")
            inspection.require(length <= 255, "too_long", "The values are too long; use a source.", at: "values")
            inspection.require(
                !(values ?? []).contains { $0.contains(",") }, "list", "A value with a comma needs a source.",
                at: "values")
        case .custom: inspection.text(formula, "formula", limit: DocumentLimits.formulaCharacters, required: true)
        case .whole, .decimal, .date, .length:
            inspection.require(first != nil, "bound", "It needs a first bound.", at: "first")
            let needsSecond = comparison == .between || comparison == .notBetween
            inspection.require(!needsSecond || second != nil, "bound", "It needs a second bound.", at: "second")
        }
    }
}

/// Looks that follow values.
package struct ConditionalFormat: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Compares with `first` and `second`.
        case value
        /// Where `formula` is true, written for the range's first cell.
        case formula
        case contains
        case duplicates, uniques, blanks, errors
        /// The `count` highest or lowest.
        case top, bottom
        case aboveAverage = "above_average"
        case belowAverage = "below_average"
        case colorScale = "color_scale"
        case dataBar = "data_bar"
        case icons
    }

    package enum Icons: String, Sendable, Hashable, Codable, CaseIterable {
        case arrows, lights, flags, signs, symbols

        /// ST_IconSetType.
        package var name: String {
            switch self {
            case .arrows: "3Arrows"
            case .lights: "3TrafficLights1"
            case .flags: "3Flags"
            case .signs: "3Signs"
            case .symbols: "3Symbols"
            }
        }
    }

    package var range: String
    package var kind: Kind
    package var comparison: DataValidation.Comparison?
    /// Numbers, texts, or formulas that begin with `=`.
    package var first: Scalar?
    package var second: Scalar?
    package var formula: String?
    package var text: String?
    package var count: Int?
    /// Name of one of the workbook's styles; scales, bars and icons need none.
    package var style: String?
    /// Of a scale two or three, of a bar one.
    package var colors: [String]?
    package var icons: Icons?
    package var stop: Bool?

    package init(
        range: String, kind: Kind, comparison: DataValidation.Comparison? = nil, first: Scalar? = nil,
        second: Scalar? = nil, formula: String? = nil, text: String? = nil, count: Int? = nil, style: String? = nil,
        colors: [String]? = nil, icons: Icons? = nil
    ) {
        self.range = range
        self.kind = kind
        self.comparison = comparison
        self.first = first
        self.second = second
        self.formula = formula
        self.text = text
        self.count = count
        self.style = style
        self.colors = colors
        self.icons = icons
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case range, kind, comparison, first, second, formula, text, count, style, colors, icons, stop
    }

    package var needsStyle: Bool { ![.colorScale, .dataBar, .icons].contains(kind) }

    func inspect(_ inspection: inout DocumentInspection) {
        inspection.range(range, "range")
        inspection.require(!needsStyle || style != nil, "style", "It needs a style.", at: "style")
        inspection.each("colors", colors ?? []) { colour, inspection in
            inspection.require(Theme.components(colour) != nil, "colour", "'\(colour)' is not RRGGBB.")
        }
        switch kind {
        case .value: inspection.require(first != nil, "bound", "It needs a first bound.", at: "first")
        case .formula: inspection.text(formula, "formula", limit: DocumentLimits.formulaCharacters, required: true)
        case .contains: inspection.text(text, "text", limit: 255, required: true)
        case .colorScale:
            inspection.require(
                (2...3).contains(colors?.count ?? 3), "colour", "A scale has two or three colours.", at: "colors")
        case .top, .bottom:
            inspection.require((1...1000).contains(count ?? 10), "out_of_range", "A count is 1 to 1000.", at: "count")
        case .duplicates, .uniques, .blanks, .errors, .aboveAverage, .belowAverage, .dataBar, .icons: break
        }
    }
}
