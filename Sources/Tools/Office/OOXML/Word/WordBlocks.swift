import DocumentModel

extension WordWriter {
    mutating func write(_ block: Block, _ xml: inout XMLBuffer) throws(OOXMLError) {
        switch block {
        case .heading(let level, let text): heading(text, level: min(max(level, 1), 3), &xml)
        case .paragraph(let text): prose("BodyText", text, &xml)
        case .note(let text): prose("Callout", text, &xml)
        case .bullets(let items): list(items, id: 1, &xml)
        case .numbered(let items):
            numberedLists += 1
            list(items, id: 1 + numberedLists, &xml)
        case .table(let table): write(table, &xml)
        case .chart(let chart): try write(chart, &xml)
        case .image(let image): try write(image, &xml)
        case .sources(let heading): sources(heading, &xml)
        case .pageBreak:
            xml.element("w:p") { $0.element("w:r") { $0.element("w:br", ["w:type": "page"]) } }
        case .contents(let heading): contents(heading, &xml)
        }
    }

    /// Bookmarked, so that the table of contents leads there.
    private mutating func heading(_ text: String, level: Int, _ xml: inout XMLBuffer) {
        bookmarks += 1
        headings += 1
        let id = bookmarks
        let name = "_Toc\(headings)"
        paragraph("Heading\(level)", &xml, properties: direction(of: text)) { xml in
            xml.element("w:bookmarkStart", ["w:id": "\(id)", "w:name": name])
            xml.run(text)
            xml.element("w:bookmarkEnd", ["w:id": "\(id)"])
        }
    }

    private mutating func prose(_ style: String, _ text: String, _ xml: inout XMLBuffer) {
        paragraph(style, &xml, properties: direction(of: text)) { self.text(text, &$0) }
    }

    /// Paragraphs in the other direction than the report's say so.
    func direction(of text: String) -> (inout XMLBuffer) -> Void {
        let isTurned = text.isRightToLeft
        let isDocument = isRightToLeft
        return { if isTurned != isDocument { $0.element("w:bidi", ["w:val": isTurned ? "1" : "0"]) } }
    }

    private func list(_ items: [String], id: Int, _ xml: inout XMLBuffer) {
        for item in items {
            let turn = direction(of: item)
            paragraph(
                "ListParagraph", &xml,
                properties: { xml in
                    xml.element("w:numPr") { xml in
                        xml.element("w:ilvl", ["w:val": "0"])
                        xml.element("w:numId", ["w:val": "\(id)"])
                    }
                    turn(&xml)
                }
            ) { self.text(item, &$0) }
        }
    }

    /// Text with its citations as links and its notes as references.
    func text(_ text: String, _ xml: inout XMLBuffer) {
        let turned = text.isRightToLeft
        let bytes = Array(text.utf8)
        var done = 0
        for reference in Footnote.references(in: text) {
            guard let number = footnotes[reference.id] else { continue }
            cited(String(decoding: bytes[done..<reference.bytes.lowerBound], as: UTF8.self), turned, &xml)
            // A note has one reference; what refers to it again only shows its number.
            if placedNotes.numbers.insert(number).inserted {
                xml.element("w:r") { xml in
                    xml.element("w:rPr") { $0.element("w:rStyle", ["w:val": "FootnoteReference"]) }
                    xml.element("w:footnoteReference", ["w:id": "\(number)"])
                }
            } else {
                xml.run("\(number)", style: "FootnoteReference", isRightToLeft: false)
            }
            done = reference.bytes.upperBound
        }
        cited(String(decoding: bytes[done...], as: UTF8.self), turned, &xml)
    }

    /// `[3]` leads to the source where the report lists it.
    private func cited(_ text: String, _ turned: Bool, _ xml: inout XMLBuffer) {
        let isListed = report.blocks.contains { if case .sources = $0 { true } else { false } }
        var rest = text[...]
        while isListed, let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
            let inner = rest[rest.index(after: open)..<close]
            let number = Int(inner)
            guard let number, report.sources.contains(where: { $0.number == number }) else {
                xml.run(String(rest[...open]), isRightToLeft: turned)
                rest = rest[rest.index(after: open)...]
                continue
            }
            if open > rest.startIndex { xml.run(String(rest[..<open]), isRightToLeft: turned) }
            xml.element("w:hyperlink", ["w:anchor": "source_\(number)"]) { $0.run("[\(number)]", style: "Hyperlink") }
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { xml.run(String(rest), isRightToLeft: turned) }
    }

    private mutating func sources(_ heading: String?, _ xml: inout XMLBuffer) {
        if let heading, !heading.isEmpty { self.heading(heading, level: 1, &xml) }
        for source in report.sources {
            bookmarks += 1
            let id = bookmarks
            let link =
                source.isLink
                ? source.url.map {
                    package.relate(
                        WordType.document, to: LinkTarget.uri($0), type: OfficeType.hyperlink, external: true)
                } : nil
            paragraph("Source", &xml) { xml in
                xml.element("w:bookmarkStart", ["w:id": "\(id)", "w:name": "source_\(source.number)"])
                xml.run("[\(source.number)]\t")
                xml.element("w:bookmarkEnd", ["w:id": "\(id)"])
                if let link {
                    xml.element("w:hyperlink", ["r:id": link]) { $0.run(source.title, style: "Hyperlink") }
                } else {
                    xml.run(source.title)
                }
                if let url = source.url, !url.isEmpty { xml.run("\n\(url)", isRightToLeft: false) }
            }
        }
    }

    /// A field with the headings as its result; the pages are computed when the file is opened.
    private mutating func contents(_ heading: String?, _ xml: inout XMLBuffer) {
        if let heading, !heading.isEmpty { paragraph("TOCHeading", &xml) { $0.run(heading) } }
        let entries = report.blocks.compactMap { block -> (Int, String)? in
            if case .heading(let level, let text) = block { (min(max(level, 1), 3), text) } else { nil }
        }
        for (index, (level, text)) in entries.enumerated() {
            paragraph("TOC\(level)", &xml) { xml in
                if index == 0 {
                    xml.element("w:r") { $0.element("w:fldChar", ["w:fldCharType": "begin"]) }
                    xml.element("w:r") {
                        $0.element("w:instrText", ["xml:space": "preserve"], text: " TOC \\o \"1-3\" \\h \\z \\u ")
                    }
                    xml.element("w:r") { $0.element("w:fldChar", ["w:fldCharType": "separate"]) }
                }
                xml.element("w:hyperlink", ["w:anchor": "_Toc\(index + 1)"]) { xml in
                    xml.run(text)
                    xml.element("w:r") { $0.element("w:tab") }
                    xml.field("PAGEREF _Toc\(index + 1) \\h", result: "")
                }
                if index == entries.count - 1 {
                    xml.element("w:r") { $0.element("w:fldChar", ["w:fldCharType": "end"]) }
                }
            }
        }
    }
}
