import DocumentModel

extension Composer {
    private static let captionGap = 6.0

    /// Of title, plot and legend; never more than two thirds of a page.
    func chartHeight(_ chart: Chart) -> Double {
        let title = chartTitle(chart).map { $0.height + Self.captionGap } ?? 0
        return title + plotHeight(chart) + (legend(of: chart)?.height ?? 0)
    }

    private func chartTitle(_ chart: Chart) -> TextBlock? {
        guard let title = chart.title, !title.isEmpty else { return nil }
        return typesetter.set(title.printable, styles.caption.sized(10.5), width: width, maximumLines: 4)
    }

    private func plotHeight(_ chart: Chart) -> Double {
        switch chart.kind {
        case .bar:
            let bars = Double(chart.categories.count * max(1, min(4, chart.series.count)))
            return min(400, max(130, bars * 15 + 50))
        case .pie, .doughnut: return 180
        case .column, .line, .area, .scatter, .combined: return 215
        }
    }

    private func legend(of chart: Chart) -> Legend? {
        guard !chart.kind.isRound, chart.series.count > 1 else { return nil }
        return Legend(chart.series.map(\.name), typesetter, styles, width: width)
    }

    func composeChart(_ chart: Chart) throws {
        space(6)
        let height = chartHeight(chart)
        try reserve(height)
        if canvas.isDrawing {
            var top = y
            if let title = chartTitle(chart) {
                _ = canvas.draw(title, x: left, y: top, ink: styles.heading, leaf: "P")
                top += title.height + Self.captionGap
            }
            let box = Box(x: left, y: top, width: width, height: plotHeight(chart))
            let plot = Plot(chart: chart, canvas: canvas, typesetter: typesetter, styles: styles, numbers: numbers)
            let legend = legend(of: chart)
            canvas.tag("Figure") {
                plot.draw(in: box)
                legend?.draw(on: canvas, x: left, y: box.bottom, styles)
            }
            figures.append(alternative(of: chart))
        }
        y += height + 14
    }

    private func alternative(of chart: Chart) -> String {
        if let text = chart.altText, !text.isEmpty { return text.printable }
        let names = chart.series.prefix(8).map(\.name).filter { !$0.isEmpty }.joined(separator: ", ")
        return [chart.title ?? "", names].filter { !$0.isEmpty }.joined(separator: ": ").printable
    }
}

/// Names of series with their colours, in rows below a plot.
struct Legend {
    private struct Entry {
        var block: TextBlock
        var index: Int
        var x: Double
        var row: Int
    }

    private static let rowHeight = 14.0
    private static let top = 6.0
    private var entries: [Entry] = []
    let height: Double

    init(_ names: [String], _ typesetter: Typesetter, _ styles: Styles, width: Double) {
        var x = 0.0
        var row = 0
        for (index, name) in names.enumerated() {
            let wanted = min(typesetter.width(name.printable, styles.label), 200)
            let block = typesetter.set(name.printable, styles.label, width: wanted + 1, maximumLines: 1)
            if x > 0, x + wanted + 14 > width {
                x = 0
                row += 1
            }
            entries.append(Entry(block: block, index: index, x: x, row: row))
            x += wanted + 32
        }
        height = Self.top + Double(row + 1) * Self.rowHeight
    }

    func draw(on canvas: Canvas, x: Double, y: Double, _ styles: Styles) {
        for entry in entries {
            let top = y + Self.top + Double(entry.row) * Self.rowHeight
            canvas.fill(Box(x: x + entry.x, y: top + 1.5, width: 8, height: 8), styles.series(entry.index))
            canvas.label(entry.block, x: x + entry.x + 13, y: top, styles.text)
        }
    }
}

extension Styles {
    /// Colours repeat once the palette is used up.
    func series(_ index: Int) -> Ink { palette.isEmpty ? accent : palette[index % palette.count] }
}
