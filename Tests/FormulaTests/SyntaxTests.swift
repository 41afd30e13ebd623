import Formula
import Testing

@Suite(.timeLimit(.minutes(2))) struct SyntaxTests {
    @Test(arguments: FormulaCases.all)
    func printingAndReadingGivesTheSame(_ item: FormulaCases.Case) throws {
        try expectStable(item.formula)
    }

    @Test(arguments: [
        "A1", "$A$1:B$2", "A:C", "$1:5", "Sheet1!A1", "'My Sheet'!A1:B2", "'it''s'!A1", "Table1[Col]", "Table1[]",
        "Table1[[#Headers],[A]:[B]]", "Table1[@Col]", "Table1[#All]", "[@Price]*2", "A1#", "@A1:A5", "(A1,B2)",
        "A1:B2 B1:C3", "SUM((A1:A2,C1))", "{1,-2;\"a\",TRUE}", "-(-1)%", "1-(2-3)", "\"a\"\"b\"", "#REF!",
        "Sheet1!#REF!",
        "LET(a,1,b,a+1,a*b)", "INDEX(A:A,1):INDEX(A:A,3)", "name.with_dots+\\x", "IF(,,)",
        "_xlfn.XLOOKUP(1,A1:A2,B1:B2)",
        "+1", "--A1", "1.5E-10", "A1:A2:B3", "'2024'!A1", "Sheet1!A:A", "Sheet1!1:1", "NOT(TRUE)=FALSE<>1",
    ])
    func grammarIsPrintedBack(_ text: String) throws { try expectStable(text) }

    private func expectStable(_ text: String) throws {
        let base = CellPosition(row: 40, column: 40)
        let first = try FormulaParser.parse(text, at: base)
        for forFile in [false, true] {
            let printed = first.text(at: base, forFile: forFile)
            let second = try FormulaParser.parse(printed, at: base)
            #expect(first == second, "\(printed)")
            #expect(second.text(at: base, forFile: forFile) == printed)
        }
    }

    @Test(arguments: [
        ("", SyntaxFault.Kind.unexpected, 0), ("1+", .unexpected, 2), ("SUM(1", .unterminated, 5),
        ("\"abc", .unterminated, 0),
        ("'Sheet!A1", .unterminated, 0), ("{1,2;3}", .array, 6), ("{A1}", .array, 1), ("1 2", .unexpected, 2),
        ("A1 1", .unexpected, 3), ("SUM(1))", .unexpected, 6), ("ABS()", .tooFewArguments, 0),
        ("ABS(1,2)", .tooManyArguments, 0),
        ("Sheet1:Sheet3!A1", .unsupported, 0), ("'[1]x'!A1", .unsupported, 7), ("1:A", .unexpected, 1),
        ("T[[#Nonsense]]", .unexpected, 14),
        ("1e999", .number, 0), ("2x", .number, 0), ("\u{0}", .unexpected, 0), ("LET(a,1)", .unexpected, 7),
        ("LET(A1,1,2)", .unexpected, 4),
    ])
    func faultNamesItsPlace(_ text: String, _ kind: SyntaxFault.Kind, _ position: Int) throws {
        let fault = try #require(throws: SyntaxFault.self) { try FormulaParser.parse(text) }
        #expect(fault.kind == kind)
        #expect(fault.position == position)
    }

    @Test func boundsHold() {
        let deep = String(repeating: "(", count: 65) + "1" + String(repeating: ")", count: 65)
        #expect(throws: SyntaxFault.self) { try FormulaParser.parse(deep) }
        #expect(throws: Never.self) { try FormulaParser.parse(String(deep.dropFirst().dropLast())) }
        #expect(throws: SyntaxFault.self) { try FormulaParser.parse(String(repeating: "1+", count: 4096) + "1") }
        #expect(throws: Never.self) { try FormulaParser.parse(String(repeating: "1+", count: 4095) + "1") }
        let many = "SUM(" + String(repeating: "1,", count: 255) + "1)"
        #expect(throws: SyntaxFault.self) { try FormulaParser.parse(many) }
    }

    @Test func filledFormulasAreEqualAndMoveAlong() throws {
        let first = try FormulaParser.parse("A1*$B$1+Sheet2!C2", at: CellPosition(row: 0, column: 3))
        let second = try FormulaParser.parse("A9*$B$1+Sheet2!C10", at: CellPosition(row: 8, column: 3))
        #expect(first == second)
        #expect(first.text(at: CellPosition(row: 4, column: 4)) == "B5*$B$1+Sheet2!D6")
    }

    @Test func fileTextCarriesPrefixes() throws {
        let text = "LET(a,XLOOKUP(1,A1:A2,B1:B2),SUM(FILTER(A1:A2,B1:B2>a)))"
        let file = try FormulaParser.parse(text).text(forFile: true)
        #expect(file == "_xlfn.LET(_xlpm.a,_xlfn.XLOOKUP(1,A1:A2,B1:B2),SUM(_xlfn._xlws.FILTER(A1:A2,B1:B2>_xlpm.a)))")
        #expect(try FormulaParser.parse(file).text() == text)
    }

    @Test func randomBytesNeverTrap() throws {
        var surroundings = Surroundings(now: 0, seed: 42)
        let pieces = [
            "A1", "$B$2", "C:C", "1:2", "SUM(", "IF(", "LET(", "a,", "INDEX(", "(", ")", ",", ";", "{", "}", "+", "-",
            "*", "/", "^",
            "&", "=", "<>", "%", ":", " ", "!", "#", "@", "\"x\"", "'s'", "[", "]", "1", "2.5", "1E5", "TRUE", "#REF!",
            "é", "\u{7}",
            "OFFSET(", "INDIRECT(", "SEQUENCE(", "TEXT(", "x", ".", "~", "\\",
        ]
        var sheet = try FormulaCases.sheet()
        for round in 0..<20_000 {
            var text = ""
            for _ in 0..<(1 + Int(surroundings.random() * 12)) {
                text += pieces[Int(surroundings.random() * Double(pieces.count))]
            }
            guard let expression = try? FormulaParser.parse(text) else { continue }
            #expect(try FormulaParser.parse(expression.text()) == expression, "\(text)")
            try sheet.book.setFormula(expression, at: CellAddress(row: 30 + round % 10, column: 30), mode: .single)
            if round % 50 == 0 { try sheet.calculate() }
        }
        for _ in 0..<2000 {
            let bytes = (0..<Int(surroundings.random() * 60)).map { _ in UInt8(surroundings.random() * 256) }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? FormulaParser.parse(text)
            _ = try? NumberFormat(text).text(.number(surroundings.random() * 1e6))
        }
    }
}
