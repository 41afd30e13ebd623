import DocumentModel

extension DeckPackage {
    /// Sets what the speaker says upon a slide.
    mutating func setNotes(_ notes: String, ofSlide number: Int) throws(OOXMLError) {
        let entry = try slide(number)
        let lines = notes.split(separator: "\n", omittingEmptySubsequences: false).map {
            FillLine(text: String($0), level: 0)
        }
        if let part = try package.target(of: entry.part, "notesSlide"), package.contains(part) {
            try edit(part) { (outline) throws(OOXMLError) in
                guard let shape = ShapeFill.find("body", in: outline) else {
                    throw OOXMLError("placeholder_missing", "The notes of slide \(number) have no place for text.")
                }
                ShapeFill.apply(lines, to: shape, &outline)
            }
            return
        }
        let master = try notesMaster()
        let part = package.freeName("/ppt/notesSlides/notesSlide", "xml")
        package.add(
            part, type: OfficeType.presentation("notesSlide"), NotesPart.bytes(notes, TextContext(language: "en-US")))
        _ = try package.relate(part, to: master, type: OfficeType.relationships + "/notesMaster")
        _ = try package.relate(part, to: entry.part, type: OfficeType.relationships + "/slide")
        _ = try package.relate(entry.part, to: part, type: OfficeType.relationships + "/notesSlide")
    }

    /// The deck's notes master; one is made where there is none.
    mutating func notesMaster() throws(OOXMLError) -> String {
        if let master = try package.target(of: main, "notesMaster"), package.contains(master) { return master }
        let master = package.freeName("/ppt/notesMasters/notesMaster", "xml")
        package.add(master, type: OfficeType.presentation("notesMaster"), NotesPart.masterBytes())
        let theme = package.freeName("/ppt/theme/theme", "xml")
        package.add(theme, type: OfficeType.themePart, ThemePart(theme: .light).bytes)
        _ = try package.relate(master, to: theme, type: OfficeType.theme)
        let id = try package.relate(main, to: master, type: OfficeType.relationships + "/notesMaster")
        try edit(main) { (outline) throws(OOXMLError) in
            let prefix = outline.nodes[0].prefix.isEmpty ? "" : outline.nodes[0].prefix + ":"
            let list = XMLOutline.fragment { xml in
                xml.element(prefix + "notesMasterIdLst") { xml in
                    xml.element(
                        prefix + "notesMasterId", ["xmlns:r": OfficeType.relationships, "r:id": id])
                }
            }
            let next = ["handoutMasterIdLst", "sldIdLst", "sldSz", "notesSz"].compactMap { outline.child($0, of: 0) }
                .min()
            guard let next else { throw OOXMLError("deck_invalid", "The presentation names no size of slides.") }
            outline.insert(list, before: next)
        }
        return master
    }
}
