import DocumentModel

/// A paragraph under way; text boxes and notes stand within others.
struct OpenParagraph {
    var text = ""
    var style: String?
    var outline: Int?
    var listLevel: Int?
    var isList = false
}

/// Reads the body of a WordprocessingML part: the document, its notes, comments, headers and footers.
final class WordStory: XMLHandler {
    /// How deep tables within tables are taken as such; below that their text is the cell's.
    private static let maximumDepth = 40

    var builder: DocumentBuilder
    private let styles: WordStyles
    private let pictures: (String) -> String?
    /// What paragraphs of this part are; `nil` for the body.
    private let kind: DocumentElement.Kind?

    private var paragraphs: [OpenParagraph] = []
    private var tables: [OpenTable] = []
    private var takesText = false
    /// Inside of what is passed over, and how deep.
    private var skipping = 0
    private var fieldDepth = 0
    private var instructionDepth = 0
    private var picture: (name: String?, alt: String?)?
    private var note: String?
    var isDone: Bool { builder.isFull }

    init(
        _ builder: DocumentBuilder, _ styles: WordStyles, kind: DocumentElement.Kind? = nil,
        pictures: @escaping (String) -> String?
    ) {
        self.builder = builder
        self.styles = styles
        self.kind = kind
        self.pictures = pictures
    }

    /// Deleted text, fallbacks of what was read already, and what a field is computed from.
    private static let passedOver: Set<String> = [
        "w:del", "w:moveFrom", "mc:Fallback", "w:instrText", "w:delText", "w:sdtPr", "w:rPrChange", "w:pPrChange",
        "w:tblPrChange", "w:sectPrChange",
    ]

    func start(_ name: String, _ attributes: [String: String]) {
        if skipping > 0 || Self.passedOver.contains(name) {
            skipping += 1
            return
        }
        let value = attributes["w:val"]
        switch name {
        case "w:p": paragraphs.append(OpenParagraph())
        case "w:pStyle": change { $0.style = value }
        case "w:outlineLvl": change { $0.outline = value.flatMap { Int($0) } }
        case "w:ilvl": change { $0.listLevel = value.flatMap { Int($0) } }
        case "w:numId": change { $0.isList = value != "0" }
        case "w:t", "m:t": takesText = instructionDepth == 0
        case "w:tab": if paragraphs.last?.style != nil || paragraphs.last?.text.isEmpty == false { append("\t") }
        case "w:br", "w:cr": append("\n")
        case "w:noBreakHyphen": append("\u{2011}")
        case "w:sym": break
        case "w:fldChar": changeField(attributes["w:fldCharType"])
        case "w:footnote", "w:endnote", "w:comment": note = attributes["w:type"]
        case "w:tbl":
            if tables.count < Self.maximumDepth { tables.append(OpenTable()) } else { skipping = 1 }
        case "w:tr": changeTable { $0.row = [] }
        case "w:tc": changeTable { $0.beginCell() }
        case "w:gridSpan": changeTable { $0.span = min(max(1, value.flatMap { Int($0) } ?? 1), 60) }
        case "wp:docPr", "pic:cNvPr": describe(attributes)
        case "a:blip": namePicture(attributes["r:embed"] ?? attributes["r:link"])
        case "v:imagedata": namePicture(attributes["r:id"])
        default: break
        }
    }

    func end(_ name: String) {
        if skipping > 0 {
            skipping -= 1
            return
        }
        switch name {
        case "w:t", "m:t": takesText = false
        case "w:p": endParagraph()
        case "w:tc": changeTable { $0.endCell() }
        case "w:tr": changeTable { $0.endRow() }
        case "w:tbl": endTable()
        case "w:footnote", "w:endnote", "w:comment": note = nil
        case "w:drawing", "w:pict", "w:object": endPicture()
        default: break
        }
    }

    func text(_ text: String) {
        guard takesText, skipping == 0 else { return }
        append(text)
    }

    private func change(_ body: (inout OpenParagraph) -> Void) {
        if !paragraphs.isEmpty { body(&paragraphs[paragraphs.count - 1]) }
    }

    private func changeTable(_ body: (inout OpenTable) -> Void) {
        if !tables.isEmpty { body(&tables[tables.count - 1]) }
    }

    private func append(_ text: String) { change { $0.text += text } }

    /// Between `begin` and `separate` stands the field's code, after that its result.
    private func changeField(_ type: String?) {
        switch type {
        case "begin":
            fieldDepth += 1
            instructionDepth += 1
        case "separate": instructionDepth = max(0, instructionDepth - 1)
        case "end":
            fieldDepth = max(0, fieldDepth - 1)
            instructionDepth = min(instructionDepth, fieldDepth)
        default: break
        }
    }

    private func endParagraph() {
        guard let paragraph = paragraphs.popLast() else { return }
        if !tables.isEmpty {
            let text = paragraph.text.trimmed
            changeTable { $0.add(text) }
            return
        }
        // Separators between text and notes are paragraphs of the notes' part.
        if kind == .footnote, note == "separator" || note == "continuationSeparator" { return }
        if let kind {
            builder.add(DocumentElement(kind, text: paragraph.text))
        } else if let level = paragraph.outline.flatMap({ $0 < 9 ? $0 + 1 : nil })
            ?? styles.headingLevel(of: paragraph.style)
        {
            builder.add(DocumentElement(.heading, text: paragraph.text, level: min(max(level, 1), 9)))
        } else if paragraph.isList || styles.isList(paragraph.style) {
            let level = min(max(paragraph.listLevel ?? 0, 0), 8)
            builder.add(DocumentElement(.listItem, text: paragraph.text, level: level))
        } else {
            builder.add(DocumentElement(.paragraph, text: paragraph.text))
        }
    }

    private func endTable() {
        guard let table = tables.popLast(), !table.rows.isEmpty else { return }
        if tables.isEmpty {
            builder.add(DocumentElement(.table, rows: table.rows))
        } else {
            changeTable { $0.add(table.text) }
        }
    }

    private func describe(_ attributes: [String: String]) {
        let alt = [attributes["descr"], attributes["title"]].compactMap(\.self).first { !$0.isEmpty }
        picture = (picture?.name, picture?.alt ?? alt)
    }

    private func namePicture(_ id: String?) {
        guard let id, let target = pictures(id) else { return }
        picture = (target.split(separator: "/").last.map(String.init), picture?.alt)
    }

    private func endPicture() {
        defer { picture = nil }
        guard let picture, picture.name != nil, tables.isEmpty else { return }
        builder.add(DocumentElement(.image, text: picture.alt, name: picture.name))
    }
}
