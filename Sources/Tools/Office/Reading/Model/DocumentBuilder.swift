import DocumentModel

/// Gathers a document within its limits; what comes after them is left out and said to be.
struct DocumentBuilder {
    private(set) var document: ReadDocument
    private var characters: Int
    private var elements: Int
    private var sections: Int

    init(_ kind: ReadDocument.Kind, _ limits: ReadingLimits) {
        document = ReadDocument(kind: kind)
        characters = limits.characters
        elements = limits.elements
        sections = limits.sections
    }

    /// Nothing more fits: a reader stops.
    var isFull: Bool { document.truncated }
    var isEmpty: Bool { document.sections.allSatisfy(\.elements.isEmpty) && document.attachments.isEmpty }
    var metadata: DocumentMetadata {
        get { document.metadata }
        set { document.metadata = newValue }
    }
    /// The one being written to.
    var section: DocumentSection? { document.sections.last }

    mutating func begin(_ kind: DocumentSection.Kind, title: String? = nil) {
        guard sections > 0 else {
            document.truncated = true
            return
        }
        sections -= 1
        document.sections.append(DocumentSection(kind: kind, number: document.sections.count + 1, title: title))
    }

    mutating func changeSection(_ body: (inout DocumentSection) -> Void) {
        guard !document.sections.isEmpty else { return }
        body(&document.sections[document.sections.count - 1])
    }

    /// Text without blanks at its ends; empty elements are left out.
    mutating func add(_ element: DocumentElement) {
        guard !isFull else { return }
        if document.sections.isEmpty { begin(.body) }
        var element = element
        if var text = element.text {
            text = text.trimmed
            if text.isEmpty, element.kind != .image, element.kind != .table { return }
            element.text = text.isEmpty ? nil : cut(text)
        }
        if let rows = element.rows { element.rows = cut(rows) }
        elements -= 1
        if elements < 0 { document.truncated = true }
        changeSection { $0.elements.append(element) }
    }

    mutating func attach(_ attachment: DocumentAttachment) {
        // A thousand names tell enough.
        if document.attachments.count < 1_000 { document.attachments.append(attachment) }
    }

    mutating func warn(_ text: String) {
        if document.warnings.count < 20, !document.warnings.contains(text) { document.warnings.append(text) }
    }

    mutating func stop() { document.truncated = true }

    private mutating func cut(_ text: String) -> String {
        let count = text.utf8.count
        guard count > characters else {
            characters -= count
            return text
        }
        document.truncated = true
        defer { characters = 0 }
        return String(text.prefix(max(0, characters)))
    }

    private mutating func cut(_ rows: [[Scalar]]) -> [[Scalar]] {
        var kept: [[Scalar]] = []
        for row in rows {
            guard elements >= row.count, characters > 0 else {
                document.truncated = true
                break
            }
            elements -= row.count
            kept.append(
                row.map { cell in
                    guard case .text(let text) = cell else { return cell }
                    return .text(cut(text))
                })
        }
        return kept
    }
}

extension String {
    /// Without control characters, and without blanks at its ends.
    var trimmed: String {
        let isClean = utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x09 }
        let clean =
            isClean
            ? self
            : String(
                String.UnicodeScalarView(
                    unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" || $0 == "\t" }))
        guard let first = clean.firstIndex(where: { !$0.isWhitespace }),
            let last = clean.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(clean[first...last])
    }
}
