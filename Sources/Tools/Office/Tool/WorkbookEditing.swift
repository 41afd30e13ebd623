package import DocumentModel
import FoundationEssentials
import OOXML
package import ToolKit

/// Edits a workbook of the run's directory in place, or into another file, and publishes it.
package struct WorkbookEditing: Tool {
    package struct Input: Codable, Sendable {
        package var file: WorkspaceFile
        package var edits: [WorkbookEdit]
        /// File name of the result; `nil`: the file itself.
        package var output: String?

        package init(file: WorkspaceFile, edits: [WorkbookEdit], output: String? = nil) {
            self.file = file
            self.edits = edits
            self.output = output
        }
    }

    package struct Output: Codable, Sendable, Hashable {
        package var file: WorkspaceFile
        package var sheets: [String]
        /// Cells whose values followed from the edits.
        package var recalculated: Int
        package var faults: [FormulaFault]
    }

    /// Bytes of the file, and edits of one call.
    private static let maximumFile = 64 * 1024 * 1024
    private static let maximumEdits = 10_000

    package static let descriptor = ToolDescriptor(
        name: "workbook.edit",
        summary:
            "Edits a spreadsheet (XLSX) in place: cells, rows, tables, sheets. Everything else stays as it is; formulas are computed anew.",
        effect: .read, timeoutSeconds: 120)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        guard input.edits.count <= Self.maximumEdits else {
            throw ToolFailure(
                .invalidInput, code: "too_many_edits", "At most \(Self.maximumEdits) edits are made at once.")
        }
        let name = try input.output.map { (name) throws(ToolFailure) in try DocumentFile.name(name, ending: ".xlsx") }
        let files = WorkspaceFiles(directory: context.directory)
        let bytes = try files.read(input.file.path, limit: Self.maximumFile)
        let (result, sheets) = try DocumentFile.writing {
            let editor = try WorkbookEditor(bytes)
            try editor.apply(input.edits)
            return (try editor.finish(now: DocumentFile.serialNow()), editor.sheetNames)
        }
        try Task.checkCancellation()
        let path = name ?? input.file.path
        try files.write(result.bytes, to: path)
        let file = WorkspaceFile(
            path: path, name: name ?? input.file.name, mediaType: DocumentFile.workbookType, size: result.bytes.count)
        context.publish(file)
        return Output(
            file: file, sheets: sheets, recalculated: result.recalculated,
            faults: result.faults.prefix(FormulaFault.most).map(FormulaFault.init))
    }
}
