import CPangoCairo
package import DocumentModel
import Synchronization

/// Prints reports as PDF/A-2u and PDF/UA-1 through Pango and Cairo.
package enum PDFReport {
    /// Pango's font maps and fontconfig's cache are used by one report at a time.
    static let press = Mutex(())

    /// Lays out and draws `report`. Blocks: call it on a thread of your own. `image` answers the bytes of a picture by
    /// `Image.path`; it is asked twice for each. Throws `PDFError`.
    package static func render(
        _ report: Report, options: PDFOptions = PDFOptions(), image: (String) throws -> [UInt8]
    ) throws -> PDFFile {
        let faults = report.validate()
        guard faults.isEmpty else {
            let list = faults.prefix(5).map(\.description).joined(separator: " ")
            throw PDFError(.reportInvalid, "The report cannot be printed: \(list)", faults: faults)
        }
        return try press.withLock { _ in
            try withoutActuallyEscaping(image) { try print(report, options, PictureShelf(load: $0)) }
        }
    }

    /// Two passes over the same code: the first counts the pages that the second prints into its footers. Keeping the
    /// first one's layouts instead would hold a whole report's glyphs in memory.
    private static func print(_ report: Report, _ options: PDFOptions, _ shelf: PictureShelf) throws -> PDFFile {
        let paper = options.paper ?? .usual(forLanguage: report.language)
        let typesetter = try Typesetter(language: report.language)
        let counting = Composer(
            report, paper, options, typesetter, Canvas(surface: nil), shelf, totalPages: nil)
        try counting.compose()
        let sink = ByteSink(limit: options.maximumBytes)
        let figures = try withExtendedLifetime(sink) {
            try draw(report, options, paper, typesetter, shelf, counting, into: sink)
        }
        guard !sink.overflowed else {
            throw PDFError(
                .fileTooLarge, "The PDF exceeds \(options.maximumBytes) bytes; use fewer or smaller pictures.")
        }
        let attachments = try report.attachments.map { attachment in
            EmbeddedFile(
                name: attachment.path.split(separator: "/").last.map(String.init) ?? attachment.path,
                description: attachment.description, bytes: try shelf.file(attachment.path))
        }
        let archival = ArchivalFile(
            metadata: ReportMetadata(report, options), figures: figures, attachments: attachments)
        let bytes = archival.bytes(from: sink.bytes)
        guard bytes.count <= options.maximumBytes else {
            throw PDFError(
                .fileTooLarge, "The PDF exceeds \(options.maximumBytes) bytes; use fewer or smaller attachments.")
        }
        return PDFFile(bytes: bytes, pages: counting.page)
    }

    /// Answers the alternative texts of the figures, in order.
    private static func draw(
        _ report: Report, _ options: PDFOptions, _ paper: Paper, _ typesetter: Typesetter, _ shelf: PictureShelf,
        _ counted: Composer, into sink: ByteSink
    ) throws -> [String] {
        let surface = cairo_pdf_surface_create_for_stream(
            ByteSink.write, Unmanaged.passUnretained(sink).toOpaque(), paper.width, paper.height)
        guard let surface else { throw PDFError(.drawingFailed, "Cairo has no PDF surface.") }
        defer { cairo_surface_destroy(surface) }
        // 1.4 has tags and transparency, and every reader opens it.
        cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_4)
        // Without a value Cairo would write the present time; what the file says of itself is written afterwards.
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, nil)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, report.title.printable)
        let canvas = Canvas(surface: surface)
        let composer = Composer(
            report, paper, options, typesetter, canvas, shelf, totalPages: counted.page, contents: counted.headings)
        try composer.compose()
        canvas.close()
        cairo_surface_finish(surface)
        let status = cairo_surface_status(surface)
        guard sink.overflowed || (status == CAIRO_STATUS_SUCCESS && canvas.status == CAIRO_STATUS_SUCCESS) else {
            let failed = canvas.status == CAIRO_STATUS_SUCCESS ? status : canvas.status
            throw PDFError(.drawingFailed, "Cairo: \(String(cString: cairo_status_to_string(failed)))")
        }
        return composer.figures
    }
}

/// Gathers the file as Cairo writes it, up to a limit.
final class ByteSink {
    private(set) var bytes: [UInt8] = []
    private(set) var overflowed = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// As Cairo calls it, with an unretained sink.
    static var write: cairo_write_func_t {
        { closure, data, length in
            guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
            return Unmanaged<ByteSink>.fromOpaque(closure).takeUnretainedValue().append(data, Int(length))
        }
    }

    func append(_ data: UnsafePointer<UInt8>, _ count: Int) -> cairo_status_t {
        guard !overflowed, count <= limit - bytes.count else {
            overflowed = true
            return CAIRO_STATUS_WRITE_ERROR
        }
        bytes.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
        return CAIRO_STATUS_SUCCESS
    }
}
