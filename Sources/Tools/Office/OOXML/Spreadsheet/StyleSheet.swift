import DocumentModel

/// `xl/styles.xml`: the formats that cells use, each once.
struct StyleSheet {
    struct Style: Hashable {
        enum Role: Hashable {
            case body, header, total
        }

        var role: Role
        var numberFormat: String
        var alignment: Alignment
        var wraps = false
        /// Keeps text that begins like a formula text when somebody edits it.
        var quotes = false
    }

    private var order: [Style: Int] = [:]
    private var styles: [Style] = []
    let theme: Theme

    init(theme: Theme) {
        self.theme = theme
        _ = index(of: Style(role: .body, numberFormat: "General", alignment: .start))
    }

    mutating func index(of style: Style) -> Int {
        if let index = order[style] { return index }
        order[style] = styles.count
        styles.append(style)
        return styles.count - 1
    }

    var bytes: [UInt8] {
        var formats: [String] = []
        for style in styles where style.numberFormat != "General" && !formats.contains(style.numberFormat) {
            formats.append(style.numberFormat)
        }
        var xml = XMLBuffer()
        xml.element("styleSheet", ["xmlns": SpreadsheetSpace.main]) { xml in
            if !formats.isEmpty {
                xml.element("numFmts", ["count": "\(formats.count)"]) { xml in
                    for (index, format) in formats.enumerated() {
                        xml.element("numFmt", ["numFmtId": "\(164 + index)", "formatCode": format])
                    }
                }
            }
            fontsAndFills(&xml)
            xml.element("cellStyleXfs", ["count": "1"]) { xml in
                xml.element("xf", ["numFmtId": "0", "fontId": "0", "fillId": "0", "borderId": "0"])
            }
            xml.element("cellXfs", ["count": "\(styles.count)"]) { xml in
                for style in styles { cellFormat(style, formats, &xml) }
            }
            xml.element("cellStyles", ["count": "1"]) { xml in
                xml.element("cellStyle", ["name": "Normal", "xfId": "0", "builtinId": "0"])
            }
            xml.element("dxfs", ["count": "0"])
        }
        return xml.bytes
    }

    private func cellFormat(_ style: Style, _ formats: [String], _ xml: inout XMLBuffer) {
        let format = formats.firstIndex(of: style.numberFormat).map { 164 + $0 } ?? 0
        let slot =
            switch style.role {
            case .body: 0
            case .header: 1
            case .total: 2
            }
        // Fills 0 and 1 are reserved; 2 is the header's.
        let fill = slot == 1 ? 2 : 0
        xml.element(
            "xf",
            [
                "numFmtId": "\(format)", "fontId": "\(slot)", "fillId": "\(fill)", "borderId": "\(slot)", "xfId": "0",
                "applyNumberFormat": format == 0 ? nil : "1", "applyFont": slot == 0 ? nil : "1",
                "applyFill": fill == 0 ? nil : "1", "applyBorder": slot == 0 ? nil : "1", "applyAlignment": "1",
                "quotePrefix": style.quotes ? "1" : nil,
            ]
        ) { xml in
            let horizontal: String? =
                switch style.alignment {
                case .start: style.role == .header ? "left" : nil
                case .center: "center"
                case .end: "right"
                }
            xml.element(
                "alignment",
                [
                    "horizontal": horizontal, "vertical": style.role == .header ? "center" : "top",
                    "wrapText": style.wraps ? "1" : nil,
                ])
        }
    }

    private func fontsAndFills(_ xml: inout XMLBuffer) {
        xml.element("fonts", ["count": "3"]) { xml in
            for (bold, colour) in [(false, theme.text), (true, theme.background), (true, theme.heading)] {
                xml.element("font") { xml in
                    if bold { xml.element("b") }
                    xml.element("sz", ["val": "11"])
                    xml.element("color", ["rgb": "FF" + colour.uppercased()])
                    xml.element("name", ["val": theme.bodyFont])
                    xml.element("family", ["val": "2"])
                }
            }
        }
        xml.element("fills", ["count": "3"]) { xml in
            xml.element("fill") { $0.element("patternFill", ["patternType": "none"]) }
            xml.element("fill") { $0.element("patternFill", ["patternType": "gray125"]) }
            xml.element("fill") { xml in
                xml.element("patternFill", ["patternType": "solid"]) { xml in
                    xml.element("fgColor", ["rgb": "FF" + theme.heading.uppercased()])
                    xml.element("bgColor", ["indexed": "64"])
                }
            }
        }
        xml.element("borders", ["count": "3"]) { xml in
            for edge in [nil, "bottom", "top"] as [String?] {
                xml.element("border") { xml in
                    for side in ["left", "right", "top", "bottom", "diagonal"] {
                        guard side == edge else {
                            xml.element(side)
                            continue
                        }
                        xml.element(side, ["style": side == "top" ? "thin" : "medium"]) { xml in
                            xml.element("color", ["rgb": "FF" + theme.accent.uppercased()])
                        }
                    }
                }
            }
        }
    }
}

enum SpreadsheetSpace {
    static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    static let drawing = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
}
