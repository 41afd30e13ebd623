import Formula
import Foundation
import TestKit
import Testing

/// Lets LibreOffice compute the table's formulas.
@Suite(.timeLimit(.minutes(2)), .serialized) struct LibreOfficeTests {
    /// Functions that LibreOffice 7.4 does not have, or reads otherwise from this file.
    private static let unknown = [
        "XLOOKUP", "XMATCH", "LET", "SEQUENCE", "SORT", "SORTBY", "UNIQUE", "FILTER", "TAKE", "DROP", "TOROW", "TOCOL",
        "WRAPROWS",
        "WRAPCOLS", "VSTACK", "HSTACK", "CHOOSECOLS", "CHOOSEROWS", "EXPAND", "MUNIT", "TEXTBEFORE", "TEXTAFTER",
        "TEXTSPLIT",
        "VALUETOTEXT", "ARRAYTOTEXT", "TODAY", "NOW", "CELL", "FORMULATEXT", "NOSUCH", "NOSUCHNAME", "SHEETS",
    ]

    @Test func valuesAreLibreOffices() async throws {
        let cases = FormulaCases.all.filter { item in
            !Self.unknown.contains { item.formula.contains($0) } && Self.differences[item.formula] == nil
        }
        #expect(cases.count >= 400)
        let found = try await compute(cases.map(\.formula))
        #expect(found.count == cases.count)
        var different: [String] = []
        for (item, value) in zip(cases, found) where !Self.same(item.expected, value) {
            different.append("\(item.formula) is \(item.expected.text), LibreOffice says \(value)")
        }
        #expect(different.isEmpty, "\(different.joined(separator: "\n"))")
    }

    /// Its errors have other names, its truth values may be numbers, its texts are the same.
    private static func same(_ value: CellValue, _ text: String) -> Bool {
        switch value {
        case .error: return text.hasPrefix("#") || text.hasPrefix("Err:")
        case .boolean(let flag): return ["TRUE", "true", "1"].contains(text) == flag
        case .number(let number): return agree(.number(number), .number(Double(text) ?? .nan), digits: 1e-9)
        case .text(let expected): return expected == text
        case .blank: return text.isEmpty
        }
    }

    /// The values of formulas that stand in column Z beside the table's cells.
    private func compute(_ formulas: [String]) async throws -> [String] {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let source = directory.url.appending(path: "sheet.fods")
        let target = directory.url.appending(path: "out")
        try document(formulas).write(to: source, atomically: true, encoding: .utf8)
        let outcome = try await TestProgram.run([
            "soffice", "--headless", "-env:UserInstallation=file://\(directory.url.path)/profile", "--convert-to",
            "fods",
            "--outdir", target.path, source.path,
        ])
        let text = try String(contentsOf: target.appending(path: "sheet.fods"), encoding: .utf8)
        #expect(outcome.status == 0, "\(outcome.text)")
        return text.components(separatedBy: "<table:table-row").dropFirst().prefix(formulas.count).map(Self.result)
    }

    /// Of the last formula of a row: its number, or the text that it shows.
    private static func result(_ row: String) -> String {
        guard let cell = row.components(separatedBy: "<table:table-cell").last(where: { $0.contains("table:formula=") })
        else {
            return ""
        }
        let head = cell.prefix { $0 != ">" }
        for attribute in ["office:value=\"", "office:boolean-value=\"", "office:date-value=\""]
        where !head.contains("value-type=\"string\"") {
            guard let start = head.range(of: attribute) else { continue }
            let value = String(head[start.upperBound...].prefix { $0 != "\"" })
            return attribute.contains("date") ? "\(serial(value))" : value
        }
        if let start = head.range(of: "office:time-value=\"PT") {
            let parts = head[start.upperBound...].prefix { $0 != "\"" }.split { "HMS".contains($0) }.compactMap {
                Double($0)
            }
            return "\((parts[0] * 3600 + parts[1] * 60 + parts[2]) / 86_400)"
        }
        let paragraphs = cell.components(separatedBy: "<text:p>").dropFirst().map {
            $0.components(separatedBy: "</text:p>")[0]
        }
        return unescaped(paragraphs.joined(separator: "\n"))
    }

    private static func serial(_ date: String) -> Int {
        let parts = date.prefix(10).split(separator: "-").compactMap { Int($0) }
        return parts.count == 3
            ? Int(CalendarDay(year: parts[0], month: parts[1], day: parts[2]).serial(.year1900) ?? 0) : 0
    }

    private static func unescaped(_ text: String) -> String {
        // `<text:s text:c="3"/>` is three blanks.
        var result = text
        while let start = result.range(of: "<text:s"),
            let end = result.range(of: "/>", range: start.lowerBound..<result.endIndex)
        {
            let tag = result[start.lowerBound..<end.lowerBound]
            let count = tag.range(of: "text:c=\"").flatMap { Int(tag[$0.upperBound...].prefix { $0 != "\"" }) } ?? 1
            result.replaceSubrange(start.lowerBound..<end.upperBound, with: String(repeating: " ", count: count))
        }
        for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
            result = result.replacingOccurrences(of: entity, with: character)
        }
        return result
    }

    private func document(_ formulas: [String]) throws -> String {
        var cells: [Int: [Int: String]] = [:]
        for (name, text) in FormulaCases.cells {
            let position = try #require(CellPosition(name))
            cells[position.row, default: [:]][position.column] = Self.cell(text)
        }
        let rows = try formulas.enumerated().map { row, formula in
            let before = (0..<25).map { cells[row]?[$0] ?? "<table:table-cell/>" }.joined()
            let base = CellPosition(row: row, column: 25)
            // References must not move with the row.
            let text = try FormulaParser.parse(formula, at: base).text(at: base, forFile: true)
            return "<table:table-row>\(before)\(Self.cell("=" + text))</table:table-row>"
        }.joined(separator: "\n")
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" \
            xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" \
            xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" \
            xmlns:msoxl="http://schemas.microsoft.com/office/excel/formula" office:version="1.3" \
            office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet>\
            <table:calculation-settings table:case-sensitive="false" table:use-regular-expressions="false" \
            table:use-wildcards="true"/><table:table table:name="Sheet1">\(rows)</table:table></office:spreadsheet>\
            </office:body></office:document>
            """
    }

    private static func cell(_ text: String) -> String {
        let escaped = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
        if text.hasPrefix("=") { return "<table:table-cell table:formula=\"msoxl:\(escaped)\"/>" }
        if text.hasPrefix("'") {
            return
                "<table:table-cell office:value-type=\"string\"><text:p>\(escaped.dropFirst())</text:p></table:table-cell>"
        }
        if text == "TRUE" || text == "FALSE" {
            return "<table:table-cell office:value-type=\"boolean\" office:boolean-value=\"\(text.lowercased())\"/>"
        }
        return "<table:table-cell office:value-type=\"float\" office:value=\"\(text)\"/>"
    }
}

private struct TemporaryDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "formula-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
