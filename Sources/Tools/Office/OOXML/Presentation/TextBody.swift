import DocumentModel

/// A run of text in one look.
struct TextRun {
    var text: String
    /// In points; `nil` inherits.
    var size: Double?
    var bold: Bool?
    /// `RRGGBB`, or a scheme colour such as `tx2`.
    var colour: String?
    /// Where it leads.
    var link: String?
    /// A theme's font such as `+mj-lt`.
    var font: String?
    /// A new line within the paragraph comes before it.
    var breaksBefore = false
}

struct Paragraph {
    var runs: [TextRun]
    var level = 0
    var alignment: Alignment?
    /// `false` takes the bullet and its indent away.
    var bullet = true
    /// Points before it; `nil` inherits.
    var space: Double?

    /// The base direction by the first strong character (Unicode Annex 9, rules P2 and P3, without isolates).
    var isRightToLeft: Bool {
        for run in runs {
            for scalar in run.text.unicodeScalars {
                switch scalar.value {
                case 0x41...0x5A, 0x61...0x7A: return false
                case 0..<0xAA: continue
                case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC: return true
                default: if scalar.properties.isAlphabetic { return false }
                }
            }
        }
        return false
    }

    static func plain(
        _ text: String, size: Double? = nil, bold: Bool? = nil, colour: String? = nil, alignment: Alignment? = nil,
        font: String? = nil
    ) -> Paragraph {
        Paragraph(
            runs: text.isEmpty ? [] : [TextRun(text: text, size: size, bold: bold, colour: colour, font: font)],
            alignment: alignment, bullet: false)
    }
}

/// The language of text and the direction that its paragraphs take.
struct TextContext {
    var language: String
    /// All paragraphs read from the right; else each by its first strong character.
    var isRightToLeft = false
    /// Relationships of hyperlinks by their addresses.
    var links: [String: String] = [:]
}

/// DrawingML text (ECMA-376 part 1, section 21.1.2).
enum TextBody {
    static func write(
        _ paragraphs: [Paragraph], element: String = "p:txBody", _ context: TextContext, _ xml: inout XMLBuffer,
        body: (inout XMLBuffer) -> Void = { $0.element("a:bodyPr") }
    ) {
        xml.element(element) { xml in
            body(&xml)
            xml.element("a:lstStyle")
            for paragraph in paragraphs { write(paragraph, context, &xml) }
            if paragraphs.isEmpty { xml.element("a:p") { $0.element("a:endParaRPr", ["lang": context.language]) } }
        }
    }

    private static func write(_ paragraph: Paragraph, _ context: TextContext, _ xml: inout XMLBuffer) {
        xml.element("a:p") { xml in
            let reversed = context.isRightToLeft || paragraph.isRightToLeft
            let alignment: String? =
                switch paragraph.alignment {
                case .none: reversed ? "r" : nil
                case .some(.start): reversed ? "r" : "l"
                case .some(.center): "ctr"
                case .some(.end): reversed ? "l" : "r"
                }
            if alignment != nil || !paragraph.bullet || paragraph.level > 0 || paragraph.space != nil {
                xml.element(
                    "a:pPr",
                    [
                        "marL": paragraph.bullet ? nil : "0", "lvl": paragraph.level > 0 ? "\(paragraph.level)" : nil,
                        "indent": paragraph.bullet ? nil : "0", "algn": alignment, "rtl": reversed ? "1" : nil,
                    ]
                ) { xml in
                    if let space = paragraph.space {
                        xml.element("a:spcBef") { $0.element("a:spcPts", ["val": "\(Int((space * 100).rounded()))"]) }
                    }
                    if !paragraph.bullet { xml.element("a:buNone") }
                }
            }
            for run in paragraph.runs {
                if run.breaksBefore { xml.element("a:br") { look(run, context, &$0) } }
                xml.element("a:r") { xml in
                    look(run, context, &xml)
                    xml.element("a:t", text: run.text.replacing("\n", with: " "))
                }
            }
            if paragraph.runs.isEmpty { xml.element("a:endParaRPr", ["lang": context.language]) }
        }
    }

    private static func look(_ run: TextRun, _ context: TextContext, _ xml: inout XMLBuffer) {
        xml.element(
            "a:rPr",
            [
                "lang": context.language, "sz": run.size.map { "\(Int(($0 * 100).rounded()))" },
                "b": run.bold.map { $0 ? "1" : "0" }, "dirty": "0",
            ]
        ) { xml in
            if let colour = run.colour { fill(colour, &xml) }
            if let font = run.font {
                xml.element("a:latin", ["typeface": font])
                if font.hasSuffix("-lt") {
                    xml.element("a:ea", ["typeface": font.dropLast(2) + "ea"])
                    xml.element("a:cs", ["typeface": font.dropLast(2) + "cs"])
                }
            }
            if let link = run.link.flatMap({ context.links[$0] }) { xml.element("a:hlinkClick", ["r:id": link]) }
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
