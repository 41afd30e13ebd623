import CPangoCairo
package import DocumentModel
import Synchronization

/// Draws a chart by itself, as in a report: with its title and its legend.
package enum ChartPicture {
    /// Points of either side; larger pictures are posters.
    package static let sides = 100.0...2_000.0
    /// Of the file.
    private static let maximumBytes = 32 * 1024 * 1024
    private static let margin = 12.0

    /// An SVG of `width` by `height` points; letters are shapes, so that it looks the same everywhere.
    package static func svg(
        _ chart: Chart, theme: Theme = .light, language: String = "en", width: Double, height: Double
    )
        throws -> [UInt8]
    {
        try draw(chart, theme, language, width, height) { sink in
            cairo_svg_surface_create_for_stream(ByteSink.write, sink, width, height)
        } finish: { _, _ in
        }
    }

    /// A PNG; `scale` is pixels a point, from 0.5 to 4.
    package static func png(
        _ chart: Chart, theme: Theme = .light, language: String = "en", width: Double, height: Double, scale: Double = 2
    ) throws -> [UInt8] {
        let scale = min(max(scale, 0.5), 4)
        return try draw(chart, theme, language, width, height) { _ in
            let surface = cairo_image_surface_create(
                CAIRO_FORMAT_RGB24, Int32((width * scale).rounded()), Int32((height * scale).rounded()))
            if let surface { cairo_surface_set_device_scale(surface, scale, scale) }
            return surface
        } finish: { surface, sink in
            cairo_surface_write_to_png_stream(surface, ByteSink.write, sink)
        }
    }

    private static func draw(
        _ chart: Chart, _ theme: Theme, _ language: String, _ width: Double, _ height: Double,
        surface: (UnsafeMutableRawPointer) -> OpaquePointer?,
        finish: (OpaquePointer, UnsafeMutableRawPointer) -> Void
    ) throws -> [UInt8] {
        let faults = chart.validate()
        guard faults.isEmpty, sides.contains(width), sides.contains(height) else {
            let list = faults.prefix(5).map(\.description).joined(separator: " ")
            throw PDFError(
                .reportInvalid,
                faults.isEmpty ? "A side is not \(sides) points long." : "The chart cannot be drawn: \(list)",
                faults: faults)
        }
        return try PDFReport.press.withLock { _ in
            let sink = ByteSink(limit: maximumBytes)
            return try withExtendedLifetime(sink) {
                let raw = Unmanaged.passUnretained(sink).toOpaque()
                guard let surface = surface(raw) else { throw PDFError(.drawingFailed, "Cairo has no surface.") }
                defer { cairo_surface_destroy(surface) }
                let canvas = Canvas(surface: surface)
                try compose(
                    chart, Styles(theme), try Typesetter(language: language), NumberText(language: language), canvas,
                    Box(x: 0, y: 0, width: width, height: height))
                canvas.close()
                finish(surface, raw)
                cairo_surface_finish(surface)
                guard !sink.overflowed, canvas.status == CAIRO_STATUS_SUCCESS, !sink.bytes.isEmpty else {
                    throw PDFError(.drawingFailed, "Cairo could not write the picture.")
                }
                return sink.bytes
            }
        }
    }

    private static func compose(
        _ chart: Chart, _ styles: Styles, _ typesetter: Typesetter, _ numbers: NumberText, _ canvas: Canvas, _ page: Box
    ) throws {
        canvas.fill(page, styles.background)
        let inner = page.width - 2 * margin
        var top = margin
        if let title = chart.title, !title.isEmpty {
            let block = typesetter.set(
                title.printable, styles.caption.sized(12), width: inner, maximumLines: 2)
            _ = canvas.draw(block, x: margin, y: top, ink: styles.heading)
            top += block.height + 6
        }
        var bottom = page.height - margin
        if chart.kind != .pie, chart.series.count > 1 {
            let legend = Legend(chart.series.map(\.name), typesetter, styles, width: inner)
            // More names than half the picture holds are left out.
            if legend.height < page.height / 2 {
                bottom -= legend.height
                legend.draw(on: canvas, x: margin, y: bottom, styles)
            }
        }
        let plot = Plot(chart: chart, canvas: canvas, typesetter: typesetter, styles: styles, numbers: numbers)
        plot.draw(in: Box(x: margin, y: top, width: inner, height: max(20, bottom - top)))
    }
}
