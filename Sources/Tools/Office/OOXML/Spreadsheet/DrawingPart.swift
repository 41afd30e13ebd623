/// `xl/drawings/drawingN.xml`: where the charts of a sheet stand.
struct DrawingPart {
    struct Frame {
        var relationship: String
        var title: String
        var row: Int
        var column: Int
    }

    var frames: [Frame]
    /// In cells of the default size: about 16 × 9 cm.
    private static let columns = 8
    private static let rows = 18

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("xdr:wsDr", ["xmlns:xdr": SpreadsheetSpace.drawing, "xmlns:a": OfficeType.drawingSpace]) { xml in
            for (index, frame) in frames.enumerated() { write(frame, id: index + 2, &xml) }
        }
        return xml.bytes
    }

    private func write(_ frame: Frame, id: Int, _ xml: inout XMLBuffer) {
        func corner(_ name: String, _ column: Int, _ row: Int, _ xml: inout XMLBuffer) {
            xml.element(name) { xml in
                xml.element("xdr:col", text: "\(column)")
                xml.element("xdr:colOff", text: "0")
                xml.element("xdr:row", text: "\(row)")
                xml.element("xdr:rowOff", text: "0")
            }
        }
        xml.element("xdr:twoCellAnchor", ["editAs": "oneCell"]) { xml in
            corner("xdr:from", frame.column, frame.row, &xml)
            corner("xdr:to", frame.column + Self.columns, frame.row + Self.rows, &xml)
            xml.element("xdr:graphicFrame", ["macro": ""]) { xml in
                xml.element("xdr:nvGraphicFramePr") { xml in
                    xml.element("xdr:cNvPr", ["id": "\(id)", "name": "Chart \(id - 1)", "descr": frame.title])
                    xml.element("xdr:cNvGraphicFramePr")
                }
                xml.element("xdr:xfrm") { xml in
                    xml.element("a:off", ["x": "0", "y": "0"])
                    xml.element("a:ext", ["cx": "0", "cy": "0"])
                }
                xml.element("a:graphic") { xml in
                    xml.element("a:graphicData", ["uri": OfficeType.chartSpace]) { xml in
                        xml.element(
                            "c:chart",
                            [
                                "xmlns:c": OfficeType.chartSpace, "xmlns:r": OfficeType.relationships,
                                "r:id": frame.relationship,
                            ])
                    }
                }
            }
            xml.element("xdr:clientData")
        }
    }
}
