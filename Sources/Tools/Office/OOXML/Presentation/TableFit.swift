import DocumentModel

/// A table as slides show it: text, column widths and row heights at one size.
struct TableFit {
    struct Page {
        var rows: [[String]]
        var heights: [Int]
    }

    /// Slides of one table; whoever needs more rows reads the workbook.
    static let maximumPages = 8
    private static let sizes = [16.0, 14, 13, 12, 11, 10]
    /// Text of a cell is cut after this many lines.
    private static let cellLines = 4
    /// Points inside a cell, left and right; above and below.
    static let inset = (horizontal: 8.0, vertical: 6.0)
    /// Rows of a short table are so much taller at most.
    private static let airiest = 12.0

    let table: Table
    let size: Double
    let widths: [Int]
    let header: [String]
    let headerHeight: Int
    let pages: [Page]
    /// Rows that no page shows.
    let omitted: Int

    init(_ table: Table, in frame: Frame, _ fit: TextFit) {
        self.table = table
        let texts = table.rows.map { row in
            table.columns.indices.map { row.indices.contains($0) ? CellText.text(row[$0], table.columns[$0]) : "" }
        }
        let headers = table.columns.map(\.header)
        let natural = { (size: Double) in Self.natural(headers, texts, size, fit) }
        // What fits nowhere wraps or goes on: it need not get as small as a wide table must.
        let smallest = table.columns.count <= 6 ? 12.0 : 10
        var size = Self.sizes[0]
        var wanted = natural(size)
        for candidate in Self.sizes where candidate >= smallest {
            size = candidate
            wanted = natural(candidate)
            let height = Double(texts.count + 1) * (candidate * 1.17 + 2 * Self.inset.vertical)
            let isWide = wanted.reduce(0, +) <= frame.widthInPoints
            if isWide, height <= frame.heightInPoints { break }
            // A long table is split: it need not get small.
            if isWide, candidate <= 14, texts.count > 16 { break }
        }
        let spread = Self.spread(wanted, over: frame.widthInPoints)
        let font = fit.theme.bodyFont
        func clip(_ row: [String], bold: Bool) -> (texts: [String], height: Int) {
            var high = 0.0
            var result: [String] = []
            for (index, text) in row.enumerated() {
                let room = spread[index] - 2 * Self.inset.horizontal
                let shown = fit.clipped(
                    text, lines: Self.cellLines, font: font, points: size, bold: bold, width: room)
                high = max(
                    high, fit.measure.size(shown, font: font, points: size, bold: bold, width: room).height)
                result.append(shown)
            }
            return (result, Frame.units(high + 2 * Self.inset.vertical))
        }
        let head = clip(headers, bold: true)
        var pages: [Page] = []
        var used = frame.height
        var shown = 0
        for text in texts {
            let row = clip(text, bold: false)
            if used + row.height > frame.height {
                guard pages.count < Self.maximumPages else { break }
                pages.append(Page(rows: [], heights: []))
                used = head.height
            }
            pages[pages.count - 1].rows.append(row.texts)
            pages[pages.count - 1].heights.append(row.height)
            used += row.height
            shown += 1
        }
        for index in pages.indices {
            let free = Double(frame.height - head.height - pages[index].heights.reduce(0, +)) * Frame.pointsPerUnit
            let air = Frame.units(max(0, min(Self.airiest, free / Double(pages[index].heights.count))))
            pages[index].heights = pages[index].heights.map { $0 + air }
        }
        self.size = size
        widths = spread.map(Frame.units)
        header = head.texts
        headerHeight = head.height
        self.pages = pages.isEmpty ? [Page(rows: [], heights: [])] : pages
        omitted = texts.count - shown
    }

    /// Widths that need no wrapping, in points.
    private static func natural(_ headers: [String], _ rows: [[String]], _ size: Double, _ fit: TextFit) -> [Double] {
        headers.indices.map { column in
            let font = fit.theme.bodyFont
            var widest = fit.measure.size(headers[column], font: font, points: size, bold: true).width
            // The longest few texts decide; measuring all of a long table would be slow.
            let longest = rows.map { $0[column] }.sorted { $0.utf8.count > $1.utf8.count }.prefix(8)
            for text in longest { widest = max(widest, fit.measure.size(text, font: font, points: size).width) }
            return widest + 2 * inset.horizontal + 4
        }
    }

    /// Narrow columns keep what they need; wide ones share the rest by need; spare room is shared evenly.
    private static func spread(_ wanted: [Double], over total: Double) -> [Double] {
        let need = wanted.reduce(0, +)
        if need <= total {
            let spare = (total - need) / Double(wanted.count)
            return wanted.map { $0 + spare }
        }
        let fair = total / Double(wanted.count)
        let kept = wanted.filter { $0 <= fair }.reduce(0, +)
        let rest = need - kept
        return wanted.map { $0 <= fair ? $0 : $0 / rest * (total - kept) }
    }
}

/// Scalars as people read them on slides.
enum CellText {
    static func text(_ scalar: Scalar, _ column: Table.Column) -> String {
        switch scalar {
        case .null: return ""
        case .bool(let value): return value ? "Yes" : "No"
        case .text(let text): return text
        case .integer(let value):
            guard column.type != .text, value.magnitude >= 10_000 || column.numberFormat != nil else {
                return "\(value)"
            }
            return number(Double(value), column.numberFormat ?? "#,##0")
        case .number(let value): return number(value, column.numberFormat)
        }
    }

    /// The formats that matter on slides: grouping, decimals, percent. Without a format at most two decimals.
    private static func number(_ value: Double, _ format: String?) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        let percent = format?.contains("%") == true
        let shown = percent ? value * 100 : value
        let places = format.map {
            $0.split(separator: ".").dropFirst().first.map { $0.prefix { $0 == "0" }.count } ?? 0
        }
        let digits = fixed(shown.magnitude, min(places ?? 2, 9))
        var (whole, fraction) = (digits.whole, digits.fraction)
        if places == nil {
            while fraction.last == "0" { fraction.removeLast() }
        }
        if format?.contains(",") ?? (shown.magnitude >= 10_000) { whole = grouped(whole) }
        let sign = shown < 0 && (whole + fraction).contains { $0 != "0" && $0 != "," } ? "−" : ""
        return sign + whole + (fraction.isEmpty ? "" : "." + fraction) + (percent ? "%" : "")
    }

    private static func fixed(_ value: Double, _ places: Int) -> (whole: String, fraction: String) {
        var scale: Int64 = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * Double(scale)).rounded()
        guard scaled < 9e18 else { return ("\(Int64(value))", "") }
        let (whole, rest) = Int64(scaled).quotientAndRemainder(dividingBy: scale)
        let digits = places == 0 ? "" : "\(rest)"
        return ("\(whole)", String(repeating: "0", count: places - digits.count) + digits)
    }

    private static func grouped(_ digits: String) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result
    }
}
