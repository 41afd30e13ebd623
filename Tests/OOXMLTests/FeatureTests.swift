import DocumentModel
import Formula
import Foundation
import OOXML
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct FeatureTests {
    /// Everything that a workbook can have.
    static let book = Workbook(
        title: "Budget", author: "Ada", language: "en-GB",
        sheets: [
            orders, dashboard,
            Sheet(
                name: "مبيعات",
                columns: [.init(header: "المدينة"), .init(header: "المبلغ", type: .number, total: .sum)],
                rows: [[.text("دمشق"), .number(12.5)], [.text("القاهرة"), .number(7)]]
            ).with { $0.rightToLeft = true },
            Sheet(name: "Lists", columns: [.init(header: "State")], rows: [[.text("open")], [.text("closed")]]).with {
                $0.hidden = true
            },
        ],
        styles: [
            "good": CellStyle(color: "006100", fill: "C6EFCE"),
            "bad": CellStyle(bold: true, color: "9C0006", fill: "FFC7CE"),
            "title": CellStyle(bold: true, color: "0F2A3D", size: 18),
            "input": CellStyle(fill: "FFF8DC", border: .thin, locked: false),
            "money": CellStyle(numberFormat: "#,##0.00 [$€-407]"),
            "centred": CellStyle(italic: true, align: .center, wrap: true),
        ],
        names: [WorkbookName(name: "Rate", refersTo: "Dashboard!$B$4")])

    private static let orders = Sheet(
        name: "Orders",
        columns: [
            .init(header: "Number", type: .integer), .init(header: "Customer"), .init(header: "Day", type: .date),
            .init(header: "Net", type: .number, total: .sum, style: "money"),
            .init(header: "Gross", type: .number, total: .sum, style: "money"), .init(header: "State"),
            .init(header: "Paid", type: .boolean),
        ],
        rows: (1...12).map(order)
    ).with { sheet in
        sheet.table = SheetTable(name: "Orders", style: "TableStyleMedium2")
        sheet.freeze = FrozenPanes(rows: 1, columns: 2)
        sheet.validations = [
            DataValidation(
                range: "F2:F13", kind: .list, source: "Lists!$A$2:$A$3", message: "Open or closed",
                error: "No such state"),
            DataValidation(range: "A2:A13", kind: .whole, comparison: .greaterOrEqual, first: 1),
            DataValidation(range: "C2:C13", kind: .date, first: "2026-01-01", second: "2026-12-31"),
        ]
        sheet.conditional = [
            ConditionalFormat(range: "F2:F13", kind: .value, first: "open", style: "bad"),
            ConditionalFormat(range: "D2:D13", kind: .dataBar), ConditionalFormat(range: "E2:E13", kind: .colorScale),
            ConditionalFormat(range: "B2:B13", kind: .contains, text: "Smith", style: "good"),
            ConditionalFormat(range: "A2:A13", kind: .icons, icons: .lights),
            ConditionalFormat(range: "D2:D13", kind: .top, count: 2, style: "good"),
            ConditionalFormat(range: "A2:G13", kind: .formula, formula: "=$G2=FALSE", style: "bad"),
        ]
        sheet.links = [
            CellLink(cell: "B2", url: "https://example.com/a?b=c&d=e", tooltip: "Their page"),
            CellLink(cell: "B3", url: "#Dashboard!A1"),
        ]
        sheet.notes = [
            CellNote(cell: "D2", text: "Checked\ntwice"), CellNote(cell: "B2", text: "Since 1999", author: "Bob"),
        ]
        sheet.print = PrintSetup(
            orientation: .landscape, paper: .letter, fitHeight: 2, titleColumns: "A:B", header: "&C&B&A",
            gridlines: true, centered: true)
        sheet.tabColor = "0B7285"
        sheet.zoom = 110
    }

    private static func order(_ row: Int) -> [Cell] {
        let names = ["Müller & Söhne", "Smith <Ltd>", "東京商事"]
        return [
            .integer(Int64(row)), .text(names[row % 3]), .date("2026-0\(row % 9 + 1)-15"), .number(Double(row) * 99.5),
            .formula("[@Net]*(1+Rate)"), .text(row % 4 == 0 ? "open" : "closed"), .bool(row % 2 == 0),
        ]
    }

    private static func placed(_ cell: String, _ value: Cell, _ style: String? = nil) -> PlacedCell {
        PlacedCell(cell: cell, value: value, style: style)
    }

    private static var dashboardCells: [PlacedCell] {
        [
            placed("A1", .text("Budget of 2026"), "title"),
            placed("A3", .text("Sum")),
            placed("B3", .formula("SUM(Orders[Net])"), "money"),
            placed("A4", .text("Rate")),
            placed("B4", .number(0.19), "input"),
            placed("A5", .text("Open")),
            placed("B5", .formula("COUNTIF(Orders[State],\"open\")")),
            placed("A6", .text("As of")),
            placed("B6", .date("2026-03-01")),
            placed("D3", .formula("SORT(UNIQUE(Orders[Customer]))")),
            placed("B7", .formula("1/0")),
        ]
    }

    private static let dashboard = Sheet(name: "Dashboard", columns: [], rows: []).with { sheet in
        sheet.cells = dashboardCells
        sheet.merges = ["A1:E1"]
        sheet.formats = [RangeStyle(range: "A3:B7", style: "input"), RangeStyle(range: "D3:D5", style: "centred")]
        sheet.rowHeights = [RowHeight(row: 1, height: 30)]
        sheet.protection = SheetProtection(password: "secret", allow: [.sort, .filter, .formatColumns])
        sheet.images = [SheetImage(path: "logo.png", altText: "The logo", anchor: "G1", width: 64)]
        sheet.charts = [
            SheetChart(
                kind: .line, title: "Net by order", categories: "Orders!A2:A13",
                series: [.init(name: "Net", values: "Orders!D2:D13")],
                anchor: "A10")
        ]
        sheet.print = PrintSetup(area: "A1:K30")
        sheet.gridlines = true
    }

    static func written() throws -> Spreadsheet.Written {
        try Spreadsheet.write(book, created: "2026-03-01T09:30:00Z", pictures: ["logo.png": Samples.png])
    }

    @Test func everythingIsSoundAndErrorsAreTold() throws {
        #expect(Self.book.validate() == [])
        let written = try Self.written()
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            try Data(written.bytes).write(to: URL(filePath: "\(keep)/features.xlsx"))
        }
        #expect(OfficeLint.faults(of: written.bytes) == [])
        #expect(try Self.written().bytes == written.bytes)
        #expect(written.faults.map { "\($0.sheet)!\($0.cell) \($0.error.text)" } == ["Dashboard!B7 #DIV/0!"])
    }

    @Test func openpyxlReadsEverything() async throws {
        let program = """
            import sys, openpyxl
            w = openpyxl.load_workbook(sys.argv[1])
            v = openpyxl.load_workbook(sys.argv[1], data_only=True)
            o, d = w['Orders'], w['Dashboard']
            t = o.tables['Orders']
            print('table', t.ref, t.totalsRowCount, [c.name for c in t.tableColumns], t.tableStyleInfo.name)
            print('freeze', o.freeze_panes, o.sheet_view.zoomScale, o.sheet_properties.tabColor.rgb)
            print('validation', [(x.type, x.sqref, x.operator, x.formula1, x.formula2) for x in o.data_validations.dataValidation])
            print('conditional', sorted((r.type, str(k.sqref)) for k in o.conditional_formatting for r in k.rules))
            print('links', o['B2'].hyperlink.target, o['B3'].hyperlink.location)
            print('notes', o['D2'].comment.text.replace('\\n', '|'), o['B2'].comment.author)
            print('print', o.page_setup.orientation, o.page_setup.paperSize, o.print_title_cols, o.print_title_rows, d.print_area)
            print('cells', v['Dashboard']['B3'].value, v['Dashboard']['B5'].value, v['Dashboard']['B6'].value, [v['Dashboard'][c].value for c in ('D3','D4','D5')])
            print('style', d['A1'].font.b, d['A1'].font.sz, d['B4'].fill.fgColor.rgb, d['B4'].protection.locked, d['B4'].border.left.style, d['B7'].number_format)
            print('other', d.merged_cells.ranges, d.protection.sheet, d.protection.password, d.protection.sort, len(d._images), len(d._charts), d.row_dimensions[1].height)
            print('states', [s.sheet_state for s in w], w['مبيعات'].sheet_view.rightToLeft, w.defined_names['Rate'].attr_text)
            print('own', o['E2'].value)
            print('values', [c.value for c in v['Orders'][2]], v['Orders']['E14'].value, o['E14'].value)
            """
        let text = try await OfficeReader.python(program, on: Self.written().bytes, ending: "xlsx")
        for line in [
            "table A1:G14 1 ['Number', 'Customer', 'Day', 'Net', 'Gross', 'State', 'Paid'] TableStyleMedium2",
            "freeze C2 110 FF0B7285", "('list', <MultiCellRange [F2:F13]>, None, 'Lists!$A$2:$A$3', None)",
            "('whole', <MultiCellRange [A2:A13]>, 'greaterThanOrEqual', '1', None)",
            "('date', <MultiCellRange [C2:C13]>, None, '46023', '46387')",
            "('cellIs', 'F2:F13'), ('colorScale', 'E2:E13'), ('containsText', 'B2:B13'), ('dataBar', 'D2:D13'), ('expression', 'A2:G13'), ('iconSet', 'A2:A13'), ('top10', 'D2:D13')",
            "links https://example.com/a?b=c&d=e Dashboard!A1", "notes Checked|twice Bob",
            "print landscape 1 $A:$B $1:$1 'Dashboard'!$A$1:$K$30",
            "cells 7761 3 2026-03-01 00:00:00 ['Müller & Söhne', 'Smith <Ltd>', '東京商事']",
            "style True 18.0 FFFFF8DC False thin General", "A1:E1", "True DAA7 False 1 1 30",
            "own =Orders[[#This Row],[Net]]*(1+Rate)",
            "states ['visible', 'visible', 'visible', 'hidden'] True Dashboard!$B$4",
            "'Smith <Ltd>', datetime.datetime(2026, 2, 15, 0, 0), 99.5, 118.405, 'closed', False] 9235.59 =SUBTOTAL(109,Orders[Gross])",
        ] { #expect(text.contains(line), "\(line)\n\(text)") }
    }

    @Test func libreOfficeOpensEverything() async throws {
        #expect(try await OfficeReader.pagesOfPDF(Self.written().bytes, ending: "xlsx") >= 3)
    }

    @Test func ownReaderReadsEverything() throws {
        let reader = try WorkbookReader(Self.written().bytes)
        #expect(reader.sheets.map(\.name) == ["Orders", "Dashboard", "مبيعات", "Lists"])
        #expect(reader.sheets.map(\.isHidden) == [false, false, false, true])
        let table = try #require(try reader.tables(of: 0).first)
        #expect(table.headers == ["Number", "Customer", "Day", "Net", "Gross", "State", "Paid"])
        #expect(table.hasTotals)
        #expect(table.rows == 0...13)
    }

    // MARK: The schema

    private func schema() throws -> [String: Any] {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/workbook.schema.json")
        return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    }

    private func keys<Key: CaseIterable & RawRepresentable>(_: Key.Type) -> Set<String> where Key.RawValue == String {
        Set(Key.allCases.map { $0.rawValue })
    }

    @Test func schemaHasTheModelsMembersAndNoOthers() throws {
        let root = try schema()
        let parts = try #require(root["$defs"] as? [String: [String: Any]])
        func members(_ name: String) -> Set<String> { Set((parts[name]?["properties"] as? [String: Any] ?? [:]).keys) }
        #expect(Set((root["properties"] as? [String: Any] ?? [:]).keys) == keys(Workbook.CodingKeys.self))
        #expect(members("Sheet") == keys(Sheet.CodingKeys.self))
        #expect(members("Column") == keys(Sheet.Column.CodingKeys.self))
        #expect(members("CellStyle") == keys(CellStyle.CodingKeys.self))
        #expect(members("PlacedCell") == keys(PlacedCell.CodingKeys.self))
        #expect(members("RangeStyle") == keys(RangeStyle.CodingKeys.self))
        #expect(members("SheetTable") == keys(SheetTable.CodingKeys.self))
        #expect(members("FrozenPanes") == keys(FrozenPanes.CodingKeys.self))
        #expect(members("RowHeight") == keys(RowHeight.CodingKeys.self))
        #expect(members("CellLink") == keys(CellLink.CodingKeys.self))
        #expect(members("CellNote") == keys(CellNote.CodingKeys.self))
        #expect(members("SheetImage") == keys(SheetImage.CodingKeys.self))
        #expect(members("WorkbookName") == keys(WorkbookName.CodingKeys.self))
        #expect(members("SheetProtection") == keys(SheetProtection.CodingKeys.self))
        #expect(members("PrintSetup") == keys(PrintSetup.CodingKeys.self))
        #expect(members("DataValidation") == keys(DataValidation.CodingKeys.self))
        #expect(members("ConditionalFormat") == keys(ConditionalFormat.CodingKeys.self))
        #expect(members("Series") == keys(SheetChart.Series.CodingKeys.self))
        #expect(members("SheetChart") == keys(SheetChart.CodingKeys.self))
        func values(_ name: String, _ member: String) -> Set<String> {
            let properties = parts[name]?["properties"] as? [String: [String: Any]]
            return Set(properties?[member]?["enum"] as? [String] ?? [])
        }
        #expect(values("ConditionalFormat", "kind") == keys(ConditionalFormat.Kind.self))
        #expect(values("ConditionalFormat", "icons") == keys(ConditionalFormat.Icons.self))
        #expect(values("DataValidation", "kind") == keys(DataValidation.Kind.self))
        #expect(values("DataValidation", "comparison") == keys(DataValidation.Comparison.self))
        #expect(values("DataValidation", "severity") == keys(DataValidation.Severity.self))
        #expect(values("CellStyle", "border") == keys(CellStyle.Border.self))
        #expect(values("Column", "type") == keys(ValueType.self))
        #expect(values("Column", "total") == keys(Sheet.Aggregate.self))
        #expect(values("PrintSetup", "paper") == keys(PrintSetup.Paper.self))
    }

    @Test func schemaTakesTheModelsAndRefusesOthers() async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let program = """
            import sys, json, jsonschema
            schema = json.load(open(sys.argv[2] if len(sys.argv) > 2 else '\(URL(filePath: #filePath).deletingLastPathComponent().path)/../../docs/workbook.schema.json'))
            jsonschema.Draft202012Validator.check_schema(schema)
            check = jsonschema.Draft202012Validator(schema)
            book = json.load(open(sys.argv[1]))
            print([e.message[:200] for e in check.iter_errors(book)])
            book['sheets'][0]['colour'] = 1
            print(len(list(check.iter_errors(book))))
            """
        for book in [Self.book, Samples.workbook] {
            let data = try encoder.encode(book)
            #expect(try encoder.encode(JSONDecoder().decode(Workbook.self, from: data)) == data)
            let text = try await OfficeReader.python(program, on: [UInt8](data), ending: "json")
            #expect(text.hasPrefix("[]\n1"), "\(text)")
        }
    }

    @Test func faultsOfFeaturesNameTheirPlace() {
        var book = Self.book
        book.sheets[0].table?.name = ""
        book.sheets[0].validations[0].source = nil
        book.sheets[0].conditional[0].style = "none"
        book.sheets[0].links[0].url = "javascript:alert(1)"
        book.sheets[0].notes[0].cell = "1A"
        book.sheets[1].merges = ["B2:A1"]
        book.sheets[1].images[0].path = "../x.png"
        book.sheets[1].cells[0].style = "none"
        book.sheets[1].zoom = 5
        book.styles["bad"]?.fill = "red"
        #expect(
            Set(book.validate().map(\.pointer)) == [
                "/sheets/0/table/name", "/sheets/0/validations/0/values", "/sheets/0/conditional/0/style",
                "/sheets/0/links/0/url", "/sheets/0/notes/0/cell", "/sheets/1/merges/0", "/sheets/1/images/0/path",
                "/sheets/1/cells/0/style", "/sheets/1/zoom", "/styles/bad/fill",
            ])
    }
}
