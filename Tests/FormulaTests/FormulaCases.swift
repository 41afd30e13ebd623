import Formula
import Foundation

/// Formulas and what they are worth, beside the cells of `cells`. Where LibreOffice 7.4 knows the function, the values
/// are LibreOffice's too (`LibreOfficeTests`); the others are those of the functions' documentation.
enum FormulaCases {
    struct Case: Sendable, CustomStringConvertible {
        var formula: String
        var expected: CellValue
        var description: String { formula }
    }

    static let all: [Case] = (part1 + "\n" + part2).split(separator: "\n").compactMap { line in
        guard let arrow = line.range(of: " => ") else { return nil }
        return Case(formula: String(line[..<arrow.lowerBound]), expected: value(String(line[arrow.upperBound...])))
    }

    private static func value(_ text: String) -> CellValue {
        if text.hasPrefix("\"") {
            return .text(String(text.dropFirst().dropLast()).replacing("\"\"", with: "\""))
        }
        if text == "TRUE" || text == "FALSE" { return .boolean(text == "TRUE") }
        return ErrorValue(text).map { .error($0) } ?? .number(Double(text) ?? .nan)
    }

    /// Name and content: `'text`, `=formula`, a number or a truth value.
    static let cells: [(name: String, text: String)] = """
        A1 3
        A2 1
        A3 4
        A4 1
        A5 5
        A6 9
        A7 2
        A8 6
        A9 5
        A10 3
        B1 'apple
        B2 'Banana
        B3 'cherry
        B4 'apple
        B5 'date
        B6 'fig
        B7 'Apple
        B8 'grape
        B9 'kiwi
        B10 'lemon
        C1 10
        C2 20
        C3 30
        C4 40
        C5 50
        C6 60
        C7 70
        C8 80
        C9 90
        C10 100
        D1 45292
        D2 45307
        D3 45322
        E1 1
        E2 '2
        E3 TRUE
        E5 'x
        E7 7.5
        E8 -3
        E9 0
        G1 1
        H1 'one
        G2 5
        H2 'five
        G3 10
        H3 'ten
        G4 20
        H4 'twenty
        G6 'Kind
        H6 'Qty
        G7 'a
        H7 5
        G8 'b
        H8 7
        G9 'a
        H9 11
        G10 'c
        H10 13
        J6 'Kind
        J7 'a
        J9 'Kind
        J10 'b
        K1 =1/0
        K2 4
        """.split(separator: "\n").map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return (String(parts[0]), String(parts[1]))
        }

    static func sheet() throws -> Sheet {
        var sheet = try Sheet()
        for (name, text) in cells {
            if text.hasPrefix("'") {
                try sheet.set(name, .value(.text(String(text.dropFirst()))))
            } else if text.hasPrefix("=") {
                try sheet.set(name, .formula(text))
            } else {
                try sheet.set(name, .value(Double(text).map { .number($0) } ?? .boolean(text == "TRUE")))
            }
        }
        return sheet
    }
}
