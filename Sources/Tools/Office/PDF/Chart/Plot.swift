import CPangoCairo
import DocumentModel

/// Draws a chart without its title and legend.
struct Plot {
    let chart: Chart
    let canvas: Canvas
    let typesetter: Typesetter
    let styles: Styles
    let numbers: NumberText
    private let groupsFrom: Double

    init(chart: Chart, canvas: Canvas, typesetter: Typesetter, styles: Styles, numbers: NumberText) {
        self.chart = chart
        self.canvas = canvas
        self.typesetter = typesetter
        self.styles = styles
        self.numbers = numbers
        groupsFrom = NumberText.grouping(of: chart.series.flatMap { $0.values.compactMap { $0 } })
    }

    func draw(in box: Box) {
        switch chart.kind {
        case .bar: drawBars(in: box)
        case .column, .line, .area, .combined: drawUpright(in: box)
        case .scatter: drawScatter(in: box)
        case .pie, .doughnut: drawPie(in: box)
        }
    }

    var values: [Double] { chart.series.flatMap { $0.values.compactMap { $0 } } }

    func number(_ value: Double) -> String {
        numbers.text(value, format: chart.numberFormat, groupsFrom: groupsFrom).printable
    }

    func label(_ text: String, width: Double? = nil, lines: Int = 1, alignment: Alignment = .start) -> TextBlock {
        typesetter.set(
            text.printable, styles.label, width: width, alignment: alignment,
            maximumLines: width == nil ? nil : lines)
    }

    // MARK: - Frame

    /// The plot's area once the axes' titles and the value labels have their room; draws grid and value axis.
    private func drawFrame(in box: Box, _ scale: ValueScale, bottomLabels: Double) -> Box {
        var area = box
        area.height -= bottomLabels + 4
        area.y += 6
        area.height -= 6
        if let title = chart.valueAxisTitle, !title.isEmpty {
            let block = label(title, width: box.width, alignment: .start)
            canvas.label(block, x: box.x, y: box.y, styles.muted)
            area.y += 12
            area.height -= 12
        }
        if let title = chart.categoryAxisTitle, !title.isEmpty {
            let block = label(title, width: box.width, alignment: .center)
            canvas.label(block, x: box.x, y: box.bottom - block.height, styles.muted)
            area.height -= block.height + 2
        }
        let ticks = scale.ticks.map { label(number($0)) }
        let gutter = min(ticks.reduce(0) { max($0, $1.width) } + 8, box.width / 3)
        area.x += gutter
        area.width -= gutter
        for (tick, block) in zip(scale.ticks, ticks) {
            let y = area.bottom - scale.position(tick) * area.height
            let isBase = tick == 0
            canvas.rule(
                area.x, y, to: area.right, y, isBase ? styles.muted : styles.gridline, width: isBase ? 0.8 : 0.4)
            canvas.label(block, x: area.x - 6 - block.width, y: y - block.height / 2, styles.muted)
        }
        return area
    }

    // MARK: - Upright

    private func drawUpright(in box: Box) {
        let scale = ValueScale(values, includesZero: chart.kind != .line)
        let slots = CategorySlots(chart.categories, width: box.width * 0.92, self)
        let area = drawFrame(in: box, scale, bottomLabels: slots.height + 4)
        slots.draw(self, in: area, y: area.bottom + 5)
        let drawn = chart.series.indices.map { chart.drawnKind(ofSeries: $0) }
        // Lines stand before columns, columns before areas.
        for kind in [Chart.Kind.area, .column, .line] {
            let members = drawn.indices.filter { drawn[$0] == kind }
            if kind == .column { drawColumns(members, in: area, scale) }
            for index in members where kind != .column {
                drawLine(chart.series[index], styles.series(index), fills: kind == .area, in: area, scale)
            }
        }
    }

    private func drawColumns(_ members: [Int], in area: Box, _ scale: ValueScale) {
        let slot = area.width / Double(max(1, chart.categories.count))
        let group = slot * 0.72
        let bar = min(group / Double(max(1, members.count)), 48)
        let isLabelled = chart.series.count == 1 && chart.categories.count <= 14
        for (rank, index) in members.enumerated() {
            for (position, value) in chart.series[index].values.enumerated() {
                guard let value, value.isFinite else { continue }
                let center = area.x + slot * (Double(position) + 0.5)
                let x = center + bar * (Double(rank) - Double(members.count) / 2)
                let end = area.bottom - scale.position(value) * area.height
                let base = area.bottom - scale.base * area.height
                let column = Box(x: x, y: min(end, base), width: bar * 0.94, height: abs(end - base))
                canvas.fill(column, styles.series(index))
                if isLabelled {
                    let block = label(number(value))
                    guard block.width <= slot else { continue }
                    let y = value < 0 ? column.bottom + 2 : column.y - block.height - 1
                    canvas.label(block, x: center - block.width / 2, y: y, styles.text)
                }
            }
        }
    }

    private func drawLine(_ series: Chart.Series, _ ink: Ink, fills: Bool, in area: Box, _ scale: ValueScale) {
        let slot = area.width / Double(max(1, chart.categories.count))
        var stretch: [(x: Double, y: Double)] = []
        for (position, value) in series.values.enumerated() {
            if let value, value.isFinite {
                let y = area.bottom - scale.position(value) * area.height
                stretch.append((area.x + slot * (Double(position) + 0.5), y))
            } else {
                drawStretch(stretch, ink, fills: fills, base: area.bottom - scale.base * area.height)
                stretch = []
            }
        }
        drawStretch(stretch, ink, fills: fills, base: area.bottom - scale.base * area.height)
    }

    private func drawStretch(_ points: [(x: Double, y: Double)], _ ink: Ink, fills: Bool, base: Double) {
        guard let cairo = canvas.cairo, let first = points.first, let last = points.last else { return }
        if fills, points.count > 1 {
            canvas.ink(ink, alpha: 0.22)
            cairo_move_to(cairo, first.x, base)
            for point in points { cairo_line_to(cairo, point.x, point.y) }
            cairo_line_to(cairo, last.x, base)
            cairo_close_path(cairo)
            cairo_fill(cairo)
        }
        // Text drawn before leaves a current point behind.
        cairo_new_path(cairo)
        canvas.ink(ink)
        cairo_set_line_width(cairo, 1.8)
        cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND)
        for point in points { cairo_line_to(cairo, point.x, point.y) }
        cairo_stroke(cairo)
        // More markers than this hide the line.
        if chart.categories.count <= 40 || points.count == 1 { for point in points { dot(point.x, point.y, ink, 2.4) } }
    }

    private func dot(_ x: Double, _ y: Double, _ ink: Ink, _ radius: Double) {
        guard let cairo = canvas.cairo else { return }
        canvas.ink(ink)
        cairo_new_sub_path(cairo)
        cairo_arc(cairo, x, y, radius, 0, 2 * Double.pi)
        cairo_fill(cairo)
    }

    // MARK: - Scatter

    private func drawScatter(in box: Box) {
        let scale = ValueScale(values, includesZero: false)
        let across = ValueScale(chart.series.flatMap { $0.x ?? [] }, includesZero: false, count: 8)
        let area = drawFrame(in: box, scale, bottomLabels: 14)
        for tick in across.ticks {
            let x = area.x + across.position(tick) * area.width
            canvas.rule(x, area.y, to: x, area.bottom, styles.gridline, width: 0.4)
            let block = label(numbers.text(tick))
            canvas.label(block, x: min(x - block.width / 2, box.right - block.width), y: area.bottom + 4, styles.muted)
        }
        for (index, series) in chart.series.enumerated() {
            for (x, y) in zip(series.x ?? [], series.values) {
                guard let y, y.isFinite, x.isFinite else { continue }
                dot(
                    area.x + across.position(x) * area.width, area.bottom - scale.position(y) * area.height,
                    styles.series(index), 2.6)
            }
        }
    }
}

/// Labels below an upright plot: each category's, or every second, third … where they would not fit.
struct CategorySlots {
    private let blocks: [(index: Int, block: TextBlock)]
    private let count: Int
    let height: Double

    init(_ categories: [String], width: Double, _ plot: Plot) {
        count = max(1, categories.count)
        // Narrower than 34 points a label tells nothing.
        let step = max(1, Int((34 * Double(count) / width).rounded(.up)))
        let room = width / Double(count) * Double(step) - 4
        blocks = stride(from: 0, to: categories.count, by: step).map { index in
            let lines = step == 1 ? 2 : 1
            return (index, plot.label(categories[index], width: room, lines: lines, alignment: .center))
        }
        height = blocks.reduce(0) { max($0, $1.block.height) }
    }

    func draw(_ plot: Plot, in area: Box, y: Double) {
        let slot = area.width / Double(count)
        for (index, block) in blocks {
            let center = area.x + slot * (Double(index) + 0.5)
            let inner = block.lines.reduce(Double.infinity) { min($0, $1.x) }
            let x = center - block.width / 2 - (inner.isFinite ? inner : 0)
            plot.canvas.label(block, x: max(x, area.x - 40), y: y, plot.styles.text)
        }
    }
}
