import DocumentModel

/// One format of cells.
struct Style: Hashable {
    struct Font: Hashable {
        var bold = false
        var italic = false
        var underline = false
        var strike = false
        var color: String
        var size = 11.0
        var name: String
    }

    struct Border: Hashable {
        var left: String?
        var right: String?
        var top: String?
        var bottom: String?
        var color: String
    }

    var font: Font
    var fill: String?
    var border: Border
    var numberFormat = "General"
    var horizontal: String?
    var vertical = "top"
    var wraps = false
    var indent = 0
    /// Keeps text that begins like a formula text when somebody edits it.
    var quotes = false
    var isUnlocked = false

    /// What the named style asks for, upon this one.
    func with(_ style: CellStyle) -> Style {
        var result = self
        if let bold = style.bold { result.font.bold = bold }
        if let italic = style.italic { result.font.italic = italic }
        if let underline = style.underline { result.font.underline = underline }
        if let strike = style.strike { result.font.strike = strike }
        if let color = style.color { result.font.color = color.uppercased() }
        if let size = style.size { result.font.size = size }
        if let font = style.font { result.font.name = font }
        if let fill = style.fill { result.fill = fill.uppercased() }
        if let format = style.numberFormat { result.numberFormat = format }
        if let align = style.align { result.horizontal = Self.horizontal(align) }
        if let vertical = style.vertical { result.vertical = vertical.rawValue }
        if let wrap = style.wrap { result.wraps = wrap }
        if let indent = style.indent { result.indent = indent }
        if let locked = style.locked { result.isUnlocked = !locked }
        if let color = style.borderColor { result.border.color = color.uppercased() }
        if let border = style.border.map(Self.line) {
            (result.border.left, result.border.right) = (border, border)
            (result.border.top, result.border.bottom) = (border, border)
        }
        if let border = style.borderTop { result.border.top = Self.line(border) }
        if let border = style.borderBottom { result.border.bottom = Self.line(border) }
        return result
    }

    static func horizontal(_ alignment: Alignment) -> String {
        switch alignment {
        case .start: "left"
        case .center: "center"
        case .end: "right"
        }
    }

    private static func line(_ border: CellStyle.Border) -> String? { border == .none ? nil : border.rawValue }
}

/// `xl/styles.xml`: the formats that cells use, each once. A class, as all parts of a workbook add to one.
final class StyleSheet {
    private var places: [Style: Int] = [:]
    private var styles: [Style] = []
    private var differential: [CellStyle] = []
    let theme: Theme
    /// Plain cells of the body; style 0.
    let body: Style

    init(theme: Theme) {
        self.theme = theme
        body = Style(
            font: .init(color: theme.text.uppercased(), name: theme.bodyFont),
            border: .init(color: theme.rule.uppercased()))
        _ = index(of: body)
    }

    var header: Style {
        var style = body
        style.font.bold = true
        style.font.color = theme.background.uppercased()
        style.fill = theme.heading.uppercased()
        style.border.bottom = "medium"
        style.border.color = theme.accent.uppercased()
        style.vertical = "center"
        style.wraps = true
        return style
    }

    var total: Style {
        var style = body
        style.font.bold = true
        style.font.color = theme.heading.uppercased()
        style.border.top = "thin"
        style.border.color = theme.accent.uppercased()
        return style
    }

    func index(of style: Style) -> Int {
        if let index = places[style] { return index }
        places[style] = styles.count
        styles.append(style)
        return styles.count - 1
    }

    func style(_ index: Int) -> Style { styles[index] }

    /// Of a conditional format (dxf).
    func differentialIndex(of style: CellStyle) -> Int {
        if let index = differential.firstIndex(of: style) { return index }
        differential.append(style)
        return differential.count - 1
    }

    // MARK: The part

    var bytes: [UInt8] {
        let formats = Distinct(styles.map(\.numberFormat).filter { $0 != "General" })
        let fonts = Distinct(styles.map(\.font))
        let fills = Distinct(styles.compactMap(\.fill))
        let borders = Distinct(styles.map(\.border))
        var xml = XMLBuffer()
        xml.element("styleSheet", ["xmlns": SpreadsheetSpace.main]) { xml in
            if !formats.values.isEmpty {
                xml.element("numFmts", ["count": "\(formats.values.count)"]) { xml in
                    for (index, format) in formats.values.enumerated() {
                        xml.element("numFmt", ["numFmtId": "\(164 + index)", "formatCode": format])
                    }
                }
            }
            xml.element("fonts", ["count": "\(fonts.values.count)"]) { xml in
                for font in fonts.values { write(font, &xml) }
            }
            write(fills.values, &xml)
            xml.element("borders", ["count": "\(borders.values.count)"]) { xml in
                for border in borders.values { write(border, &xml) }
            }
            xml.element("cellStyleXfs", ["count": "1"]) { xml in
                xml.element("xf", ["numFmtId": "0", "fontId": "0", "fillId": "0", "borderId": "0"])
            }
            xml.element("cellXfs", ["count": "\(styles.count)"]) { xml in
                for style in styles {
                    let format = style.numberFormat == "General" ? 0 : 164 + formats[style.numberFormat]
                    // Fills 0 and 1 are reserved.
                    let fill = style.fill.map { 2 + fills[$0] } ?? 0
                    write(style, format, fonts[style.font], fill, borders[style.border], &xml)
                }
            }
            xml.element("cellStyles", ["count": "1"]) { xml in
                xml.element("cellStyle", ["name": "Normal", "xfId": "0", "builtinId": "0"])
            }
            xml.element("dxfs", ["count": "\(differential.count)"]) { xml in
                for style in differential { write(style, &xml) }
            }
        }
        return xml.bytes
    }

    private func write(
        _ style: Style, _ format: Int, _ font: Int, _ fill: Int, _ border: Int, _ xml: inout XMLBuffer
    ) {
        xml.element(
            "xf",
            [
                "numFmtId": "\(format)", "fontId": "\(font)", "fillId": "\(fill)", "borderId": "\(border)", "xfId": "0",
                "quotePrefix": style.quotes ? "1" : nil, "applyNumberFormat": format == 0 ? nil : "1",
                "applyFont": font == 0 ? nil : "1", "applyFill": fill == 0 ? nil : "1",
                "applyBorder": border == 0 ? nil : "1", "applyAlignment": "1",
                "applyProtection": style.isUnlocked ? "1" : nil,
            ]
        ) { xml in
            xml.element(
                "alignment",
                [
                    "horizontal": style.horizontal, "vertical": style.vertical, "wrapText": style.wraps ? "1" : nil,
                    "indent": style.indent == 0 ? nil : "\(style.indent)",
                ])
            if style.isUnlocked { xml.element("protection", ["locked": "0"]) }
        }
    }

    private func write(_ font: Style.Font, _ xml: inout XMLBuffer) {
        xml.element("font") { xml in
            if font.bold { xml.element("b") }
            if font.italic { xml.element("i") }
            if font.strike { xml.element("strike") }
            if font.underline { xml.element("u") }
            xml.element("sz", ["val": NumberText.plain(font.size)])
            xml.element("color", ["rgb": "FF" + font.color])
            xml.element("name", ["val": font.name])
            xml.element("family", ["val": "2"])
        }
    }

    private func write(_ fills: [String], _ xml: inout XMLBuffer) {
        xml.element("fills", ["count": "\(fills.count + 2)"]) { xml in
            xml.element("fill") { $0.element("patternFill", ["patternType": "none"]) }
            xml.element("fill") { $0.element("patternFill", ["patternType": "gray125"]) }
            for fill in fills {
                xml.element("fill") { xml in
                    xml.element("patternFill", ["patternType": "solid"]) { xml in
                        xml.element("fgColor", ["rgb": "FF" + fill])
                        xml.element("bgColor", ["indexed": "64"])
                    }
                }
            }
        }
    }

    private func write(_ border: Style.Border, _ xml: inout XMLBuffer) {
        xml.element("border") { xml in
            for (side, line) in [
                ("left", border.left), ("right", border.right), ("top", border.top), ("bottom", border.bottom),
                ("diagonal", nil),
            ] {
                guard let line else {
                    xml.element(side)
                    continue
                }
                xml.element(side, ["style": line]) { $0.element("color", ["rgb": "FF" + border.color]) }
            }
        }
    }

    private func write(_ style: CellStyle, _ xml: inout XMLBuffer) {
        xml.element("dxf") { xml in
            xml.element("font") { xml in
                if let bold = style.bold { xml.element("b", ["val": bold ? "1" : "0"]) }
                if let italic = style.italic { xml.element("i", ["val": italic ? "1" : "0"]) }
                if let strike = style.strike { xml.element("strike", ["val": strike ? "1" : "0"]) }
                if style.underline == true { xml.element("u") }
                if let color = style.color { xml.element("color", ["rgb": "FF" + color.uppercased()]) }
            }
            if let format = style.numberFormat {
                xml.element(
                    "numFmt", ["numFmtId": "\(200 + (differential.firstIndex(of: style) ?? 0))", "formatCode": format])
            }
            if let fill = style.fill {
                xml.element("fill") { xml in
                    xml.element("patternFill", ["patternType": "solid"]) { xml in
                        xml.element("fgColor", ["rgb": "FF" + fill.uppercased()])
                        xml.element("bgColor", ["rgb": "FF" + fill.uppercased()])
                    }
                }
            }
        }
    }
}

/// Values in the order of their first appearance.
private struct Distinct<Value: Hashable> {
    private(set) var values: [Value] = []
    private var places: [Value: Int] = [:]

    init(_ all: [Value]) {
        for value in all where places[value] == nil {
            places[value] = values.count
            values.append(value)
        }
    }

    subscript(_ value: Value) -> Int { places[value] ?? 0 }
}

enum SpreadsheetSpace {
    static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    static let drawing = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
}
