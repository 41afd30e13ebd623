/// Something that a document cites; text refers to it by its number: `[2]`.
package struct Source: Sendable, Hashable, Codable {
    package var number: Int
    package var title: String
    /// Absolute; `http`, `https` or `mailto` become links, others stay text.
    package var url: String?

    package init(number: Int, title: String, url: String? = nil) {
        self.number = number
        self.title = title
        self.url = url
    }

    /// Whether `url` may become a link that a reader can click.
    package var isLink: Bool { url.map(Self.isLink) ?? false }

    package static func isLink(_ url: String) -> Bool {
        ["http://", "https://", "mailto:"].contains { url.lowercased().hasPrefix($0) }
            && url.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
    }

    /// That `source` is one of the document's.
    static func inspect(reference source: Int?, _ inspection: inout DocumentInspection, among sources: Set<Int>) {
        guard let source else { return }
        inspection.require(
            sources.contains(source), "unknown_source", "There is no source \(source).", at: "source")
    }

    static func inspect(_ sources: [Source], _ inspection: inout DocumentInspection) {
        inspection.count(sources.count, "sources", in: 0...DocumentLimits.sources)
        var seen: Set<Int> = []
        inspection.each("sources", sources) { source, inspection in
            inspection.text(source.title, "title", limit: DocumentLimits.line, required: true)
            inspection.text(source.url, "url", limit: DocumentLimits.line)
            inspection.require(
                seen.insert(source.number).inserted && source.number > 0, "number",
                "Source numbers start at 1 and differ.", at: "number")
        }
    }
}

/// A picture in a file of the run's directory.
package struct Image: Sendable, Hashable, Codable {
    /// Relative to the run's directory, as `WorkspaceFile.path`; PNG or JPEG.
    package var path: String
    /// What the picture shows, for those who cannot see it.
    package var altText: String
    package var caption: String?
    /// Source of the picture, by number.
    package var source: Int?

    package init(path: String, altText: String, caption: String? = nil, source: Int? = nil) {
        self.path = path
        self.altText = altText
        self.caption = caption
        self.source = source
    }

    enum CodingKeys: String, CodingKey {
        case path, caption, source
        case altText = "alt_text"
    }

    /// Whether `path` stays below the directory it is relative to, as far as its text tells.
    package var isContained: Bool {
        !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
            && !path.split(separator: "/", omittingEmptySubsequences: false).contains { $0 == ".." || $0 == "." }
    }

    func inspect(_ inspection: inout DocumentInspection, sources: Set<Int>) {
        inspection.require(
            isContained, "path", "The path must be relative and stay in the run's directory.", at: "path")
        inspection.text(altText, "alt_text", limit: DocumentLimits.line, required: true)
        inspection.text(caption, "caption", limit: DocumentLimits.line)
        Source.inspect(reference: source, &inspection, among: sources)
    }
}
