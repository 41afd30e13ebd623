/// Reads DOCX (ECMA-376 part 1, section 17).
enum WordReader {
    static func read(_ archive: Archive, _ package: Relations, main: String, into builder: inout DocumentBuilder)
        throws(ReadingError)
    {
        let relations = try Relations.of(main, in: archive)
        let styles = WordStyles()
        if let part = relations.part("styles") {
            do {
                _ = try XMLStream.read(part, of: archive, to: styles)
            } catch  where error.code == .damaged {
                builder.warn("The styles are damaged; headings are not recognised.")
            }
        }
        builder.begin(.body)
        for part in relations.parts("header") { try story(part, .header, archive, relations, styles, &builder) }
        try story(main, nil, archive, relations, styles, &builder)
        for (kind, element) in [
            ("footnotes", DocumentElement.Kind.footnote), ("endnotes", .footnote), ("comments", .comment),
            ("footer", .footer),
        ] {
            for part in relations.parts(kind) { try story(part, element, archive, relations, styles, &builder) }
        }
        for part in relations.parts("chart") { try ChartCache.read(part, archive, into: &builder) }
        for part in relations.parts("package") + relations.parts("oleObject") {
            builder.attach(DocumentAttachment(embedded: part, size: archive.statedSize(of: part)))
        }
    }

    private static func story(
        _ part: String, _ kind: DocumentElement.Kind?, _ archive: Archive, _ relations: Relations, _ styles: WordStyles,
        _ builder: inout DocumentBuilder
    ) throws(ReadingError) {
        let own = kind == nil ? relations : try Relations.of(part, in: archive)
        let story = WordStory(builder, styles, kind: kind) { own.target($0) }
        do throws(ReadingError) {
            let isThere = try XMLStream.read(part, of: archive, to: story)
            builder = story.builder
            if !isThere, kind == nil {
                throw ReadingError(.damaged, "The file holds no document part.")
            }
        } catch {
            builder = story.builder
            // What stands before the damage is worth having.
            guard error.code == .damaged, kind != nil || !builder.isEmpty else { throw error }
            builder.warn(error.message)
        }
    }
}

extension DocumentAttachment {
    /// A part of the package, such as an embedded workbook.
    init(embedded part: String, size: Int) {
        let name = part.split(separator: "/").last.map(String.init) ?? part
        let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        let kind = ReadDocument.Kind(rawValue: ending)
        self.init(name: name, mediaType: kind?.mediaType ?? "application/octet-stream", size: size)
    }
}
