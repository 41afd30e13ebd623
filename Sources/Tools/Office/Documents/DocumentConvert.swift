import FoundationEssentials
import Glibc
package import ToolKit

/// Converts a document to another format by LibreOffice.
package struct DocumentConvert: Tool {
    package struct Input: Codable, Sendable {
        /// Relative to the run's directory; its ending names its format.
        package var file: String
        /// A plain file name; its ending names the format that is wanted.
        package var output: String

        package init(file: String, output: String) {
            self.file = file
            self.output = output
        }
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
    }

    package static let descriptor = ToolDescriptor(
        name: "document.convert",
        summary:
            "Converts a document: text documents to PDF, DOCX, ODT, RTF, TXT or HTML; presentations to PDF, PPTX or "
            + "ODP; workbooks to PDF, XLSX, ODS, CSV or HTML. The endings of both names say the formats.",
        effect: .read, timeoutSeconds: 120)

    /// Bytes of the result: what is larger is not mailed.
    private static let maximumResult = 100 * 1024 * 1024

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let source = input.file.ending
        let target = input.output.ending
        guard OfficeConversion.targets(of: source).contains(target), source != target else {
            let targets = OfficeConversion.targets(of: source).subtracting([source]).sorted().joined(separator: ", ")
            throw ToolFailure(
                .invalidInput, code: "format_unsupported",
                targets.isEmpty
                    ? "Files that end in '.\(source)' are not converted."
                    : "'.\(source)' becomes \(targets), not '.\(target)'.")
        }
        let files = WorkspaceFiles(directory: context.directory)
        let (file, size) = try files.descriptor(of: input.file, limit: DocumentRead.maximumBytes)
        defer { close(file) }
        context.progress("Converting to \(target.uppercased())")
        let bytes = try await ScratchFolder.with { folder in
            let path = try await OfficeConversion.convert(
                file, of: size, named: "document.\(source)", to: target, in: folder, until: context.deadline)
            return try ScratchFolder.bytes(path, limit: Self.maximumResult)
        }
        try files.write(bytes, to: input.output)
        let name = input.output.split(separator: "/").last.map(String.init) ?? input.output
        let result = WorkspaceFile(
            path: input.output, name: name, mediaType: MediaTypes.of(target), size: bytes.count)
        context.publish(result)
        return Output(file: result)
    }
}
