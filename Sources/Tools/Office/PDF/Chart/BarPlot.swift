import CPangoCairo
import DocumentModel

extension Plot {
    /// Horizontal bars, the first category on top.
    func drawBars(in box: Box) {
        let scale = ValueScale(values, includesZero: true)
        let wanted = chart.categories.prefix(100).reduce(0) { max($0, label($1).width) }
        let gutter = min(wanted + 8, box.width * 0.34)
        var area = Box(x: box.x + gutter, y: box.y + 2, width: box.width - gutter - 30, height: box.height - 22)
        if let title = chart.categoryAxisTitle, !title.isEmpty {
            canvas.label(label(title, width: box.width), x: box.x, y: box.y, styles.muted)
            area.y += 12
            area.height -= 12
        }
        if let title = chart.valueAxisTitle, !title.isEmpty {
            let block = label(title, width: area.width, alignment: .center)
            canvas.label(block, x: area.x, y: box.bottom - block.height, styles.muted)
            area.height -= block.height
        }
        for tick in scale.ticks {
            let x = area.x + scale.position(tick) * area.width
            canvas.rule(
                x, area.y, to: x, area.bottom, tick == 0 ? styles.muted : styles.gridline, width: tick == 0 ? 0.8 : 0.4)
            let block = label(number(tick))
            canvas.label(block, x: x - block.width / 2, y: area.bottom + 4, styles.muted)
        }
        drawRows(in: area, scale, gutter: gutter)
    }

    private func drawRows(in area: Box, _ scale: ValueScale, gutter: Double) {
        let slot = area.height / Double(max(1, chart.categories.count))
        let bar = min(slot * 0.74 / Double(max(1, chart.series.count)), 26)
        // Labels closer than their height would overlap.
        let step = max(1, Int((10 / max(slot, 0.01)).rounded(.up)))
        for (position, category) in chart.categories.enumerated() {
            let center = area.y + slot * (Double(position) + 0.5)
            if position % step == 0 {
                let lines = slot > 20 ? 2 : 1
                let block = label(category, width: gutter - 6, lines: lines, alignment: .end)
                canvas.label(block, x: area.x - gutter, y: center - block.height / 2, styles.text)
            }
            for (index, series) in chart.series.enumerated() {
                guard position < series.values.count, let value = series.values[position], value.isFinite else {
                    continue
                }
                let y = center + bar * (Double(index) - Double(chart.series.count) / 2)
                draw(value, at: y, height: bar * 0.94, styles.series(index), in: area, scale)
            }
        }
    }

    private func draw(_ value: Double, at y: Double, height: Double, _ ink: Ink, in area: Box, _ scale: ValueScale) {
        let end = area.x + scale.position(value) * area.width
        let base = area.x + scale.base * area.width
        canvas.fill(Box(x: min(end, base), y: y, width: abs(end - base), height: height), ink)
        guard chart.series.count == 1, height >= 8, value >= 0 else { return }
        let block = label(number(value))
        canvas.label(block, x: end + 4, y: y + (height - block.height) / 2, styles.text)
    }
}

extension Plot {
    private struct Slice {
        var name: String
        var value: Double
    }

    /// The first series, clockwise from the top, with names and shares beside it.
    func drawPie(in box: Box) {
        guard let cairo = canvas.cairo else { return }
        let slices = slices()
        let total = slices.reduce(0) { $0 + $1.value }
        let radius = min(box.height / 2 - 6, 84)
        let center = (x: box.x + radius + 24, y: box.y + box.height / 2)
        guard total > 0, total.isFinite else {
            canvas.label(label("—"), x: center.x, y: center.y, styles.muted)
            return
        }
        var angle = -Double.pi / 2
        for (index, slice) in slices.enumerated() {
            let sweep = slice.value / total * 2 * Double.pi
            canvas.ink(styles.series(index))
            cairo_new_path(cairo)
            cairo_move_to(cairo, center.x, center.y)
            cairo_arc(cairo, center.x, center.y, radius, angle, angle + sweep)
            cairo_close_path(cairo)
            cairo_fill_preserve(cairo)
            canvas.ink(styles.background)
            cairo_set_line_width(cairo, slices.count > 1 ? 1.2 : 0)
            cairo_stroke(cairo)
            angle += sweep
        }
        if chart.kind == .doughnut {
            cairo_new_path(cairo)
            canvas.ink(styles.background)
            cairo_arc(cairo, center.x, center.y, radius * 0.6, 0, 2 * Double.pi)
            cairo_fill(cairo)
        }
        let x = center.x + radius + 34
        let row = min(18, (box.height - 8) / Double(max(1, slices.count)))
        var y = center.y - row * Double(slices.count) / 2
        for (index, slice) in slices.enumerated() {
            let share = label(numbers.text(slice.value / total, format: "0.0%"))
            let value = label(number(slice.value))
            let name = label(slice.name, width: max(40, box.right - x - 130))
            canvas.fill(Box(x: x, y: y + 1.5, width: 8, height: 8), styles.series(index))
            canvas.label(name, x: x + 14, y: y, styles.text)
            canvas.label(share, x: box.right - share.width, y: y, styles.text)
            canvas.label(value, x: box.right - 50 - value.width, y: y, styles.muted)
            y += row
        }
    }

    /// Positive values only; of more than twelve the last ones are drawn as one.
    private func slices() -> [Slice] {
        guard let series = chart.series.first else { return [] }
        let all = zip(chart.categories, series.values).compactMap { name, value in
            value.flatMap { $0.isFinite && $0 > 0 ? Slice(name: name, value: min($0, 1e150)) : nil }
        }
        guard all.count > 12 else { return all }
        let rest = all.dropFirst(11)
        return all.prefix(11) + [Slice(name: "+ \(rest.count)", value: rest.reduce(0) { $0 + $1.value })]
    }
}
