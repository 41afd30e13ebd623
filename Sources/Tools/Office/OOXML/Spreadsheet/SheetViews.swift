import DocumentModel

/// How a sheet is looked at: frozen panes, zoom, grid, direction (ECMA-376 part 1, section 18.3.1.88).
struct SheetViews {
    let sheet: Sheet
    let index: Int

    func write(_ xml: inout XMLBuffer) {
        xml.element("sheetViews") { xml in
            xml.element(
                "sheetView",
                [
                    "showGridLines": sheet.gridlines == true ? nil : "0",
                    "rightToLeft": sheet.rightToLeft == true ? "1" : nil, "tabSelected": index == 0 ? "1" : nil,
                    "zoomScale": sheet.zoom.map { "\($0)" }, "workbookViewId": "0",
                ]
            ) { pane(&$0) }
        }
    }

    private func pane(_ xml: inout XMLBuffer) {
        let usual = sheet.freezeHeader && !sheet.columns.isEmpty ? 1 : 0
        let rows = sheet.freeze.map { $0.rows ?? 0 } ?? usual
        let columns = sheet.freeze?.columns ?? 0
        guard rows > 0 || columns > 0 else { return }
        let corner = CellReference.name(row: rows, column: columns)
        let active = rows > 0 && columns > 0 ? "bottomRight" : rows > 0 ? "bottomLeft" : "topRight"
        xml.element(
            "pane",
            [
                "xSplit": columns > 0 ? "\(columns)" : nil, "ySplit": rows > 0 ? "\(rows)" : nil,
                "topLeftCell": corner, "activePane": active, "state": "frozen",
            ])
        if rows > 0, columns > 0 {
            xml.element("selection", ["pane": "topRight"])
            xml.element("selection", ["pane": "bottomLeft"])
        }
        xml.element("selection", ["pane": active, "activeCell": corner, "sqref": corner])
    }
}
