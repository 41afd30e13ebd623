import DocumentModel

extension TableFacts {
    /// The first rows and columns, as a slide or a page can show them.
    func excerpt(rows limit: Int, columns width: Int) -> Table {
        let columns = table.columns.prefix(width)
        let shown = table.rows.prefix(limit)
        var caption = table.name
        if table.truncated || shown.count < table.rows.count {
            let whole = table.truncated ? "more than \(table.rows.count)" : "\(table.rows.count)"
            caption += ": first \(shown.count) of \(whole) rows"
        }
        if columns.count < table.columns.count {
            caption += ", first \(columns.count) of \(table.columns.count) columns"
        }
        return Table(
            columns: columns.map { Table.Column(header: $0.name, type: $0.type, numberFormat: numberFormat($0)) },
            rows: shown.map { row in row.prefix(width).map(Self.short) }, caption: caption)
    }

    /// Plain digits for numbers that name something, so that a year is not 2,026.
    func numberFormat(_ column: BriefingTable.Column) -> String? {
        if Self.isLabel(column) { return "0" }
        return measures.first { $0.name == column.name }?.numberFormat
    }

    private static func short(_ cell: Scalar) -> Scalar {
        guard case .text(let text) = cell else { return cell }
        return .text(Clip.clip(Clip.line(text), to: 80))
    }
}
