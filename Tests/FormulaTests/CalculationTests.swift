import Formula
import Testing

@Suite(.timeLimit(.minutes(2))) struct CalculationTests {
    @Test func longChainsNeedNoStack() throws {
        for isUpwards in [false, true] {
            var sheet = try Sheet()
            let count = 100_000
            for row in 0..<count {
                let next = isUpwards ? row : row + 2
                let text = (isUpwards ? row == 0 : row == count - 1) ? "1" : "A\(next)+1"
                try sheet.book.setFormula(text, at: CellAddress(row: row, column: 0))
            }
            #expect(try sheet.calculate() == count)
            #expect(try sheet.value(isUpwards ? "A\(count)" : "A1") == .number(Double(count)))
        }
    }

    @Test func growingSumsOverAColumnAreCheap() throws {
        var limits = FormulaLimits()
        // Cell by cell these are 500 million additions.
        limits.steps = 20_000_000
        var sheet = try Sheet(limits: limits)
        for row in 0..<100_000 { try sheet.book.set(.number(1), at: CellAddress(row: row, column: 0)) }
        for row in 0..<10_000 {
            try sheet.book.setFormula("SUM(A$1:A\(100_000 - row))", at: CellAddress(row: row, column: 1))
        }
        try sheet.calculate()
        #expect(try sheet.value("B10000") == .number(90_001))
    }

    @Test func onlyWhatDependsIsComputedAgain() throws {
        var sheet = try Sheet([
            ("A1", 1), ("B1", "=A1*2"), ("C1", "=B1+1"), ("D1", "=SUM(A1:C1)"), ("E1", "=7*6"), ("F1", "=SUM(X1:X9)"),
        ])
        #expect(try sheet.calculate() == 5)
        #expect(try sheet.calculate() == 0)
        try sheet.set("A1", 5)
        #expect(try sheet.calculate() == 3)
        #expect(try sheet.text("A1", "F1") == "5,10,11,26,42,0")
        try sheet.set("X5", 3)
        #expect(try sheet.calculate() == 1)
        #expect(try sheet.value("F1") == .number(3))
        try sheet.set("B1", 100)
        #expect(try sheet.calculate() == 2)
        #expect(try sheet.value("D1") == .number(206))
    }

    @Test func circlesAreNamed() throws {
        var sheet = try Sheet([("A1", "=B1+1"), ("B1", "=C1+1"), ("C1", "=A1+1"), ("D1", "=A1"), ("E1", "=E1")])
        try sheet.calculate()
        #expect(try sheet.text("A1", "E1") == "#REF!,#REF!,#REF!,#REF!,#REF!")
        let reports = sheet.book.reports
        #expect(Set(reports[0].circle) == ["Sheet1!A1", "Sheet1!B1", "Sheet1!C1"])
        #expect(reports[3].circle.isEmpty)
        #expect(reports[3].origin == "Sheet1!A1")
        #expect(reports[4].circle == ["Sheet1!E1"])
        try sheet.set("C1", 1)
        try sheet.calculate()
        #expect(try sheet.text("A1", "D1") == "3,2,1,3")
    }

    @Test func branchNotTakenMakesNoCircle() throws {
        var sheet = try Sheet([("A1", "=IF(C1,B1,5)"), ("B1", "=IF(C1,7,A1)"), ("C1", false)])
        try sheet.calculate()
        #expect(try sheet.text("A1", "B1") == "5,5")
        try sheet.set("C1", true)
        try sheet.calculate()
        #expect(try sheet.text("A1", "B1") == "7,7")
        var other = try Sheet([("A1", "=B1+1"), ("B1", "=IF(TRUE,5,C1)"), ("C1", "=A1")])
        try other.calculate()
        #expect(try other.text("A1", "C1") == "6,5,6")
    }

    @Test func arraysSpillAndMove() throws {
        var sheet = try Sheet([
            ("A1", 3), ("A2", 1), ("A3", 2), ("C1", "=SORT(A1:A3)"), ("E1", "=SUM(C1#)"), ("F1", "=C3*10"),
            ("G1", "=SUM(C1:C9)"),
        ])
        try sheet.calculate()
        #expect(try sheet.text("C1", "C3") == "1;2;3")
        #expect(try sheet.text("E1", "G1") == "6,30,6")
        try sheet.set("A2", 9)
        try sheet.calculate()
        #expect(try sheet.text("C1", "C3") == "2;3;9")
        #expect(try sheet.value("F1") == .number(90))
        try sheet.set("C2", "in the way")
        try sheet.calculate()
        #expect(try sheet.text("C1", "C3") == "#SPILL!;in the way;")
        #expect(try sheet.value("F1") == .number(0))
        #expect(sheet.book.reports.contains { $0.cell == "C1" && $0.reason.contains("C2") })
        try sheet.set("C2", .value(.blank))
        try sheet.calculate()
        #expect(try sheet.text("C1", "C3") == "2;3;9")
    }

    @Test func arrayOfArraysSettles() throws {
        var sheet = try Sheet([
            ("A1", "=UNIQUE(C2:C6)"), ("C1", "=SEQUENCE(6)"), ("E1", "=SUM(A1:A5)"),
        ])
        try sheet.calculate()
        #expect(try sheet.value("E1") == .number(20))
    }

    @Test func modesDecideWhatARangeMeans() throws {
        var sheet = try Sheet([("A1", 1), ("A2", 2), ("A3", 3)])
        try sheet.set("B2", "=A1:A3*10", mode: .single)
        try sheet.set("C1", "=A1:A3*10", mode: .array(rows: 4, columns: 1))
        try sheet.set("D9", "=A1:A3*10", mode: .single)
        try sheet.set("E9", "=SUMPRODUCT(A1:A3*10)", mode: .single)
        try sheet.calculate()
        #expect(try sheet.value("B2") == .number(20))
        #expect(try sheet.text("C1", "C4") == "10;20;30;#N/A")
        #expect(try sheet.value("D9") == .error(.value))
        #expect(try sheet.value("E9") == .number(60))
    }

    @Test func namesAndTablesAreFound() throws {
        var sheet = try Sheet([
            ("A1", "Item"), ("B1", "Price"), ("A2", "x"), ("B2", 5), ("A3", "y"), ("B3", 7), ("Other!A1", 4),
        ])
        try sheet.book.define("rate", as: "Sheet1!$B$2/10")
        try sheet.book.define("rate", as: "0.25", onSheet: 1)
        try sheet.book.define(
            FormulaTable(name: "Prices", area: Area(sheet: 0, rows: 0...2, columns: 0...1), columns: ["Item", "Price"]))
        try sheet.set("D1", "=rate*2")
        try sheet.set("Other!D1", "=rate*2")
        try sheet.set("D2", "=SUM(Prices[Price])")
        try sheet.set("C3", "=Prices[@Price]*2")
        try sheet.set("D3", "=Prices[[#Headers],[Price]]&ROWS(Prices[#All])")
        try sheet.set("D4", "=Prices[Nothing]")
        try sheet.set("D5", "=nowhere")
        try sheet.calculate()
        #expect(try sheet.text("D1", "D5") == "1;12;Price3;#REF!;#NAME?")
        #expect(try sheet.value("Other!D1") == .number(0.5))
        #expect(try sheet.value("C3") == .number(14))
        try sheet.set("B3", 10)
        try sheet.calculate()
        #expect(try sheet.text("C3", "D3") == "20,Price3")
        #expect(try sheet.value("D2") == .number(15))
    }

    @Test func reportsLeadToTheOrigin() throws {
        var sheet = try Sheet([
            ("A1", 0), ("B1", "=1/A1"), ("C1", "=B1+1"), ("D1", "=SUM(B1:C1)"), ("E1", "=VLOOKUP(\"q\",A1:B1,2,FALSE)"),
            ("F1", "=NOSUCH(1)"), ("G1", "=\"x\"*2"), ("H1", "=Gone!A1"),
        ])
        try sheet.calculate()
        let reports = Dictionary(uniqueKeysWithValues: sheet.book.reports.map { ($0.cell, $0) })
        #expect(reports["B1"]?.origin == nil)
        #expect(reports["B1"]?.reason.contains("zero") == true)
        #expect(reports["C1"]?.origin == "Sheet1!B1")
        #expect(reports["D1"]?.origin == "Sheet1!B1")
        #expect(reports["E1"]?.reason.contains("q") == true)
        #expect(reports["F1"]?.reason.contains("NOSUCH") == true)
        #expect(reports["G1"]?.reason.contains("x") == true)
        #expect(reports["H1"]?.error == .reference)
        #expect(sheet.book.reports.count == 7)
    }

    @Test func limitsEndWithAClearError() throws {
        var limits = FormulaLimits()
        limits.steps = 10_000
        var sheet = try Sheet([("A1", "=SUM(SEQUENCE(1000,1000))")], limits: limits)
        let costly = try #require(throws: FormulaFailure.self) { try sheet.calculate() }
        #expect(costly.code == .tooCostly)
        limits = FormulaLimits()
        limits.cells = 2
        var small = try Sheet([("A1", 1), ("A2", 2)], limits: limits)
        let full = try #require(throws: FormulaFailure.self) { try small.set("A3", 3) }
        #expect(full.code == .tooManyCells)
        #expect(throws: FormulaFailure.self) { try small.book.addSheet("a/b") }
        #expect(throws: FormulaFailure.self) { try small.book.addSheet("SHEET1") }
        #expect(throws: FormulaFailure.self) { try small.book.define("A1", as: "1") }
    }

    @Test func volatileFunctionsFollowTheCaller() throws {
        var sheet = try Sheet([
            ("A1", "=RAND()"), ("A2", "=NOW()"), ("A3", "=A1*0+1"), ("A4", "=OFFSET(A3,1,1)"), ("B4", 8),
        ])
        try sheet.calculate()
        let first = try sheet.value("A1")
        try sheet.calculate()
        #expect(try sheet.value("A1") == first)
        try sheet.book.calculate(Surroundings(now: 50_000, seed: 8))
        #expect(try sheet.value("A1") != first)
        #expect(try sheet.value("A2") == .number(50_000))
        #expect(try sheet.value("A4") == .number(8))
    }

    @Test func changesAgreeWithComputingAnew() throws {
        var surroundings = Surroundings(now: 45366, seed: 3)
        func random(_ count: Int) -> Int { Int(surroundings.random() * Double(count)) }
        let forms = [
            "SUM(A1:C4)", "A1+B2", "IF(A1>3,B1,C1)", "VLOOKUP(A1,B1:C9,2,FALSE)", "COUNTIF(A1:B9,\">2\")",
            "OFFSET(A1,1,1)", "MAX(C:C)", "INDEX(A1:C9,2,2)",
        ]
        for _ in 0..<40 {
            var cells: [String: Sheet.Content] = [:]
            var sheet = try Sheet()
            for _ in 0..<60 {
                let name = "\(["A", "B", "C", "D", "E"][random(5)])\(1 + random(9))"
                let column = name.first ?? "A"
                // Formulas stand right of what they read: no circles.
                let content: Sheet.Content =
                    column == "D" || column == "E"
                    ? .formula(forms[random(forms.count)]) : .value(.number(Double(random(6))))
                cells[name] = content
                try sheet.set(name, content)
                if random(4) == 0 { try sheet.calculate() }
            }
            try sheet.calculate()
            var fresh = try Sheet(cells.map { ($0.key, $0.value) })
            try fresh.calculate()
            #expect(try sheet.text("A1", "E9") == fresh.text("A1", "E9"))
        }
    }
}
