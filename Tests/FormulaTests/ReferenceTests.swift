import Formula
import Testing

@Suite(.timeLimit(.minutes(2))) struct ReferenceTests {
    private let insertion = StructureChange.rows(sheet: "Data", at: 4, count: 2)
    private let deletion = StructureChange.rows(sheet: "Data", at: 4, count: -2)

    @Test(
        arguments: [
            ("SUM(A1:A10)+$B$5", "SUM(A1:A12)+$B$7"), ("A4", nil), ("A5", "A7"), ("5:6", "7:8"), ("A:C", nil),
            ("Other!A9", nil), ("Data!A9", "Data!A11"), ("'Data'!$A9:B$10", "'Data'!$A11:B$12"),
            ("\"A9\"&A9", "\"A9\"&A11"), ("LOG10(A9)", "LOG10(A11)"), ("Table1[A9]+A9", "Table1[A9]+A11"),
            ("[1]Data!A9+A9", "[1]Data!A9+A11"), ("A9_x+A9", "A9_x+A11"), ("A1:INDEX(A9:A10,1)", "A1:INDEX(A11:A12,1)"),
            ("A1048576", "#REF!"), ("IF(A9>1.5E3,1,2)", "IF(A11>1.5E3,1,2)"), ("1+2", nil), ("'[x.xlsx]Data'!A9", nil),
            ("a9", "a11"), ("A10:A5", "A12:A7"),
        ] as [(String, String?)]) func rowsAreInserted(formula: String, expected: String?)
    {
        #expect(ReferenceRewriter.rewrite(formula, onSheet: "Data", insertion) == expected)
    }

    @Test(
        arguments: [
            ("A5", "#REF!"), ("A7", "A5"), ("A1:A10", "A1:A8"), ("A5:A6", "#REF!"), ("A6:A9", "A5:A7"),
            ("A2:A5", "A2:A4"),
            ("Data!A6*2", "#REF!*2"), ("5:6", "#REF!"),
        ] as [(String, String?)]) func rowsAreDeleted(formula: String, expected: String?)
    {
        #expect(ReferenceRewriter.rewrite(formula, onSheet: "Data", deletion) == expected)
    }

    @Test func columnsSheetsAndNamesFollow() {
        let columns = StructureChange.columns(sheet: "Data", at: 1, count: 1)
        #expect(ReferenceRewriter.rewrite("A1+B1+$B:C+2:3", onSheet: "data", columns) == "A1+C1+$C:D+2:3")
        let renamed = StructureChange.renamed(sheet: "Data", to: "New year's")
        #expect(
            ReferenceRewriter.rewrite("Data!A1+A1+Data2!A1", onSheet: "X", renamed) == "'New year''s'!A1+A1+Data2!A1")
        #expect(
            ReferenceRewriter.rewrite("'New year''s'!A1", onSheet: "X", .renamed(sheet: "New year's", to: "B"))
                == "B!A1")
        #expect(
            ReferenceRewriter.rewrite("SUM(Data!A1:B2)+A1", onSheet: "X", .deleted(sheet: "Data")) == "SUM(#REF!)+A1")
    }
}
