package import DocumentModel

/// Writes reports as DOCX (ECMA-376 part 1, section 17): styles, real lists, notes, fields and native charts.
package enum WordFile {
    /// `pictures` by `Image.path`. `created` is ISO 8601; the same arguments give the same bytes.
    package static func bytes(of report: Report, pictures: [String: [UInt8]], created: String?) throws(OOXMLError)
        -> [UInt8]
    {
        let faults = report.validate()
        guard faults.isEmpty else {
            throw OOXMLError(
                "report_invalid",
                "The report cannot be written: " + faults.prefix(5).map(\.description).joined(separator: " "))
        }
        var writer = WordWriter(report, pictures)
        return try writer.archive(created: created)
    }
}

/// Names, content types and relationships of WordprocessingML.
enum WordType {
    static let space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    static let drawing = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    static let picture = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    static let document = "/word/document.xml"

    static func part(_ kind: String) -> String {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.\(kind)+xml"
    }

    static func relationship(_ kind: String) -> String { OfficeType.relationships + "/" + kind }
}

/// Puts the parts of a report together.
struct WordWriter {
    let report: Report
    let pictures: [String: [UInt8]]
    let footnotes: [String: Int]
    let placedNotes = PlacedNotes()
    let isRightToLeft: Bool
    var package = OfficePackage()
    /// Ids of drawings and bookmarks, each once in a document.
    var drawings = 0
    var bookmarks = 0
    var charts = 0
    var images: [String: String] = [:]
    /// A list of its own for each numbered block, so that each begins with 1.
    var numberedLists = 0
    var headings = 0

    init(_ report: Report, _ pictures: [String: [UInt8]]) {
        self.report = report
        self.pictures = pictures
        var numbers: [String: Int] = [:]
        for (index, footnote) in report.numberedFootnotes.enumerated() { numbers[footnote.id] = index + 1 }
        footnotes = numbers
        let primary = report.language.split { $0 == "-" || $0 == "_" }.first.map { $0.lowercased() } ?? ""
        isRightToLeft = ["ar", "he", "iw", "fa", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"].contains(primary)
    }

    mutating func archive(created: String?) throws(OOXMLError) -> [UInt8] {
        var body = XMLBuffer(fragment: ())
        title(&body)
        for block in report.blocks { try write(block, &body) }
        var xml = XMLBuffer()
        xml.element("w:document", Self.spaces) { xml in
            xml.element("w:body") { xml in
                xml.append(body)
                section(&xml)
            }
        }
        package.add(WordType.document, type: WordType.part("document.main"), xml.bytes)
        _ = package.relate("/", to: WordType.document, type: OfficeType.officeDocument)
        for (name, kind, bytes) in [
            ("styles", "styles", WordStylesPart(report, isRightToLeft: isRightToLeft).bytes),
            ("numbering", "numbering", WordNumbering(numbered: numberedLists, theme: report.theme).bytes),
            ("settings", "settings", settings), ("footnotes", "footnotes", notes),
        ] {
            package.add("/word/\(name).xml", type: WordType.part(kind), bytes)
            _ = package.relate(WordType.document, to: "/word/\(name).xml", type: WordType.relationship(kind))
        }
        package.add("/word/theme/theme1.xml", type: OfficeType.themePart, ThemePart(theme: report.theme).bytes)
        _ = package.relate(WordType.document, to: "/word/theme/theme1.xml", type: OfficeType.theme)
        DocumentProperties(
            title: report.title, author: report.author, language: report.language, created: created
        ).add(to: &package)
        return try package.archive()
    }

    static let spaces: KeyValuePairs<String, String?> = [
        "xmlns:w": WordType.space, "xmlns:r": OfficeType.relationships, "xmlns:wp": WordType.drawing,
        "xmlns:a": OfficeType.drawingSpace, "xmlns:pic": WordType.picture, "xmlns:c": OfficeType.chartSpace,
    ]

    private mutating func title(_ xml: inout XMLBuffer) {
        paragraph("Title", &xml) { $0.run(self.report.title) }
        if let subtitle = report.subtitle, !subtitle.isEmpty { paragraph("Subtitle", &xml) { $0.run(subtitle) } }
        let byline = [report.author, report.date ?? ""].filter { !$0.isEmpty }.joined(separator: "  ·  ")
        if !byline.isEmpty { paragraph("Byline", &xml) { $0.run(byline) } }
    }

    /// The page: A4, or letter where the language's country prints on it; its foot has the title and the page's number.
    private mutating func section(_ xml: inout XMLBuffer) {
        var footer = XMLBuffer()
        footer.element("w:ftr", Self.spaces) { xml in
            self.paragraph("Footer", &xml) { xml in
                xml.run(self.report.title)
                xml.element("w:r") { $0.element("w:tab") }
                xml.field("PAGE", result: "1")
                xml.run(" / ")
                xml.field("NUMPAGES", result: "1")
            }
        }
        package.add("/word/footer1.xml", type: WordType.part("footer"), footer.bytes)
        let id = package.relate(WordType.document, to: "/word/footer1.xml", type: WordType.relationship("footer"))
        let isLetter = Paper.usual(forLanguage: report.language) == .letter
        xml.element("w:sectPr") { xml in
            xml.element("w:footerReference", ["w:type": "default", "r:id": id])
            xml.element("w:pgSz", ["w:w": isLetter ? "12240" : "11906", "w:h": isLetter ? "15840" : "16838"])
            xml.element(
                "w:pgMar",
                [
                    "w:top": "1240", "w:right": "1240", "w:bottom": "1360", "w:left": "1240", "w:header": "700",
                    "w:footer": "640", "w:gutter": "0",
                ])
            if isRightToLeft { xml.element("w:bidi") }
        }
    }

    private var settings: [UInt8] {
        var xml = XMLBuffer()
        let hasContents = report.blocks.contains { if case .contents = $0 { true } else { false } }
        xml.element("w:settings", ["xmlns:w": WordType.space]) { xml in
            // Word asks whether it may compute the pages of the table of contents.
            if hasContents { xml.element("w:updateFields", ["w:val": "true"]) }
            xml.element("w:defaultTabStop", ["w:val": "708"])
            xml.element("w:footnotePr") { xml in
                for id in ["-1", "0"] { xml.element("w:footnote", ["w:id": id]) }
            }
            xml.element("w:compat") { xml in
                xml.element(
                    "w:compatSetting",
                    [
                        "w:name": "compatibilityMode", "w:uri": "http://schemas.microsoft.com/office/word",
                        "w:val": "15",
                    ])
            }
            xml.element("w:themeFontLang", ["w:val": report.language])
        }
        return xml.bytes
    }

    private var notes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("w:footnotes", Self.spaces) { xml in
            for (id, kind) in [("-1", "separator"), ("0", "continuationSeparator")] {
                xml.element("w:footnote", ["w:type": kind, "w:id": id]) { xml in
                    xml.element("w:p") { $0.element("w:r") { $0.element("w:\(kind)") } }
                }
            }
            for (index, footnote) in report.numberedFootnotes.enumerated() {
                xml.element("w:footnote", ["w:id": "\(index + 1)"]) { xml in
                    self.paragraph("FootnoteText", &xml) { xml in
                        xml.element("w:r") { xml in
                            xml.element("w:rPr") { $0.element("w:rStyle", ["w:val": "FootnoteReference"]) }
                            xml.element("w:footnoteRef")
                        }
                        xml.run(" " + footnote.text)
                    }
                }
            }
        }
        return xml.bytes
    }

    /// A paragraph in a style; `properties` come after it in the order of the schema.
    func paragraph(
        _ style: String, _ xml: inout XMLBuffer, properties: (inout XMLBuffer) -> Void = { _ in },
        _ body: (inout XMLBuffer) -> Void
    ) {
        xml.element("w:p") { xml in
            xml.element("w:pPr") { xml in
                xml.element("w:pStyle", ["w:val": style])
                properties(&xml)
            }
            body(&xml)
        }
    }
}

/// Numbers of the notes that were referred to, gathered while paragraphs are written.
final class PlacedNotes {
    var numbers: Set<Int> = []
}

extension XMLBuffer {
    /// Text with its line breaks and tabs.
    mutating func run(_ text: String, style: String? = nil, isRightToLeft: Bool? = nil) {
        element("w:r") { xml in
            let turned = isRightToLeft ?? text.isRightToLeft
            if style != nil || turned {
                xml.element("w:rPr") { xml in
                    if let style { xml.element("w:rStyle", ["w:val": style]) }
                    if turned { xml.element("w:rtl") }
                }
            }
            for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            {
                if index > 0 { xml.element("w:br") }
                for (position, part) in line.split(separator: "\t", omittingEmptySubsequences: false).enumerated() {
                    if position > 0 { xml.element("w:tab") }
                    if !part.isEmpty { xml.element("w:t", ["xml:space": "preserve"], text: String(part)) }
                }
            }
        }
    }

    /// A field with the result that stands there until a reader computes it (section 17.16).
    mutating func field(_ code: String, result: String) {
        element("w:fldSimple", ["w:instr": " \(code) "]) { $0.run(result) }
    }
}

extension String {
    /// Whether the first letter that has a direction reads from right to left.
    var isRightToLeft: Bool {
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC: return true
            case 0x41...0x5A, 0x61...0x7A, 0xC0...0x058F, 0x0900...0x1FFF, 0x3040...0xD7FF: return false
            default: continue
            }
        }
        return false
    }
}
