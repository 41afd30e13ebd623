import Formula
import Testing

@Suite(.timeLimit(.minutes(2))) struct FormulaSmoke {
    @Test func one() throws {
        var book = FormulaWorkbook()
        try book.addSheet("S")
        try book.setFormula("1+2", at: CellAddress(row: 0, column: 0))
        try book.calculate(Surroundings(now: 0, seed: 0))
        #expect(book.value(at: CellAddress(row: 0, column: 0)) == .number(3))
    }
}
