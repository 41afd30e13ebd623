import DocumentModel

/// The values that a chart was last drawn with (ECMA-376 part 1, section 21.2), as a table: categories, then series.
final class ChartCache: XMLHandler {
    /// Points of a series; more are a measurement, not a chart.
    private static let maximumPoints = 5_000

    private struct Series {
        var name = ""
        var categories: [Int: String] = [:]
        var values: [Int: String] = [:]
    }

    private var series: [Series] = []
    private var path: [String] = []
    private var point = 0
    private var value = ""
    private var title = ""
    var isDone: Bool { series.count > 100 }

    static func read(_ part: String, _ archive: Archive, into builder: inout DocumentBuilder) throws(ReadingError) {
        let chart = ChartCache()
        do {
            guard try XMLStream.read(part, of: archive, to: chart) else { return }
        } catch  where error.code == .damaged {
            builder.warn(error.message)
        }
        if let table = chart.table { builder.add(table) }
    }

    func start(_ name: String, _ attributes: [String: String]) {
        path.append(name)
        value = ""
        switch name {
        case "c:ser": series.append(Series())
        case "c:pt": point = attributes["idx"].flatMap { Int($0) } ?? 0
        default: break
        }
    }

    func text(_ text: String) { if value.utf8.count < 10_000 { value += text } }

    func end(_ name: String) {
        if name == "c:v", (0..<Self.maximumPoints).contains(point), !series.isEmpty { take(value.trimmed) }
        if name == "a:t", path.contains("c:title"), !path.contains("c:valAx"), !path.contains("c:catAx") {
            title += value
        }
        if path.last == name { path.removeLast() }
    }

    private func take(_ value: String) {
        let last = series.count - 1
        for step in path.reversed() {
            switch step {
            case "c:tx":
                series[last].name = value
                return
            case "c:cat", "c:xVal":
                series[last].categories[point] = value
                return
            case "c:val", "c:yVal":
                series[last].values[point] = value
                return
            case "c:ser": return
            default: continue
            }
        }
    }

    private var table: DocumentElement? {
        let count = series.reduce(0) { max($0, ($1.values.keys.max() ?? -1) + 1, ($1.categories.keys.max() ?? -1) + 1) }
        guard count > 0 else { return nil }
        let labels = series.first { !$0.categories.isEmpty }?.categories ?? [:]
        var rows: [[Scalar]] = [[.null] + series.map { .text($0.name) }]
        for index in 0..<count {
            rows.append(
                [labels[index].map { .text($0) } ?? .null]
                    + series.map { series in
                        guard let text = series.values[index] else { return .null }
                        return Double(text).map { .number($0) } ?? .text(text)
                    })
        }
        return DocumentElement(.table, text: title.isEmpty ? nil : title, rows: rows)
    }
}
