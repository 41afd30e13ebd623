import DocumentModel
import Foundation
import OOXML
import Testing

@Suite(.timeLimit(.minutes(10))) struct SpreadsheetTests {
    private func sheet(_ formula: String) -> Workbook {
        Workbook(
            title: "T", author: "A",
            sheets: [
                Sheet(
                    name: "S", columns: [.init(header: "n", type: .number), .init(header: "t"), .init(header: "f")],
                    rows: [
                        [.integer(2), .text("abc"), .formula(formula)], [.number(0.5), .empty, .empty],
                        [.integer(-3), .bool(true), .empty],
                    ])
            ])
    }

    /// The stored value of C2.
    private func value(_ formula: String) throws -> String {
        let lint = try #require(PackageLint(try Spreadsheet.bytes(of: sheet(formula))))
        let xml = lint.text("xl/worksheets/sheet1.xml")
        let cell = try #require(xml.range(of: "<c r=\"C2\""))
        let start = try #require(xml.range(of: "<v>", range: cell.upperBound..<xml.endIndex))
        return String(xml[start.upperBound...].prefix { $0 != "<" })
    }

    @Test(
        arguments: [
            ("SUM(A2:A4)", "-0.5"), ("=SUM(A:A)", "-0.5"), ("AVERAGE(A2:A4)*3", "-0.5"), ("MIN(A2:A4)", "-3"),
            ("MAX(A2:A4,7)", "7"),
            ("COUNT(A2:B4)", "3"), ("COUNTA(A2:B4)", "5"), ("1+2*3^2", "19"), ("-2^2", "4"), ("(1+2)*3", "9"),
            ("10%", "0.1"),
            ("A2/0", "#DIV/0!"), ("B2+1", "#VALUE!"), ("Nope!A1", "#REF!"), ("IFERROR(A2/0,\"-\")", "-"),
            ("\"a\"&1&TRUE", "a1TRUE"),
            ("IF(A2>=2,\"yes\",1/0)", "yes"), ("ROUND(2.675,2)", "2.68"), ("ROUND(-2.5,0)", "-3"), ("\"A\"=\"a\"", "1"),
            ("1<\"a\"", "1"), ("AND(1,A2)", "1"), ("NOT(OR(0,0))", "1"), ("ABS(A4)", "3"), ("$A$2+S!A2+'S'!A2", "6"),
            ("C2+1", nil), ("WEBSERVICE(\"http://x\")", nil), ("cmd|'/c calc'!A0", nil), ("SUM(", nil), ("", nil),
            ("1 2", nil),
            (String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200), nil), ("9e999", nil),
            ("A2:A4", "2"), ("XLOOKUP(0.5,A2:A4,A2:A4*2)", "1"), ("NOSUCH(1)", nil),
        ] as [(String, String?)]) func formulasAreComputedOrRefused(formula: String, expected: String?) throws
    {
        if let expected {
            #expect(try value(formula) == expected)
        } else {
            #expect(throws: OOXMLError.self) { try value(formula) }
        }
    }

    @Test func longChainsOfFormulasAreComputed() throws {
        let rows: [[Cell]] = (0..<20_000).map { [.formula($0 == 19_999 ? "1" : "A\($0 + 3)+1")] }
        let workbook = Workbook(
            title: "T", author: "A",
            sheets: [Sheet(name: "S", columns: [.init(header: "n", type: .integer)], rows: rows)])
        let lint = try #require(PackageLint(try Spreadsheet.bytes(of: workbook)))
        #expect(lint.text("xl/worksheets/sheet1.xml").contains("<f>A3+1</f><v>20000</v>"))
    }

    @Test func packageIsSound() throws {
        #expect(Samples.workbook.validate() == [])
        let bytes = try Spreadsheet.bytes(of: Samples.workbook, created: "2026-03-01T09:30:00Z")
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            try Data(bytes).write(to: URL(filePath: "\(keep)/workbook.xlsx"))
        }
        #expect(PackageLint(bytes)?.faults == [])
        #expect(try bytes == Spreadsheet.bytes(of: Samples.workbook, created: "2026-03-01T09:30:00Z"))
    }

    @Test func openpyxlReadsTypesFormulasAndValues() async throws {
        let program = """
            import sys, openpyxl
            for data in (True, False):
                w = openpyxl.load_workbook(sys.argv[1], data_only=data)
                for s in w: print(s.title, [[c.value for c in r] for r in s.iter_rows()], s.freeze_panes, s.auto_filter.ref, len(s._charts))
            d = w['Data']
            print([c.data_type for c in d['A']], d['A3'].quotePrefix, d['D2'].number_format, d['B2'].number_format, d.print_title_rows)
            """
        let text = try await OfficeReader.python(program, on: Spreadsheet.bytes(of: Samples.workbook), ending: "xlsx")
        #expect(text.contains("['Vienna', 655.25, 120, datetime.datetime(1952, 7, 23, 0, 0), True, 5.46]"), "\(text)")
        #expect(
            text.contains("['=2+5', 610, 110, datetime.datetime(2026, 3, 1, 9, 30), False, 5.545454545454546]"),
            "\(text)")
        #expect(text.contains("'#DIV/0!'"))
        #expect(text.contains("'9007199254740993'"))
        #expect(text.contains("'big!'"))
        #expect(text.contains("['Total', 10000001263.75, 76.66666666666667,"), "\(text)")
        #expect(text.contains("'=SUM(B2:B5)', '=AVERAGE(C2:C5)'"))
        #expect(text.contains("['All rain', 10000001263.75], ['Twice', 20000002527.5]"), "\(text)")
        #expect(text.contains("A2 A1:F5 1"))
        #expect(text.contains("['s', 's', 's', 's', 's', 's'] True yyyy-mm-dd hh:mm #,##0.00"), "\(text)")
    }

    @Test func libreOfficePrintsIt() async throws {
        #expect(try await OfficeReader.pagesOfPDF(Spreadsheet.bytes(of: Samples.workbook), ending: "xlsx") >= 2)
    }

    @Test(arguments: [
        ("Q1/Q2 [x]", "Q1 Q2  x"), ("", "Sheet"), ("'quoted'", "quoted"), ("History", "Sheet"),
        (String(repeating: "a", count: 40), String(repeating: "a", count: 31)),
    ]) func sheetNamesAreMadeLegal(text: String, name: String) { #expect(Sheet.legalName(text) == name) }

    @Test func faultsNameTheirPlace() {
        var workbook = Samples.workbook
        workbook.sheets[1].name = "data"
        workbook.sheets[0].rows[2][1] = .number(.infinity)
        workbook.sheets[0].charts[0].categories = "nonsense"
        #expect(
            Set(workbook.validate().map(\.pointer)) == [
                "/sheets/1/name", "/sheets/0/rows/2/1", "/sheets/0/charts/0/categories",
            ])
    }
}
