import CSV
import DocumentModel
import MIME
import Reader

/// Reads HTML as it stands, without scripts.
enum HTMLDocument {
    static func read(_ bytes: [UInt8], into builder: inout DocumentBuilder) {
        let html = text(bytes)
        let article = Reader.article(html: html)
        if !article.title.isEmpty { builder.metadata.title = article.title }
        builder.metadata.author = article.byline
        builder.metadata.language = article.language
        builder.metadata.created = article.publishedTime
        builder.begin(.body)
        add(html, to: &builder)
        if bytes.count > Reader.maximumBytes { builder.stop() }
    }

    /// By byte order mark or by what the page declares in its first bytes (HTML, section 13.2.3.2).
    private static func text(_ bytes: [UInt8]) -> String {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return String(decoding: CSVEncoding.decode(bytes).text, as: UTF8.self)
        }
        let head = String(decoding: bytes.prefix(1_024), as: UTF8.self).lowercased()
        guard let mark = head.firstRange(of: "charset=") else { return Charset.decodeUndeclared(bytes) }
        let name = head[mark.upperBound...].drop { $0 == "\"" || $0 == "'" }
            .prefix { $0.isLetter || $0.isNumber || "-_".contains($0) }
        return Charset.decode(bytes, charset: String(name)) ?? Charset.decodeUndeclared(bytes)
    }

    static func add(_ html: String, to builder: inout DocumentBuilder) {
        for part in PageOutline.parts(html: html) {
            switch part {
            case .heading(let level, let text): builder.add(DocumentElement(.heading, text: text, level: level))
            case .paragraph(let text): builder.add(DocumentElement(.paragraph, text: text))
            case .listItem(let level, let text): builder.add(DocumentElement(.listItem, text: text, level: level))
            case .table(let rows):
                builder.add(DocumentElement(.table, rows: rows.map { $0.map { $0.isEmpty ? .null : .text($0) } }))
            case .image(let name, let alt): builder.add(DocumentElement(.image, text: alt, name: name))
            }
        }
    }
}

/// Reads a mail as it was saved.
enum MailDocument {
    static func read(_ bytes: [UInt8], into builder: inout DocumentBuilder) {
        let message = Message(parsing: bytes)
        if !message.subject.isEmpty { builder.metadata.title = message.subject }
        builder.metadata.author = message.from.first.map(Self.text)
        builder.metadata.created = message.header.first("Date").map { String(decoding: $0, as: UTF8.self).trimmed }
        var other: [String: String] = [:]
        for (name, list) in [("from", message.from), ("to", message.to), ("cc", message.cc)] where !list.isEmpty {
            other[name] = list.map(Self.text).joined(separator: ", ")
        }
        other["message_id"] = message.messageID
        builder.metadata.other = other
        builder.begin(.message, title: message.subject.isEmpty ? nil : message.subject)
        add(message, to: &builder)
        if !message.problems.isEmpty {
            builder.warn("The mail breaks rules of its format; it was read as far as it goes.")
        }
    }

    /// Mails within mails that are followed.
    private static let maximumDepth = 3

    private static func add(_ message: Message, to builder: inout DocumentBuilder, depth: Int = 0) {
        // HTML keeps headings, lists and tables; a mail of plain text has no HTML parts.
        for part in message.body.html where part.mediaType.hasPrefix("text/") {
            let text = part.text().text
            if part.mediaType == "text/html" {
                HTMLDocument.add(text, to: &builder)
            } else {
                PlainText.add(text, to: &builder)
            }
        }
        for part in message.attachments {
            let name = part.fileName.flatMap { AttachmentName.display($0) } ?? ""
            builder.attach(DocumentAttachment(name: name, mediaType: part.mediaType, size: part.data.count))
            // A forwarded mail is read like its own.
            guard depth < Self.maximumDepth, case .message(let bytes, .some) = part.content else { continue }
            let inner = Message(parsing: Array(bytes))
            builder.begin(.message, title: inner.subject.isEmpty ? nil : inner.subject)
            add(inner, to: &builder, depth: depth + 1)
        }
    }

    private static func text(_ mailbox: Mailbox) -> String {
        mailbox.name.map { "\($0) <\(mailbox.address)>" } ?? mailbox.address
    }
}

/// Reads text without marks: paragraphs are apart by blank lines.
enum PlainText {
    static func read(_ bytes: [UInt8], into builder: inout DocumentBuilder) {
        builder.begin(.body)
        let (encoding, text) = CSVEncoding.decode(bytes)
        builder.metadata.other = ["encoding": encoding.rawValue]
        add(String(decoding: text, as: UTF8.self), to: &builder)
    }

    static func add(_ text: String, to builder: inout DocumentBuilder) {
        var lines: [Substring] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.allSatisfy(\.isWhitespace) {
                builder.add(DocumentElement(.paragraph, text: lines.joined(separator: "\n")))
                lines = []
            } else {
                lines.append(line)
            }
        }
        builder.add(DocumentElement(.paragraph, text: lines.joined(separator: "\n")))
    }
}

/// Reads a table of separated values: dialect and types are found out.
enum TableDocument {
    static func read(_ bytes: [UInt8], into builder: inout DocumentBuilder) throws(CSVError) {
        var limits = CSVLimits()
        // Cells are bounded by the builder; more rows than this are not looked at, for memory.
        limits.rows = 100_000
        let table = try CSVTable(parsing: bytes, limits: limits)
        builder.metadata.other = [
            "delimiter": table.delimiter, "encoding": table.encoding.rawValue,
            "types": table.columns.map(\.type.rawValue).joined(separator: ","),
        ]
        builder.begin(.body)
        let header = table.columns.map { Scalar.text($0.name) }
        builder.add(DocumentElement(.table, rows: [header] + table.rows.map { $0.map(\.scalar) }))
        if table.truncated { builder.stop() }
    }
}

extension CSVValue {
    fileprivate var scalar: Scalar {
        switch self {
        case .empty: .null
        case .text(let value): .text(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .date(let value): .text(value)
        case .boolean(let value): .bool(value)
        }
    }
}
