/// `xl/drawings/drawingN.xml`: where the charts and pictures of a sheet stand.
struct DrawingPart {
    struct Frame {
        enum Content {
            case chart
            /// In pixels.
            case picture(width: Int, height: Int)
        }

        var relationship: String
        var description: String
        var row: Int
        var column: Int
        var content = Content.chart
    }

    var frames: [Frame]
    /// In cells of the default size: about 16 × 9 cm.
    private static let columns = 8
    private static let rows = 18
    /// English Metric Units of a pixel at 96 an inch.
    private static let pixel = 9_525

    var bytes: [UInt8] {
        var xml = XMLBuffer()
        xml.element("xdr:wsDr", ["xmlns:xdr": SpreadsheetSpace.drawing, "xmlns:a": OfficeType.drawingSpace]) { xml in
            for (index, frame) in frames.enumerated() {
                switch frame.content {
                case .chart: chart(frame, id: index + 2, &xml)
                case .picture(let width, let height): picture(frame, width, height, id: index + 2, &xml)
                }
            }
        }
        return xml.bytes
    }

    private func corner(_ name: String, _ column: Int, _ row: Int, _ xml: inout XMLBuffer) {
        xml.element(name) { xml in
            xml.element("xdr:col", text: "\(column)")
            xml.element("xdr:colOff", text: "0")
            xml.element("xdr:row", text: "\(row)")
            xml.element("xdr:rowOff", text: "0")
        }
    }

    private func chart(_ frame: Frame, id: Int, _ xml: inout XMLBuffer) {
        xml.element("xdr:twoCellAnchor", ["editAs": "oneCell"]) { xml in
            corner("xdr:from", frame.column, frame.row, &xml)
            corner("xdr:to", frame.column + Self.columns, frame.row + Self.rows, &xml)
            xml.element("xdr:graphicFrame", ["macro": ""]) { xml in
                xml.element("xdr:nvGraphicFramePr") { xml in
                    xml.element("xdr:cNvPr", ["id": "\(id)", "name": "Chart \(id - 1)", "descr": frame.description])
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

    private func picture(_ frame: Frame, _ width: Int, _ height: Int, id: Int, _ xml: inout XMLBuffer) {
        let size: KeyValuePairs<String, String?> = ["cx": "\(width * Self.pixel)", "cy": "\(height * Self.pixel)"]
        xml.element("xdr:oneCellAnchor") { xml in
            corner("xdr:from", frame.column, frame.row, &xml)
            xml.element("xdr:ext", size)
            xml.element("xdr:pic") { xml in
                xml.element("xdr:nvPicPr") { xml in
                    xml.element("xdr:cNvPr", ["id": "\(id)", "name": "Picture \(id - 1)", "descr": frame.description])
                    xml.element("xdr:cNvPicPr") { $0.element("a:picLocks", ["noChangeAspect": "1"]) }
                }
                xml.element("xdr:blipFill") { xml in
                    xml.element(
                        "a:blip", ["xmlns:r": OfficeType.relationships, "r:embed": frame.relationship])
                    xml.element("a:stretch") { $0.element("a:fillRect") }
                }
                xml.element("xdr:spPr") { xml in
                    xml.element("a:xfrm") { xml in
                        xml.element("a:off", ["x": "0", "y": "0"])
                        xml.element("a:ext", size)
                    }
                    xml.element("a:prstGeom", ["prst": "rect"]) { $0.element("a:avLst") }
                }
            }
            xml.element("xdr:clientData")
        }
    }
}
