import DocumentModel

/// What a table shows: which column names its rows, which columns measure, and what they add up to.
struct TableFacts {
    struct Measure {
        var column: Int
        var name: String
        var isInteger: Bool
        /// Whether adding rows makes sense: amounts yes; prices, rates and shares no.
        var isAdditive: Bool
        /// In row order; `nil` where a cell is no number.
        var values: [Double?]

        var present: [Double] { values.compactMap { $0 } }
        var total: Double { present.reduce(0, +) }
        var average: Double { present.isEmpty ? 0 : total / Double(present.count) }
        var numberFormat: String { isInteger ? "#,##0" : "#,##0.00" }
    }

    let table: BriefingTable
    /// `nil` where no column names the rows.
    let category: Int?
    let measures: [Measure]

    init(_ table: BriefingTable) {
        self.table = table
        let columns = Array(table.columns.enumerated())
        let numeric = columns.filter { Self.isNumeric($1.type) && !Self.isLabel($1) }
        category =
            (columns.first { $1.type == .date } ?? columns.first { $1.type == .text }
            ?? columns.first { Self.isNumeric($1.type) && Self.isLabel($1) })?.offset
        measures = numeric.map { index, column in
            Measure(
                column: index, name: column.name, isInteger: column.type == .integer,
                isAdditive: Self.isAdditive(column.name),
                values: table.rows.map { $0.indices.contains(index) ? Self.finite($0[index].double) : nil })
        }.filter { !$0.present.isEmpty }
    }

    func label(row: Int) -> String {
        guard let category, table.rows.indices.contains(row), table.rows[row].indices.contains(category) else {
            return "\(row + 1)"
        }
        let text = NumberText.text(table.rows[row][category])
        return text.isEmpty ? "\(row + 1)" : Clip.clip(Clip.line(text), to: 60)
    }

    /// Plain sentences about the table, the first on its size.
    func sentences(atMost limit: Int) -> [String] {
        let rows = table.truncated ? "more than \(table.rows.count)" : "\(table.rows.count)"
        let noun = table.rows.count == 1 && !table.truncated ? "row" : "rows"
        var sentences = ["The table \(table.name) has \(rows) \(noun) and \(table.columns.count) columns."]
        for measure in measures where sentences.count < limit {
            sentences.append(sentence(measure))
        }
        return sentences
    }

    private func sentence(_ measure: Measure) -> String {
        let figure =
            measure.isAdditive
            ? "\(measure.name) adds up to \(NumberText.text(measure.total, isInteger: measure.isInteger))"
            : "\(measure.name) averages \(NumberText.text(measure.average, isInteger: false))"
        guard let highest = measure.present.max(), measure.present.count > 1,
            let row = measure.values.firstIndex(of: highest)
        else { return figure + "." }
        let value = NumberText.text(highest, isInteger: measure.isInteger)
        let place = category == nil ? "row \(row + 1)" : self.place(row: row)
        return "\(figure), with the highest value, \(value), for \(place)."
    }

    /// The row's label; a date alone often names several rows, so the first text goes with it.
    private func place(row: Int) -> String {
        guard let category, table.columns[category].type == .date,
            let text = table.columns.firstIndex(where: { $0.type == .text }),
            case .text(let name)? = table.rows[row].indices.contains(text) ? table.rows[row][text] : nil
        else { return label(row: row) }
        return Clip.clip("\(Clip.line(name)), \(label(row: row))", to: 80)
    }

    private static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }

    private static func isNumeric(_ type: ValueType) -> Bool { type == .integer || type == .number }

    /// Numbers that name something: years, identifiers, postcodes.
    static func isLabel(_ column: BriefingTable.Column) -> Bool {
        let words = column.name.lowercased().split { !$0.isLetter }.map(String.init)
        return column.type == .integer && words.contains { labels.contains($0) }
    }

    private static func isAdditive(_ name: String) -> Bool {
        let lowered = name.lowercased()
        let words = lowered.split { !$0.isLetter && $0 != "%" }.map(String.init)
        return !lowered.contains("%") && !words.contains { rates.contains($0) }
    }

    private static let labels: Set<String> = [
        "year", "jahr", "année", "annee", "año", "ano", "id", "code", "zip", "plz", "nr", "no", "number", "week",
        "month", "quarter", "day", "rank", "index", "row", "key",
    ]
    private static let rates: Set<String> = [
        "percent", "percentage", "pct", "rate", "ratio", "price", "preis", "prix", "precio", "share", "margin", "score",
        "per", "average", "avg", "mean", "median", "temperature", "temp", "index", "growth", "anteil", "quote",
        "rating",
    ]
}

/// Figures in words of a text: grouped by thousands, at most two decimals.
enum NumberText {
    static func text(_ value: Double, isInteger: Bool) -> String {
        guard value.isFinite else { return "" }
        // Beyond this a Double no longer counts hundredths exactly.
        guard abs(value) < 1e13 else { return "\(value)" }
        let hundredths = Int64((value * 100).rounded())
        let whole = hundredths.magnitude / 100
        let fraction = hundredths.magnitude % 100
        let sign = hundredths < 0 ? "-" : ""
        if isInteger || fraction == 0 { return sign + grouped(whole) }
        return "\(sign)\(grouped(whole)).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    static func text(_ scalar: Scalar) -> String {
        switch scalar {
        case .null: ""
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): text(value, isInteger: false)
        case .text(let value): value
        }
    }

    private static func grouped(_ value: UInt64) -> String {
        let digits = Array(String(value))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result
    }
}
