/// Reads ODT, ODS and ODP (OpenDocument 1.3, part 3).
enum OpenDocumentReader {
    /// By the `mimetype` entry; `nil` for others.
    static func kind(of archive: Archive) throws(ReadingError) -> ReadDocument.Kind? {
        guard let bytes = try archive.bytes("mimetype", limit: 200) else { return nil }
        let type = String(decoding: bytes, as: UTF8.self).trimmed
        let base = "application/vnd.oasis.opendocument."
        for (name, kind) in [
            ("text", ReadDocument.Kind.odt), ("spreadsheet", .ods), ("presentation", .odp), ("graphics", .odp),
        ] where type.hasPrefix(base + name) {
            return kind
        }
        return nil
    }

    static func read(_ archive: Archive, into builder: inout DocumentBuilder) throws(ReadingError) {
        let manifest = OpenDocumentManifest()
        do {
            _ = try XMLStream.read("META-INF/manifest.xml", of: archive, to: manifest)
        } catch  where error.code == .damaged {
            builder.warn(error.message)
        }
        guard !manifest.isEncrypted else {
            throw ReadingError(.encrypted, "The document is encrypted; a copy without a password can be read.")
        }
        let properties = PropertiesPart()
        do {
            _ = try XMLStream.read("meta.xml", of: archive, to: properties)
        } catch  where error.code == .damaged {
            builder.warn(error.message)
        }
        builder.metadata = properties.metadata
        let content = OpenDocumentContent(builder)
        do throws(ReadingError) {
            let isThere = try XMLStream.read("content.xml", of: archive, to: content)
            builder = content.builder
            guard isThere else { throw ReadingError(.damaged, "The file holds no content part.") }
        } catch {
            builder = content.builder
            guard error.code == .damaged, !builder.isEmpty else { throw error }
            builder.warn(error.message)
        }
        if builder.document.kind != .odt { builder.metadata.pages = builder.document.sections.count }
    }
}

private final class OpenDocumentManifest: XMLHandler {
    var isEncrypted = false
    var isDone: Bool { isEncrypted }

    func start(_ name: String, _ attributes: [String: String]) {
        if name == "manifest:encryption-data" { isEncrypted = true }
    }

    func end(_ name: String) {}
    func text(_ text: String) {}
}
