import DocumentModel

/// A table upon a slide (ECMA-376 part 1, section 21.1.3). Its look is a table style of the presentation, so that it
/// follows the theme and a person can choose another.
struct TableFrame {
    let fit: TableFit
    let page: TableFit.Page
    let frame: Frame
    let stage: Stage
    let context: TextContext
    /// The layout's placeholder that the table takes, if it has one.
    let place: Place?

    func write(_ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        let id = tree.id()
        let headers = fit.header.joined(separator: ", ")
        let text = fit.table.caption ?? "Table: \(headers)"
        let height = page.heights.reduce(fit.headerHeight, +)
        let placed = Frame(x: frame.x, y: frame.y, width: fit.widths.reduce(0, +), height: height)
        xml.element("p:graphicFrame") { xml in
            xml.element("p:nvGraphicFramePr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "Table \(id - 1)", "descr": text])
                xml.element("p:cNvGraphicFramePr") { $0.element("a:graphicFrameLocks", ["noGrp": "1"]) }
                xml.element("p:nvPr") { ShapeTree.placeholder(place, &$0) }
            }
            ShapeTree.transform(tree.placed(placed), &xml, element: "p:xfrm")
            xml.element("a:graphic") { xml in
                xml.element("a:graphicData", ["uri": "http://schemas.openxmlformats.org/drawingml/2006/table"]) { xml in
                    xml.element("a:tbl") { table(&$0) }
                }
            }
        }
    }

    private func table(_ xml: inout XMLBuffer) {
        let reversed = context.isRightToLeft ? "1" : nil
        xml.element("a:tblPr", ["rtl": reversed, "firstRow": "1", "bandRow": "1"]) { xml in
            xml.element("a:tableStyleId", text: TableStyle.id)
        }
        xml.element("a:tblGrid") { xml in
            for width in fit.widths { xml.element("a:gridCol", ["w": "\(width)"]) }
        }
        row(fit.header, height: fit.headerHeight, &xml)
        for (index, cells) in page.rows.enumerated() { row(cells, height: page.heights[index], &xml) }
    }

    private func row(_ cells: [String], height: Int, _ xml: inout XMLBuffer) {
        let (side, top) = (Frame.units(TableFit.inset.horizontal), Frame.units(TableFit.inset.vertical))
        let margins: KeyValuePairs<String, String?> = [
            "marL": "\(side)", "marR": "\(side)", "marT": "\(top)", "marB": "\(top)", "anchor": "ctr",
        ]
        xml.element("a:tr", ["h": "\(height)"]) { xml in
            for (column, text) in cells.enumerated() {
                let model = fit.table.columns[column]
                let run = TextRun(text: text, size: fit.size)
                let paragraph = Paragraph(
                    runs: text.isEmpty ? [] : [run], alignment: model.alignment ?? model.type.alignment)
                xml.element("a:tc") { xml in
                    TextBody.write([paragraph], element: "a:txBody", context, &xml)
                    xml.element("a:tcPr", margins)
                }
            }
        }
    }
}

/// The style of tables (ECMA-376 part 1, section 20.1.4.2): a strong line below the header, hairlines between rows.
enum TableStyle {
    static let id = "{8D2F3A6B-5C1E-4B7A-9E40-6A1B2C3D4E5F}"

    /// `ppt/tableStyles.xml`.
    static func part(_ stage: Stage) -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("a:tblStyleLst", ["xmlns:a": OfficeType.drawingSpace, "def": id]) { element(stage, &$0) }
        return xml.bytes
    }

    /// `a:tblStyle` alone, for a list that exists.
    static func element(_ stage: Stage, _ xml: inout XMLBuffer) {
        let isFilled = stage.theme.style == .block
        let accentInk = stage.ink(onSeries: 0)
        xml.element("a:tblStyle", ["styleId": id, "styleName": stage.theme.name]) { xml in
            xml.element("a:wholeTbl") { xml in
                text(stage.inks.text, bold: false, &xml)
                xml.element("a:tcStyle") { xml in
                    xml.element("a:tcBdr") { xml in
                        for edge in ["a:left", "a:right", "a:top"] { noLine(edge, &xml) }
                        line("a:bottom", stage.theme.rule, width: 9_525, &xml)
                        line("a:insideH", stage.theme.rule, width: 9_525, &xml)
                        noLine("a:insideV", &xml)
                    }
                    xml.element("a:fill") { $0.element("a:noFill") }
                }
            }
            if isFilled {
                xml.element("a:band2H") { xml in
                    xml.element("a:tcStyle") { xml in
                        xml.element("a:tcBdr")
                        xml.element("a:fill") { TextBody.fill(stage.inks.surface, &$0) }
                    }
                }
            }
            xml.element("a:firstRow") { xml in
                text(isFilled ? accentInk : stage.inks.heading, bold: true, &xml)
                xml.element("a:tcStyle") { xml in
                    xml.element("a:tcBdr") { line("a:bottom", stage.inks.accent, width: 19_050, &$0) }
                    xml.element("a:fill") { xml in
                        if isFilled { TextBody.fill(stage.inks.accent, &xml) } else { xml.element("a:noFill") }
                    }
                }
            }
        }
    }

    private static func text(_ colour: String, bold: Bool, _ xml: inout XMLBuffer) {
        xml.element("a:tcTxStyle", ["b": bold ? "on" : nil]) { xml in
            xml.element("a:fontRef", ["idx": "minor"])
            if Theme.components(colour) != nil {
                xml.element("a:srgbClr", ["val": colour])
            } else {
                xml.element("a:schemeClr", ["val": colour])
            }
        }
    }

    private static func line(_ edge: String, _ colour: String, width: Int, _ xml: inout XMLBuffer) {
        xml.element(edge) { xml in
            xml.element("a:ln", ["w": "\(width)", "cmpd": "sng"]) { TextBody.fill(colour, &$0) }
        }
    }

    private static func noLine(_ edge: String, _ xml: inout XMLBuffer) {
        xml.element(edge) { xml in xml.element("a:ln") { $0.element("a:noFill") } }
    }
}
