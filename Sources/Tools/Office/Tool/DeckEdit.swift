package import OOXML
package import ToolKit

/// Changes a presentation and publishes the changed one; the given file stays as it is.
package struct DeckEdit: Tool {
    package struct Input: Codable, Sendable {
        /// The presentation in the run's directory.
        package var file: WorkspaceFile
        /// File name of the changed one: `plan-2027.pptx`.
        package var output: String
        package var operations: [DeckOperation]

        package init(file: WorkspaceFile, output: String, operations: [DeckOperation]) {
            self.file = file
            self.output = output
            self.operations = operations
        }
    }

    package struct Output: Codable, Sendable, Hashable {
        package var file: WorkspaceFile
        package var slides: Int
        /// What was done, a line for each operation.
        package var log: [String]
    }

    package static let descriptor = ToolDescriptor(
        name: "deck.edit",
        summary: """
            Changes a presentation (PPTX): replaces text, fills placeholders, sets charts' data and notes, and copies, \
            deletes and moves slides, also from other decks. All else is kept as it is.
            """,
        effect: .read, timeoutSeconds: 60)

    /// Bytes of a presentation, and of all that are read for one edit.
    private static let maximumFile = 100 * 1024 * 1024
    private static let maximumFiles = 200 * 1024 * 1024
    /// More changes than this are another deck.
    package static let maximumOperations = 500

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        guard (1...Self.maximumOperations).contains(input.operations.count) else {
            throw ToolFailure(
                .invalidInput, code: "operations_invalid", "An edit has 1 to \(Self.maximumOperations) operations.")
        }
        let name = try DocumentFile.name(input.output, ending: ".pptx")
        let files = WorkspaceFiles(directory: context.directory)
        let bytes = try files.read(input.file.path, limit: Self.maximumFile)
        var others: [String: [UInt8]] = [:]
        var room = Self.maximumFiles - bytes.count
        for case .copySlides(let path, _, _) in input.operations where others[path] == nil {
            let other = try files.read(path, limit: min(room, Self.maximumFile))
            room -= other.count
            others[path] = other
        }
        try Task.checkCancellation()
        let (edited, slides, log) = try DocumentFile.writing {
            var editor = try DeckEditor(bytes)
            for (index, operation) in input.operations.enumerated() {
                do throws(OOXMLError) {
                    try editor.apply(operation, files: others)
                } catch {
                    throw OOXMLError(error.code, "Operation \(index + 1): \(error.message)")
                }
            }
            return (try editor.bytes(), try editor.slideCount(), editor.log)
        }
        try files.write(edited, to: name)
        let file = WorkspaceFile(
            path: name, name: name,
            mediaType: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            size: edited.count)
        context.publish(file)
        return Output(file: file, slides: slides, log: log)
    }
}
