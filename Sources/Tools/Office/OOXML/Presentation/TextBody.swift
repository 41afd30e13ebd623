import DocumentModel

/// A run of text in one look.
struct TextRun {
    var text: String
    /// In points; `nil` inherits.
    var size: Double?
    var bold: Bool?
    /// `RRGGBB`, or a scheme colour such as `tx2`.
    var colour: String?
    /// Relationship of a hyperlink.
    var link: String?
}

struct Paragraph {
    var runs: [TextRun]
    var level = 0
    var alignment: Alignment?
    /// `false` takes the bullet and its indent away.
    var bullet = true

    /// The base direction by the first strong character (Unicode Annex 9, rules P2 and P3, without isolates).
    var isRightToLeft: Bool {
        for scalar in runs.lazy.flatMap(\.text.unicodeScalars) {
            switch scalar.value {
            case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC: return true
            default: if scalar.properties.isAlphabetic { return false }
            }
        }
        return false
    }
}

/// DrawingML text (ECMA-376 part 1, section 21.1.2).
enum TextBody {
    static func write(
        _ paragraphs: [Paragraph], element: String = "p:txBody", language: String, _ xml: inout XMLBuffer,
        body: (inout XMLBuffer) -> Void = { $0.element("a:bodyPr") }
    ) {
        xml.element(element) { xml in
            body(&xml)
            xml.element("a:lstStyle")
            for paragraph in paragraphs { write(paragraph, language, &xml) }
            if paragraphs.isEmpty { xml.element("a:p") { $0.element("a:endParaRPr", ["lang": language]) } }
        }
    }

    private static func write(_ paragraph: Paragraph, _ language: String, _ xml: inout XMLBuffer) {
        xml.element("a:p") { xml in
            let reversed = paragraph.isRightToLeft
            let alignment: String? =
                switch paragraph.alignment {
                case .none: reversed ? "r" : nil
                case .some(.start): reversed ? "r" : "l"
                case .some(.center): "ctr"
                case .some(.end): reversed ? "l" : "r"
                }
            xml.element(
                "a:pPr",
                [
                    "marL": paragraph.bullet ? nil : "0", "lvl": paragraph.level > 0 ? "\(paragraph.level)" : nil,
                    "indent": paragraph.bullet ? nil : "0", "algn": alignment, "rtl": reversed ? "1" : nil,
                ]
            ) { xml in
                if !paragraph.bullet { xml.element("a:buNone") }
            }
            for run in paragraph.runs { write(run, language, &xml) }
        }
    }

    private static func write(_ run: TextRun, _ language: String, _ xml: inout XMLBuffer) {
        xml.element("a:r") { xml in
            xml.element(
                "a:rPr",
                [
                    "lang": language, "sz": run.size.map { "\(Int(($0 * 100).rounded()))" },
                    "b": run.bold.map { $0 ? "1" : "0" }, "dirty": "0",
                ]
            ) { xml in
                if let colour = run.colour { fill(colour, &xml) }
                if let link = run.link { xml.element("a:hlinkClick", ["r:id": link]) }
            }
            xml.element("a:t", text: run.text.replacing("\n", with: " "))
        }
    }

    static func fill(_ colour: String, _ xml: inout XMLBuffer) {
        xml.element("a:solidFill") { xml in
            if Theme.components(colour) != nil {
                xml.element("a:srgbClr", ["val": colour.uppercased()])
            } else {
                xml.element("a:schemeClr", ["val": colour])
            }
        }
    }
}
