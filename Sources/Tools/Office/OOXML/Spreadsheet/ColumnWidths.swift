import DocumentModel
import Formula

/// Widths of columns by text as it will be drawn. Of big sheets a sample is measured.
struct ColumnWidths {
    /// Columns are widened up to this many digits; longer text wraps.
    private static let widest = 60.0
    private static let narrowest = 8.0
    /// Rows that are looked at, spread over the sheet; of them the longest texts are measured.
    static let sample = 1_000
    private static let measured = 6
    /// Excel's own margins, and room for bold type and for readers with other fonts.
    private static let padding = 2.0

    private let measure: TextMeasure?
    private let digit: Double
    private let font: String

    init(_ style: Style) {
        font = style.font.name
        measure = TextMeasure()
        digit = measure.map { $0.size("0000000000", font: style.font.name, points: 11).width / 10 } ?? 0
    }

    /// In digits of the default font.
    func width(of column: Sheet.Column, hasFilter: Bool, values: [CellValue], format: NumberFormat?) -> Double {
        if let width = column.width { return width }
        // The filter's arrow covers about three digits of the header.
        var longest = digits(column.header, bold: true) + (hasFilter ? 3 : 0)
        let texts = Set(values.map { format?.text($0) ?? $0.text }).flatMap { $0.split(whereSeparator: \.isNewline) }
        for text in texts.sorted(by: { ($0.utf8.count, $0) > ($1.utf8.count, $1) }).prefix(Self.measured) {
            longest = max(longest, digits(String(text.prefix(400)), bold: false))
            if longest >= Self.widest { break }
        }
        let width = min(max(longest + Self.padding, Self.narrowest), Self.widest)
        return (width * 10).rounded(.up) / 10
    }

    private func digits(_ text: String, bold: Bool) -> Double {
        guard let measure, digit > 0 else { return Double(text.count) }
        return measure.size(text, font: font, points: 11, bold: bold).width / digit
    }
}
