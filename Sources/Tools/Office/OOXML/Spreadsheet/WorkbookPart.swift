import DocumentModel

/// `xl/workbook.xml`: sheets, names, calculation.
struct WorkbookPart {
    private let writer: Spreadsheet
    private let ids: [String]
    private var workbook: Workbook { writer.workbook }

    init(_ writer: Spreadsheet, ids: [String]) {
        self.writer = writer
        self.ids = ids
    }

    private struct Name {
        var name: String
        var sheet: Int?
        var text: String
        var hidden = false
    }

    var bytes: [UInt8] {
        let active = workbook.sheets.firstIndex { $0.hidden != true } ?? 0
        var xml = XMLBuffer()
        xml.element("workbook", ["xmlns": SpreadsheetSpace.main, "xmlns:r": OfficeType.relationships]) { xml in
            xml.element("workbookPr", ["defaultThemeVersion": "124226"])
            xml.element("bookViews") { $0.element("workbookView", ["activeTab": "\(active)"]) }
            xml.element("sheets") { xml in
                for (index, sheet) in workbook.sheets.enumerated() {
                    xml.element(
                        "sheet",
                        [
                            "name": sheet.name, "sheetId": "\(index + 1)",
                            "state": sheet.hidden == true && index != active ? "hidden" : nil, "r:id": ids[index],
                        ])
                }
            }
            let names = names
            if !names.isEmpty {
                xml.element("definedNames") { xml in
                    for name in names {
                        xml.element(
                            "definedName",
                            [
                                "name": name.name, "localSheetId": name.sheet.map { "\($0)" },
                                "hidden": name.hidden ? "1" : nil,
                            ], text: name.text)
                    }
                }
            }
            xml.element("calcPr", ["calcId": "191029", "fullCalcOnLoad": writer.needsCalculation ? "1" : nil])
        }
        return xml.bytes
    }

    private var names: [Name] {
        var names: [Name] = []
        for (index, sheet) in workbook.sheets.enumerated() {
            let isFiltered = sheet.autofilter && sheet.table == nil && !sheet.columns.isEmpty && !sheet.rows.isEmpty
            if isFiltered {
                let area = CellArea(rows: 0...sheet.rows.count, columns: 0...sheet.columns.count - 1)
                names.append(
                    Name(name: "_xlnm._FilterDatabase", sheet: index, text: area.absolute(on: sheet.name), hidden: true)
                )
            }
        }
        for (index, sheet) in workbook.sheets.enumerated() {
            if let area = sheet.print?.area.flatMap({ CellArea($0) }) {
                names.append(Name(name: "_xlnm.Print_Area", sheet: index, text: area.absolute(on: sheet.name)))
            }
        }
        for (index, sheet) in workbook.sheets.enumerated() {
            if let titles = Self.titles(sheet) {
                names.append(Name(name: "_xlnm.Print_Titles", sheet: index, text: titles))
            }
        }
        for name in workbook.names {
            names.append(Name(name: name.name, sheet: nil, text: FormulaText.bare(name.refersTo)))
        }
        return names
    }

    /// `'Data'!$A:$B,'Data'!$1:$1`
    private static func titles(_ sheet: Sheet) -> String? {
        let quoted = SheetArea.quoted(sheet.name)
        func lines(_ text: String?) -> String? {
            text.map { quoted + "!" + $0.split(separator: ":").map { "$\($0)" }.joined(separator: ":") }
        }
        let rows = lines(sheet.print?.titleRows) ?? (sheet.columns.isEmpty ? nil : "\(quoted)!$1:$1")
        let parts = [lines(sheet.print?.titleColumns), rows].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }
}
