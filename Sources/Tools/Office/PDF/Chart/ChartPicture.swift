import CPangoCairo
package import DocumentModel
import Synchronization

/// A chart alone, as SVG or PNG.
package enum ChartPicture {
    package enum Format: String, Sendable, Codable, CaseIterable {
        case svg, png
    }

    /// Sides of a picture in points: smaller ones hold no labels, larger ones are posters.
    package static let sides = 120.0...2_000.0
    /// Pixels to the point of a PNG; larger ones would take hundreds of MiB.
    package static let scales = 0.5...4.0
    private static let margin = 16.0
    private static let titleSize = 14.0
    private static let maximumBytes = 64 * 1024 * 1024

    /// Blocks: call it on a thread of your own. Throws `PDFError`.
    package static func render(
        _ chart: Chart, as format: Format, theme: Theme = .light, language: String = "en", width: Double = 640,
        height: Double = 360, scale: Double = 2
    ) throws -> [UInt8] {
        guard sides.contains(width), sides.contains(height), scales.contains(scale) else {
            throw PDFError(
                .reportInvalid, "A chart's picture is 120 to 2,000 points wide and high, at a scale of 0.5 to 4.")
        }
        if let fault = chart.validate().first {
            throw PDFError(.reportInvalid, "The chart cannot be drawn: \(fault.description)")
        }
        return try PDFReport.press.withLock { _ in
            let sink = ByteSink(limit: maximumBytes)
            try withExtendedLifetime(sink) {
                let size = (width: width, height: height)
                switch format {
                case .svg: try svg(chart, theme, language, size, into: sink)
                case .png: try png(chart, theme, language, size, scale, into: sink)
                }
            }
            guard !sink.overflowed else { throw PDFError(.fileTooLarge, "The picture is too large.") }
            return sink.bytes
        }
    }

    private static func svg(
        _ chart: Chart, _ theme: Theme, _ language: String, _ size: (width: Double, height: Double),
        into sink: ByteSink
    ) throws {
        let target = Unmanaged.passUnretained(sink).toOpaque()
        guard let surface = cairo_svg_surface_create_for_stream(ByteSink.write, target, size.width, size.height) else {
            throw PDFError(.drawingFailed, "Cairo has no SVG surface.")
        }
        defer { cairo_surface_destroy(surface) }
        try draw(chart, theme, language, size, on: surface)
        cairo_surface_finish(surface)
        try check(cairo_surface_status(surface))
    }

    private static func png(
        _ chart: Chart, _ theme: Theme, _ language: String, _ size: (width: Double, height: Double), _ scale: Double,
        into sink: ByteSink
    ) throws {
        let (wide, high) = (Int32(size.width * scale), Int32(size.height * scale))
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, wide, high) else {
            throw PDFError(.drawingFailed, "Cairo has no picture to draw on.")
        }
        defer { cairo_surface_destroy(surface) }
        cairo_surface_set_device_scale(surface, scale, scale)
        try draw(chart, theme, language, size, on: surface)
        try check(cairo_surface_write_to_png_stream(surface, ByteSink.write, Unmanaged.passUnretained(sink).toOpaque()))
    }

    private static func draw(
        _ chart: Chart, _ theme: Theme, _ language: String, _ size: (width: Double, height: Double),
        on surface: OpaquePointer
    ) throws {
        let typesetter = try Typesetter(language: language)
        let styles = Styles(theme)
        let canvas = Canvas(surface: surface)
        canvas.fill(Box(x: 0, y: 0, width: size.width, height: size.height), styles.background)
        var box = Box(
            x: margin, y: margin, width: size.width - 2 * margin, height: size.height - 2 * margin)
        if let title = chart.title, !title.isEmpty {
            let block = typesetter.set(
                title.printable, styles.caption.sized(titleSize), width: box.width, maximumLines: 2)
            canvas.label(block, x: box.x, y: box.y, styles.heading)
            box.y += block.height + 8
            box.height -= block.height + 8
        }
        if !chart.kind.isRound, chart.series.count > 1 {
            let legend = Legend(chart.series.map(\.name), typesetter, styles, width: box.width)
            box.height -= legend.height
            legend.draw(on: canvas, x: box.x, y: box.bottom, styles)
        }
        Plot(
            chart: chart, canvas: canvas, typesetter: typesetter, styles: styles,
            numbers: NumberText(language: language)
        ).draw(in: box)
        canvas.close()
        try check(canvas.status)
    }

    private static func check(_ status: cairo_status_t) throws {
        guard status == CAIRO_STATUS_SUCCESS || status == CAIRO_STATUS_WRITE_ERROR else {
            throw PDFError(.drawingFailed, "Cairo: \(String(cString: cairo_status_to_string(status)))")
        }
    }
}
