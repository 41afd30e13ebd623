package import DocumentModel
import PDF
package import ToolKit

/// Draws a chart as SVG or PNG in the run's directory.
package struct ChartRender: Tool {
    package struct Input: Codable, Sendable {
        package var chart: Chart
        /// Relative to the run's directory; ends in `.svg` or `.png`.
        package var file: String
        /// Name or tokens; `nil` is the light one.
        package var theme: Theme?
        /// BCP 47; `nil` is English.
        package var language: String?
        /// In points; a PNG has two pixels to each.
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
        name: "chart.render", summary: "Draws a chart as SVG or PNG and publishes it.", effect: .read,
        timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let directory = RunDirectory(path: context.directory)
        let format: ChartPicture.Format = input.file.lowercased().hasSuffix(".svg") ? .svg : .png
        try directory.check(input.file, extension: ".\(format.rawValue)")
        let size = try await OwnThread.run {
            do {
                let bytes = try ChartPicture.render(
                    input.chart, as: format, theme: input.theme ?? .light, language: input.language ?? "en",
                    width: input.width ?? 640, height: input.height ?? 360)
                try directory.write(bytes, to: input.file)
                return bytes.count
            } catch let error as PDFError {
                throw error.failure
            }
        }
        try Task.checkCancellation()
        let name = input.file.split(separator: "/").last.map(String.init) ?? input.file
        let file = WorkspaceFile(
            path: input.file, name: name, mediaType: format == .svg ? "image/svg+xml" : "image/png", size: size)
        context.publish(file)
        return Output(file: file)
    }
}
