import DocumentModel

/// Shapes of slides, layouts and masters.
struct ShapeTree {
    private var nextID = 2

    static let spaces: KeyValuePairs<String, String?> = [
        "xmlns:a": OfficeType.drawingSpace, "xmlns:r": OfficeType.relationships,
        "xmlns:p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    ]

    mutating func id() -> Int {
        defer { nextID += 1 }
        return nextID
    }

    static func group(_ xml: inout XMLBuffer) {
        xml.element("p:nvGrpSpPr") { xml in
            xml.element("p:cNvPr", ["id": "1", "name": ""])
            xml.element("p:cNvGrpSpPr")
            xml.element("p:nvPr")
        }
        xml.element("p:grpSpPr") { xml in
            xml.element("a:xfrm") { xml in
                xml.element("a:off", ["x": "0", "y": "0"])
                xml.element("a:ext", ["cx": "0", "cy": "0"])
                xml.element("a:chOff", ["x": "0", "y": "0"])
                xml.element("a:chExt", ["cx": "0", "cy": "0"])
            }
        }
    }

    static func transform(_ frame: Frame, _ xml: inout XMLBuffer, element: String = "a:xfrm") {
        xml.element(element) { xml in
            xml.element("a:off", ["x": "\(frame.x)", "y": "\(frame.y)"])
            xml.element("a:ext", ["cx": "\(frame.width)", "cy": "\(frame.height)"])
        }
    }

    /// A placeholder; `frame` only where it is defined or differs from the layout's.
    mutating func placeholder(
        _ name: String, type: String?, index: Int?, frame: Frame? = nil, _ xml: inout XMLBuffer,
        text: (inout XMLBuffer) -> Void
    ) {
        let id = id()
        xml.element("p:sp") { xml in
            xml.element("p:nvSpPr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "\(name) \(id - 1)"])
                xml.element("p:cNvSpPr") { $0.element("a:spLocks", ["noGrp": "1"]) }
                xml.element("p:nvPr") { xml in
                    let small = type == "sldNum" || type == "ftr" ? "quarter" : nil
                    xml.element("p:ph", ["type": type, "sz": small, "idx": index.map(String.init)])
                }
            }
            xml.element("p:spPr") { xml in
                if let frame { Self.transform(frame, &xml) }
            }
            text(&xml)
        }
    }

    /// A bar of colour without text.
    mutating func bar(_ name: String, _ frame: Frame, colour: String, _ xml: inout XMLBuffer) {
        let id = id()
        xml.element("p:sp") { xml in
            xml.element("p:nvSpPr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": name])
                xml.element("p:cNvSpPr")
                xml.element("p:nvPr", ["userDrawn": "1"])
            }
            xml.element("p:spPr") { xml in
                Self.transform(frame, &xml)
                xml.element("a:prstGeom", ["prst": "rect"]) { $0.element("a:avLst") }
                TextBody.fill(colour, &xml)
                xml.element("a:ln") { $0.element("a:noFill") }
            }
            TextBody.write([], language: "en-US", &xml)
        }
    }

    /// The slide number's field.
    static func numberField(_ xml: inout XMLBuffer, text: String = "‹#›") {
        xml.element("p:txBody") { xml in
            xml.element("a:bodyPr")
            xml.element("a:lstStyle")
            xml.element("a:p") { xml in
                xml.element("a:fld", ["id": "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", "type": "slidenum"]) { xml in
                    xml.element("a:rPr", ["lang": "en-US"])
                    xml.element("a:t", text: text)
                }
            }
        }
    }
}
