import DocumentModel

/// The notes master and the notes of one slide.
struct NotesPart {
    static let master = "/ppt/notesMasters/notesMaster1.xml"
    private static let picture = Frame(x: 685_800, y: 1_143_000, width: 5_486_400, height: 3_086_100)
    private static let text = Frame(x: 685_800, y: 4_400_550, width: 5_486_400, height: 3_600_450)

    static func masterBytes() -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("p:notesMaster", ShapeTree.spaces) { xml in
            xml.element("p:cSld") { xml in
                xml.element("p:bg") { xml in
                    xml.element("p:bgRef", ["idx": "1001"]) { $0.element("a:schemeClr", ["val": "bg1"]) }
                }
                shapes(frames: true, [Paragraph(runs: [TextRun(text: "Notes")])], TextContext(language: "en-US"), &xml)
            }
            SlideMasterPart.colourMap(&xml)
            xml.element("p:notesStyle") { xml in
                xml.element("a:lvl1pPr", ["marL": "0", "algn": "l"]) { xml in
                    xml.element("a:defRPr", ["sz": "1200"]) { TextBody.fill("tx1", &$0) }
                }
            }
        }
        return xml.bytes
    }

    static func bytes(_ notes: String, _ context: TextContext) -> [UInt8] {
        let paragraphs = notes.split(separator: "\n").map { Paragraph(runs: [TextRun(text: String($0))]) }
        var xml = XMLBuffer()
        xml.element("p:notes", ShapeTree.spaces) { xml in
            xml.element("p:cSld") { shapes(frames: false, paragraphs, context, &$0) }
            xml.element("p:clrMapOvr") { $0.element("a:masterClrMapping") }
        }
        return xml.bytes
    }

    private static func shapes(
        frames: Bool, _ paragraphs: [Paragraph], _ context: TextContext, _ xml: inout XMLBuffer
    ) {
        xml.element("p:spTree") { xml in
            ShapeTree.group(&xml)
            var tree = ShapeTree()
            let id = tree.id()
            xml.element("p:sp") { xml in
                xml.element("p:nvSpPr") { xml in
                    xml.element("p:cNvPr", ["id": "\(id)", "name": "Slide Image \(id - 1)"])
                    xml.element("p:cNvSpPr") { xml in
                        xml.element("a:spLocks", ["noGrp": "1", "noRot": "1", "noChangeAspect": "1"])
                    }
                    xml.element("p:nvPr") { $0.element("p:ph", ["type": "sldImg", "idx": frames ? "2" : nil]) }
                }
                xml.element("p:spPr") { xml in
                    guard frames else { return }
                    ShapeTree.transform(picture, &xml)
                    xml.element("a:prstGeom", ["prst": "rect"]) { $0.element("a:avLst") }
                }
            }
            let notes = Place(slot: .body, type: "body", index: frames ? 3 : 1, name: "Notes", frame: text)
            tree.placeholder(notes, frame: frames ? text : nil, &xml) { TextBody.write(paragraphs, context, &$0) }
        }
    }
}
