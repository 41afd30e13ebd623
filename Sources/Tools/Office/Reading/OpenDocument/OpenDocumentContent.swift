import DocumentModel

/// Reads `content.xml`: text, sheets and slides share one vocabulary.
final class OpenDocumentContent: XMLHandler {
    /// Repeats of an empty cell or row fill a sheet to its end; those of others are kept up to this.
    private static let maximumRepeats = 1_000
    private static let maximumColumns = 1_000

    var builder: DocumentBuilder
    private var stack: [String] = []
    private var paragraphs: [String] = []
    private var tables: [OpenTable] = []
    private var headingLevel: Int?
    private var listDepth = 0
    private var cellRepeats = 1
    private var rowRepeats = 1
    private var cellValue: Scalar?
    private var emptyRows = 0
    private var skipping = 0
    private var picture: (name: String?, alt: String?)?
    private var place: DocumentElement.Place?
    private var isTitle = false
    var isDone: Bool { builder.isFull }

    init(_ builder: DocumentBuilder) { self.builder = builder }

    private static let passedOver: Set<String> = [
        "text:tracked-changes", "text:sequence-decls", "office:forms", "style:style", "office:automatic-styles",
        "text:index-title-template", "table:calculation-settings",
    ]

    func start(_ name: String, _ attributes: [String: String]) {
        if skipping > 0 || Self.passedOver.contains(name) {
            skipping += 1
            return
        }
        stack.append(name)
        switch name {
        case "text:p", "text:h":
            paragraphs.append("")
            if name == "text:h" { headingLevel = attributes["text:outline-level"].flatMap { Int($0) } ?? 1 }
        case "text:list": listDepth += 1
        case "text:s":
            let count = min(max(1, attributes["text:c"].flatMap { Int($0) } ?? 1), 200)
            append(String(repeating: " ", count: count))
        case "text:tab": append("\t")
        case "text:line-break": append("\n")
        case "draw:page":
            builder.begin(.slide, title: nil)
            if attributes["presentation:visibility"] == "hidden" { builder.changeSection { $0.hidden = true } }
        case "draw:frame": startFrame(attributes)
        case "draw:image":
            if picture?.name == nil {
                let link = attributes["xlink:href"] ?? ""
                picture = (link.split(separator: "/").last.map(String.init), picture?.alt)
            }
        case "table:table": startTable(attributes)
        case "table:table-row":
            rowRepeats = Self.repeats(attributes["table:number-rows-repeated"])
            changeTable { $0.row = [] }
        case "table:table-cell", "table:covered-table-cell": startCell(attributes)
        default: break
        }
    }

    func end(_ name: String) {
        if skipping > 0 {
            skipping -= 1
            return
        }
        if stack.last == name { stack.removeLast() }
        switch name {
        case "text:p", "text:h": endParagraph()
        case "text:list": listDepth -= 1
        case "svg:title", "svg:desc", "office:annotation": break
        case "draw:frame": endFrame()
        case "table:table-cell", "table:covered-table-cell": endCell()
        case "table:table-row": endRow()
        case "table:table": endTable()
        default: break
        }
    }

    func text(_ text: String) {
        guard skipping == 0 else { return }
        if stack.last == "svg:title" || stack.last == "svg:desc" {
            picture = (picture?.name, (picture?.alt ?? "") + text)
        } else if !paragraphs.isEmpty {
            append(text.contains("\n") ? text.split(separator: "\n").joined(separator: " ") : text)
        }
    }

    private static func repeats(_ text: String?) -> Int { min(max(1, text.flatMap { Int($0) } ?? 1), 1 << 24) }

    private func append(_ text: String) {
        if !paragraphs.isEmpty { paragraphs[paragraphs.count - 1] += text }
    }

    private func changeTable(_ body: (inout OpenTable) -> Void) {
        if !tables.isEmpty { body(&tables[tables.count - 1]) }
    }

    private func endParagraph() {
        guard let text = paragraphs.popLast() else { return }
        defer { headingLevel = nil }
        if !tables.isEmpty {
            changeTable { $0.add(text.trimmed) }
            return
        }
        var element: DocumentElement
        if stack.contains("presentation:notes") {
            element = DocumentElement(.speakerNote, text: text)
        } else if stack.contains("text:note") {
            element = DocumentElement(.footnote, text: text)
        } else if stack.contains("office:annotation") {
            element = DocumentElement(.comment, text: text)
        } else if let headingLevel {
            element = DocumentElement(.heading, text: text, level: min(max(headingLevel, 1), 9))
        } else if isTitle {
            element = DocumentElement(.heading, text: text, level: 1)
            builder.changeSection { if $0.title == nil { $0.title = text.trimmed } }
        } else if listDepth > 0 {
            element = DocumentElement(.listItem, text: text, level: min(listDepth - 1, 8))
        } else {
            element = DocumentElement(.paragraph, text: text)
        }
        element.place = place
        builder.add(element)
    }

    private func startFrame(_ attributes: [String: String]) {
        picture = nil
        isTitle = attributes["presentation:class"] == "title"
        guard stack.contains("draw:page") else { return }
        let values = ["svg:x", "svg:y", "svg:width", "svg:height"].map { Self.points(attributes[$0]) }
        place = DocumentElement.Place(x: values[0], y: values[1], width: values[2], height: values[3])
    }

    private func endFrame() {
        if let picture, let name = picture.name, tables.isEmpty {
            var element = DocumentElement(.image, text: picture.alt, name: name)
            element.place = place
            builder.add(element)
        }
        picture = nil
        place = nil
        isTitle = false
    }

    /// Lengths carry their unit (XSL 1.1, section 5.9.13).
    private static func points(_ text: String?) -> Double {
        guard let text else { return 0 }
        for (unit, factor) in [("cm", 28.346), ("mm", 2.8346), ("in", 72), ("pt", 1), ("px", 0.75)]
        where text.hasSuffix(unit) {
            return ((Double(text.dropLast(2)) ?? 0) * factor * 10).rounded() / 10
        }
        return 0
    }

    private func startTable(_ attributes: [String: String]) {
        if builder.document.kind == .ods, tables.isEmpty {
            builder.begin(.sheet, title: attributes["table:name"])
        }
        emptyRows = 0
        tables.append(OpenTable())
    }

    private func startCell(_ attributes: [String: String]) {
        cellRepeats = Self.repeats(attributes["table:number-columns-repeated"])
        changeTable { $0.cell = "" }
        cellValue = nil
        let value = attributes["office:value"]
        switch attributes["office:value-type"] {
        case "float", "percentage", "currency":
            cellValue = value.flatMap { text in Int64(text).map { .integer($0) } ?? Double(text).map { .number($0) } }
        case "date": cellValue = attributes["office:date-value"].map { .text($0) }
        case "boolean": cellValue = attributes["office:boolean-value"].map { .bool($0 == "true") }
        default: break
        }
    }

    private func endCell() {
        let value = cellValue
        cellValue = nil
        let repeats = cellRepeats
        changeTable { table in
            let cell = value ?? (table.cell.isEmpty ? .null : .text(table.cell.trimmed))
            let count = cell == .null ? repeats : min(repeats, Self.maximumRepeats)
            // What is empty to the end of the sheet is cut when the row ends.
            let room = max(0, Self.maximumColumns - table.row.count)
            for _ in 0..<min(count, room) { table.row.append(cell) }
        }
    }

    private func endRow() {
        let repeats = rowRepeats
        var gap = emptyRows
        var table = tables.popLast() ?? OpenTable()
        while table.row.last == .null { table.row.removeLast() }
        if table.row.isEmpty {
            emptyRows += min(repeats, 20)
        } else {
            gap = table.rows.isEmpty ? 0 : min(gap, 20)
            for _ in 0..<gap { table.rows.append([]) }
            emptyRows = 0
            for _ in 0..<min(repeats, Self.maximumRepeats) { table.rows.append(table.row) }
        }
        if table.rows.count >= 1_000, tables.isEmpty {
            builder.add(DocumentElement(.table, rows: table.rows))
            table.rows = []
        }
        tables.append(table)
    }

    private func endTable() {
        guard let table = tables.popLast(), !table.rows.isEmpty else { return }
        if tables.isEmpty {
            builder.add(DocumentElement(.table, rows: table.rows))
        } else {
            changeTable { $0.add(table.text) }
        }
    }
}
