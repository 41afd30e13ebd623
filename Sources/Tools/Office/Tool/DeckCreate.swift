package import DocumentModel
package import Domain
import FoundationEssentials
import JSONSchema
import OOXML
package import ToolKit

/// Writes a deck as PPTX and publishes it.
package struct DeckCreate: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var deck: Deck
        /// File name in the run's directory: `briefing.pptx`.
        package var file: String
        /// A presentation or template (PPTX, POTX) in the run's directory whose masters, layouts and theme are used.
        package var template: String?

        package static let schemaWords: [String: JSONValue] = [
            "file": ["description": "File name in the run's directory: briefing.pptx."]
        ]

        package init(deck: Deck, file: String, template: String? = nil) {
            self.deck = deck
            self.file = file
            self.template = template
        }
    }

    package struct Output: Codable, Sendable, Hashable {
        package var file: WorkspaceFile
        /// Slides of the file; overlong ones were split.
        package var slides: Int
    }

    package static let descriptor = ToolDescriptor(
        name: "deck.create",
        summary: """
            Writes a presentation (PPTX) with native charts, tables, diagrams, pictures, speaker notes and linked \
            sources, in a built-in theme or a template's.
            """,
        effect: .read, timeoutSeconds: 60, keywords: ["slides", "powerpoint", "slideshow", "pitch", "keynote"])

    /// Bytes of a template: real ones with pictures on their masters have some MiB.
    private static let maximumTemplate = 50 * 1024 * 1024

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        try DocumentFile.check(input.deck.validate())
        let name = try DocumentFile.name(input.file, ending: ".pptx")
        let files = WorkspaceFiles(directory: context.directory)
        let paths = input.deck.slides.compactMap { slide -> String? in
            if case .image(_, let image) = slide.content { image.path } else { nil }
        }
        let pictures = try DocumentFile.pictures(paths, of: files)
        let template = try input.template.map { try files.read($0, limit: Self.maximumTemplate) }
        try Task.checkCancellation()
        let output = try DocumentFile.writing {
            try Presentation.bytes(
                of: input.deck, pictures: pictures, template: template, created: DocumentFile.now())
        }
        try files.write(output.bytes, to: name)
        let file = WorkspaceFile(
            path: name, name: name,
            mediaType: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            size: output.bytes.count)
        context.publish(file)
        return Output(file: file, slides: output.slides)
    }
}
