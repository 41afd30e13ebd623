import DocumentModel

/// The slide master and its layouts: every look that slides inherit.
struct SlideMasterPart {
    let stage: Stage
    static let part = "/ppt/slideMasters/slideMaster1.xml"
    /// Ids of masters and layouts share one range that starts here.
    static let firstID = 2_147_483_648

    private var theme: Theme { stage.theme }
    private var grid: SlideGrid { stage.grid }
    private var tree: ShapeTree { ShapeTree(isRightToLeft: stage.isRightToLeft) }
    private var context: TextContext {
        TextContext(language: "en-US", isRightToLeft: stage.isRightToLeft)
    }

    func master(layoutIDs: [String]) -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("p:sldMaster", ShapeTree.spaces) { xml in
            xml.element("p:cSld") { xml in
                ground("bg1", &xml)
                xml.element("p:spTree") { xml in
                    ShapeTree.group(&xml)
                    var tree = tree
                    let title = Place(slot: .title, type: "title", name: "Title", frame: grid.title)
                    tree.placeholder(title, frame: title.frame, &xml) { prompt("Title", anchor: "b", &$0) }
                    let body = Place(slot: .body, type: "body", index: 1, name: "Text", frame: grid.body)
                    tree.placeholder(body, frame: body.frame, &xml) { prompt("Text", anchor: "t", &$0) }
                    footers(&tree, defines: true, &xml)
                }
            }
            Self.colourMap(&xml)
            xml.element("p:sldLayoutIdLst") { xml in
                for (index, id) in layoutIDs.enumerated() {
                    xml.element("p:sldLayoutId", ["id": "\(Self.firstID + 1 + index)", "r:id": id])
                }
            }
            textStyles(&xml)
        }
        return xml.bytes
    }

    static func colourMap(_ xml: inout XMLBuffer) {
        xml.element(
            "p:clrMap",
            [
                "bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2", "accent1": "accent1", "accent2": "accent2",
                "accent3": "accent3", "accent4": "accent4", "accent5": "accent5", "accent6": "accent6",
                "hlink": "hlink", "folHlink": "folHlink",
            ])
    }

    private func ground(_ colour: String, _ xml: inout XMLBuffer) {
        xml.element("p:bg") { xml in
            xml.element("p:bgPr") { xml in
                TextBody.fill(colour, &xml)
                xml.element("a:effectLst")
            }
        }
    }

    func layout(_ layout: SlideLayout) -> [UInt8] {
        var xml = XMLBuffer()
        let ornament = Ornament(theme: theme, grid: grid)
        xml.element("p:sldLayout", Self.attributes(layout)) { xml in
            xml.element("p:cSld", ["name": layout.name]) { xml in
                if let colour = ornament.ground(layout) { ground(colour, &xml) }
                xml.element("p:spTree") { xml in
                    ShapeTree.group(&xml)
                    var tree = tree
                    for shape in ornament.shapes(layout) {
                        tree.shape(shape, context, isDrawnByLayout: true, &xml)
                    }
                    for place in layout.places(grid) {
                        tree.placeholder(place, frame: place.frame, &xml) {
                            look(place, &$0)
                        } text: {
                            text(place, layout, &$0)
                        }
                    }
                    if !layout.isCover { footers(&tree, defines: false, &xml) }
                }
            }
            xml.element("p:clrMapOvr") { $0.element("a:masterClrMapping") }
        }
        return xml.bytes
    }

    private static func attributes(_ layout: SlideLayout) -> KeyValuePairs<String, String?> {
        [
            "xmlns:a": OfficeType.drawingSpace, "xmlns:r": OfficeType.relationships,
            "xmlns:p": "http://schemas.openxmlformats.org/presentationml/2006/main", "type": layout.type,
            "preserve": "1", "userDrawn": layout.type == nil ? "1" : nil,
        ]
    }

    private func footers(_ tree: inout ShapeTree, defines: Bool, _ xml: inout XMLBuffer) {
        let footer = Place.footer(grid.footer)
        tree.placeholder(footer, frame: defines ? footer.frame : nil, &xml) { xml in
            small(&xml, atEnd: false, defines: defines) { xml in
                xml.element("a:p") { $0.element("a:endParaRPr", ["lang": "en-US"]) }
            }
        }
        let number = Place.number(grid.number)
        tree.placeholder(number, frame: defines ? number.frame : nil, &xml) { xml in
            small(&xml, atEnd: true, defines: defines) { xml in
                xml.element("a:p") { ShapeTree.field(&$0, text: "‹#›") }
            }
        }
    }

    private func small(
        _ xml: inout XMLBuffer, atEnd: Bool, defines: Bool, _ paragraphs: (inout XMLBuffer) -> Void
    ) {
        xml.element("p:txBody") { xml in
            if defines {
                bodyProperties(anchor: "ctr", .init(), &xml)
                xml.element("a:lstStyle") {
                    level(LevelLook(size: 10, colour: stage.inks.muted, isAtEnd: atEnd), &$0)
                }
            } else {
                xml.element("a:bodyPr")
                xml.element("a:lstStyle")
            }
            paragraphs(&xml)
        }
    }

    private func bodyProperties(anchor: String, _ inset: Place.Inset, _ xml: inout XMLBuffer) {
        let side = "\(Frame.units(inset.side))"
        xml.element(
            "a:bodyPr",
            [
                "vert": "horz", "wrap": "square", "lIns": side, "tIns": "\(Frame.units(inset.top))", "rIns": side,
                "bIns": "\(Frame.units(inset.bottom))", "anchor": anchor,
            ]
        ) { $0.element("a:normAutofit") }
    }

    private func prompt(_ text: String, anchor: String, _ xml: inout XMLBuffer) {
        TextBody.write([Paragraph(runs: [TextRun(text: text)])], context, &xml) {
            bodyProperties(anchor: anchor, .init(), &$0)
        }
    }

    // MARK: - Placeholders of layouts

    /// Fills that placeholders bring along: cards and the takeaway's band.
    private func look(_ place: Place, _ xml: inout XMLBuffer) {
        guard place.isFilled else { return }
        theme.corners(place.frame, &xml)
        TextBody.fill(stage.inks.surface, &xml)
    }

    private struct LevelLook {
        var size: Double
        var colour: String
        var isBold = false
        var isAtEnd = false
        var font = "+mn-lt"
    }

    private func text(_ place: Place, _ layout: SlideLayout, _ xml: inout XMLBuffer) {
        xml.element("p:txBody") { xml in
            if let (look, anchor) = look(of: place, layout) {
                bodyProperties(anchor: anchor, place.inset, &xml)
                xml.element("a:lstStyle") { level(look, &$0) }
            } else if place.inset != .init() {
                bodyProperties(anchor: "t", place.inset, &xml)
                xml.element("a:lstStyle")
            } else {
                xml.element("a:bodyPr")
                xml.element("a:lstStyle")
            }
            xml.element("a:p") { xml in
                xml.element("a:r") { xml in
                    xml.element("a:rPr", ["lang": "en-US"])
                    xml.element("a:t", text: place.name)
                }
            }
        }
    }

    /// `nil` where the master's look holds.
    private func look(of place: Place, _ layout: SlideLayout) -> (LevelLook, anchor: String)? {
        let inks = stage.inks
        let isSection = layout == .section
        let coverText = isSection ? theme.sectionText : theme.coverText
        switch place.slot {
        case .title where layout.isCover:
            return (
                LevelLook(
                    size: theme.coverSize, colour: coverText, isBold: theme.hasBoldTitles, font: "+mj-lt"), "b"
            )
        case .title where layout == .quote:
            return (LevelLook(size: 14, colour: inks.muted, isBold: true), "ctr")
        case .subtitle:
            let ground = isSection ? theme.sectionGround : theme.cover
            return (LevelLook(size: 20, colour: Theme.mix(coverText, ground, 0.18)), "t")
        case .sectionNumber:
            return (LevelLook(size: 72, colour: theme.sectionAccent, isBold: true, font: "+mj-lt"), "b")
        case .leftHeading, .rightHeading:
            let colour = place.slot == .leftHeading ? inks.accent : inks.heading
            return (LevelLook(size: 20, colour: colour, isBold: true), "ctr")
        case .caption: return (LevelLook(size: 16, colour: inks.text), "t")
        case .quote: return (LevelLook(size: 30, colour: inks.heading, font: "+mj-lt"), "ctr")
        case .attribution: return (LevelLook(size: 18, colour: inks.heading, isBold: true), "t")
        case .figure: return (LevelLook(size: 120, colour: inks.accent, isBold: true, font: "+mj-lt"), "b")
        case .figureLabel: return (LevelLook(size: 26, colour: inks.heading, isBold: true), "t")
        case .kicker: return (LevelLook(size: 12, colour: inks.accent, isBold: true), "ctr")
        case .takeaway: return (LevelLook(size: 16, colour: inks.heading, isBold: true), "ctr")
        case .citations: return (LevelLook(size: 10, colour: inks.muted), "ctr")
        default: return nil
        }
    }

    private var startAlignment: String { stage.isRightToLeft ? "r" : "l" }
    private var endAlignment: String { stage.isRightToLeft ? "l" : "r" }

    private func level(_ look: LevelLook, _ xml: inout XMLBuffer) {
        xml.element(
            "a:lvl1pPr",
            [
                "marL": "0", "marR": "0", "indent": "0", "algn": look.isAtEnd ? endAlignment : startAlignment,
                "rtl": stage.isRightToLeft ? "1" : "0",
            ]
        ) { xml in
            xml.element("a:buNone")
            xml.element("a:defRPr", ["sz": "\(Int(look.size * 100))", "b": look.isBold ? "1" : "0"]) { xml in
                TextBody.fill(look.colour, &xml)
                Self.font(look.font, &xml)
            }
        }
    }

    private static func font(_ latin: String, _ xml: inout XMLBuffer) {
        let stem = latin.dropLast(2)
        xml.element("a:latin", ["typeface": latin])
        xml.element("a:ea", ["typeface": "\(stem)ea"])
        xml.element("a:cs", ["typeface": "\(stem)cs"])
    }

    // MARK: - Text styles of the master

    private struct Style {
        var level = 1
        var size: Double
        var colour: String
        var font = "+mn-lt"
        var isBold = false
        /// Where text begins, and how far its mark stands before it; in points.
        var margin = 0.0
        var bullet: String?
    }

    private func textStyles(_ xml: inout XMLBuffer) {
        xml.element("p:txStyles") { xml in
            xml.element("p:titleStyle") { xml in
                style(
                    Style(
                        size: theme.titleSize, colour: "tx2", font: "+mj-lt", isBold: theme.hasBoldTitles), &xml)
            }
            xml.element("p:bodyStyle") { xml in
                let marks = theme.style == .rule ? ["•", "–", "–"] : ["■", "–", "–"]
                for depth in 1...5 {
                    let index = min(depth, 3) - 1
                    style(
                        Style(
                            level: depth, size: [20.0, 18, 17][index], colour: "tx1",
                            margin: TextFit.margins[index] + 20 * Double(max(0, depth - 3)), bullet: marks[index]),
                        &xml)
                }
            }
            xml.element("p:otherStyle") { plainStyle(&$0) }
        }
    }

    /// Of text boxes.
    func plainStyle(_ xml: inout XMLBuffer) { style(Style(size: 18, colour: "tx1"), &xml) }

    private func style(_ style: Style, _ xml: inout XMLBuffer) {
        let hasBullet = style.bullet != nil
        let isReversed = stage.isRightToLeft
        let margin = "\(Frame.units(style.margin))"
        xml.element(
            "a:lvl\(style.level)pPr",
            [
                // The margin at the start of the line, also where that is at the right.
                "marL": margin, "marR": "0",
                "indent": hasBullet ? "-\(Frame.units(TextFit.hanging))" : "0", "algn": startAlignment,
                "defTabSz": "914400", "rtl": isReversed ? "1" : "0", "eaLnBrk": "1", "latinLnBrk": "0",
                "hangingPunct": "1",
            ]
        ) { xml in
            xml.element("a:lnSpc") { $0.element("a:spcPct", ["val": "100000"]) }
            let before = hasBullet ? Int(theme.spacing.paragraph * 100) : 0
            xml.element("a:spcBef") { $0.element("a:spcPts", ["val": "\(before)"]) }
            if let bullet = style.bullet {
                xml.element("a:buClr") { $0.element("a:schemeClr", ["val": "accent1"]) }
                if bullet == "■" { xml.element("a:buSzPct", ["val": "65000"]) }
                xml.element("a:buFont", ["typeface": "Arial"])
                xml.element("a:buChar", ["char": bullet])
            } else {
                xml.element("a:buNone")
            }
            xml.element(
                "a:defRPr", ["sz": "\(Int(style.size * 100))", "b": style.isBold ? "1" : "0", "kern": "1200"]
            ) { xml in
                TextBody.fill(style.colour, &xml)
                Self.font(style.font, &xml)
            }
        }
    }
}

extension Theme {
    /// The outline of a card.
    func corners(_ frame: Frame, _ xml: inout XMLBuffer) {
        let radius = spacing.corner
        xml.element("a:prstGeom", ["prst": radius > 0 ? "roundRect" : "rect"]) { xml in
            xml.element("a:avLst") { xml in
                guard radius > 0 else { return }
                for (name, value) in Shape.corner(radius, of: frame) {
                    xml.element("a:gd", ["name": name, "fmla": "val \(value ?? "0")"])
                }
            }
        }
    }
}

extension Place {
    /// Whether it is a card or a band, and not text alone.
    var isFilled: Bool { inset != .init() }

    static func footer(_ frame: Frame) -> Place {
        Place(slot: .footer, type: "ftr", index: 11, name: "Footer", frame: frame)
    }
    static func number(_ frame: Frame) -> Place {
        Place(slot: .number, type: "sldNum", index: 12, name: "Slide Number", frame: frame)
    }
}
