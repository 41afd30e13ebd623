import DocumentModel

/// Styles of a report in its theme (ECMA-376 part 1, section 17.7).
struct WordStylesPart {
    private let report: Report
    private let isRightToLeft: Bool

    init(_ report: Report, isRightToLeft: Bool) {
        self.report = report
        self.isRightToLeft = isRightToLeft
    }

    private struct Look {
        var size: Double
        var isBold = false
        var colour: String
        var before = 0
        var after = 0
        var line: Int?
        var keepsNext = false
        var outline: Int?
        var isHeading = false
    }

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("w:styles", ["xmlns:w": WordType.space]) { xml in
            defaults(&xml)
            style("Normal", "Normal", isDefault: true, &xml) { xml in
                if isRightToLeft { xml.element("w:pPr") { $0.element("w:bidi") } }
            }
            headings(&xml)
            texts(&xml)
            contents(&xml)
            characters(&xml)
            tables(&xml)
        }
        return xml.bytes
    }

    private func defaults(_ xml: inout XMLBuffer) {
        let font = report.theme.bodyFont
        xml.element("w:docDefaults") { xml in
            xml.element("w:rPrDefault") { xml in
                xml.element("w:rPr") { xml in
                    xml.element("w:rFonts", ["w:ascii": font, "w:hAnsi": font, "w:eastAsia": font, "w:cs": font])
                    xml.element("w:color", ["w:val": report.theme.text])
                    xml.element("w:sz", ["w:val": "21"])
                    xml.element("w:szCs", ["w:val": "21"])
                    xml.element("w:lang", ["w:val": report.language, "w:bidi": isRightToLeft ? report.language : nil])
                }
            }
            xml.element("w:pPrDefault") { xml in
                xml.element("w:pPr") {
                    $0.element("w:spacing", ["w:after": "0", "w:line": "276", "w:lineRule": "auto"])
                }
            }
        }
    }

    private func headings(_ xml: inout XMLBuffer) {
        let theme = report.theme
        look(
            "Title", "Title",
            Look(size: 23, isBold: true, colour: theme.heading, after: 80, line: 240, isHeading: true), &xml)
        look("Subtitle", "Subtitle", Look(size: 12.5, colour: theme.muted, after: 80), &xml)
        look("Byline", "Byline", Look(size: 9.5, colour: theme.muted, after: 240), &xml, border: true)
        let levels: [(Double, String, Int, Int)] = [
            (15.5, theme.heading, 400, 120), (12.5, theme.accent, 300, 80), (10.5, theme.heading, 220, 60),
        ]
        for (index, (size, colour, before, after)) in levels.enumerated() {
            look(
                "Heading\(index + 1)", "heading \(index + 1)",
                Look(
                    size: size, isBold: true, colour: colour, before: before, after: after, line: 252, keepsNext: true,
                    outline: index, isHeading: true), &xml)
        }
        look(
            "TOCHeading", "TOC Heading",
            Look(
                size: 15.5, isBold: true, colour: theme.heading, before: 320, after: 120, keepsNext: true,
                isHeading: true), &xml)
    }

    private func texts(_ xml: inout XMLBuffer) {
        let theme = report.theme
        look("BodyText", "Body Text", Look(size: 10.5, colour: theme.text, after: 160, line: 300), &xml)
        look("ListParagraph", "List Paragraph", Look(size: 10.5, colour: theme.text, after: 70, line: 300), &xml)
        look("Caption", "caption", Look(size: 9.5, isBold: true, colour: theme.heading, before: 120, after: 100), &xml)
        look("Figure", "Figure", Look(size: 10.5, colour: theme.text, before: 160, after: 120, keepsNext: true), &xml)
        look("TableText", "Table Text", Look(size: 9.5, colour: theme.text, before: 50, after: 50, line: 252), &xml)
        look("TableGap", "Table Gap", Look(size: 4, colour: theme.text, after: 120), &xml)
        look("FootnoteText", "footnote text", Look(size: 8.5, colour: theme.text, after: 40, line: 252), &xml)
        look("Footer", "footer", Look(size: 8, colour: theme.muted), &xml, tab: 9_426)
        look("Source", "Source", Look(size: 9.5, colour: theme.text, after: 80), &xml, hanging: 480)
        style("Callout", "Callout", &xml) { xml in
            xml.element("w:pPr") { xml in
                xml.element("w:pBdr") { xml in
                    xml.element(
                        "w:left", ["w:val": "single", "w:sz": "24", "w:space": "8", "w:color": theme.accent])
                }
                xml.element("w:shd", ["w:val": "clear", "w:color": "auto", "w:fill": theme.surface])
                xml.element("w:spacing", ["w:before": "160", "w:after": "240"])
                xml.element("w:ind", ["w:left": "220", "w:right": "120"])
            }
            xml.element("w:rPr") { xml in
                xml.element("w:sz", ["w:val": "19"])
                xml.element("w:szCs", ["w:val": "19"])
            }
        }
    }

    private func contents(_ xml: inout XMLBuffer) {
        for level in 1...3 {
            let look = Look(
                size: level == 1 ? 10 : 9.5, isBold: level == 1, colour: report.theme.text, before: level == 1 ? 60 : 0,
                after: 20)
            self.look("TOC\(level)", "toc \(level)", look, &xml, tab: 9_426, leader: true, indent: (level - 1) * 280)
        }
    }

    private func characters(_ xml: inout XMLBuffer) {
        for (id, name) in [("Hyperlink", "Hyperlink"), ("FootnoteReference", "footnote reference")] {
            xml.element("w:style", ["w:type": "character", "w:styleId": id]) { xml in
                xml.element("w:name", ["w:val": name])
                xml.element("w:rPr") { xml in
                    if id == "Hyperlink" {
                        xml.element("w:color", ["w:val": report.theme.link])
                    } else {
                        xml.element("w:vertAlign", ["w:val": "superscript"])
                    }
                }
            }
        }
    }

    private func tables(_ xml: inout XMLBuffer) {
        let theme = report.theme
        xml.element("w:style", ["w:type": "table", "w:styleId": "ReportTable", "w:customStyle": "1"]) { xml in
            xml.element("w:name", ["w:val": "Report Table"])
            xml.element("w:tblPr") { xml in
                xml.element("w:tblStyleRowBandSize", ["w:val": "1"])
                xml.element("w:tblBorders") { xml in
                    xml.element("w:bottom", ["w:val": "single", "w:sz": "6", "w:space": "0", "w:color": theme.muted])
                }
                xml.element("w:tblCellMar") { xml in
                    for side in ["left", "right"] { xml.element("w:\(side)", ["w:w": "120", "w:type": "dxa"]) }
                }
            }
            xml.element("w:tblStylePr", ["w:type": "firstRow"]) { xml in
                xml.element("w:rPr") { xml in
                    xml.element("w:b")
                    xml.element("w:bCs")
                    xml.element("w:color", ["w:val": theme.heading])
                }
                xml.element("w:tcPr") { xml in
                    xml.element("w:tcBorders") { xml in
                        xml.element(
                            "w:bottom", ["w:val": "single", "w:sz": "10", "w:space": "0", "w:color": theme.accent])
                    }
                    xml.element("w:shd", ["w:val": "clear", "w:color": "auto", "w:fill": theme.surface])
                }
            }
            xml.element("w:tblStylePr", ["w:type": "band2Horz"]) { xml in
                xml.element("w:tcPr") {
                    $0.element("w:shd", ["w:val": "clear", "w:color": "auto", "w:fill": theme.surface])
                }
            }
        }
    }

    private func style(
        _ id: String, _ name: String, isDefault: Bool = false, _ xml: inout XMLBuffer, _ body: (inout XMLBuffer) -> Void
    ) {
        xml.element(
            "w:style", ["w:type": "paragraph", "w:default": isDefault ? "1" : nil, "w:styleId": id]
        ) { xml in
            xml.element("w:name", ["w:val": name])
            if !isDefault { xml.element("w:basedOn", ["w:val": "Normal"]) }
            xml.element("w:qFormat")
            body(&xml)
        }
    }

    private func look(
        _ id: String, _ name: String, _ look: Look, _ xml: inout XMLBuffer, border: Bool = false, tab: Int? = nil,
        leader: Bool = false, hanging: Int? = nil, indent: Int = 0
    ) {
        style(id, name, &xml) { xml in
            xml.element("w:pPr") { xml in
                if look.keepsNext { xml.element("w:keepNext") }
                if look.keepsNext { xml.element("w:keepLines") }
                if border {
                    xml.element("w:pBdr") {
                        $0.element(
                            "w:bottom", ["w:val": "single", "w:sz": "6", "w:space": "8", "w:color": report.theme.muted])
                    }
                }
                if tab != nil || hanging != nil {
                    xml.element("w:tabs") { xml in
                        if let tab {
                            xml.element(
                                "w:tab", ["w:val": "right", "w:leader": leader ? "dot" : nil, "w:pos": "\(tab)"])
                        }
                        if let hanging { xml.element("w:tab", ["w:val": "left", "w:pos": "\(hanging)"]) }
                    }
                }
                xml.element(
                    "w:spacing",
                    [
                        "w:before": "\(look.before)", "w:after": "\(look.after)", "w:line": look.line.map { "\($0)" },
                        "w:lineRule": look.line == nil ? nil : "auto",
                    ])
                if let hanging { xml.element("w:ind", ["w:left": "\(hanging)", "w:hanging": "\(hanging)"]) }
                if indent > 0 { xml.element("w:ind", ["w:left": "\(indent)"]) }
                if let outline = look.outline { xml.element("w:outlineLvl", ["w:val": "\(outline)"]) }
            }
            xml.element("w:rPr") { xml in
                if look.isHeading {
                    let font = report.theme.headingFont
                    xml.element("w:rFonts", ["w:ascii": font, "w:hAnsi": font, "w:cs": font])
                }
                if look.isBold {
                    xml.element("w:b")
                    xml.element("w:bCs")
                }
                xml.element("w:color", ["w:val": look.colour])
                xml.element("w:sz", ["w:val": "\(Int(look.size * 2))"])
                xml.element("w:szCs", ["w:val": "\(Int(look.size * 2))"])
            }
        }
    }
}

/// Lists (section 17.9): one of bullets, and one for each numbered block.
struct WordNumbering {
    let numbered: Int
    let theme: Theme

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("w:numbering", ["xmlns:w": WordType.space]) { xml in
            abstract(0, format: "bullet", text: "•", &xml)
            abstract(1, format: "decimal", text: "%1.", &xml)
            for id in 1...(1 + numbered) {
                xml.element("w:num", ["w:numId": "\(id)"]) { xml in
                    xml.element("w:abstractNumId", ["w:val": id == 1 ? "0" : "1"])
                    if id > 1 {
                        xml.element("w:lvlOverride", ["w:ilvl": "0"]) { $0.element("w:startOverride", ["w:val": "1"]) }
                    }
                }
            }
        }
        return xml.bytes
    }

    private func abstract(_ id: Int, format: String, text: String, _ xml: inout XMLBuffer) {
        xml.element("w:abstractNum", ["w:abstractNumId": "\(id)"]) { xml in
            xml.element("w:multiLevelType", ["w:val": "singleLevel"])
            xml.element("w:lvl", ["w:ilvl": "0"]) { xml in
                xml.element("w:start", ["w:val": "1"])
                xml.element("w:numFmt", ["w:val": format])
                xml.element("w:lvlText", ["w:val": text])
                xml.element("w:lvlJc", ["w:val": "left"])
                xml.element("w:pPr") { $0.element("w:ind", ["w:left": "400", "w:hanging": "300"]) }
                xml.element("w:rPr") { $0.element("w:color", ["w:val": theme.accent]) }
            }
        }
    }
}
