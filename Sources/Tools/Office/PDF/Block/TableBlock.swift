import DocumentModel

/// Column places and styles of a table.
struct TableGrid {
    struct Column {
        var x: Double
        var width: Double
        var alignment: Alignment
        var format: String?
        var groupsFrom: Double
    }

    var columns: [Column]
    var header: [TextBlock]
    var style: TextStyle
    /// Beside and above each cell's text.
    var padding: (x: Double, y: Double)

    var headerHeight: Double { header.reduce(0) { max($0, $1.height) } + 2 * padding.y }
}

extension Composer {
    /// Rows do not break over pages unless one is taller than a page; the header is repeated.
    func composeTable(_ table: Table) throws {
        let grid = try layOut(table)
        space(4)
        let caption = table.caption.flatMap { $0.isEmpty ? nil : $0 }
        if let caption {
            let block = typesetter.set(caption.printable, styles.caption, width: width)
            try reserve(min(block.height + grid.headerHeight + 40, bottom - top))
            try paragraph(caption, styles.caption, styles.heading)
            y += 5
        }
        try canvas.tag("Table") {
            let first = table.rows.first.map { height(of: cells($0, grid), grid) } ?? 0
            try reserve(min(grid.headerHeight + first, bottom - top))
            drawHeader(grid, isRepeat: false)
            for (index, row) in table.rows.enumerated() {
                let found = row.flatMap { cell -> [Int] in
                    guard case .text(let text) = cell else { return [] }
                    return citations.marked(text).footnotes.map(\.number)
                }
                try compose(cells(row, grid), grid, isBanded: index % 2 == 1, notes: found)
            }
        }
        canvas.rule(left, y, to: right, y, styles.hairline, width: 0.75)
        y += 14
    }

    private func cells(_ row: [Scalar], _ grid: TableGrid) -> [TextBlock] {
        zip(row, grid.columns).map { scalar, column in
            let (text, links, _) = citations.marked(
                numbers.text(scalar, format: column.format, groupsFrom: column.groupsFrom))
            return typesetter.set(
                text, grid.style, width: column.width - 2 * grid.padding.x, alignment: column.alignment, links: links)
        }
    }

    private func height(of cells: [TextBlock], _ grid: TableGrid) -> Double {
        cells.reduce(0) { max($0, $1.height) } + 2 * grid.padding.y
    }

    private func drawHeader(_ grid: TableGrid, isRepeat: Bool) {
        let height = grid.headerHeight
        if canvas.isDrawing {
            canvas.fill(Box(x: left, y: y, width: width, height: height), styles.surface)
            if !isRepeat { canvas.begin("TR") }
            for (column, block) in zip(grid.columns, grid.header) {
                let rest = height - 2 * grid.padding.y - block.height
                _ = canvas.draw(
                    block, x: column.x + grid.padding.x, y: y + grid.padding.y + rest, ink: styles.heading,
                    leaf: isRepeat ? nil : "TH")
            }
            if !isRepeat { canvas.end("TR") }
            canvas.rule(left, y + height, to: right, y + height, styles.accent, width: 1.2)
        }
        y += height
    }

    private func turnPage(_ grid: TableGrid) throws {
        canvas.rule(left, y, to: right, y, styles.hairline, width: 0.75)
        try breakPage()
        drawHeader(grid, isRepeat: true)
    }

    private func compose(_ cells: [TextBlock], _ grid: TableGrid, isBanded: Bool, notes found: [Int]) throws {
        let height = height(of: cells, grid) + (found.isEmpty ? 0 : notes.height(of: found, self))
        if height > room, height <= bottom - top - grid.headerHeight { try turnPage(grid) }
        var next = [Int](repeating: 0, count: cells.count)
        while true {
            let isFresh = y <= top + grid.headerHeight + 0.01
            let room = room - 2 * grid.padding.y
            let parts = zip(cells, next).map { block, first in
                let rest = block.lines.count - first
                return first..<first + min(rest, max(isFresh ? 1 : 0, fitting(block, from: first, in: room)))
            }
            if parts.contains(where: { !$0.isEmpty }) {
                draw(cells, parts, grid, isBanded)
                next = parts.map(\.upperBound)
            }
            guard zip(cells, next).contains(where: { $0.lines.count > $1 }) else {
                if !found.isEmpty { notes.take(found, room: self.room, self) }
                return
            }
            try turnPage(grid)
        }
    }

    private func draw(_ cells: [TextBlock], _ parts: [Range<Int>], _ grid: TableGrid, _ isBanded: Bool) {
        let height =
            zip(cells, parts).reduce(0) { tallest, cell in
                max(tallest, cell.0.lines[cell.1].reduce(0) { $0 + $1.advance })
            } + 2 * grid.padding.y
        if canvas.isDrawing {
            if isBanded {
                let band = styles.surface.mixed(with: styles.background, 0.45)
                canvas.fill(Box(x: left, y: y, width: width, height: height), band)
            }
            canvas.tag("TR") {
                for (index, column) in grid.columns.enumerated() {
                    canvas.tag("TD") {
                        _ = canvas.draw(
                            cells[index], lines: parts[index], x: column.x + grid.padding.x, y: y + grid.padding.y,
                            ink: styles.text, linkInk: styles.link, leaf: "Span")
                    }
                }
            }
        }
        y += height
    }
}

extension Composer {
    private func layOut(_ table: Table) throws -> TableGrid {
        let count = table.columns.count
        let size = count <= 6 ? 9.5 : count <= 9 ? 8.5 : count <= 14 ? 7 : 5.5
        let padding = count <= 6 ? (x: 7.0, y: 4.5) : count <= 14 ? (x: 4.0, y: 3.5) : (x: 1.5, y: 2.5)
        let style = TextStyle(families: styles.body.families, size: size, leading: 1.32)
        let strong = style.sized(size, bold: true)
        let widths = try columnWidths(table, style, strong, padding.x)
        var grid = TableGrid(columns: [], header: [], style: style, padding: padding)
        var x = typesetter.isRightToLeft ? right : left
        for (index, (column, width)) in zip(table.columns, widths).enumerated() {
            if typesetter.isRightToLeft { x -= width }
            let alignment = column.alignment ?? column.type.alignment
            grid.columns.append(
                TableGrid.Column(
                    x: x, width: width, alignment: alignment, format: column.numberFormat,
                    groupsFrom: NumberText.grouping(of: table.rows.lazy.compactMap { $0[index].double })))
            // Four lines: a header must leave the page to its rows.
            grid.header.append(
                typesetter.set(
                    column.header.printable, strong, width: width - 2 * padding.x, alignment: alignment,
                    maximumLines: 4))
            if !typesetter.isRightToLeft { x += width }
        }
        return grid
    }

    /// From the longest word and the longest line of each column.
    private func columnWidths(_ table: Table, _ style: TextStyle, _ strong: TextStyle, _ padding: Double) throws
        -> [Double]
    {
        var least: [Double] = []
        var wanted: [Double] = []
        for (index, column) in table.columns.enumerated() {
            try checkTime()
            var narrow = typesetter.set(column.header.printable, strong, width: 1, breaksWords: false).width
            var wide = typesetter.width(column.header.printable, strong)
            // More rows than this change widths little and cost time.
            for row in table.rows.prefix(200) {
                let text = numbers.text(row[index], format: column.numberFormat).printable
                guard !text.isEmpty else { continue }
                let line = typesetter.width(text, style)
                if line > wide { wide = line }
                if line > narrow {
                    let isNumber = row[index].double != nil || column.type == .date
                    let word =
                        isNumber ? line : typesetter.set(text, style, width: 1, breaksWords: false).width
                    narrow = max(narrow, word)
                }
            }
            let extra = 2 * padding + 0.5
            least.append(min(narrow, width * 0.4) + extra)
            // Beyond half the page a column wraps rather than squeezing the others.
            wanted.append(max(least[index], min(wide, width * 0.55) + extra))
        }
        return ColumnShares(least: least, wanted: wanted).widths(in: width)
    }
}

/// Divides a line among columns.
struct ColumnShares {
    let least: [Double]
    let wanted: [Double]

    /// Their sum is `total`: wishes are stretched where there is room; else what exceeds the least is shared.
    func widths(in total: Double) -> [Double] {
        let minimum = least.reduce(0, +)
        let maximum = wanted.reduce(0, +)
        guard minimum > 0, maximum > 0 else { return least.map { _ in total / Double(max(1, least.count)) } }
        if maximum <= total { return wanted.map { $0 * total / maximum } }
        if minimum >= total { return least.map { $0 * total / minimum } }
        let share = (total - minimum) / (maximum - minimum)
        return zip(least, wanted).map { $0 + ($1 - $0) * share }
    }
}
