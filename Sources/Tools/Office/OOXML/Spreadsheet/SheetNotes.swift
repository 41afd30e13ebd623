import DocumentModel

/// The comments of a sheet: `xl/comments/commentsN.xml` and the boxes that they are drawn in, which are still VML
/// (ECMA-376 part 4, section 19.4).
struct SheetNotes {
    let notes: [CellNote]
    let author: String

    private var sorted: [(row: Int, column: Int, note: CellNote)] {
        notes.compactMap { note in CellReference.parse(note.cell).map { ($0.row, $0.column, note) } }
            .sorted { ($0.row, $0.column) < ($1.row, $1.column) }
    }

    var comments: [UInt8] {
        var authors: [String] = []
        for note in notes where !authors.contains(note.author ?? author) { authors.append(note.author ?? author) }
        var xml = XMLBuffer()
        xml.element("comments", ["xmlns": SpreadsheetSpace.main]) { xml in
            xml.element("authors") { xml in for name in authors { xml.element("author", text: name) } }
            xml.element("commentList") { xml in
                for (row, column, note) in sorted {
                    let place = authors.firstIndex(of: note.author ?? author) ?? 0
                    xml.element(
                        "comment", ["ref": CellReference.name(row: row, column: column), "authorId": "\(place)"]
                    ) { xml in
                        xml.element("text") { xml in
                            xml.element("t", ["xml:space": "preserve"], text: XString.escaped(note.text))
                        }
                    }
                }
            }
        }
        return xml.bytes
    }

    var drawing: [UInt8] {
        var xml = XMLBuffer(fragment: ())
        xml.element(
            "xml",
            [
                "xmlns:v": "urn:schemas-microsoft-com:vml", "xmlns:o": "urn:schemas-microsoft-com:office:office",
                "xmlns:x": "urn:schemas-microsoft-com:office:excel",
            ]
        ) { xml in
            xml.element("o:shapelayout", ["v:ext": "edit"]) { $0.element("o:idmap", ["v:ext": "edit", "data": "1"]) }
            xml.element(
                "v:shapetype",
                [
                    "id": "_x0000_t202", "coordsize": "21600,21600", "o:spt": "202",
                    "path": "m,l,21600r21600,l21600,xe",
                ]
            ) { xml in
                xml.element("v:stroke", ["joinstyle": "miter"])
                xml.element("v:path", ["gradientshapeok": "t", "o:connecttype": "rect"])
            }
            for (index, place) in sorted.enumerated() {
                write(index, place.row, place.column, Self.height(place.note.text), &xml)
            }
        }
        return xml.bytes
    }

    /// Rows that the box covers: about 30 characters stand in a line.
    private static func height(_ text: String) -> Int {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).reduce(0) {
            $0 + 1 + $1.count / 30
        }
        return min(max(4, lines + 1), 30)
    }

    private func write(_ index: Int, _ row: Int, _ column: Int, _ rows: Int, _ xml: inout XMLBuffer) {
        xml.element(
            "v:shape",
            [
                "id": "_x0000_s\(1025 + index)", "type": "#_x0000_t202",
                "style": "position:absolute;z-index:\(index + 1);visibility:hidden", "fillcolor": "#ffffe1",
                "o:insetmode": "auto",
            ]
        ) { xml in
            xml.element("v:fill", ["color2": "#ffffe1"])
            xml.element("v:shadow", ["on": "t", "color": "black", "obscured": "t"])
            xml.element("v:path", ["o:connecttype": "none"])
            xml.element("v:textbox", ["style": "mso-direction-alt:auto"])
            xml.element("x:ClientData", ["ObjectType": "Note"]) { xml in
                xml.element("x:MoveWithCells")
                xml.element("x:SizeWithCells")
                // Left column and offset, top row and offset, right and bottom likewise.
                let top = max(0, row - 1)
                xml.element("x:Anchor", text: "\(column + 1), 15, \(top), 10, \(column + 4), 15, \(top + rows), 4")
                xml.element("x:AutoFill", text: "False")
                xml.element("x:Row", text: "\(row)")
                xml.element("x:Column", text: "\(column)")
            }
        }
    }
}
