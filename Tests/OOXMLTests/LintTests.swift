import DocumentModel
import Foundation
import OOXML
import Testing

@Suite(.timeLimit(.minutes(10))) struct LintTests {
    @Test func ownWorkbooksAndDecksAreSound() throws {
        #expect(OfficeLint.faults(of: try Spreadsheet.bytes(of: Samples.workbook)) == [])
        let deck = try Presentation.bytes(of: Samples.deck(image: "a.png"), pictures: ["a.png": Samples.png])
        #expect(OfficeLint.faults(of: deck.bytes) == [])
    }

    /// A part, what stands in it, what stands there in the broken file, and the rule that must find it.
    typealias Breach = (part: String, find: String, put: String, rule: String)

    private static let workbookBreaches: [Breach] = [
        ("xl/worksheets/sheet1.xml", "<c r=\"B2\"", "<c r=\"A2\"", "cell_order"),
        ("xl/worksheets/sheet1.xml", "<c r=\"B2\"", "<c r=\"B3\"", "cell_order"),
        ("xl/worksheets/sheet1.xml", "<c r=\"B2\"", "<c r=\"XFE2\"", "reference"),
        ("xl/worksheets/sheet1.xml", "<row r=\"3\"", "<row r=\"2\"", "row_order"),
        ("xl/worksheets/sheet1.xml", "<row r=\"6\"", "<row r=\"1048577\"", "row_order"),
        ("xl/worksheets/sheet1.xml", "<v>655.25</v>", "<v>much</v>", "cell_value"),
        ("xl/worksheets/sheet1.xml", "t=\"b\"", "t=\"x\"", "cell_type"),
        ("xl/worksheets/sheet1.xml", "<v>#DIV/0!</v>", "<v>#OOPS</v>", "cell_value"),
        ("xl/worksheets/sheet1.xml", " s=\"1\"", " s=\"99\"", "style_reference"),
        ("xl/worksheets/sheet1.xml", "<autoFilter ref=\"A1:F5\"/>", "<autoFilter ref=\"A1:F0\"/>", "reference"),
        (
            "xl/worksheets/sheet1.xml", "</sheetData>",
            "</sheetData><mergeCells count=\"2\"><mergeCell ref=\"A1:B2\"/><mergeCell ref=\"B2:C3\"/></mergeCells>",
            "merge_overlap"
        ),
        ("xl/worksheets/sheet1.xml", "<cols>", "<pageMargins/><cols>", "element_order"),
        ("xl/worksheets/sheet1.xml", "<cols>", "<invention/><cols>", "element_order"),
        ("xl/worksheets/sheet1.xml", "<col min=\"2\"", "<col min=\"1\"", "column_order"),
        ("xl/worksheets/sheet1.xml", "<drawing r:id=\"rId1\"", "<drawing r:id=\"rId9\"", "relationship_undefined"),
        ("xl/worksheets/sheet1.xml", "</worksheet>", "", "xml_invalid"),
        ("xl/worksheets/sheet1.xml", "<cols>", "<cols></rows>", "xml_invalid"),
        ("xl/styles.xml", "<styleSheet", "<!DOCTYPE x [<!ENTITY a \"b\">]><styleSheet", "xml_dtd"),
        ("xl/styles.xml", "<fonts count=\"3\">", "<fonts count=\"4\">", "style_count"),
        ("xl/styles.xml", "fontId=\"1\"", "fontId=\"7\"", "style_reference"),
        ("xl/styles.xml", "<styleSheet ", "<styleSheet a=\"1\" a=\"2\" ", "xml_invalid"),
        ("xl/workbook.xml", "name=\"It's Q1\"", "name=\"Data\"", "sheet_name"),
        ("xl/workbook.xml", "name=\"It's Q1\"", "name=\"A/B\"", "sheet_name"),
        ("xl/workbook.xml", "sheetId=\"2\"", "sheetId=\"1\"", "sheet_id"),
        ("xl/workbook.xml", "activeTab=\"0\"", "activeTab=\"5\"", "active_tab"),
        ("xl/workbook.xml", "localSheetId=\"1\"", "localSheetId=\"4\"", "defined_name"),
        ("xl/workbook.xml", "_xlnm.Print_Titles", "A1", "defined_name"),
        ("xl/workbook.xml", "<sheets>", "<calcPr/><sheets>", "element_order"),
        ("xl/drawings/drawing1.xml", "id=\"2\"", "id=\"2\" name=\"a\"/><xdr:cNvPr id=\"2\"", "shape_id_duplicate"),
        ("xl/_rels/workbook.xml.rels", "styles.xml", "style.xml", "relationship_dangling"),
        ("xl/_rels/workbook.xml.rels", "Id=\"rId2\"", "Id=\"rId1\"", "relationship_id"),
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet2.xml", "worksheets/sheet1.xml", "part_unreachable"),
        ("[Content_Types].xml", "PartName=\"/xl/styles.xml\"", "PartName=\"/xl/stiles.xml\"", "content_type_dangling"),
        ("[Content_Types].xml", "spreadsheetml.styles+xml", "spreadsheetml.table+xml", "content_type_wrong"),
        ("[Content_Types].xml", "Extension=\"xml\"", "Extension=\"rels\"", "content_type_duplicate"),
        ("_rels/.rels", "xl/workbook.xml", "xl/none.xml", "archive_invalid"),
    ]

    private static let deckBreaches: [Breach] = [
        ("ppt/presentation.xml", "id=\"257\"", "id=\"256\"", "slide_id"),
        ("ppt/presentation.xml", "id=\"256\"", "id=\"1\"", "slide_id"),
        ("ppt/presentation.xml", "<p:notesSz", "<p:sldMasterIdLst/><p:notesSz", "element_order"),
        ("ppt/slideMasters/slideMaster1.xml", "id=\"2147483649\"", "id=\"2147483648\"", "layout_id"),
        ("ppt/slides/slide1.xml", "<p:cNvPr id=\"2\"", "<p:cNvPr id=\"1\"", "shape_id_duplicate"),
        ("ppt/slides/slide1.xml", "</p:cSld>", "</p:cSld><p:bg/>", "element_order"),
        ("ppt/slides/_rels/slide1.xml.rels", "relationships/slideLayout", "relationships/layout", "part_relationship"),
    ]

    private func expect(_ breach: Breach, in files: [(name: String, bytes: [UInt8])]) throws {
        var files = files
        let place = try #require(files.firstIndex { $0.name == breach.part }, "there is no \(breach.part)")
        let text = String(decoding: files[place].bytes, as: UTF8.self)
        let found = try #require(text.range(of: breach.find), "\(breach.part) has no \(breach.find)")
        files[place].bytes = Array(text.replacingCharacters(in: found, with: breach.put).utf8)
        let rules = OfficeLint.faults(of: try Archive.bytes(of: files)).map(\.rule)
        #expect(rules.contains(breach.rule), "\(breach): \(rules)")
    }

    @Test(arguments: workbookBreaches.indices) func brokenWorkbookIsFound(index: Int) throws {
        let lint = try #require(PackageLint(try Spreadsheet.bytes(of: Samples.workbook)))
        try expect(Self.workbookBreaches[index], in: lint.order.map { ($0, lint.parts[$0] ?? []) })
    }

    @Test(arguments: deckBreaches.indices) func brokenDeckIsFound(index: Int) throws {
        let deck = try Presentation.bytes(of: Samples.deck(image: "a.png"), pictures: ["a.png": Samples.png])
        let lint = try #require(PackageLint(deck.bytes))
        try expect(Self.deckBreaches[index], in: lint.order.map { ($0, lint.parts[$0] ?? []) })
    }

    private static func document(_ body: String) -> [(name: String, bytes: [UInt8])] {
        let main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        let types = "http://schemas.openxmlformats.org/package/2006/content-types"
        let relationships = "http://schemas.openxmlformats.org/package/2006/relationships"
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
        let word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        return [
            (
                "[Content_Types].xml",
                "<Types xmlns=\"\(types)\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"\(main)\"/></Types>"
            ),
            (
                "_rels/.rels",
                "<Relationships xmlns=\"\(relationships)\"><Relationship Id=\"a\" Type=\"\(office)\" Target=\"word/document.xml\"/></Relationships>"
            ),
            ("word/document.xml", "<w:document xmlns:w=\"\(word)\"><w:body>\(body)</w:body></w:document>"),
        ].map { ($0.0, Array($0.1.utf8)) }
    }

    @Test(
        arguments: [
            ("<w:p/><w:sectPr/>", nil), ("<w:sectPr/><w:p/>", "element_order"),
            ("<w:p><w:pPr><w:pStyle w:val=\"No\"/></w:pPr></w:p>", "style_reference"),
            ("<w:p><w:pPr><w:numPr><w:numId w:val=\"3\"/></w:numPr></w:pPr></w:p>", "list_reference"),
            ("<w:p><w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>", "footnote_reference"),
            ("<w:p><w:bookmarkStart w:id=\"1\"/><w:bookmarkStart w:id=\"1\"/></w:p>", "bookmark_id"),
            ("<w:tbl><w:tblGrid/><w:tr><w:tc/></w:tr></w:tbl>", "table_cell"),
            ("<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>", "table_columns"),
        ] as [(String, String?)]) func brokenDocumentIsFound(body: String, rule: String?) throws
    {
        let rules = OfficeLint.faults(of: try Archive.bytes(of: Self.document(body))).map(\.rule)
        #expect(rules == (rule.map { [$0] } ?? []))
    }

    @Test func whatIsNoPackageIsNamed() throws {
        #expect(OfficeLint.faults(of: Array("%PDF".utf8)).map(\.rule) == ["archive_invalid"])
        let compound: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] + [UInt8](repeating: 0, count: 600)
        #expect(OfficeLint.faults(of: compound).map(\.rule) == ["file_legacy"])
        let mark = Array("EncryptedPackage".utf16.flatMap { [UInt8($0 & 255), 0] })
        #expect(OfficeLint.faults(of: compound + mark).map(\.rule) == ["file_encrypted"])
        var limits = PackageLimits()
        limits.unpackedBytes = 10_000
        let bytes = try Spreadsheet.bytes(of: Samples.workbook)
        #expect(OfficeLint.faults(of: bytes, limits: limits).contains { $0.rule == "archive_too_large" })
    }
}
