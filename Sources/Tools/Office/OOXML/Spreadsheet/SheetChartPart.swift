import DocumentModel
import Formula

/// A chart that draws cells of the workbook.
struct SheetChartPart {
    private let part: ChartPart

    init(_ chart: SheetChart, on sheet: Int, of writer: Spreadsheet) throws(OOXMLError) {
        let categories = try Self.cells(chart.categories, sheet, writer)
        var series: [ChartPart.Series] = []
        for item in chart.series {
            let values = try Self.cells(item.values, sheet, writer)
            let abscissae: ChartPart.Categories =
                chart.kind == .scatter
                ? .numbers(.init(reference: categories.reference, numbers: categories.values.map(Self.number)))
                : .text(reference: categories.reference, values: categories.values.map(\.text))
            series.append(
                .init(
                    name: item.name, nameReference: nil, categories: abscissae,
                    values: .init(reference: values.reference, numbers: values.values.map(Self.number))))
        }
        part = ChartPart(
            kind: chart.kind, title: chart.title, series: series, categoryAxisTitle: chart.categoryAxisTitle,
            valueAxisTitle: chart.valueAxisTitle, numberFormat: chart.numberFormat, theme: writer.theme, fontSize: 1000,
            workbookID: nil)
    }

    var bytes: [UInt8] { part.bytes }

    private static func number(_ value: CellValue) -> Double? {
        if case .number(let number) = value { number } else { nil }
    }

    private static func cells(
        _ text: String, _ index: Int, _ writer: Spreadsheet
    ) throws(OOXMLError) -> (reference: String, values: [CellValue]) {
        let names = writer.workbook.sheets.map { $0.name.lowercased() }
        guard let range = SheetArea(text),
            let sheet = range.sheet.map({ names.firstIndex(of: $0.lowercased()) }) ?? index,
            range.area.count <= DocumentLimits.sheetRows
        else { throw OOXMLError("range_invalid", "The chart's range '\(text)' names no cells of this workbook.") }
        var values: [CellValue] = []
        if !writer.isStreamed {
            for row in range.area.rows {
                for column in range.area.columns {
                    values.append(writer.value(CellAddress(sheet: sheet, row: row, column: column)))
                }
            }
        }
        return (range.area.absolute(on: writer.workbook.sheets[sheet].name), values)
    }
}
