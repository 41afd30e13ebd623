package import DocumentModel
package import Domain
import Glibc
import JSONSchema
import PDF
package import ToolKit

/// Prints a report as a PDF in the run's directory.
package struct ReportCreate: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var report: Report
        /// Relative to the run's directory.
        package var file: String

        package static let schemaWords: [String: JSONValue] = [
            "file": ["description": "File name in the run's directory: briefing.pdf."]
        ]

        package init(report: Report, file: String) {
            self.report = report
            self.file = file
        }
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
        package var pages: Int
    }

    package static let descriptor = ToolDescriptor(
        name: "report.create",
        summary: "Prints a report (headings, paragraphs with citations, lists, tables, charts, pictures, sources) "
            + "as a tagged PDF and publishes it.",
        effect: .read, timeoutSeconds: 120, keywords: ["document", "print", "paper", "memo", "letter", "handout"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let directory = RunDirectory(path: context.directory)
        try directory.check(input.file, extension: ".pdf")
        let report = input.report
        let deadline = context.deadline
        let printed = try await OwnThread.run {
            do {
                let file = try PDFReport.render(report, options: PDFOptions(deadline: deadline)) {
                    try directory.picture($0)
                }
                try directory.write(file.bytes, to: input.file)
                return (size: file.bytes.count, pages: file.pages)
            } catch let error as PDFError {
                throw error.failure
            }
        }
        try Task.checkCancellation()
        let name = input.file.split(separator: "/").last.map(String.init) ?? input.file
        let file = WorkspaceFile(path: input.file, name: name, mediaType: "application/pdf", size: printed.size)
        context.publish(file)
        return Output(file: file, pages: printed.pages)
    }
}

extension PDFError {
    /// All but Cairo's own failures are the input's fault.
    var failure: ToolFailure {
        ToolFailure(code == .drawingFailed ? .permanent : .invalidInput, code: code.rawValue, message)
    }
}
