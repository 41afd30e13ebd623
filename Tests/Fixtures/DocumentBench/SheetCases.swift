import DocumentModel
import Formula
import Glibc
import OOXML

enum SheetCases {
    /// Rows of ten columns, five numbers and five texts, as the peers write them.
    static func write(_ path: String, _ rows: Int) throws -> String {
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw DocumentBench.Failed(path: path) }
        defer { close(file) }
        let columns = (0..<10).map {
            Sheet.Column(header: "c\($0)", type: $0 < 5 ? .number : .text, numberFormat: "General", width: 10)
        }
        let workbook = Workbook(
            title: "Data", author: "", sheets: [Sheet(name: "Data", columns: columns, rows: [], autofilter: false)])
        var i = 0
        let source: Spreadsheet.RowSource = { (row: inout [Cell]) throws(OOXMLError) in
            guard i < rows else { return false }
            row.append(.number(Double(i)))
            row.append(.number(Double(i) * 1.5))
            row.append(.number(Double(i) * 2))
            row.append(.number(Double(i) / 3))
            row.append(.number(Double(i % 7)))
            row.append(.text("name \(i)"))
            row.append(.text("city \(i % 100)"))
            row.append(.text("constant"))
            row.append(.text("note \(i)"))
            row.append(.text("x"))
            i += 1
            return true
        }
        try Spreadsheet.stream(workbook, rows: [source], to: file)
        return "rows \(rows)"
    }

    /// All cells of all sheets.
    static func read(_ path: String) throws -> String {
        let reader = try WorkbookReader(DocumentBench.bytes(of: path))
        var cells = 0
        var sum = 0.0
        for sheet in reader.sheets.indices {
            try reader.rows(of: sheet) { (_, row) throws(OOXMLError) in
                cells += row.count
                for cell in row {
                    if case .number(let value) = cell.value { sum += value }
                }
                return true
            }
        }
        return "cells \(cells) sum \(sum)"
    }

    /// Products and quotients: two formulas a row, as the peer has them.
    static func evaluate(_ formulas: Int) throws -> String {
        var book = FormulaWorkbook()
        try book.addSheet("S")
        for row in 0..<formulas / 2 {
            try book.set(.number(Double(row + 1)), at: CellAddress(row: row, column: 0))
            try book.setFormula("A\(row + 1)*2+1", at: CellAddress(row: row, column: 1))
            try book.setFormula("ROUND(B\(row + 1)/3,2)", at: CellAddress(row: row, column: 2))
        }
        let count = try book.calculate(Surroundings(now: 46_000, seed: 1))
        return "formulas \(count) last \(book.value(at: CellAddress(row: formulas / 2 - 1, column: 2)).text)"
    }
}
