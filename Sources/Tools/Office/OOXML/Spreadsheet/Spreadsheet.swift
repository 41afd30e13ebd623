package import DocumentModel

/// Writes a `Workbook` as XLSX (ECMA-376 part 1, SpreadsheetML).
package struct Spreadsheet {
    private let workbook: Workbook
    private let theme: Theme
    private let created: String?
    private var grids: [SheetGrid]
    private var styles: StyleSheet
    private var calculation: Calculation
    private var parts = OfficePackage()
    private var charts = 0

    /// `created` is ISO 8601 in UTC, or `nil` for no dates in the file.
    package static func bytes(of workbook: Workbook, theme: Theme = .light, created: String? = nil)
        throws(OOXMLError) -> [UInt8]
    {
        var writer = try Spreadsheet(workbook, theme: theme, created: created)
        return try writer.write()
    }

    private init(_ workbook: Workbook, theme: Theme, created: String?) throws(OOXMLError) {
        self.workbook = workbook
        self.theme = theme
        self.created = created
        styles = StyleSheet(theme: theme)
        grids = workbook.sheets.map(SheetGrid.init)
        var formulas: [Calculation.Address: String] = [:]
        for (sheet, grid) in grids.enumerated() {
            for (row, line) in grid.formulas {
                for (column, text) in line { formulas[.init(sheet: sheet, row: row, column: column)] = text }
            }
        }
        calculation = try Calculation(
            names: workbook.sheets.map(\.name), grids: grids.map(\.values), formulas: formulas)
    }

    private mutating func write() throws(OOXMLError) -> [UInt8] {
        let main = "/xl/workbook.xml"
        _ = parts.relate("/", to: main, type: OfficeType.officeDocument)
        var ids: [String] = []
        for index in grids.indices {
            let name = "/xl/worksheets/sheet\(index + 1).xml"
            ids.append(parts.relate(main, to: name, type: OfficeType.relationships + "/worksheet"))
            try writeSheet(index, name)
        }
        _ = parts.relate(main, to: "/xl/theme/theme1.xml", type: OfficeType.theme)
        parts.add("/xl/theme/theme1.xml", type: OfficeType.themePart, ThemePart(theme: theme).bytes)
        _ = parts.relate(main, to: "/xl/styles.xml", type: OfficeType.relationships + "/styles")
        parts.add("/xl/styles.xml", type: OfficeType.spreadsheet("styles"), styles.bytes)
        parts.add(main, type: OfficeType.spreadsheet("sheet.main"), workbookPart(ids))
        DocumentProperties(
            title: workbook.title, author: workbook.author, language: workbook.language, created: created
        ).add(to: &parts)
        return try parts.archive()
    }

    private func workbookPart(_ ids: [String]) -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("workbook", ["xmlns": SpreadsheetSpace.main, "xmlns:r": OfficeType.relationships]) { xml in
            xml.element("workbookPr", ["defaultThemeVersion": "124226"])
            xml.element("bookViews") { $0.element("workbookView", ["activeTab": "0"]) }
            xml.element("sheets") { xml in
                for (index, sheet) in workbook.sheets.enumerated() {
                    xml.element("sheet", ["name": sheet.name, "sheetId": "\(index + 1)", "r:id": ids[index]])
                }
            }
            let names = definedNames
            if !names.isEmpty {
                xml.element("definedNames") { xml in
                    for name in names {
                        xml.element(
                            "definedName",
                            ["name": name.0, "localSheetId": "\(name.1)", "hidden": name.3 ? "1" : nil], text: name.2)
                    }
                }
            }
            xml.element("calcPr", ["calcId": "191029", "fullCalcOnLoad": "1"])
        }
        return xml.bytes
    }

    /// Name, sheet, reference, hidden; sorted by name and sheet.
    private var definedNames: [(String, Int, String, Bool)] {
        var names: [(String, Int, String, Bool)] = []
        for (index, sheet) in workbook.sheets.enumerated() where sheet.autofilter && !sheet.rows.isEmpty {
            let range = CellRange(sheet: nil, (0, 0), (sheet.rows.count, sheet.columns.count - 1))
            names.append(("_xlnm._FilterDatabase", index, range.absolute(on: sheet.name), true))
        }
        for (index, sheet) in workbook.sheets.enumerated() {
            let name = sheet.name.replacing("'", with: "''")
            names.append(("_xlnm.Print_Titles", index, "'\(name)'!$1:$1", false))
        }
        return names
    }

    private mutating func writeSheet(_ index: Int, _ name: String) throws(OOXMLError) {
        var drawing: String?
        if !workbook.sheets[index].charts.isEmpty {
            let part = "/xl/drawings/drawing\(index + 1).xml"
            drawing = parts.relate(name, to: part, type: OfficeType.relationships + "/drawing")
            try writeDrawing(index, part)
        }
        var writer = WorksheetPart(grid: grids[index], sheet: index, drawing: drawing)
        let bytes = try writer.bytes(&styles, &calculation)
        parts.add(name, type: OfficeType.spreadsheet("worksheet"), bytes)
    }

    private mutating func writeDrawing(_ index: Int, _ part: String) throws(OOXMLError) {
        let sheet = workbook.sheets[index]
        var frames: [DrawingPart.Frame] = []
        for (position, chart) in sheet.charts.enumerated() {
            charts += 1
            let name = "/xl/charts/chart\(charts).xml"
            let id = parts.relate(part, to: name, type: OfficeType.chart)
            parts.add(name, type: OfficeType.chartPart, try chartBytes(chart, index))
            let anchor = chart.anchor.flatMap { CellReference.parse($0) }
            let place = anchor ?? (1 + position * 20, sheet.columns.count + 1)
            frames.append(.init(relationship: id, title: chart.title ?? "Chart", row: place.row, column: place.column))
        }
        parts.add(part, type: OfficeType.drawingPart, DrawingPart(frames: frames).bytes)
    }

    private mutating func chartBytes(_ chart: SheetChart, _ index: Int) throws(OOXMLError) -> [UInt8] {
        let categories = try cells(chart.categories, index)
        var series: [ChartPart.Series] = []
        for item in chart.series {
            let values = try cells(item.values, index)
            let abscissae: ChartPart.Categories =
                chart.kind == .scatter
                ? .numbers(.init(reference: categories.reference, numbers: categories.values.map(Self.number)))
                : .text(reference: categories.reference, values: categories.values.map(label))
            series.append(
                .init(
                    name: item.name, nameReference: nil, categories: abscissae,
                    values: .init(reference: values.reference, numbers: values.values.map(Self.number))))
        }
        return ChartPart(
            kind: chart.kind, title: chart.title, series: series, categoryAxisTitle: chart.categoryAxisTitle,
            valueAxisTitle: chart.valueAxisTitle, numberFormat: chart.numberFormat, theme: theme, fontSize: 1000,
            workbookID: nil
        ).bytes
    }

    private static func number(_ value: FormulaValue) -> Double? {
        guard case .number(let number) = value else { return nil }
        return number
    }

    private func label(_ value: FormulaValue) -> String {
        guard case .success(let text) = value.string else { return "" }
        return text
    }

    private mutating func cells(_ text: String, _ index: Int) throws(OOXMLError)
        -> (reference: String, values: [FormulaValue])
    {
        let names = workbook.sheets.map { $0.name.lowercased() }
        guard let range = CellRange(text),
            let sheet = range.sheet.map({ names.firstIndex(of: $0.lowercased()) }) ?? index,
            range.rows.count * range.columns.count <= DocumentLimits.sheetRows
        else { throw OOXMLError("range_invalid", "The chart's range '\(text)' names no cells of this workbook.") }
        var values: [FormulaValue] = []
        for row in range.rows {
            for column in range.columns {
                values.append(try calculation.value(at: .init(sheet: sheet, row: row, column: column)))
            }
        }
        return (range.absolute(on: workbook.sheets[sheet].name), values)
    }
}
