import DocumentModel

/// The spreadsheet: the data with totals and a chart, a summary by formulas, sums by category, the sources.
struct WorkbookComposer {
    private static let dataName = "Data"
    /// References of one formula: keeps it far under Excel's 8,192 characters.
    private static let maximumReferences = 200

    let composition: Composition

    /// `nil` without a table.
    func workbook() -> Workbook? {
        guard let facts = composition.facts else { return nil }
        var sheets = [dataSheet(facts)]
        if let summary = summarySheet(facts, data: sheets[0]) { sheets.append(summary) }
        if let plan = composition.plan, let groups = groupSheet(plan) { sheets.append(groups) }
        if let sources = sourceSheet { sheets.append(sources) }
        return Workbook(title: composition.briefing.title, author: composition.persona, sheets: sheets)
    }

    private func dataSheet(_ facts: TableFacts) -> Sheet {
        let table = facts.table
        let columns = table.columns.enumerated().map { index, column in
            let measure = facts.measures.first { $0.column == index }
            return Sheet.Column(
                header: column.name, type: column.type, numberFormat: facts.numberFormat(column),
                total: measure.map { $0.isAdditive ? .sum : .average })
        }
        let rows = table.rows.map { row in
            zip(row, table.columns).map { Self.cell($0, $1.type) }
        }
        var sheet = Sheet(name: Self.dataName, columns: columns, rows: rows)
        if columns.first?.total == nil { sheet.totalsLabel = Self.totalsLabel(columns) }
        if let plan = composition.plan, !plan.isAggregated, let chart = chart(plan, facts, sheet) {
            sheet.charts = [chart]
        }
        return sheet
    }

    /// The row holds sums of amounts and averages of prices and rates.
    private static func totalsLabel(_ columns: [Sheet.Column]) -> String {
        let totals = columns.compactMap(\.total)
        if totals.allSatisfy({ $0 == .sum }) { return "Total" }
        return totals.contains(.sum) ? "Total or average" : "Average"
    }

    /// A date only where the text is one: columns of real tables hold remarks as well.
    private static func cell(_ scalar: Scalar, _ type: ValueType) -> Cell {
        guard type == .date, case .text(let text) = scalar else { return Cell(scalar, type: type) }
        return text.utf8.count <= 32 && CalendarText.day(text) != nil ? .date(text) : .text(text)
    }

    private func chart(_ plan: ChartPlan, _ facts: TableFacts, _ sheet: Sheet) -> SheetChart? {
        guard let column = facts.category, let categories = sheet.dataRange(ofColumn: column) else { return nil }
        let series = plan.measures.compactMap { measure in
            sheet.dataRange(ofColumn: measure.column).map { SheetChart.Series(name: measure.name, values: $0) }
        }
        return SheetChart(
            kind: plan.kind, title: plan.title, categories: categories, series: series,
            categoryAxisTitle: plan.categoryName)
    }

    private func summarySheet(_ facts: TableFacts, data: Sheet) -> Sheet? {
        let rows = facts.measures.compactMap { measure -> [Cell]? in
            guard let range = data.dataRange(ofColumn: measure.column) else { return nil }
            let cells = "\(Self.dataName)!\(range)"
            return [
                .text(measure.name), measure.isAdditive ? .formula("SUM(\(cells))") : .empty,
                .formula("AVERAGE(\(cells))"), .formula("MIN(\(cells))"), .formula("MAX(\(cells))"),
                .formula("COUNT(\(cells))"),
            ]
        }
        guard !rows.isEmpty else { return nil }
        let figures = ["Total", "Average", "Lowest", "Highest"].map {
            Sheet.Column(header: $0, type: .number, numberFormat: "#,##0.00")
        }
        return Sheet(
            name: "Summary",
            columns: [Sheet.Column(header: "Measure")] + figures + [Sheet.Column(header: "Values", type: .integer)],
            rows: rows, autofilter: false)
    }

    /// Sums (or averages) of each group by formulas over its cells, with their chart.
    private func groupSheet(_ plan: ChartPlan) -> Sheet? {
        guard plan.isAggregated, plan.groups.allSatisfy({ $0.rows.count <= Self.maximumReferences }) else { return nil }
        let rows = plan.groups.map { group in
            [Cell.text(group.label)]
                + plan.measures.map { measure in
                    guard ChartPlan.value(measure, group) != nil else { return .empty }
                    let cells = group.rows.map {
                        "\(Self.dataName)!" + CellReference.name(row: $0 + 1, column: measure.column)
                    }
                    return .formula("\(measure.isAdditive ? "SUM" : "AVERAGE")(\(cells.joined(separator: ",")))")
                }
        }
        let columns = plan.measures.map { measure in
            Sheet.Column(header: measure.name, type: .number, numberFormat: measure.numberFormat)
        }
        var sheet = Sheet(
            name: Sheet.legalName("By " + (plan.categoryName ?? "group")),
            columns: [Sheet.Column(header: plan.categoryName ?? "Group")] + columns, rows: rows, autofilter: false)
        if [Self.dataName, "Summary", "Sources"].contains(sheet.name) { sheet.name = "Groups" }
        if let categories = sheet.dataRange(ofColumn: 0) {
            let series = plan.measures.enumerated().compactMap { index, measure in
                sheet.dataRange(ofColumn: index + 1).map { SheetChart.Series(name: measure.name, values: $0) }
            }
            sheet.charts = [
                SheetChart(
                    kind: plan.kind, title: plan.title, categories: categories, series: series,
                    categoryAxisTitle: plan.categoryName)
            ]
        }
        return sheet
    }

    private var sourceSheet: Sheet? {
        let sources = composition.briefing.sources
        guard !sources.isEmpty else { return nil }
        return Sheet(
            name: "Sources",
            columns: [
                Sheet.Column(header: "Number", type: .integer), Sheet.Column(header: "Title"),
                Sheet.Column(header: "Address"),
            ], rows: sources.map { [.integer(Int64($0.number)), .text($0.title), .text($0.url)] }, autofilter: false)
    }
}
