package import DocumentModel
package import Domain
import FoundationEssentials
import Glibc
import JSONSchema
import OOXML
import PDF
package import ToolKit

/// Writes a report as PDF or DOCX in the run's directory.
package struct ReportCreate: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var report: Report
        /// Relative to the run's directory.
        package var file: String
        /// By the file's ending where it is absent.
        package var format: Format?

        package static let schemaWords: [String: JSONValue] = [
            "file": ["description": "File name in the run's directory: briefing.pdf or briefing.docx."]
        ]

        package init(report: Report, file: String, format: Format? = nil) {
            self.report = report
            self.file = file
            self.format = format
        }
    }

    package enum Format: String, Codable, Sendable, Hashable, CaseIterable { case pdf, docx }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
        /// Of a PDF; where the pages of a DOCX break is decided by who opens it.
        package var pages: Int?
    }

    package static let descriptor = ToolDescriptor(
        name: "report.create",
        summary: "Writes a report (headings, paragraphs with citations and footnotes, lists, tables, charts, pictures, "
            + "sources, table of contents) as an accessible, archival PDF or as DOCX, and publishes it.",
        effect: .read, timeoutSeconds: 120,
        keywords: ["document", "print", "paper", "memo", "letter", "handout", "word"])

    /// Bytes of all pictures of a DOCX.
    private static let maximumPictures = 100 * 1024 * 1024

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let directory = RunDirectory(path: context.directory)
        let format = input.format ?? (input.file.lowercased().hasSuffix(".docx") ? .docx : .pdf)
        try directory.check(input.file, extension: ".\(format.rawValue)")
        let report = input.report
        let deadline = context.deadline
        let printed = try await OwnThread.run {
            do {
                let (bytes, pages) =
                    format == .pdf
                    ? try Self.pdf(report, deadline, directory) : (try Self.docx(report, directory), nil)
                try directory.write(bytes, to: input.file)
                return (size: bytes.count, pages: pages)
            } catch let error as PDFError {
                throw error.failure
            } catch let error as OOXMLError {
                throw ToolFailure(error.code == "archive" ? .permanent : .invalidInput, code: error.code, error.message)
            }
        }
        try Task.checkCancellation()
        let name = input.file.split(separator: "/").last.map(String.init) ?? input.file
        let type =
            format == .pdf
            ? "application/pdf" : "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        let file = WorkspaceFile(path: input.file, name: name, mediaType: type, size: printed.size)
        context.publish(file)
        return Output(file: file, pages: printed.pages)
    }

    private static func pdf(_ report: Report, _ deadline: ContinuousClock.Instant, _ directory: RunDirectory) throws
        -> ([UInt8], Int?)
    {
        let file = try PDFReport.render(report, options: PDFOptions(deadline: deadline)) { try directory.picture($0) }
        return (file.bytes, file.pages)
    }

    private static func docx(_ report: Report, _ directory: RunDirectory) throws -> [UInt8] {
        var pictures: [String: [UInt8]] = [:]
        var room = maximumPictures
        for block in report.blocks {
            guard case .image(let image) = block, image.isContained, pictures[image.path] == nil else { continue }
            let bytes = try directory.picture(image.path)
            room -= bytes.count
            guard room >= 0 else {
                throw ToolFailure(
                    .invalidInput, code: "file_too_large", "The pictures have more than \(maximumPictures >> 20) MB.")
            }
            pictures[image.path] = bytes
        }
        return try WordFile.bytes(of: report, pictures: pictures, created: Date().formatted(.iso8601))
    }
}

extension PDFError {
    /// All but Cairo's own failures are the input's fault.
    var failure: ToolFailure {
        ToolFailure(code == .drawingFailed ? .permanent : .invalidInput, code: code.rawValue, message)
    }
}
