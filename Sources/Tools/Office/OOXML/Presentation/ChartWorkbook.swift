import DocumentModel

/// The workbook behind a chart on a slide: what people edit when they choose "Edit data".
struct ChartWorkbook {
    private(set) var workbook: Workbook
    private(set) var series: [ChartPart.Series] = []
    private static let sheet = "Sheet1"

    init(_ chart: Chart) {
        workbook = Workbook(title: chart.title ?? "Chart data", author: "", sheets: [])
        let isScatter = chart.kind == .scatter
        let count = chart.series.reduce(chart.categories.count) { max($0, $1.values.count) }
        var columns: [Sheet.Column] = []
        var cells: [[Cell]] = []
        func add(_ header: String, _ type: ValueType, _ values: [Cell]) -> String {
            columns.append(.init(header: header, type: type, numberFormat: type == .text ? nil : "General"))
            cells.append(values)
            let letters = CellReference.letters(ofColumn: columns.count - 1)
            return "\(Self.sheet)!$\(letters)$2:$\(letters)$\(count + 1)"
        }
        var labels = ""
        if !isScatter {
            labels = add(chart.categoryAxisTitle ?? " ", .text, chart.categories.map { .text($0) })
        }
        for item in chart.series {
            var categories = ChartPart.Categories.text(reference: labels, values: chart.categories)
            if isScatter {
                let abscissae = item.x ?? []
                let reference = add(chart.categoryAxisTitle ?? "x", .number, abscissae.map { .number($0) })
                categories = .numbers(.init(reference: reference, numbers: abscissae.map { $0 }))
            }
            let reference = add(item.name, .number, item.values.map { $0.map { .number($0) } ?? .empty })
            let letters = CellReference.letters(ofColumn: columns.count - 1)
            series.append(
                .init(
                    name: item.name, nameReference: "\(Self.sheet)!$\(letters)$1", categories: categories,
                    values: .init(reference: reference, numbers: item.values),
                    kind: chart.drawnKind(ofSeries: series.count), isSecondary: item.secondaryAxis ?? false))
        }
        let rows = (0..<count).map { row in cells.map { $0.indices.contains(row) ? $0[row] : .empty } }
        workbook.sheets = [
            Sheet(name: Self.sheet, columns: columns, rows: rows, freezeHeader: false, autofilter: false)
        ]
    }
}
