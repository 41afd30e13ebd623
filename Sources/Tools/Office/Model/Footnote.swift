/// A note at the foot of the page that refers to it: text holds `[^id]` where its number shall stand.
package struct Footnote: Sendable, Hashable, Codable {
    /// Letters, digits, `-` and `_`, at most 32.
    package var id: String
    package var text: String

    package init(id: String, text: String) {
        self.id = id
        self.text = text
    }

    /// Bounds of ids and of notes a report.
    private static let idCharacters = 32
    private static let maximumNotes = 1_000

    static func inspect(_ footnotes: [Footnote], _ inspection: inout DocumentInspection) {
        inspection.count(footnotes.count, "footnotes", in: 0...maximumNotes)
        var seen: Set<String> = []
        inspection.each("footnotes", footnotes) { footnote, inspection in
            inspection.text(footnote.text, "text", limit: DocumentLimits.line, required: true)
            inspection.require(
                isID(footnote.id) && seen.insert(footnote.id).inserted, "id",
                "Ids of footnotes differ and consist of letters, digits, '-' and '_'.", at: "id")
        }
    }

    private static func isID(_ text: String) -> Bool {
        (1...idCharacters).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                $0 == 0x2D || $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
            }
    }

    /// Where text refers to notes: ranges of UTF-8 offsets of `[^id]`, in order.
    package static func references(in text: String) -> [(bytes: Range<Int>, id: String)] {
        let bytes = Array(text.utf8)
        var found: [(Range<Int>, String)] = []
        var index = 0
        while index + 3 < bytes.count {
            guard bytes[index] == UInt8(ascii: "["), bytes[index + 1] == UInt8(ascii: "^"),
                let end = bytes[(index + 2)...].prefix(idCharacters + 1).firstIndex(of: UInt8(ascii: "]"))
            else {
                index += 1
                continue
            }
            let id = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
            if isID(id) { found.append((index..<end + 1, id)) }
            index = end + 1
        }
        return found
    }
}

/// A file in the run's directory that a PDF carries inside.
package struct ReportAttachment: Sendable, Hashable, Codable {
    /// Relative to the run's directory.
    package var path: String
    package var description: String?

    package init(path: String, description: String? = nil) {
        self.path = path
        self.description = description
    }

    /// More are a folder, not a report.
    private static let maximumAttachments = 50

    static func inspect(_ attachments: [ReportAttachment], _ inspection: inout DocumentInspection) {
        inspection.count(attachments.count, "attachments", in: 0...maximumAttachments)
        inspection.each("attachments", attachments) { attachment, inspection in
            let isContained = Image(path: attachment.path, altText: "").isContained
            inspection.require(
                isContained, "path", "The path must be relative and stay in the run's directory.", at: "path")
            inspection.text(attachment.description, "description", limit: DocumentLimits.line)
        }
    }
}

extension Report {
    /// Ids of the footnotes that text refers to, in the order of their numbers.
    package var numberedFootnotes: [Footnote] {
        let byID = Dictionary(footnotes.map { ($0.id, $0) }) { first, _ in first }
        var seen: Set<String> = []
        return blocks.flatMap(\.texts).flatMap { Footnote.references(in: $0) }.compactMap { reference in
            seen.insert(reference.id).inserted ? byID[reference.id] : nil
        }
    }
}

extension Block {
    /// The texts that may refer to footnotes, in order.
    fileprivate var texts: [String] {
        switch self {
        case .paragraph(let text), .note(let text): [text]
        case .bullets(let items), .numbered(let items): items
        case .table(let table):
            table.rows.flatMap { row in row.compactMap { if case .text(let text) = $0 { text } else { nil } } }
        case .image(let image): image.caption.map { [$0] } ?? []
        case .heading, .chart, .sources, .pageBreak, .contents: []
        }
    }
}
