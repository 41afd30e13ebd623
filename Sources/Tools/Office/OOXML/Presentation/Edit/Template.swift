import DocumentModel

/// A tenant's own look: masters, layouts and theme of an uploaded presentation or template.
struct Template {
    private(set) var deck: DeckPackage
    private let layouts: Layouts
    private let isRightToLeft: Bool
    private let size: (width: Int, height: Int)

    init(_ bytes: [UInt8], isRightToLeft: Bool) throws(OOXMLError) {
        deck = try DeckPackage(bytes)
        layouts = try Layouts(deck)
        self.isRightToLeft = isRightToLeft
        guard !layouts.all.isEmpty else {
            throw OOXMLError("template_invalid", "The template has no layouts.")
        }
        let root = try XMLElement(parsing: deck.package.bytes(deck.main)).first("sldSz")
        size = (root?.integer("cx") ?? SlideGrid.width, root?.integer("cy") ?? SlideGrid.height)
        guard (914_400...51_206_400).contains(size.width), (914_400...51_206_400).contains(size.height) else {
            throw OOXMLError("template_invalid", "The template's slides have no size that a slide may have.")
        }
    }

    // MARK: - Theme

    /// The template's colours and fonts as tokens.
    func theme() throws(OOXMLError) -> Theme {
        let master = layouts.all[0].master
        guard let part = try deck.package.target(of: master, "theme"), deck.package.contains(part) else {
            throw OOXMLError("template_invalid", "The template has no theme.")
        }
        let root = try XMLElement(parsing: deck.package.bytes(part))
        let map = try XMLElement(parsing: deck.package.bytes(master)).first("clrMap")
        let elements = root.first("themeElements")
        let scheme = elements?.first("clrScheme")
        func colour(_ name: String, _ fallback: String) -> String {
            let slot = map?[name] ?? name
            let found = scheme?.first(slot)?.children.first
            let value = (found?["lastClr"] ?? found?["val"] ?? "").uppercased()
            return Theme.components(value) == nil ? fallback : value
        }
        func font(_ name: String) -> String {
            let face = elements?.first("fontScheme")?.first(name)?.first("latin")?["typeface"] ?? ""
            return face.isEmpty || face.utf16.count > 64 ? "Arial" : face
        }
        let (page, text) = (colour("bg1", "FFFFFF"), colour("tx1", "1A1A1A"))
        let ink = Theme.ink(on: page, among: [text])
        let surface = Theme.mix(page, ink, 0.06)
        let palette = (1...6).map { colour("accent\($0)", "4472C4") }
        func readable(_ colour: String) -> String {
            [page, surface].allSatisfy { (Theme.contrast(colour, $0) ?? 0) >= 4.5 } ? colour : ink
        }
        return Theme(
            name: root["name"].flatMap { $0.isEmpty ? nil : $0 } ?? "Template", background: page, surface: surface,
            text: ink, heading: ink, muted: readable(Theme.mix(ink, page, 0.3)), accent: palette[0],
            link: readable(colour("hlink", ink)), palette: palette, headingFont: font("majorFont"),
            bodyFont: font("minorFont"))
    }

    // MARK: - Stage

    func stage() throws(OOXMLError) -> Stage {
        let theme = try theme()
        var found: [SlideLayout: Stage.Layout] = [:]
        for layout in SlideLayout.allCases {
            let source = choice(layout)
            found[layout] = Stage.Layout(part: source.part, places: try places(layout, source))
        }
        var stage = Stage(theme: theme, isRightToLeft: isRightToLeft, layouts: found)
        stage.width = size.width
        stage.height = size.height
        stage.textMargin = .init(side: 7.2, top: 3.6, bottom: 3.6)
        let isSeen = (Theme.contrast(theme.accent, theme.background) ?? 0) >= 3
        stage.inks = Stage.Inks(
            surface: theme.surface, heading: "tx1", muted: theme.muted, accent: isSeen ? "accent1" : "tx1")
        stage.sizes = try titleSizes()
        return stage
    }

    /// The layout of the template that serves for one of ours.
    private func choice(_ layout: SlideLayout) -> Layouts.Layout {
        let wanted: [String] =
            switch layout {
            case .title, .closing: ["title"]
            case .section: ["secHead", "title"]
            case .content, .table, .chart: ["obj", "tx", "tbl"]
            case .twoContent: ["twoObj", "obj"]
            case .comparison: ["twoTxTwoObj", "twoObj", "obj"]
            case .quote, .bigNumber, .diagram, .picture, .titleOnly: ["titleOnly", "obj"]
            case .blank: ["blank", "titleOnly"]
            }
        return wanted.lazy.compactMap { layouts.first($0) }.first ?? layouts.all.first { $0.name == layout.name }
            ?? layouts.all[0]
    }

    /// A placeholder as a layout or a master writes it.
    private struct Holder {
        var type: String?
        var index: String?
        var frame: Frame?
    }

    private func holders(_ part: String) throws(OOXMLError) -> [Holder] {
        let root = try XMLElement(parsing: deck.package.bytes(part))
        var all: [Holder] = []
        root.descend { shape in
            guard shape.name == "sp", let holder = shape.first("nvSpPr")?.first("nvPr")?.first("ph") else { return }
            let place = shape.first("spPr")?.first("xfrm")
            var frame: Frame?
            if let offset = place?.first("off"), let extent = place?.first("ext"), let x = offset.integer("x"),
                let y = offset.integer("y"), let width = extent.integer("cx"), let height = extent.integer("cy"),
                [x, y, width, height].allSatisfy({ abs($0) < 1 << 31 })
            {
                frame = Frame(x: x, y: y, width: width, height: height)
            }
            all.append(Holder(type: holder["type"], index: holder["idx"], frame: frame))
        }
        return all
    }

    private func places(_ layout: SlideLayout, _ source: Layouts.Layout) throws(OOXMLError) -> [Slot: Place] {
        let own = try holders(source.part)
        let master = try holders(source.master)
        func place(_ slot: Slot, _ holder: Holder?) -> Place? {
            guard let holder else { return nil }
            let kind = ["ctrTitle": "title", "subTitle": "body", "obj": "body"][holder.type ?? "obj"] ?? holder.type
            guard let frame = holder.frame ?? master.first(where: { ($0.type ?? "body") == kind })?.frame else {
                return nil
            }
            return Place(
                slot: slot, type: holder.type, index: holder.index.flatMap { Int($0) }, name: "Placeholder",
                // Frames are kept as for reading from the left; what is written is turned round again.
                frame: isRightToLeft ? frame.mirrored(in: size.width) : frame)
        }
        let content = own.filter { [nil, "obj", "tbl", "chart"].contains($0.type) }
        let texts = own.filter { $0.type == "body" }
        let leftFirst = content.sorted { ($0.frame?.x ?? 0) < ($1.frame?.x ?? 0) }
        let headings = texts.sorted { ($0.frame?.x ?? 0) < ($1.frame?.x ?? 0) }
        var result: [Slot: Place] = [:]
        result[.title] = place(.title, own.first { $0.type == "title" || $0.type == "ctrTitle" })
        result[.footer] = place(.footer, own.first { $0.type == "ftr" })
        result[.number] = place(.number, own.first { $0.type == "sldNum" })
        switch layout {
        case .title, .section, .closing:
            result[.subtitle] = place(.subtitle, own.first { $0.type == "subTitle" } ?? texts.first)
        case .content: result[.body] = place(.body, content.first ?? texts.first)
        case .table: result[.table] = place(.table, content.first)
        case .chart: result[.chart] = place(.chart, content.first)
        case .twoContent, .comparison:
            guard leftFirst.count >= 2 else { break }
            let sides = isRightToLeft ? leftFirst.reversed() : leftFirst
            result[.left] = place(.left, sides[0])
            result[.right] = place(.right, sides[1])
            guard layout == .comparison, headings.count >= 2 else { break }
            let heads = isRightToLeft ? headings.reversed() : headings
            result[.leftHeading] = place(.leftHeading, heads[0])
            result[.rightHeading] = place(.rightHeading, heads[1])
        case .quote, .bigNumber, .diagram, .picture, .titleOnly, .blank: break
        }
        return result
    }

    private func titleSizes() throws(OOXMLError) -> Stage.Sizes {
        let master = try XMLElement(parsing: deck.package.bytes(layouts.all[0].master))
        let look = master.first("txStyles")?.first("titleStyle")?.first("lvl1pPr")?.first("defRPr")
        let size = Double(look?.integer("sz") ?? 2_800) / 100
        // Titles of templates are often too large for a sentence: they are set smaller where they must be.
        return Stage.Sizes(title: min(60, max(18, size)), cover: min(60, max(28, size)), subtitle: 20)
    }

    // MARK: - Slides

    /// Puts the slides of a deck that was set upon this template's stage in place of the template's own.
    mutating func fill(with written: [UInt8]) throws(OOXMLError) -> [UInt8] {
        let other = try DeckPackage(written)
        for number in (0..<(try deck.slides().count)).reversed() { try deck.remove(number + 1) }
        let count = try other.slides().count
        let hasNotes = try other.package.target(of: other.main, "notesMaster") != nil
        let notes = hasNotes ? try deck.notesMaster() : nil
        // The slides name the template's own layouts.
        var copy = SlideCopy(from: other.package, notesMaster: notes) { $0 }
        for number in 1...max(1, count) {
            let part = try copy.copy(other.slide(number).part, into: &deck.package)
            try deck.list(part, at: number)
        }
        try addTableStyle(of: other)
        if let type = deck.package.contentType(of: deck.main), type.contains("template") {
            deck.package.retype(
                deck.main,
                type.replacing("template.macroEnabled.main", with: "presentation.macroEnabled.main")
                    .replacing("template.main", with: "presentation.main"))
        }
        if let part = try deck.package.target(of: "/", "core-properties"),
            let mine = try other.package.target(of: "/", "core-properties")
        {
            deck.package.replace(part, try other.package.bytes(mine))
        }
        return try deck.archive()
    }

    private mutating func addTableStyle(of other: DeckPackage) throws(OOXMLError) {
        guard let mine = try other.package.target(of: other.main, "tableStyles") else { return }
        guard let part = try deck.package.target(of: deck.main, "tableStyles"), deck.package.contains(part) else {
            let name = deck.package.freeName("/ppt/tableStyles", "xml")
            deck.package.add(name, type: OfficeType.presentation("tableStyles"), try other.package.bytes(mine))
            _ = try deck.package.relate(deck.main, to: name, type: OfficeType.relationships + "/tableStyles")
            return
        }
        let styles = try XMLOutline(other.package.bytes(mine))
        guard let style = styles.first("tblStyle") else { return }
        let content = styles.raw(styles.nodes[style].whole)
        try deck.edit(part) { (outline) throws(OOXMLError) in
            let known = outline.all("tblStyle").contains { outline.nodes[$0]["styleId"] == TableStyle.id }
            if !known, !outline.nodes.isEmpty { outline.append(content, to: 0) }
        }
    }
}
