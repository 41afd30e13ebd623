package import DocumentModel
import PDF
package import ToolKit

/// Draws a chart as a picture in the run's directory.
package struct ChartCreate: Tool {
    package struct Input: Codable, Sendable {
        package var chart: Chart
        /// Ends in `.svg` or `.png`.
        package var file: String
        package var theme: Theme?
        /// BCP 47: how numbers are written.
        package var language: String?
        /// In points, 100 to 2,000; 640 by 400 by default.
        package var width: Double?
        package var height: Double?

        package init(
            chart: Chart, file: String, theme: Theme? = nil, language: String? = nil, width: Double? = nil,
            height: Double? = nil
        ) {
            self.chart = chart
            self.file = file
            self.theme = theme
            self.language = language
            self.width = width
            self.height = height
        }
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
    }

    package static let descriptor = ToolDescriptor(
        name: "chart.create",
        summary:
            "Draws a chart (bar, column, line, area, pie, scatter) as an SVG or PNG picture, for a page, a mail or a "
            + "report.",
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let directory = RunDirectory(path: context.directory)
        let isVector = input.file.lowercased().hasSuffix(".svg")
        try directory.check(input.file, extension: isVector ? ".svg" : ".png")
        let size = try await OwnThread.run {
            do {
                let (width, height) = (input.width ?? 640, input.height ?? 400)
                let (theme, language) = (input.theme ?? .light, input.language ?? "en")
                let bytes =
                    isVector
                    ? try ChartPicture.svg(input.chart, theme: theme, language: language, width: width, height: height)
                    : try ChartPicture.png(input.chart, theme: theme, language: language, width: width, height: height)
                try directory.write(bytes, to: input.file)
                return bytes.count
            } catch let error as PDFError {
                throw error.failure
            }
        }
        try Task.checkCancellation()
        let name = input.file.split(separator: "/").last.map(String.init) ?? input.file
        let file = WorkspaceFile(
            path: input.file, name: name, mediaType: isVector ? "image/svg+xml" : "image/png", size: size)
        context.publish(file)
        return Output(file: file)
    }
}
