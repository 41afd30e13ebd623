import DocumentModel

/// A table upon a slide (ECMA-376 part 1, section 21.1.3).
struct TableFrame {
    let fit: TableFit
    let page: TableFit.Page
    let theme: Theme
    let language: String
    /// "No Style, Table Grid" would draw lines; "No Style, No Grid" leaves the look to the cells.
    private static let style = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"

    func write(_ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        let id = tree.id()
        let headers = fit.header.joined(separator: ", ")
        let text = fit.table.caption ?? "Table: \(headers)"
        let height = page.heights.reduce(fit.headerHeight, +)
        let body = SlideGeometry.body
        let frame = Frame(x: body.x, y: body.y, width: fit.widths.reduce(0, +), height: height)
        xml.element("p:graphicFrame") { xml in
            xml.element("p:nvGraphicFramePr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "Table \(id - 1)", "descr": text])
                xml.element("p:cNvGraphicFramePr") { $0.element("a:graphicFrameLocks", ["noGrp": "1"]) }
                xml.element("p:nvPr") { $0.element("p:ph", ["type": "tbl", "idx": "1"]) }
            }
            ShapeTree.transform(frame, &xml, element: "p:xfrm")
            xml.element("a:graphic") { xml in
                xml.element("a:graphicData", ["uri": "http://schemas.openxmlformats.org/drawingml/2006/table"]) { xml in
                    xml.element("a:tbl") { table(&$0) }
                }
            }
        }
    }

    private func table(_ xml: inout XMLBuffer) {
        xml.element("a:tblPr", ["firstRow": "1", "bandRow": "1"]) { $0.element("a:tableStyleId", text: Self.style) }
        xml.element("a:tblGrid") { xml in
            for width in fit.widths { xml.element("a:gridCol", ["w": "\(width)"]) }
        }
        row(fit.header, height: fit.headerHeight, index: nil, &xml)
        for (index, cells) in page.rows.enumerated() { row(cells, height: page.heights[index], index: index, &xml) }
    }

    private func row(_ cells: [String], height: Int, index: Int?, _ xml: inout XMLBuffer) {
        xml.element("a:tr", ["h": "\(height)"]) { xml in
            for (column, text) in cells.enumerated() {
                let model = fit.table.columns[column]
                let run = TextRun(
                    text: text, size: fit.size, bold: index == nil, colour: index == nil ? "bg1" : "tx1")
                let paragraph = Paragraph(
                    runs: text.isEmpty ? [] : [run], alignment: model.alignment ?? model.type.alignment)
                xml.element("a:tc") { xml in
                    TextBody.write([paragraph], element: "a:txBody", language: language, &xml)
                    cellProperties(index, &xml)
                }
            }
        }
    }

    private func cellProperties(_ index: Int?, _ xml: inout XMLBuffer) {
        let (side, top) = (Frame.units(TableFit.inset.horizontal), Frame.units(TableFit.inset.vertical))
        xml.element(
            "a:tcPr",
            ["marL": "\(side)", "marR": "\(side)", "marT": "\(top)", "marB": "\(top)", "anchor": "ctr"]
        ) { xml in
            for edge in ["a:lnL", "a:lnR", "a:lnT"] { xml.element(edge, ["w": "0"]) { $0.element("a:noFill") } }
            xml.element("a:lnB", ["w": "6350"]) { xml in
                xml.element("a:solidFill") { xml in
                    xml.element("a:srgbClr", ["val": theme.rule])
                }
            }
            if let index {
                if index % 2 == 1 { TextBody.fill("bg2", &xml) } else { xml.element("a:noFill") }
            } else {
                TextBody.fill("tx2", &xml)
            }
        }
    }
}
