import DocumentModel

/// What a table's chart shows: rows grouped by their label, measures of one scale as series.
struct ChartPlan {
    struct Group {
        var label: String
        /// Rows of the table, from 0.
        var rows: [Int]
    }

    /// More cannot be read off a slide.
    static let maximumBars = 20
    static let maximumMarks = 200
    private static let maximumSeries = 4
    /// Series whose largest values differ by more than this would show as one and a flat line.
    private static let maximumScaleRatio = 30.0
    /// Characters on average from which labels need the room that bars leave them.
    private static let longLabel = 12

    let kind: Chart.Kind
    let title: String
    let categoryName: String?
    let groups: [Group]
    let measures: [TableFacts.Measure]
    /// Whether some group has several rows.
    let isAggregated: Bool
    /// Groups that did not fit.
    let omitted: Int

    init?(_ facts: TableFacts) {
        guard let first = facts.measures.first, facts.table.rows.count > 1 else { return nil }
        let scale = Self.scale(first)
        measures = Array(
            facts.measures.filter { measure in
                let ratio = Self.scale(measure) / scale
                return ratio <= Self.maximumScaleRatio && ratio >= 1 / Self.maximumScaleRatio
            }.prefix(Self.maximumSeries))
        let column = facts.category.map { facts.table.columns[$0] }
        let isSequence = column.map { $0.type == .date || TableFacts.isLabel($0) } ?? true
        var groups = Self.grouped(facts)
        isAggregated = groups.count < facts.table.rows.count
        guard groups.count > 1, !measures.isEmpty else { return nil }
        if column?.type == .date { groups.sort { $0.label < $1.label } }
        let limit = isSequence ? Self.maximumMarks : Self.maximumBars
        omitted = max(groups.count - limit, 0)
        if omitted > 0, !isSequence {
            let ranked = groups.sorted { Self.value(first, $0) ?? -.infinity > Self.value(first, $1) ?? -.infinity }
            groups = ranked
        }
        self.groups = Array(groups.prefix(limit))
        let labelLength = self.groups.reduce(0) { $0 + $1.label.count } / max(self.groups.count, 1)
        kind = isSequence ? .line : labelLength > Self.longLabel ? .bar : .column
        categoryName = column?.name
        title = Self.title(measures, column?.name, omitted > 0 && !isSequence ? self.groups.count : nil)
    }

    var chart: Chart {
        Chart(
            kind: kind, title: title, categories: groups.map(\.label),
            series: measures.map { measure in
                Chart.Series(name: measure.name, values: groups.map { Self.value(measure, $0) })
            }, categoryAxisTitle: categoryName, valueAxisTitle: measures.count == 1 ? measures.first?.name : nil,
            numberFormat: numberFormat, altText: Clip.clip(altText, to: 500))
    }

    /// Decimals only where values are small enough to need them.
    private var numberFormat: String {
        measures.allSatisfy { $0.isInteger || Self.scale($0) >= 100 } ? "#,##0" : "#,##0.00"
    }

    private var altText: String {
        let names = ListFormat.list(measures.map(\.name), atMost: 4)
        return "Chart of \(names) for \(ListFormat.list(groups.map(\.label), atMost: 6))."
    }

    /// Sums of amounts, averages of rates.
    static func value(_ measure: TableFacts.Measure, _ group: Group) -> Double? {
        let values = group.rows.compactMap { measure.values.indices.contains($0) ? measure.values[$0] : nil }
        guard !values.isEmpty else { return nil }
        let total = values.reduce(0, +)
        let value = measure.isAdditive ? total : total / Double(values.count)
        return value.isFinite ? value : nil
    }

    private static func scale(_ measure: TableFacts.Measure) -> Double {
        max(measure.present.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
    }

    private static func grouped(_ facts: TableFacts) -> [Group] {
        var places: [String: Int] = [:]
        var groups: [Group] = []
        for row in facts.table.rows.indices {
            let label = facts.label(row: row)
            if let place = places[label] {
                groups[place].rows.append(row)
            } else {
                places[label] = groups.count
                groups.append(Group(label: label, rows: [row]))
            }
        }
        return groups
    }

    private static func title(_ measures: [TableFacts.Measure], _ category: String?, _ top: Int?) -> String {
        let names = ListFormat.list(measures.map(\.name), atMost: 3)
        let place = category.map { " by \($0)" } ?? ""
        return Clip.clip(names + place + (top.map { ", top \($0)" } ?? ""), to: 120)
    }
}
