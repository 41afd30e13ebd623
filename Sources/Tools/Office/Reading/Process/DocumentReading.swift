import CSV
import Glibc

/// Finds out what a file is, by its bytes first and by its name only where these say nothing, and reads it.
///
/// Parses what strangers made: it belongs into a process of its own with limits, see `ReaderProcess`.
package enum DocumentReading {
    /// Of a file that is read into memory as a whole (everything but archives and PDF).
    static let maximumBytes = 48 * 1024 * 1024
    private static let headBytes = 64 * 1024

    /// `file` is a descriptor of a regular file. `name` is what its sender called it.
    package static func read(
        _ file: Int32, name: String, limits: ReadingLimits = ReadingLimits(), deadline: ContinuousClock.Instant
    ) throws(ReadingError) -> ReadDocument {
        let head = try bytes(file, limit: headBytes)
        guard head.contains(where: { $0 > 0x20 }) else { throw ReadingError(.empty, "The file is empty.") }
        if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) || head.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
            return try readArchive(file, limits)
        }
        // Some programs write a few bytes before the mark (ISO 32000-1, annex H.3.4.1).
        let isNamedPDF = name.lowercased().hasSuffix(".pdf")
        if isNamedPDF || head.prefix(1_024).firstRange(of: Array("%PDF-".utf8)) != nil {
            var builder = DocumentBuilder(.pdf, limits)
            try PDFPages.read(file, limits, deadline, into: &builder)
            return builder.document
        }
        if let picture = PictureKind(head) {
            var builder = DocumentBuilder(.image, limits)
            try PictureText.read(picture, file, deadline, into: &builder)
            var document = builder.document
            document.mediaType = "image/\(picture.name)"
            return document
        }
        return try readWhole(try bytes(file, limit: maximumBytes + 1), name, limits)
    }

    private static func readArchive(_ file: Int32, _ limits: ReadingLimits) throws(ReadingError) -> ReadDocument {
        let archive = try Archive(file)
        if let kind = try OpenDocumentReader.kind(of: archive) {
            var builder = DocumentBuilder(kind, limits)
            try OpenDocumentReader.read(archive, into: &builder)
            return builder.document
        }
        guard archive.contains("[Content_Types].xml") else {
            throw ReadingError(.unsupported, "The file is a ZIP archive, not a document; unpack it and read its files.")
        }
        let package = try Relations.of("", in: archive)
        let found = package.part("officeDocument")
        let main =
            found ?? ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml"].first(where: archive.contains)
        guard let main, let kind = try kind(of: main, in: archive) else {
            throw ReadingError(.unsupported, "The file is an Office package of a kind that is not read.")
        }
        var builder = DocumentBuilder(kind, limits)
        builder.metadata = try PropertiesPart.read(archive, package)
        switch kind {
        case .pptx: try SlidesReader.read(archive, package, main: main, into: &builder)
        case .xlsx: try WorkbookReader.read(archive, package, main: main, into: &builder)
        default: try WordReader.read(archive, package, main: main, into: &builder)
        }
        return builder.document
    }

    /// By the root element of the main part.
    private static func kind(of main: String, in archive: Archive) throws(ReadingError) -> ReadDocument.Kind? {
        let root = RootElement()
        guard try XMLStream.read(main, of: archive, to: root) else { return nil }
        switch root.name {
        case "w:document": return .docx
        case "p:presentation": return .pptx
        case "s:workbook": return .xlsx
        default: return nil
        }
    }

    private static func readWhole(_ bytes: [UInt8], _ name: String, _ limits: ReadingLimits)
        throws(ReadingError) -> ReadDocument
    {
        guard bytes.count <= maximumBytes else {
            throw ReadingError(.tooLarge, "The file has more than \(maximumBytes >> 20) MB.")
        }
        if CompoundFile.isOne(bytes) {
            _ = try LegacyKind.of(bytes)
            // What LibreOffice opens is converted before it comes here.
            throw ReadingError(.unsupported, "The file is an old Office file of a kind that is not read.")
        }
        let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        let start = String(decoding: bytes.prefix(4_096).drop { $0 <= 0x20 || $0 >= 0x80 }, as: UTF8.self).lowercased()
        if start.hasPrefix("{\\rtf") {
            return try reading(.rtf, limits) { builder throws(ReadingError) in
                try RichText.read(bytes, into: &builder)
            }
        }
        if ["<!doctype html", "<html", "<head", "<body"].contains(where: start.hasPrefix)
            || ["html", "htm", "xhtml"].contains(ending)
        {
            return try reading(.html, limits) { HTMLDocument.read(bytes, into: &$0) }
        }
        if ending == "eml" || isMail(start) {
            return try reading(.email, limits) { MailDocument.read(bytes, into: &$0) }
        }
        return try readText(bytes, ending, limits)
    }

    private static func readText(_ bytes: [UInt8], _ ending: String, _ limits: ReadingLimits) throws(ReadingError)
        -> ReadDocument
    {
        if ["csv", "tsv", "tab"].contains(ending) {
            do throws(CSVError) {
                var builder = DocumentBuilder(.csv, limits)
                try TableDocument.read(bytes, into: &builder)
                return builder.document
            } catch {
                // A list of one column, or notes under that name: text all the same, if it is text.
            }
        }
        let text = CSVEncoding.decode(bytes).text
        guard !text.prefix(headBytes).contains(0) else {
            throw ReadingError(.unsupported, "The file is none of the formats that are read, and no text.")
        }
        return try reading(.text, limits) { PlainText.read(bytes, into: &$0) }
    }

    private static func reading(
        _ kind: ReadDocument.Kind, _ limits: ReadingLimits,
        _ body: (inout DocumentBuilder) throws(ReadingError) -> Void
    ) throws(ReadingError) -> ReadDocument {
        var builder = DocumentBuilder(kind, limits)
        try body(&builder)
        return builder.document
    }

    /// Header fields stand first, one that mails have among them.
    private static func isMail(_ start: String) -> Bool {
        let lines = start.split(whereSeparator: \.isNewline).prefix(20)
        guard let first = lines.first, let colon = first.firstIndex(of: ":"), !first[..<colon].contains(" ") else {
            return start.hasPrefix("from ") && start.contains("\nreceived:")
        }
        let names = Set(lines.compactMap { $0.split(separator: ":").first.map(String.init) })
        return names.intersection(["from", "to", "subject", "date", "message-id", "received", "mime-version"]).count
            >= 2
    }

    /// From the beginning, whatever the descriptor's offset is.
    private static func bytes(_ file: Int32, limit: Int) throws(ReadingError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(limit, 1 << 20))
        while bytes.count < limit {
            let count = pread(file, &buffer, min(buffer.count, limit - bytes.count), bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ReadingError(.damaged, "The file cannot be read from its disk.") }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}

private final class RootElement: XMLHandler {
    private(set) var name: String?
    var isDone: Bool { name != nil }
    func start(_ name: String, _ attributes: [String: String]) { if self.name == nil { self.name = name } }
    func end(_ name: String) {}
    func text(_ text: String) {}
}
