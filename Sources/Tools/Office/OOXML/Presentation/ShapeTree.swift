import DocumentModel

/// Shapes of slides, layouts and masters: gives each its id, and mirrors what reads from the right.
struct ShapeTree {
    private var nextID = 2
    let isRightToLeft: Bool
    /// Of a slide, in EMU.
    let width: Int

    init(isRightToLeft: Bool = false, width: Int = SlideGrid.width) {
        self.isRightToLeft = isRightToLeft
        self.width = width
    }

    static let spaces: KeyValuePairs<String, String?> = [
        "xmlns:a": OfficeType.drawingSpace, "xmlns:r": OfficeType.relationships,
        "xmlns:p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    ]

    mutating func id() -> Int {
        defer { nextID += 1 }
        return nextID
    }

    func placed(_ frame: Frame) -> Frame { isRightToLeft ? frame.mirrored(in: width) : frame }

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

    static func transform(
        _ frame: Frame, _ xml: inout XMLBuffer, element: String = "a:xfrm", rotation: Double = 0, flipsH: Bool = false,
        flipsV: Bool = false
    ) {
        xml.element(
            element,
            [
                "rot": rotation == 0 ? nil : "\(Int((rotation * 60_000).rounded()))", "flipH": flipsH ? "1" : nil,
                "flipV": flipsV ? "1" : nil,
            ]
        ) { xml in
            xml.element("a:off", ["x": "\(frame.x)", "y": "\(frame.y)"])
            xml.element("a:ext", ["cx": "\(frame.width)", "cy": "\(frame.height)"])
        }
    }

    /// `p:ph`, or nothing where there is no placeholder.
    static func placeholder(_ place: Place?, _ xml: inout XMLBuffer) {
        guard let place else { return }
        let small = place.type == "sldNum" || place.type == "ftr" ? "quarter" : nil
        xml.element("p:ph", ["type": place.type, "sz": small, "idx": place.index.map(String.init)])
    }

    /// A placeholder; `frame` only where it is defined or differs from the layout's.
    mutating func placeholder(
        _ place: Place, frame: Frame? = nil, _ xml: inout XMLBuffer, look: (inout XMLBuffer) -> Void = { _ in },
        text: (inout XMLBuffer) -> Void
    ) {
        let id = id()
        xml.element("p:sp") { xml in
            xml.element("p:nvSpPr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "\(place.name) \(id - 1)"])
                xml.element("p:cNvSpPr") { $0.element("a:spLocks", ["noGrp": "1"]) }
                xml.element("p:nvPr") { Self.placeholder(place, &$0) }
            }
            xml.element("p:spPr") { xml in
                if let frame { Self.transform(placed(frame), &xml) }
                look(&xml)
            }
            text(&xml)
        }
    }

    /// The slide number's field.
    static func numberField(_ xml: inout XMLBuffer, text: String = "‹#›") {
        xml.element("p:txBody") { xml in
            xml.element("a:bodyPr")
            xml.element("a:lstStyle")
            xml.element("a:p") { field(&$0, text: text) }
        }
    }

    static func field(_ xml: inout XMLBuffer, text: String) {
        xml.element("a:fld", ["id": "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", "type": "slidenum"]) { xml in
            xml.element("a:rPr", ["lang": "en-US"])
            xml.element("a:t", text: text)
        }
    }

    mutating func shape(_ shape: Shape, _ context: TextContext, isDrawnByLayout: Bool = false, _ xml: inout XMLBuffer) {
        let id = id()
        xml.element("p:sp") { xml in
            xml.element("p:nvSpPr") { xml in
                Self.properties(id, shape.name, alt: shape.alt, isDecorative: shape.paragraphs.isEmpty, &xml)
                xml.element("p:cNvSpPr", ["txBox": shape.fill == nil && shape.outline == nil ? "1" : nil])
                xml.element("p:nvPr", ["userDrawn": isDrawnByLayout ? "1" : nil])
            }
            xml.element("p:spPr") { xml in
                let turn = isRightToLeft ? -shape.rotation : shape.rotation
                Self.transform(
                    placed(shape.frame), &xml, rotation: turn < 0 ? turn + 360 : turn,
                    flipsH: shape.hasDirection && isRightToLeft)
                xml.element("a:prstGeom", ["prst": shape.preset]) { xml in
                    xml.element("a:avLst") { xml in
                        for (name, value) in shape.guides {
                            xml.element("a:gd", ["name": name, "fmla": "val \(value ?? "0")"])
                        }
                    }
                }
                if let fill = shape.fill { TextBody.fill(fill, &xml) } else { xml.element("a:noFill") }
                if let (colour, points) = shape.outline {
                    xml.element("a:ln", ["w": "\(Frame.units(points))"]) { TextBody.fill(colour, &$0) }
                } else {
                    xml.element("a:ln") { $0.element("a:noFill") }
                }
            }
            TextBody.write(shape.paragraphs, context, &xml) { xml in
                let (side, top) = (Frame.units(shape.inset.horizontal), Frame.units(shape.inset.vertical))
                xml.element(
                    "a:bodyPr",
                    [
                        "wrap": "square", "lIns": "\(side)", "tIns": "\(top)", "rIns": "\(side)", "bIns": "\(top)",
                        "rtlCol": "0", "anchor": shape.anchor,
                    ]
                ) { $0.element("a:noAutofit") }
            }
        }
    }

    /// `p:cNvPr`; what only decorates says so, and readers for the blind pass over it.
    static func properties(_ id: Int, _ name: String, alt: String?, isDecorative: Bool, _ xml: inout XMLBuffer) {
        guard alt == nil, isDecorative else {
            xml.element("p:cNvPr", ["id": "\(id)", "name": name, "descr": alt])
            return
        }
        xml.element("p:cNvPr", ["id": "\(id)", "name": name]) { xml in
            xml.element("a:extLst") { xml in
                xml.element("a:ext", ["uri": "{C183D7F6-B498-43B3-948B-1728B52AA6E4}"]) { xml in
                    xml.element(
                        "adec:decorative",
                        ["xmlns:adec": "http://schemas.microsoft.com/office/drawing/2017/decorative", "val": "1"])
                }
            }
        }
    }

    mutating func line(_ line: Line, _ xml: inout XMLBuffer) {
        let id = id()
        let (start, end) = isRightToLeft ? (width - line.from.x, width - line.to.x) : (line.from.x, line.to.x)
        let frame = Frame(
            x: min(start, end), y: min(line.from.y, line.to.y), width: abs(end - start),
            height: abs(line.to.y - line.from.y))
        xml.element("p:cxnSp") { xml in
            xml.element("p:nvCxnSpPr") { xml in
                Self.properties(id, line.name, alt: nil, isDecorative: true, &xml)
                xml.element("p:cNvCxnSpPr")
                xml.element("p:nvPr")
            }
            xml.element("p:spPr") { xml in
                Self.transform(frame, &xml, flipsH: end < start, flipsV: line.to.y < line.from.y)
                xml.element("a:prstGeom", ["prst": "line"]) { $0.element("a:avLst") }
                xml.element("a:ln", ["w": "\(Frame.units(line.points))"]) { xml in
                    TextBody.fill(line.colour, &xml)
                    if line.isArrow { xml.element("a:tailEnd", ["type": "triangle", "w": "med", "len": "med"]) }
                }
            }
        }
    }
}
