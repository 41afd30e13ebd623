/// How cells look. What is `nil` stays as the sheet has it.
package struct CellStyle: Sendable, Hashable, Codable {
    package enum Vertical: String, Sendable, Hashable, Codable, CaseIterable {
        case top, center, bottom
    }

    package enum Border: String, Sendable, Hashable, Codable, CaseIterable {
        case none, hair, thin, medium, thick, dashed, dotted, double
    }

    /// An Excel number format.
    package var numberFormat: String?
    package var bold: Bool?
    package var italic: Bool?
    package var underline: Bool?
    package var strike: Bool?
    /// `RRGGBB`, as all colours.
    package var color: String?
    package var fill: String?
    package var font: String?
    /// In points, 1 to 409.
    package var size: Double?
    package var align: Alignment?
    package var vertical: Vertical?
    package var wrap: Bool?
    /// Steps of three spaces, 0 to 15.
    package var indent: Int?
    /// Of all four sides.
    package var border: Border?
    package var borderColor: String?
    /// Of one side, over `border`.
    package var borderTop: Border?
    package var borderBottom: Border?
    /// Whether a protected sheet keeps the cell from being changed; `nil`: it does.
    package var locked: Bool?

    package init(
        numberFormat: String? = nil, bold: Bool? = nil, italic: Bool? = nil, color: String? = nil, fill: String? = nil,
        size: Double? = nil, align: Alignment? = nil, wrap: Bool? = nil, border: Border? = nil, locked: Bool? = nil
    ) {
        self.numberFormat = numberFormat
        self.bold = bold
        self.italic = italic
        self.color = color
        self.fill = fill
        self.size = size
        self.align = align
        self.wrap = wrap
        self.border = border
        self.locked = locked
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case bold, italic, underline, strike, color, fill, font, size, align, vertical, wrap, indent, border, locked
        case numberFormat = "number_format"
        case borderColor = "border_color"
        case borderTop = "border_top"
        case borderBottom = "border_bottom"
    }

    func inspect(_ inspection: inout DocumentInspection) {
        inspection.text(numberFormat, "number_format", limit: DocumentLimits.numberFormat)
        inspection.text(font, "font", limit: DocumentLimits.sheetNameCharacters)
        for (key, value) in [("color", color), ("fill", fill), ("border_color", borderColor)] {
            inspection.colour(value, key)
        }
        inspection.require((1...409).contains(size ?? 11), "out_of_range", "Sizes are 1 to 409 points.", at: "size")
        inspection.require((0...15).contains(indent ?? 0), "out_of_range", "Indents are 0 to 15.", at: "indent")
    }
}

extension DocumentInspection {
    mutating func colour(_ value: String?, _ key: String) {
        guard let value else { return }
        require(Theme.components(value) != nil, "colour", "'\(value)' is not RRGGBB.", at: key)
    }

    /// Cells of a sheet: `B2`, `B2:C9`.
    mutating func range(_ text: String, _ key: String) {
        require(CellRangeText.isRange(text), "range", "'\(text)' is not a range of cells.", at: key)
    }

    mutating func cell(_ text: String, _ key: String) {
        require(CellReference.parse(text) != nil, "range", "'\(text)' is not a cell.", at: key)
    }
}

enum CellRangeText {
    /// Whether the ends are in order, too, and no sheet is named.
    static func isRange(_ text: String) -> Bool {
        let ends = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = CellReference.parse(ends[0]),
            let last = CellReference.parse(ends[ends.count - 1])
        else { return false }
        return first.row <= last.row && first.column <= last.column
    }
}
