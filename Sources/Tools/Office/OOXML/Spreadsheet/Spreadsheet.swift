package import DocumentModel
package import Formula

/// Writes a `Workbook` as XLSX (ECMA-376 part 1, SpreadsheetML).
package struct Spreadsheet {
    /// Fills the next row and says whether there was one.
    package typealias RowSource = (inout [Cell]) throws(OOXMLError) -> Bool

    package struct Written: Sendable {
        package var bytes: [UInt8]
        /// Formulas whose value is an error.
        package var faults: [FormulaReport]
    }

    let workbook: Workbook
    let theme: Theme
    private let created: String?
    private let pictures: [String: [UInt8]]
    private let sources: [SheetSource]
    /// `nil` where rows are streamed: formulas are then computed by who opens the file.
    private let values: SheetValues?
    private let styles: StyleSheet
    private var parts = OfficePackage()
    private var charts = 0
    private var tables = 0

    /// `created` is ISO 8601 in UTC, or `nil` for no dates in the file. `pictures` by the paths of the sheets' images.
    package static func bytes(
        of workbook: Workbook, theme: Theme = .light, created: String? = nil, pictures: [String: [UInt8]] = [:]
    ) throws(OOXMLError) -> [UInt8] {
        try write(workbook, theme: theme, created: created, pictures: pictures).bytes
    }

    package static func write(
        _ workbook: Workbook, theme: Theme = .light, created: String? = nil, pictures: [String: [UInt8]] = [:]
    ) throws(OOXMLError) -> Written {
        let sources = try workbook.sheets.enumerated().map { (index, sheet) throws(OOXMLError) in
            try SheetSource(sheet, index, pull: nil)
        }
        let now = created.flatMap { SerialDate.parse($0)?.serial } ?? SerialDate.fixedNow
        let values = try SheetValues(workbook, now: now)
        var writer = Spreadsheet(workbook, theme, created, pictures, sources, values)
        let output = ZipOutput(to: .memory)
        try writer.write(to: output)
        return Written(bytes: try output.finish(), faults: values.reports)
    }

    /// Writes rows as they come, in memory that does not grow with them. The sheets' own rows are left out: `rows` gives
    /// one source a sheet. Formulas are written without values, and whoever opens the file computes them.
    /// - Parameter descriptor: a file that can seek; it stays open.
    package static func stream(
        _ workbook: Workbook, rows: [RowSource], to descriptor: Int32, theme: Theme = .light, created: String? = nil
    ) throws(OOXMLError) {
        guard rows.count == workbook.sheets.count else {
            throw OOXMLError("rows_missing", "Each sheet needs a source of rows.")
        }
        let sources = try workbook.sheets.enumerated().map { (index, sheet) throws(OOXMLError) in
            try SheetSource(sheet, index, pull: rows[index])
        }
        var writer = Spreadsheet(workbook, theme, created, [:], sources, nil)
        let output = ZipOutput(to: .file(descriptor))
        try writer.write(to: output)
        _ = try output.finish()
    }

    private init(
        _ workbook: Workbook, _ theme: Theme, _ created: String?, _ pictures: [String: [UInt8]],
        _ sources: [SheetSource], _ values: SheetValues?
    ) {
        self.workbook = workbook
        self.theme = theme
        self.created = created
        self.pictures = pictures
        self.sources = sources
        self.values = values
        styles = StyleSheet(theme: theme)
    }

    private mutating func write(to output: ZipOutput) throws(OOXMLError) {
        let main = "/xl/workbook.xml"
        _ = parts.relate("/", to: main, type: OfficeType.officeDocument)
        var ids: [String] = []
        var sheets: [(name: String, related: WorksheetPart.Related)] = []
        for index in sources.indices {
            let name = "/xl/worksheets/sheet\(index + 1).xml"
            ids.append(parts.relate(main, to: name, type: OfficeType.relationships + "/worksheet"))
            parts.declare(name, type: OfficeType.spreadsheet("worksheet"))
            sheets.append((name, try relate(index, name)))
        }
        parts.add(main, type: OfficeType.spreadsheet("sheet.main"), WorkbookPart(self, ids: ids).bytes)
        _ = parts.relate(main, to: "/xl/theme/theme1.xml", type: OfficeType.theme)
        parts.add("/xl/theme/theme1.xml", type: OfficeType.themePart, ThemePart(theme: theme).bytes)
        _ = parts.relate(main, to: "/xl/styles.xml", type: OfficeType.relationships + "/styles")
        _ = parts.relate(main, to: "/xl/sharedStrings.xml", type: OfficeType.relationships + "/sharedStrings")
        parts.declare("/xl/styles.xml", type: OfficeType.spreadsheet("styles"))
        parts.declare("/xl/sharedStrings.xml", type: OfficeType.spreadsheet("sharedStrings"))
        DocumentProperties(
            title: workbook.title, author: workbook.author, language: workbook.language, created: created
        ).add(to: &parts)
        for entry in parts.entries { try output.add(entry.name, entry.bytes) }
        var strings = SharedStrings()
        for (index, sheet) in sheets.enumerated() {
            var part = WorksheetPart(
                sources[index], related: sheet.related, values: values, styles: styles, named: workbook.styles)
            try output.begin(String(sheet.name.dropFirst()))
            try part.write(to: output, strings: &strings)
            try output.end()
        }
        try output.add("xl/sharedStrings.xml", strings.bytes)
        try output.add("xl/styles.xml", styles.bytes)
    }

    // MARK: Parts of a sheet

    private mutating func relate(_ index: Int, _ name: String) throws(OOXMLError) -> WorksheetPart.Related {
        let sheet = workbook.sheets[index]
        var related = WorksheetPart.Related()
        for link in sheet.links where !link.url.hasPrefix("#") {
            related.links[link.cell] = parts.relate(
                name, to: LinkTarget.uri(link.url), type: OfficeType.hyperlink, external: true)
        }
        if !sheet.charts.isEmpty || !sheet.images.isEmpty {
            let part = "/xl/drawings/drawing\(index + 1).xml"
            related.drawing = parts.relate(name, to: part, type: OfficeType.relationships + "/drawing")
            try writeDrawing(index, part)
        }
        if !sheet.notes.isEmpty {
            let notes = SheetNotes(notes: sheet.notes, author: workbook.author)
            let box = "/xl/drawings/vmlDrawing\(index + 1).vml"
            related.notes = parts.relate(name, to: box, type: OfficeType.relationships + "/vmlDrawing")
            parts.add(box, type: OfficeType.vmlPart, notes.drawing)
            let part = "/xl/comments\(index + 1).xml"
            _ = parts.relate(name, to: part, type: OfficeType.relationships + "/comments")
            parts.add(part, type: OfficeType.spreadsheet("comments"), notes.comments)
        }
        if let table = sheet.table, let area = sheet.tableArea {
            guard sources[index].pull == nil else {
                throw OOXMLError("table_streamed", "A table needs its rows before the sheet is written.")
            }
            tables += 1
            let part = "/xl/tables/table\(tables).xml"
            related.table = parts.relate(name, to: part, type: OfficeType.relationships + "/table")
            parts.add(
                part, type: OfficeType.spreadsheet("table"),
                TablePart(sheet: sheet, table: table, id: tables, area: area).bytes)
        }
        return related
    }

    private mutating func writeDrawing(_ index: Int, _ part: String) throws(OOXMLError) {
        let sheet = workbook.sheets[index]
        var frames: [DrawingPart.Frame] = []
        for (position, chart) in sheet.charts.enumerated() {
            charts += 1
            let name = "/xl/charts/chart\(charts).xml"
            let id = parts.relate(part, to: name, type: OfficeType.chart)
            parts.add(name, type: OfficeType.chartPart, try SheetChartPart(chart, on: index, of: self).bytes)
            let anchor = chart.anchor.flatMap { CellReference.parse($0) }
            let place = anchor ?? (1 + position * 20, sheet.columns.count + 1)
            frames.append(
                .init(relationship: id, description: chart.title ?? "Chart", row: place.row, column: place.column))
        }
        for image in sheet.images {
            guard let bytes = pictures[image.path], let header = ImageHeader(bytes) else {
                throw OOXMLError("image_invalid", "'\(image.path)' is not a PNG or JPEG picture.")
            }
            let name = "/xl/media/\(PictureName.of(image.path, in: pictures)).\(header.kind.rawValue)"
            parts.add(name, type: header.kind == .png ? "image/png" : "image/jpeg", bytes)
            let id = parts.relate(part, to: name, type: OfficeType.image)
            let width = image.width ?? min(header.width, 640)
            let height = max(1, width * header.height / header.width)
            let place = CellReference.parse(image.anchor) ?? (0, 0)
            frames.append(
                .init(
                    relationship: id, description: image.altText, row: place.row, column: place.column,
                    content: .picture(width: width, height: height)))
        }
        parts.add(part, type: OfficeType.drawingPart, DrawingPart(frames: frames).bytes)
    }

    /// A cell's value, where the rows are at hand.
    func value(_ address: CellAddress) -> CellValue { values?.value(address) ?? .blank }
    var isStreamed: Bool { values == nil }
    var needsCalculation: Bool { values?.hasFormulas ?? true }
}

/// Names of pictures within the package: `image1`, in the order of their paths.
private enum PictureName {
    static func of(_ path: String, in pictures: [String: [UInt8]]) -> String {
        "image\((pictures.keys.sorted().firstIndex(of: path) ?? 0) + 1)"
    }
}
