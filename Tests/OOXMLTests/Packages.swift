/// Workbooks that are put together by hand.
enum Packages {
    static func files(sheet: String, strings: String? = nil) -> [(name: String, bytes: [UInt8])] {
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        let list = "http://schemas.openxmlformats.org/package/2006/relationships"
        let type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        func relationships(_ all: [(String, String)]) -> String {
            let items = all.enumerated().map {
                "<Relationship Id=\"rId\($0 + 1)\" Type=\"\(office)/\($1.0)\" Target=\"\($1.1)\"/>"
            }
            return "<Relationships xmlns=\"\(list)\">\(items.joined())</Relationships>"
        }
        var parts = [("worksheet", "worksheets/sheet1.xml")]
        if strings != nil { parts.append(("sharedStrings", "sharedStrings.xml")) }
        let overrides = [
            ("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("sharedStrings", "sharedStrings"),
        ]
        .prefix(strings == nil ? 2 : 3).map {
            "<Override PartName=\"/xl/\($0).xml\" ContentType=\"\(type).\($1)+xml\"/>"
        }.joined()
        let files = [
            (
                "[Content_Types].xml",
                "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\(overrides)</Types>"
            ), ("_rels/.rels", relationships([("officeDocument", "xl/workbook.xml")])),
            ("xl/_rels/workbook.xml.rels", relationships(parts)),
            (
                "xl/workbook.xml",
                "<workbook xmlns:r=\"\(office)\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ), ("xl/worksheets/sheet1.xml", sheet),
        ]
        return (files + (strings.map { [("xl/sharedStrings.xml", $0)] } ?? [])).map { ($0.0, Array($0.1.utf8)) }
    }

    static func workbook(sheet: String, strings: String? = nil) throws -> [UInt8] {
        try Archive.bytes(of: files(sheet: sheet, strings: strings))
    }
}
