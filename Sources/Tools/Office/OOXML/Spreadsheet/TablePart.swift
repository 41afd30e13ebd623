import DocumentModel

/// `xl/tables/tableN.xml` (ECMA-376 part 1, section 18.5.1.2).
struct TablePart {
    let sheet: Sheet
    let table: SheetTable
    let id: Int
    /// Of data, however they came.
    let area: CellArea

    var bytes: [UInt8] {
        let hasTotals = sheet.totalsRow != nil
        let filter = CellArea(
            rows: area.rows.lowerBound...area.rows.upperBound - (hasTotals ? 1 : 0), columns: area.columns)
        var xml = XMLBuffer()
        xml.element(
            "table",
            [
                "xmlns": SpreadsheetSpace.main, "id": "\(id)", "name": table.name, "displayName": table.name,
                "ref": area.name, "totalsRowCount": hasTotals ? "1" : nil, "totalsRowShown": hasTotals ? nil : "0",
            ]
        ) { xml in
            if sheet.autofilter { xml.element("autoFilter", ["ref": filter.name]) }
            xml.element("tableColumns", ["count": "\(sheet.columns.count)"]) { xml in
                for (index, column) in sheet.columns.enumerated() { write(column, index, hasTotals, &xml) }
            }
            xml.element(
                "tableStyleInfo",
                [
                    "name": table.style ?? "TableStyleLight1", "showFirstColumn": "0", "showLastColumn": "0",
                    "showRowStripes": table.bandedRows == false ? "0" : "1", "showColumnStripes": "0",
                ])
        }
        return xml.bytes
    }

    private func write(_ column: Sheet.Column, _ index: Int, _ hasTotals: Bool, _ xml: inout XMLBuffer) {
        var label: String?
        if hasTotals, case .text(let text)? = sheet.total(ofColumn: index) { label = text }
        xml.element(
            "tableColumn",
            [
                "id": "\(index + 1)", "name": Self.name(column.header), "totalsRowLabel": label,
                "totalsRowFunction": hasTotals ? column.total?.totalsFunction : nil,
            ])
    }

    /// Line feeds are written as `_x000a_`.
    static func name(_ header: String) -> String { XString.escaped(header).replacing("\n", with: "_x000a_") }
}
