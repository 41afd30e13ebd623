import DocumentModel

/// The slide master and its layouts: every look that slides inherit.
struct SlideMasterPart {
    let theme: Theme
    static let part = "/ppt/slideMasters/slideMaster1.xml"
    /// Ids of masters and layouts share one range that starts here.
    static let firstID = 2_147_483_648

    func master(layoutIDs: [String]) -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("p:sldMaster", ShapeTree.spaces) { xml in
            xml.element("p:cSld") { xml in
                xml.element("p:bg") { xml in
                    xml.element("p:bgPr") { xml in
                        TextBody.fill("bg1", &xml)
                        xml.element("a:effectLst")
                    }
                }
                xml.element("p:spTree") { xml in
                    ShapeTree.group(&xml)
                    var tree = ShapeTree()
                    tree.placeholder("Title", type: "title", index: nil, frame: SlideGeometry.title, &xml) { xml in
                        prompt("Title", &xml, anchor: "ctr")
                    }
                    tree.placeholder("Text", type: "body", index: 1, frame: SlideGeometry.body, &xml) { xml in
                        prompt("Text", &xml, anchor: "t")
                    }
                    footers(&tree, defines: true, &xml)
                }
            }
            xml.element(
                "p:clrMap",
                [
                    "bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2", "accent1": "accent1",
                    "accent2": "accent2", "accent3": "accent3", "accent4": "accent4", "accent5": "accent5",
                    "accent6": "accent6", "hlink": "hlink", "folHlink": "folHlink",
                ])
            xml.element("p:sldLayoutIdLst") { xml in
                for (index, id) in layoutIDs.enumerated() {
                    xml.element("p:sldLayoutId", ["id": "\(Self.firstID + 1 + index)", "r:id": id])
                }
            }
            textStyles(&xml)
        }
        return xml.bytes
    }

    func layout(_ layout: SlideLayout) -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("p:sldLayout", Self.layoutAttributes(layout)) { xml in
            xml.element("p:cSld", ["name": layout.name]) { xml in
                if layout.isCover {
                    xml.element("p:bg") { xml in
                        xml.element("p:bgPr") { xml in
                            TextBody.fill("tx2", &xml)
                            xml.element("a:effectLst")
                        }
                    }
                }
                xml.element("p:spTree") { xml in
                    ShapeTree.group(&xml)
                    var tree = ShapeTree()
                    if layout.isCover {
                        let edge = Frame(x: 0, y: 0, width: 190_500, height: SlideGeometry.height)
                        tree.bar("Edge", edge, colour: "accent1", &xml)
                        tree.bar("Accent", SlideGeometry.coverAccent, colour: "accent2", &xml)
                    } else if layout != .blank {
                        tree.bar("Accent", SlideGeometry.accent, colour: "accent1", &xml)
                    }
                    for place in layout.placeholders {
                        tree.placeholder(place.name, type: place.type, index: place.index, frame: place.frame, &xml) {
                            text(of: place, &$0)
                        }
                    }
                    if !layout.isCover { footers(&tree, defines: false, &xml) }
                }
            }
            xml.element("p:clrMapOvr") { $0.element("a:masterClrMapping") }
        }
        return xml.bytes
    }

    private static func layoutAttributes(_ layout: SlideLayout) -> KeyValuePairs<String, String?> {
        [
            "xmlns:a": OfficeType.drawingSpace, "xmlns:r": OfficeType.relationships,
            "xmlns:p": "http://schemas.openxmlformats.org/presentationml/2006/main", "type": layout.type,
            "preserve": "1", "userDrawn": layout.type == nil ? "1" : nil,
        ]
    }

    private func footers(_ tree: inout ShapeTree, defines: Bool, _ xml: inout XMLBuffer) {
        tree.placeholder("Footer", type: "ftr", index: 11, frame: defines ? SlideGeometry.footer : nil, &xml) { xml in
            small(&xml, alignment: "l", defines: defines) { xml in
                xml.element("a:p") { $0.element("a:endParaRPr", ["lang": "en-US"]) }
            }
        }
        let number = defines ? SlideGeometry.number : nil
        tree.placeholder("Slide Number", type: "sldNum", index: 12, frame: number, &xml) { xml in
            small(&xml, alignment: "r", defines: defines) { xml in
                xml.element("a:p") { xml in
                    xml.element("a:fld", ["id": "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", "type": "slidenum"]) { xml in
                        xml.element("a:rPr", ["lang": "en-US"])
                        xml.element("a:t", text: "‹#›")
                    }
                }
            }
        }
    }

    private func small(
        _ xml: inout XMLBuffer, alignment: String, defines: Bool, _ paragraphs: (inout XMLBuffer) -> Void
    ) {
        xml.element("p:txBody") { xml in
            if defines {
                bodyProperties(&xml, anchor: "ctr")
                xml.element("a:lstStyle") { level(1, size: 1000, colour: theme.muted, alignment: alignment, &$0) }
            } else {
                xml.element("a:bodyPr")
                xml.element("a:lstStyle")
            }
            paragraphs(&xml)
        }
    }

    private func bodyProperties(_ xml: inout XMLBuffer, anchor: String) {
        xml.element(
            "a:bodyPr",
            ["vert": "horz", "wrap": "square", "lIns": "0", "tIns": "0", "rIns": "0", "bIns": "0", "anchor": anchor]
        ) { $0.element("a:normAutofit") }
    }

    private func prompt(_ text: String, _ xml: inout XMLBuffer, anchor: String) {
        TextBody.write([Paragraph(runs: [TextRun(text: text)])], language: "en-US", &xml) {
            bodyProperties(&$0, anchor: anchor)
        }
    }

    private func level(
        _ level: Int, size: Int, colour: String, alignment: String? = nil, bold: Bool = false, bullet: Bool = false,
        _ xml: inout XMLBuffer
    ) {
        xml.element(
            "a:lvl\(level)pPr",
            ["marL": bullet ? nil : "0", "indent": bullet ? nil : "0", "algn": alignment]
        ) { xml in
            if !bullet { xml.element("a:buNone") }
            xml.element("a:defRPr", ["sz": "\(size)", "b": bold ? "1" : "0"]) { xml in
                TextBody.fill(colour, &xml)
                xml.element("a:latin", ["typeface": bold && size > 2000 ? "+mj-lt" : "+mn-lt"])
            }
        }
    }

    private func text(of place: SlideLayout.Placeholder, _ xml: inout XMLBuffer) {
        let sample = Paragraph(runs: [TextRun(text: place.name)])
        xml.element("p:txBody") { xml in
            switch place.style {
            case .inherited:
                xml.element("a:bodyPr")
                xml.element("a:lstStyle")
            case .coverTitle:
                bodyProperties(&xml, anchor: "b")
                xml.element("a:lstStyle") { level(1, size: 4400, colour: "bg1", bold: true, &$0) }
            case .coverSubtitle:
                bodyProperties(&xml, anchor: "t")
                xml.element("a:lstStyle") { level(1, size: 2000, colour: "bg2", &$0) }
            case .columnHeading:
                bodyProperties(&xml, anchor: "ctr")
                xml.element("a:lstStyle") { level(1, size: 1800, colour: theme.heading, bold: true, &$0) }
            case .caption:
                bodyProperties(&xml, anchor: "t")
                xml.element("a:lstStyle") { level(1, size: 1600, colour: theme.text, &$0) }
            case .citations:
                bodyProperties(&xml, anchor: "ctr")
                xml.element("a:lstStyle") { level(1, size: 1000, colour: theme.muted, &$0) }
            }
            xml.element("a:p") { xml in
                xml.element("a:r") { xml in
                    xml.element("a:rPr", ["lang": "en-US"])
                    xml.element("a:t", text: sample.runs[0].text)
                }
            }
        }
    }

    private func textStyles(_ xml: inout XMLBuffer) {
        xml.element("p:txStyles") { xml in
            xml.element("p:titleStyle") { xml in
                style(1, size: 2800, colour: "tx2", font: "+mj-lt", bold: true, margin: 0, bullet: nil, &xml)
            }
            xml.element("p:bodyStyle") { xml in
                for depth in 1...5 {
                    let size = depth == 1 ? 2000 : depth == 2 ? 1800 : 1600
                    style(
                        depth, size: size, colour: "tx1", font: "+mn-lt", bold: false,
                        margin: TextFit.indent * depth, bullet: depth == 1 ? "•" : "–", &xml)
                }
            }
            xml.element("p:otherStyle") { xml in
                style(1, size: 1800, colour: "tx1", font: "+mn-lt", bold: false, margin: 0, bullet: nil, &xml)
            }
        }
    }

    private func style(
        _ level: Int, size: Int, colour: String, font: String, bold: Bool, margin: Int, bullet: String?,
        _ xml: inout XMLBuffer
    ) {
        xml.element(
            "a:lvl\(level)pPr",
            [
                "marL": "\(margin)", "indent": bullet == nil ? "0" : "-\(TextFit.indent)", "algn": "l",
                "defTabSz": "914400", "rtl": "0", "eaLnBrk": "1", "latinLnBrk": "0", "hangingPunct": "1",
            ]
        ) { xml in
            xml.element("a:lnSpc") { $0.element("a:spcPct", ["val": "100000"]) }
            let before = bullet == nil ? 0 : Int(TextFit.spacing * 100)
            xml.element("a:spcBef") { $0.element("a:spcPts", ["val": "\(before)"]) }
            if let bullet {
                xml.element("a:buClr") { $0.element("a:schemeClr", ["val": "accent1"]) }
                xml.element("a:buFont", ["typeface": "Arial"])
                xml.element("a:buChar", ["char": bullet])
            } else {
                xml.element("a:buNone")
            }
            xml.element("a:defRPr", ["sz": "\(size)", "b": bold ? "1" : "0", "kern": "1200"]) { xml in
                TextBody.fill(colour, &xml)
                xml.element("a:latin", ["typeface": font])
                xml.element("a:ea", ["typeface": font == "+mj-lt" ? "+mj-ea" : "+mn-ea"])
                xml.element("a:cs", ["typeface": font == "+mj-lt" ? "+mj-cs" : "+mn-cs"])
            }
        }
    }
}
