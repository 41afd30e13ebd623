import Glibc
import Programs
package import Reading
package import ToolKit

/// Reads what strangers send: one structure for all formats, in a process with limits.
package struct DocumentRead: Tool {
    package struct Input: Codable, Sendable {
        /// Relative to the run's directory.
        package var file: String
        /// Of text, at most; the rest is left out and `truncated` says so.
        package var maximumCharacters: Int?

        package init(file: String, maximumCharacters: Int? = nil) {
            self.file = file
            self.maximumCharacters = maximumCharacters
        }

        enum CodingKeys: String, CodingKey {
            case file
            case maximumCharacters = "max_characters"
        }
    }

    package typealias Output = ReadDocument

    package static let descriptor = ToolDescriptor(
        name: "document.read",
        summary: "Reads a document (PPTX, XLSX, DOCX, ODT, ODS, ODP, DOC, XLS, PPT, PDF, HTML, RTF, CSV, mail, text, "
            + "pictures) as headings, paragraphs, lists and tables by page, slide or sheet, with its metadata.",
        effect: .read, timeoutSeconds: 120)

    /// Bytes of a file; what is larger is no document that a persona is sent.
    static let maximumBytes = 200 * 1024 * 1024
    /// Of an answer, which travels as JSON and stands in the run's state.
    static let maximumCharacters = 1_000_000

    private let reader: [String]

    /// `reader` is the program that reads, with the arguments that make it `ReaderProcess.serve`.
    package init(reader: [String]) { self.reader = reader }

    package func call(_ input: Input, in context: ToolContext) async throws -> ReadDocument {
        let characters = min(max(1, input.maximumCharacters ?? 200_000), Self.maximumCharacters)
        let limits = ReadingLimits(characters: characters, elements: 100_000)
        let files = WorkspaceFiles(directory: context.directory)
        let (file, size) = try files.descriptor(of: input.file, limit: Self.maximumBytes)
        defer { close(file) }
        let name = input.file.split(separator: "/").last.map(String.init) ?? input.file
        guard let old = try LegacyFile.kind(file, size: size) else {
            return try await read(file, name, limits, context)
        }
        context.progress("Converting an old Office file")
        return try await ScratchFolder.with { folder in
            let converted = try await OfficeConversion.convert(
                file, of: size, named: "document.\(old.rawValue)", to: old.successor, in: folder,
                until: context.deadline)
            let copy = open(converted, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard copy >= 0 else { throw OfficeConversion.failure("The converted file cannot be opened.") }
            defer { close(copy) }
            var document = try await read(copy, converted, limits, context)
            document.kind = old
            document.mediaType = old.mediaType
            return document
        }
    }

    private func read(_ file: Int32, _ name: String, _ limits: ReadingLimits, _ context: ToolContext) async throws
        -> ReadDocument
    {
        let outcome = try await ProgramCall.run(
            reader + ReaderProcess.words(name: name, limits: limits), input: file,
            limits: ReaderProcess.limits(until: context.deadline))
        do throws(ReadingError) {
            return try ReaderProcess.document(from: outcome)
        } catch {
            throw error.failure
        }
    }
}

extension ReadingError {
    /// The file is at fault in nearly all cases, and the same call would fail again.
    var failure: ToolFailure {
        ToolFailure(code == .programMissing ? .permanent : .invalidInput, code: code.rawValue, message)
    }
}
