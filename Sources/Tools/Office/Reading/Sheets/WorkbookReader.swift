import DocumentModel

/// Reads XLSX: each sheet as a table of the values that were last computed.
enum WorkbookReader {
    static func read(_ archive: Archive, _ package: Relations, main: String, into builder: inout DocumentBuilder)
        throws(ReadingError)
    {
        let relations = try Relations.of(main, in: archive)
        let index = SheetIndex()
        guard try XMLStream.read(main, of: archive, to: index) else {
            throw ReadingError(.damaged, "The file holds no workbook part.")
        }
        let texts = SharedTexts()
        let formats = DateFormats()
        if let part = relations.part("sharedStrings") {
            try lenient(&builder) { () throws(ReadingError) in
                _ = try XMLStream.read(part, of: archive, to: texts)
            }
        }
        if texts.isDone { builder.warn("The workbook's texts are longer than what is read; some are missing.") }
        if let part = relations.part("styles") {
            try lenient(&builder) { () throws(ReadingError) in
                _ = try XMLStream.read(part, of: archive, to: formats)
            }
        }
        builder.metadata.pages = index.sheets.count
        for sheet in index.sheets where !builder.isFull {
            builder.begin(.sheet, title: sheet.name)
            if sheet.isHidden { builder.changeSection { $0.hidden = true } }
            guard let part = relations.target(sheet.id) else { continue }
            try read(part, archive, texts, formats, since1904: index.since1904, &builder)
        }
    }

    private static func read(
        _ part: String, _ archive: Archive, _ texts: SharedTexts, _ formats: DateFormats, since1904: Bool,
        _ builder: inout DocumentBuilder
    ) throws(ReadingError) {
        let shelf = Shelf(builder)
        let sheet = SheetPart(texts.texts, formats, since1904: since1904) { rows in
            shelf.builder.add(DocumentElement(.table, rows: rows))
            return !shelf.builder.isFull
        }
        do {
            _ = try XMLStream.read(part, of: archive, to: sheet)
        } catch  where error.code == .damaged {
            shelf.builder.warn(error.message)
        }
        sheet.finish()
        builder = shelf.builder
        let relations = try Relations.of(part, in: archive)
        for name in relations.parts("comments") where !builder.isFull {
            let comments = SheetComments()
            try lenient(&builder) { () throws(ReadingError) in
                _ = try XMLStream.read(name, of: archive, to: comments)
            }
            for text in comments.texts { builder.add(DocumentElement(.comment, text: text)) }
        }
        for drawing in relations.parts("drawing") where !builder.isFull {
            let own = try Relations.of(drawing, in: archive)
            for chart in own.parts("chart") { try ChartCache.read(chart, archive, into: &builder) }
            for image in own.parts("image") {
                let name = image.split(separator: "/").last.map(String.init)
                builder.add(DocumentElement(.image, name: name))
            }
        }
    }

    private static func lenient(_ builder: inout DocumentBuilder, _ body: () throws(ReadingError) -> Void)
        throws(ReadingError)
    {
        do {
            try body()
        } catch  where error.code == .damaged {
            builder.warn(error.message)
        }
    }
}

private final class Shelf {
    var builder: DocumentBuilder
    init(_ builder: DocumentBuilder) { self.builder = builder }
}

private final class SheetIndex: XMLHandler {
    struct Sheet {
        var name: String
        var id: String
        var isHidden: Bool
    }

    var sheets: [Sheet] = []
    var since1904 = false
    var isDone: Bool { sheets.count > 10_000 }

    func start(_ name: String, _ attributes: [String: String]) {
        if name == "s:workbookPr" { since1904 = ["1", "true"].contains(attributes["date1904"] ?? "") }
        guard name == "s:sheet", let id = attributes["r:id"] else { return }
        let isHidden = attributes["state"] == "hidden" || attributes["state"] == "veryHidden"
        sheets.append(Sheet(name: attributes["name"] ?? "", id: id, isHidden: isHidden))
    }

    func end(_ name: String) {}
    func text(_ text: String) {}
}

private final class SheetComments: XMLHandler {
    var texts: [String] = []
    private var reference = ""
    private var text = ""
    private var takesText = false
    var isDone: Bool { texts.count > 5_000 }

    func start(_ name: String, _ attributes: [String: String]) {
        if name == "s:comment" {
            reference = attributes["ref"] ?? ""
            text = ""
        }
        takesText = name == "s:t"
    }

    func end(_ name: String) {
        takesText = false
        if name == "s:comment", !text.trimmed.isEmpty { texts.append("\(reference): \(text.trimmed)") }
    }

    func text(_ text: String) { if takesText { self.text += text } }
}
