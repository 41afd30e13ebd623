package import DocumentModel

/// What a foreign document says, in one structure for all formats.
package struct ReadDocument: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        case docx, pptx, xlsx, odt, odp, ods, doc, ppt, xls, pdf, html, rtf, csv, email, text, image

        package var mediaType: String {
            switch self {
            case .docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            case .pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            case .odt: "application/vnd.oasis.opendocument.text"
            case .odp: "application/vnd.oasis.opendocument.presentation"
            case .ods: "application/vnd.oasis.opendocument.spreadsheet"
            case .doc: "application/msword"
            case .ppt: "application/vnd.ms-powerpoint"
            case .xls: "application/vnd.ms-excel"
            case .pdf: "application/pdf"
            case .html: "text/html"
            case .rtf: "application/rtf"
            case .csv: "text/csv"
            case .email: "message/rfc822"
            case .text: "text/plain"
            case .image: "image/*"
            }
        }
    }

    package var kind: Kind
    package var mediaType: String
    package var metadata: DocumentMetadata
    /// Pages, slides, sheets, or the one body of a text.
    package var sections: [DocumentSection]
    package var attachments: [DocumentAttachment]
    /// What could not be read, in words for people.
    package var warnings: [String]
    /// A bound was reached: there is more in the file.
    package var truncated: Bool

    package init(kind: Kind) {
        self.kind = kind
        mediaType = kind.mediaType
        metadata = DocumentMetadata()
        sections = []
        attachments = []
        warnings = []
        truncated = false
    }

    enum CodingKeys: String, CodingKey {
        case kind, metadata, sections, attachments, warnings, truncated
        case mediaType = "media_type"
    }

    /// All text in reading order, an element a line, cells apart by tabs.
    package var text: String {
        var lines: [String] = []
        for section in sections {
            if let title = section.title { lines.append(title) }
            for element in section.elements { lines += element.lines }
        }
        return lines.joined(separator: "\n")
    }
}

/// What a document says of itself; members that it does not name are `nil`.
package struct DocumentMetadata: Codable, Sendable, Hashable {
    package var title: String?
    package var author: String?
    package var subject: String?
    package var keywords: String?
    package var language: String?
    /// As the file writes them, most often ISO 8601.
    package var created: String?
    package var modified: String?
    package var application: String?
    /// Pages, slides or sheets of the whole file, also where fewer were read.
    package var pages: Int?
    /// Members that only some formats have: a mail's `from`, a table's `delimiter`.
    package var other: [String: String]?

    package init() {}
}

package struct DocumentSection: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, Hashable, CaseIterable { case body, page, slide, sheet, message }

    package var kind: Kind
    /// From 1.
    package var number: Int
    /// A sheet's name, a slide's title.
    package var title: String?
    /// Of a page or a slide, in points.
    package var width: Double?
    package var height: Double?
    /// A hidden slide or sheet.
    package var hidden: Bool?
    package var elements: [DocumentElement]

    package init(kind: Kind, number: Int, title: String? = nil) {
        self.kind = kind
        self.number = number
        self.title = title
        elements = []
    }
}

/// A part of a section, in reading order.
package struct DocumentElement: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        case heading, paragraph, table, image
        case listItem = "list_item"
        case speakerNote = "speaker_note"
        case footnote, comment, header, footer
    }

    /// Points from the upper left corner of the page or slide.
    package struct Place: Codable, Sendable, Hashable {
        package var x: Double
        package var y: Double
        package var width: Double
        package var height: Double

        package init(x: Double, y: Double, width: Double, height: Double) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    package var kind: Kind
    /// An image's alternative text or what was recognised in it; a table's caption.
    package var text: String?
    /// Of a heading from 1, of a list item from 0.
    package var level: Int?
    /// Of a table; dates are ISO 8601 text.
    package var rows: [[Scalar]]?
    /// Of an image: its name in the file.
    package var name: String?
    package var place: Place?

    package init(_ kind: Kind, text: String? = nil, level: Int? = nil, rows: [[Scalar]]? = nil, name: String? = nil) {
        self.kind = kind
        self.text = text
        self.level = level
        self.rows = rows
        self.name = name
    }

    enum CodingKeys: String, CodingKey {
        case text, level, rows, name, place
        case kind = "type"
    }

    fileprivate var lines: [String] {
        var lines = text.map { [$0] } ?? []
        for row in rows ?? [] { lines.append(row.map(\.display).joined(separator: "\t")) }
        return lines
    }
}

package struct DocumentAttachment: Codable, Sendable, Hashable {
    /// Fit to be shown; empty where it has none.
    package var name: String
    package var mediaType: String
    /// In bytes, decoded.
    package var size: Int

    package init(name: String, mediaType: String, size: Int) {
        self.name = name
        self.mediaType = mediaType
        self.size = size
    }

    enum CodingKeys: String, CodingKey {
        case name, size
        case mediaType = "media_type"
    }
}

extension Scalar {
    var display: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "TRUE" : "FALSE"
        case .integer(let value): String(value)
        case .number(let value): value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
        case .text(let value): value
        }
    }
}
