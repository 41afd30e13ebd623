import DocumentModel
import Formula
import Foundation
import OOXML
import Testing

@Suite(.timeLimit(.minutes(10))) struct EditTests {
    /// A table with totals, a calculated column, a chart, a note, a rule and names, and a second sheet that refers to it.
    static let book = Workbook(
        title: "Orders", author: "A",
        sheets: [
            Sheet(
                name: "Data",
                columns: [
                    .init(header: "Item"), .init(header: "Price", type: .number, total: .sum),
                    .init(header: "Count", type: .integer), .init(header: "Sum", type: .number, total: .sum),
                ],
                rows: [
                    [.text("a"), .number(2), .integer(3), .formula("B2*C2")],
                    [.text("b"), .number(5), .integer(4), .formula("B3*C3")],
                    [.text("a"), .number(1), .integer(1), .formula("B4*C4")],
                ],
                charts: [
                    SheetChart(
                        kind: .column, title: "Sums", categories: "A2:A4",
                        series: [.init(name: "Sum", values: "D2:D4")],
                        anchor: "F8")
                ]
            )
            .with { sheet in
                sheet.table = SheetTable(name: "Orders")
                sheet.notes = [CellNote(cell: "B4", text: "Look")]
                sheet.merges = ["F3:G4"]
                sheet.conditional = [
                    ConditionalFormat(range: "D2:D4", kind: .formula, formula: "$D2>10", style: "hot")
                ]
            },
            Sheet(
                name: "Other", columns: [.init(header: "x", type: .number)],
                rows: [[.formula("SUM(Data!D2:D4)")], [.formula("Total*2")], [.formula("SUM(Orders[Sum])")]]),
        ],
        styles: ["hot": CellStyle(fill: "FFC7CE")],
        names: [WorkbookName(name: "Total", refersTo: "Data!$D$5")])

    private func edited(_ edits: [WorkbookEdit], _ bytes: [UInt8]? = nil) throws -> (WorkbookEditor.Result, PackageLint)
    {
        let editor = try WorkbookEditor(bytes ?? Spreadsheet.bytes(of: Self.book))
        try editor.apply(edits)
        let result = try editor.finish(now: 46_000)
        #expect(OfficeLint.faults(of: result.bytes) == [])
        return (result, try #require(PackageLint(result.bytes)))
    }

    /// Values and formulas of a sheet by cell.
    private func cells(_ bytes: [UInt8], _ sheet: Int) throws -> [String: String] {
        let reader = try WorkbookReader(bytes)
        var cells: [String: String] = [:]
        try reader.rows(of: sheet, formulas: true) { (row, line) throws(OOXMLError) in
            for cell in line {
                let name = CellReference.name(row: row, column: cell.column)
                cells[name] = (cell.formula.map { "\($0) = " } ?? "") + cell.value.text
            }
            return true
        }
        return cells
    }

    @Test func oneCellChangesAndWhatFollowsFromIt() throws {
        let before = try #require(PackageLint(try Spreadsheet.bytes(of: Self.book)))
        let (result, after) = try edited([.set(sheet: "data", cell: "B3", value: .number(7))])
        #expect(result.faults == [])
        let data = try cells(result.bytes, 0)
        #expect(data["B3"] == "7")
        #expect(data["D3"] == "B3*C3 = 28")
        #expect(data["D5"] == "SUBTOTAL(109,Orders[Sum]) = 35")
        let other = try cells(result.bytes, 1)
        #expect(other["A2"] == "SUM(Data!D2:D4) = 35")
        #expect(other["A3"] == "Total*2 = 70")
        #expect(other["A4"] == "SUM(Orders[Sum]) = 35")
        #expect(result.recalculated == 6)
        let touched = before.order.filter { before.parts[$0] != after.parts[$0] }
        #expect(touched == ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"])
        // Of the sheet only the cells differ that changed.
        let (old, new) = (before.text("xl/worksheets/sheet1.xml"), after.text("xl/worksheets/sheet1.xml"))
        #expect(
            old.prefix(upTo: old.range(of: "<row r=\"3\"")!.lowerBound)
                == new.prefix(upTo: new.range(of: "<row r=\"3\"")!.lowerBound))
        #expect(
            old.suffix(from: old.range(of: "</sheetData>")!.lowerBound)
                == new.suffix(from: new.range(of: "</sheetData>")!.lowerBound))
    }

    @Test func nothingChangesWithoutEdits() throws {
        let bytes = try Spreadsheet.bytes(of: Self.book)
        #expect(try edited([], bytes).0.bytes == bytes)
    }

    @Test func rowsAreAppendedToTables() throws {
        let (result, lint) = try edited([
            .append(
                table: "orders",
                rows: [[.text("c"), .number(10), .integer(2)], [.text("d"), .number(1), .integer(9)]])
        ])
        let data = try cells(result.bytes, 0)
        #expect(data["D5"] == "B5*C5 = 20")
        #expect(data["D6"] == "B6*C6 = 9")
        #expect(data["D7"] == "SUBTOTAL(109,Orders[Sum]) = 56")
        #expect(lint.text("xl/tables/table1.xml").contains("ref=\"A1:D7\""))
        #expect(lint.text("xl/workbook.xml").contains("Data!$D$7"))
        #expect(try cells(result.bytes, 1)["A3"] == "Total*2 = 112")
    }

    @Test func referencesFollowInsertedAndDeletedRows() throws {
        let (result, lint) = try edited([.insertRows(sheet: "Data", row: 3, count: 2)])
        let data = try cells(result.bytes, 0)
        #expect(data["D6"] == "B6*C6 = 1")
        #expect(try cells(result.bytes, 1)["A2"] == "SUM(Data!D2:D6) = 27")
        let sheet = lint.text("xl/worksheets/sheet1.xml")
        #expect(sheet.contains("<mergeCell ref=\"F5:G6\"/>"))
        #expect(sheet.contains("sqref=\"D2:D6\""))
        #expect(lint.text("xl/comments1.xml").contains("ref=\"B6\""))
        #expect(lint.text("xl/charts/chart1.xml").contains("'Data'!$D$2:$D$6"))
        #expect(lint.text("xl/drawings/drawing1.xml").contains("<xdr:row>9</xdr:row>"))
        #expect(lint.text("xl/tables/table1.xml").contains("ref=\"A1:D7\""))
        let (back, _) = try edited([.deleteRows(sheet: "Data", row: 3, count: 2)], result.bytes)
        #expect(try cells(back.bytes, 0) == cells(Spreadsheet.bytes(of: Self.book), 0))
        let (less, _) = try edited([.deleteRows(sheet: "Data", row: 3, count: 1)])
        #expect(try cells(less.bytes, 1)["A2"] == "SUM(Data!D2:D3) = 7")
    }

    @Test func columnsMove() throws {
        let (result, _) = try edited([.insertColumns(sheet: "Other", column: "A", count: 1)])
        #expect(try cells(result.bytes, 1)["B3"] == "Total*2 = 54")
        #expect(try cells(result.bytes, 1)["A3"] == nil)
    }

    @Test func sheetsAreAddedRenamedAndDeleted() throws {
        let (result, lint) = try edited([
            .addSheet(name: "New & old", rows: [[.text("n"), .date("2026-03-01"), .formula("Data!B2+1")]]),
            .renameSheet(sheet: "Data", name: "Dates & sums"),
        ])
        #expect(try WorkbookReader(result.bytes).sheets.map(\.name) == ["Dates & sums", "Other", "New & old"])
        #expect(try cells(result.bytes, 2)["C1"] == "'Dates & sums'!B2+1 = 3")
        #expect(try cells(result.bytes, 1)["A2"] == "SUM('Dates & sums'!D2:D4) = 27")
        #expect(lint.text("xl/charts/chart1.xml").contains("'Dates &amp; sums'!$D$2:$D$4"))
        let reader = try WorkbookReader(result.bytes)
        var date: String?
        try reader.rows(of: 2) { (_, row) throws(OOXMLError) in
            date = try reader.date(row[1])
            return true
        }
        #expect(date == "2026-03-01")
        let (less, rest) = try edited([.deleteSheet(sheet: "Dates & sums")], result.bytes)
        #expect(try WorkbookReader(less.bytes).sheets.map(\.name) == ["Other", "New & old"])
        #expect(rest.order.filter { $0.contains("chart") || $0.contains("table") || $0.contains("drawing") } == [])
        #expect(less.faults.count == 4)
    }

    @Test(
        arguments: [
            (.set(sheet: "No", cell: "A1", value: .empty), "sheet_missing"),
            (.set(sheet: "Data", cell: "A0", value: .empty), "range_invalid"),
            (.set(sheet: "Data", cell: "A1", value: .formula("SUM(")), "formula_invalid"),
            (.set(sheet: "Data", cell: "A1", value: .formula("WEBSERVICE(\"http://x\")")), "formula_invalid"),
            (.fill(sheet: "Data", cell: "A1048576", rows: [[.empty], [.empty]]), "too_large"),
            (.append(table: "No", rows: []), "table_missing"), (.renameSheet(sheet: "Data", name: "a/b"), "sheet_name"),
            (.renameSheet(sheet: "Data", name: "other"), "sheet_name"),
            (.addSheet(name: "data", rows: []), "sheet_name"),
            (.insertRows(sheet: "Data", row: 0, count: 1), "out_of_range"),
            (.insertRows(sheet: "Data", row: 1, count: 1_048_573), "too_large"),
            (.append(table: "Orders", rows: [[.empty, .empty, .empty, .empty, .empty]]), "row_width"),
        ] as [(WorkbookEdit, String)]) func wrongEditsAreRefused(edit: WorkbookEdit, code: String) throws
    {
        let editor = try WorkbookEditor(Spreadsheet.bytes(of: Self.book))
        var found: String?
        do { try editor.apply([edit]) } catch { found = error.code }
        #expect(found == code)
    }

    /// What others write: prefixes, shared formulas, parts that nobody knows.
    @Test func foreignPartsSurvive() throws {
        let sheet = """
            <x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>\
            <x:row r="1" spans="1:2"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="B1"><x:f t="shared" ref="B1:B3" si="0">A1*2</x:f><x:v>2</x:v></x:c></x:row>\
            <x:row r="2"><x:c r="A2"><x:v>2</x:v></x:c><x:c r="B2"><x:f t="shared" si="0"/><x:v>4</x:v></x:c></x:row>\
            <x:row r="3"><x:c r="A3"><x:v>3</x:v></x:c><x:c r="B3"><x:f t="shared" si="0"/><x:v>6</x:v></x:c><x:c r="C3"><x:f>[1]Other!A1</x:f><x:v>9</x:v></x:c></x:row>\
            </x:sheetData><x:extLst><x:ext uri="u"/></x:extLst></x:worksheet>
            """
        let bytes = try Packages.workbook(sheet: sheet)
        let editor = try WorkbookEditor(bytes)
        try editor.apply([
            .set(sheet: "S", cell: "B1", value: .number(5)), .set(sheet: "S", cell: "A2", value: .number(10)),
        ])
        let result = try editor.finish(now: 46_000)
        #expect(
            try cells(result.bytes, 0) == [
                "A1": "1", "B1": "5", "A2": "10", "B2": "A2*2 = 20", "A3": "3", "B3": "A3*2 = 6",
                "C3": "[1]Other!A1 = 9",
            ])
        let text = try #require(PackageLint(result.bytes)).text("xl/worksheets/sheet1.xml")
        #expect(text.hasSuffix("</x:sheetData><x:extLst><x:ext uri=\"u\"/></x:extLst></x:worksheet>"))
    }

    @Test func editsComeBackFromJSON() throws {
        let edits: [WorkbookEdit] = [
            .set(sheet: "S", cell: "A1", value: .formula("B1")),
            .fill(sheet: "S", cell: "A1", rows: [[.integer(1), .empty]]),
            .append(table: "T", rows: [[.text("x")]]), .appendRows(sheet: "S", rows: []),
            .insertRows(sheet: "S", row: 2, count: 3), .deleteRows(sheet: "S", row: 2, count: 3),
            .insertColumns(sheet: "S", column: "B", count: 1), .deleteColumns(sheet: "S", column: "B", count: 1),
            .addSheet(name: "N", rows: [[.bool(true)]]), .renameSheet(sheet: "S", name: "N"), .deleteSheet(sheet: "S"),
        ]
        #expect(try JSONDecoder().decode([WorkbookEdit].self, from: JSONEncoder().encode(edits)) == edits)
    }

    @Test func openpyxlAndLibreOfficeReadWhatWasEdited() async throws {
        let (result, _) = try edited([
            .append(table: "Orders", rows: [[.text("c"), .number(10), .integer(2)]]),
            .insertRows(sheet: "Data", row: 2, count: 1), .addSheet(name: "N", rows: [[.text("n")]]),
        ])
        let program = """
            import sys, openpyxl
            w = openpyxl.load_workbook(sys.argv[1])
            print(w.sheetnames, w['Data'].tables['Orders'].ref, w['Data']['B5'].comment.text, w['Data']['D6'].value)
            """
        let text = try await OfficeReader.python(program, on: result.bytes, ending: "xlsx")
        #expect(text.contains("['Data', 'Other', 'N'] A1:D7 Look =B6*C6"), "\(text)")
        #expect(try await OfficeReader.pagesOfPDF(result.bytes, ending: "xlsx") >= 2)
    }
}

extension Sheet {
    func with(_ change: (inout Sheet) -> Void) -> Sheet {
        var sheet = self
        change(&sheet)
        return sheet
    }
}
