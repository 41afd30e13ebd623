import DocumentModel

/// `ppt/slides/slideN.xml`.
struct SlidePart {
    let page: SlidePage
    let deck: Deck
    let number: Int
    let stage: Stage
    let fit: TextFit
    /// Relationships of the page's charts and pictures, in the order of its elements, and of its links.
    var objects: [String] = []
    /// How much of the lower part of a picture is not shown, in thousandths of a percent, by its path.
    var crops: [String: Int] = [:]
    var context: TextContext

    func bytes() -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("p:sld", ShapeTree.spaces) { xml in
            xml.element("p:cSld") { xml in
                xml.element("p:spTree") { xml in
                    ShapeTree.group(&xml)
                    var tree = ShapeTree(isRightToLeft: stage.isRightToLeft, width: stage.width)
                    var objects = objects[...]
                    for element in page.elements { write(element, &tree, &objects, &xml) }
                    if !page.layout.isCover { footers(&tree, &xml) }
                }
            }
            xml.element("p:clrMapOvr") { $0.element("a:masterClrMapping") }
            transition(&xml)
        }
        return xml.bytes
    }

    private func transition(_ xml: inout XMLBuffer) {
        guard let transition = page.transition, transition != .none else { return }
        let forward = stage.isRightToLeft ? "r" : "l"
        xml.element("p:transition", ["spd": "med"]) { xml in
            switch transition {
            case .none: break
            case .fade: xml.element("p:fade")
            case .push: xml.element("p:push", ["dir": forward])
            case .wipe: xml.element("p:wipe", ["dir": forward])
            case .split: xml.element("p:split", ["orient": "vert", "dir": "out"])
            }
        }
    }

    private func write(
        _ element: SlideElement, _ tree: inout ShapeTree, _ objects: inout ArraySlice<String>, _ xml: inout XMLBuffer
    ) {
        switch element {
        case .placeholder(let slot, let frame, let paragraphs): text(slot, frame, paragraphs, &tree, &xml)
        case .shape(let shape): tree.shape(shape, context, &xml)
        case .line(let line): tree.line(line, &xml)
        case .table(let fit, let rows, let frame):
            TableFrame(
                fit: fit, page: rows, frame: frame, stage: stage, context: context,
                place: stage.place(.table, page.layout)
            ).write(&tree, &xml)
        case .chart(let chart, let frame):
            guard let id = objects.popFirst() else { return }
            graph(chart, frame, id, &tree, &xml)
        case .picture(let image, let frame):
            guard let id = objects.popFirst() else { return }
            picture(image, frame, id, &tree, &xml)
        case .group(let name, let alt, let frame, let elements):
            group(name, alt, frame, elements, &tree, &objects, &xml)
        }
    }

    private func text(
        _ slot: Slot, _ frame: Frame?, _ paragraphs: [Paragraph], _ tree: inout ShapeTree, _ xml: inout XMLBuffer
    ) {
        if let place = stage.place(slot, page.layout) {
            let differs = frame.map { $0 != place.frame } ?? false
            tree.placeholder(place, frame: differs ? frame : nil, &xml) { xml in
                // A corner's radius is a share of the frame: it is said anew where the frame differs.
                if differs, place.isFilled { stage.theme.corners(frame ?? place.frame, &xml) }
            } text: {
                TextBody.write(paragraphs, context, &$0)
            }
        } else {
            tree.shape(stage.substitute(slot, frame, paragraphs), context, &xml)
        }
    }

    private func group(
        _ name: String, _ alt: String, _ frame: Frame, _ elements: [SlideElement], _ tree: inout ShapeTree,
        _ objects: inout ArraySlice<String>, _ xml: inout XMLBuffer
    ) {
        let id = tree.id()
        let placed = tree.placed(frame)
        xml.element("p:grpSp") { xml in
            xml.element("p:nvGrpSpPr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "\(name) \(id - 1)", "descr": alt])
                xml.element("p:cNvGrpSpPr")
                xml.element("p:nvPr")
            }
            xml.element("p:grpSpPr") { xml in
                xml.element("a:xfrm") { xml in
                    for (offset, extent) in [("a:off", "a:ext"), ("a:chOff", "a:chExt")] {
                        xml.element(offset, ["x": "\(placed.x)", "y": "\(placed.y)"])
                        xml.element(extent, ["cx": "\(placed.width)", "cy": "\(placed.height)"])
                    }
                }
            }
            for element in elements { write(element, &tree, &objects, &xml) }
        }
    }

    private func graph(
        _ chart: Chart, _ frame: Frame, _ relation: String, _ tree: inout ShapeTree, _ xml: inout XMLBuffer
    ) {
        let id = tree.id()
        let names = chart.series.map(\.name).joined(separator: ", ")
        let text = chart.altText ?? "\(chart.kind.rawValue) chart: \(chart.title ?? deck.title); \(names)"
        xml.element("p:graphicFrame") { xml in
            xml.element("p:nvGraphicFramePr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "Chart \(id - 1)", "descr": text])
                xml.element("p:cNvGraphicFramePr") { $0.element("a:graphicFrameLocks", ["noGrp": "1"]) }
                xml.element("p:nvPr") { ShapeTree.placeholder(stage.place(.chart, page.layout), &$0) }
            }
            ShapeTree.transform(tree.placed(frame), &xml, element: "p:xfrm")
            xml.element("a:graphic") { xml in
                xml.element("a:graphicData", ["uri": OfficeType.chartSpace]) { xml in
                    xml.element("c:chart", ["xmlns:c": OfficeType.chartSpace, "r:id": relation])
                }
            }
        }
    }

    private func picture(
        _ image: Image, _ frame: Frame, _ relation: String, _ tree: inout ShapeTree, _ xml: inout XMLBuffer
    ) {
        let id = tree.id()
        xml.element("p:pic") { xml in
            xml.element("p:nvPicPr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "Picture \(id - 1)", "descr": image.altText])
                xml.element("p:cNvPicPr") { $0.element("a:picLocks", ["noGrp": "1", "noChangeAspect": "1"]) }
                xml.element("p:nvPr") { ShapeTree.placeholder(stage.place(.picture, page.layout), &$0) }
            }
            xml.element("p:blipFill") { xml in
                xml.element("a:blip", ["r:embed": relation])
                if let crop = crops[image.path], crop > 0 { xml.element("a:srcRect", ["b": "\(crop)"]) }
                xml.element("a:stretch") { $0.element("a:fillRect") }
            }
            xml.element("p:spPr") { xml in
                ShapeTree.transform(tree.placed(frame), &xml)
                xml.element("a:prstGeom", ["prst": "rect"]) { $0.element("a:avLst") }
                xml.element("a:ln", ["w": "9525"]) { TextBody.fill(stage.theme.rule, &$0) }
            }
        }
    }

    // MARK: - Foot

    /// The sources that the slide cites in one line, the deck's footer and the slide's number.
    private func footers(_ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        let cited = deck.sources.filter { page.cited.contains($0.number) }
        if !cited.isEmpty {
            let runs = citations(cited)
            text(.citations, nil, [Paragraph(runs: runs, bullet: false)], &tree, &xml)
        }
        let footer = deck.footer ?? deck.title
        if let place = stage.place(.footer, page.layout), !footer.isEmpty {
            let text = fit.clipped(
                footer, lines: 1, font: deck.theme.bodyFont, points: 10, width: place.frame.widthInPoints)
            // Not every reader takes the master's look for a footer.
            let run = TextRun(text: text, size: 10, colour: stage.inks.muted, font: "+mn-lt")
            tree.placeholder(place, &xml) {
                TextBody.write([Paragraph(runs: [run], alignment: .start)], context, &$0)
            }
        }
        if deck.slideNumbers, let place = stage.place(.number, page.layout) {
            tree.placeholder(place, &xml) { ShapeTree.numberField(&$0, text: "\(number)") }
        }
    }

    private func citations(_ cited: [Source]) -> [TextRun] {
        // More sources than a line holds: their numbers suffice, the list stands at the end.
        guard cited.count <= 6 else {
            return [TextRun(text: "Sources " + cited.map { "[\($0.number)]" }.joined(separator: " "))]
        }
        let room = stage.frame(.citations, page.layout).widthInPoints
        let share = room / Double(cited.count) - 12
        return cited.enumerated().flatMap { index, source -> [TextRun] in
            let text = fit.clipped(
                "[\(source.number)] \(source.title)", lines: 1, font: deck.theme.bodyFont, points: 10,
                width: max(30, share))
            let run = TextRun(text: text, colour: stage.inks.muted, link: source.isLink ? source.url : nil)
            return index == 0 ? [run] : [TextRun(text: "   "), run]
        }
    }
}

extension Stage {
    /// A text box for what the layout has no placeholder for.
    func substitute(_ slot: Slot, _ frame: Frame?, _ paragraphs: [Paragraph]) -> Shape {
        let grid = grid
        let (place, colour, size): (Frame, String, Double) =
            switch slot {
            case .kicker: (grid.kicker, inks.accent, 12)
            case .takeaway: (grid.takeaway, inks.heading, 16)
            case .citations: (grid.citations, inks.muted, 10)
            case .quote: (grid.quote, inks.heading, 28)
            case .attribution: (grid.attribution, inks.heading, 18)
            case .figure: (grid.figure, inks.accent, 120)
            case .figureLabel: (grid.figureLabel, inks.heading, 26)
            case .caption: (grid.caption, inks.text, 16)
            case .leftHeading: (grid.cardHeading(0), inks.accent, 20)
            case .rightHeading: (grid.cardHeading(1), inks.heading, 20)
            default: (self.frame(.body, .content), inks.text, 18)
            }
        var shape = Shape(name: "Text", frame: frame ?? place)
        shape.anchor = [.figure].contains(slot) ? "b" : "t"
        if slot == .takeaway {
            shape.fill = inks.surface
            shape.inset = (SlideGrid.takeawayInset.side, SlideGrid.takeawayInset.top)
            shape.anchor = "ctr"
        }
        shape.paragraphs = paragraphs.map { paragraph in
            var paragraph = paragraph
            paragraph.bullet = false
            for index in paragraph.runs.indices {
                paragraph.runs[index].size = paragraph.runs[index].size ?? size
                paragraph.runs[index].colour = paragraph.runs[index].colour ?? colour
            }
            return paragraph
        }
        return shape
    }
}
