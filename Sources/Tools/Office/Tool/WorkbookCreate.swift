package import DocumentModel
package import Domain
import JSONSchema
import OOXML
package import ToolKit

/// Writes a workbook as XLSX and publishes it.
package struct WorkbookCreate: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var workbook: Workbook
        /// File name in the run's directory: `briefing.xlsx`.
        package var file: String

        package static let schemaWords: [String: JSONValue] = [
            "file": ["description": "File name in the run's directory: briefing.xlsx."]
        ]

        package init(workbook: Workbook, file: String) {
            self.workbook = workbook
            self.file = file
        }
    }

    package struct Output: Codable, Sendable, Hashable {
        package var file: WorkspaceFile
        package var sheets: [String]
        /// Formulas whose value is an error.
        package var faults: [FormulaFault]
    }

    package static let descriptor = ToolDescriptor(
        name: "workbook.create",
        summary:
            "Writes a spreadsheet (XLSX) with typed columns, computed formulas, styles, tables, rules, pictures and native charts.",
        effect: .read, timeoutSeconds: 60, keywords: ["spreadsheet", "excel", "table", "sheet", "numbers"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        try DocumentFile.check(input.workbook.validate())
        let name = try DocumentFile.name(input.file, ending: ".xlsx")
        let files = WorkspaceFiles(directory: context.directory)
        let pictures = try DocumentFile.pictures(input.workbook.sheets.flatMap { $0.images.map(\.path) }, of: files)
        let written = try DocumentFile.writing {
            try Spreadsheet.write(input.workbook, created: DocumentFile.now(), pictures: pictures)
        }
        try Task.checkCancellation()
        try files.write(written.bytes, to: name)
        let file = WorkspaceFile(
            path: name, name: name, mediaType: DocumentFile.workbookType, size: written.bytes.count)
        context.publish(file)
        return Output(
            file: file, sheets: input.workbook.sheets.map(\.name),
            faults: written.faults.prefix(FormulaFault.most).map(FormulaFault.init))
    }
}
