import Formula
import Testing

@Suite(.timeLimit(.minutes(2))) struct FunctionTests {
    @Test(arguments: FormulaCases.all)
    func formulaHasItsValue(_ item: FormulaCases.Case) throws {
        var sheet = try FormulaCases.sheet()
        try sheet.set("Z100", .formula(item.formula))
        try sheet.calculate()
        let value = try sheet.value("Z100")
        #expect(agree(value, item.expected), "\(value)")
    }

    @Test func thereAreTheCommonFunctions() {
        #expect(FunctionTable.shared.names.count >= 350)
        #expect(FormulaCases.all.count >= 600)
    }

    @Test func everyFunctionSurvivesOddArguments() throws {
        let values = [
            "", "-1", "0", "1E308", "\"x\"", "\"\"", "TRUE", "#N/A", "A1:C3", "{1,\"a\";TRUE,#DIV/0!}", "A:A",
            "(A1,B2)",
        ]
        var sheet = try FormulaCases.sheet()
        var computed = 0
        for name in FunctionTable.shared.names where name != "LET" {
            for value in values {
                for count in 0...6 {
                    let text = "\(name)(" + Array(repeating: value, count: count).joined(separator: ",") + ")"
                    guard let expression = try? FormulaParser.parse(text) else { continue }
                    try sheet.book.setFormula(
                        expression, at: CellAddress(row: 20 + computed % 5, column: 30), mode: .single)
                    computed += 1
                    if computed % 5 == 0 { try sheet.calculate() }
                }
            }
        }
        #expect(computed > 5000)
    }

    @Test(arguments: [
        ("General", 1234.5, "1234.5"), ("0.00", -1.005, "-1.01"), ("#,##0", 1234567.0, "1,234,567"), ("#", 0, ""),
        ("0.0#", 1.5, "1.5"), ("0%", 0.125, "13%"), ("[Red]0", 5, "5"), ("\"x\"0", 5, "x5"), ("0\\a", 5, "5a"),
        ("yyyy/mm/dd", 45366, "2024/03/15"), ("[h]:mm:ss", 1.25, "30:00:00"), ("mm:ss.0", 0.0005, "00:43.2"),
        ("0;-0;;@", 0, ""), ("_(0_)", 5, " 5 "), ("0,", 12345, "12"), ("##0.0E+0", 12345, "12.3E+3"),
        ("# ?/?", 0.5, " 1/2"), ("?/?", 1.5, "3/2"), ("[<1]0.00;0", 0.5, "0.50"), ("[$€-407]0.00", 2, "€2.00"),
        ("ddd", 1, "Sun"), ("mmmmm", 45366, "M"), ("AM/PM h", 0.5, "PM 12"), ("0.000", 1e-9, "0.000"),
    ])
    func numberFormatShows(_ code: String, _ value: Double, _ expected: String) throws {
        #expect(try NumberFormat(code).text(.number(value)) == expected)
    }

    @Test(arguments: ["\"open", "[open", "[nonsense]0", "0;0;0;0;0", "0\\", String(repeating: "0", count: 256)])
    func numberFormatIsRefused(_ code: String) {
        #expect(throws: NumberFormat.Fault.self) { try NumberFormat(code) }
    }

    @Test func numberFormatNamesItsColor() throws {
        let format = try NumberFormat("0;[Red]-0")
        #expect(format.render(.number(-2)) == NumberFormat.Rendering(text: "-2", color: "Red"))
        #expect(format.render(.number(2)) == NumberFormat.Rendering(text: "2", color: nil))
    }

    @Test func datesOf1904CountFromTheirOwnStart() throws {
        #expect(try Sheet.value("DATE(1904,1,2)", system: .year1904) == .number(1))
        #expect(try Sheet.value("TEXT(0,\"yyyy-mm-dd\")", system: .year1904) == .text("1904-01-01"))
        #expect(try Sheet.value("YEAR(\"2024-03-15\")", system: .year1904) == .number(2024))
    }
}
