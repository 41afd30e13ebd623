import DocumentModel

/// `ppt/slides/slideN.xml`.
struct SlidePart {
    let page: SlidePage
    let deck: Deck
    let number: Int
    let fit: TextFit
    /// Relationships of the slide's chart or picture.
    var objectID: String?
    var picture: (frame: Frame, crop: Int)?
    /// Relationship of a source's link.
    var links: [Int: String] = [:]

    /// Number, title and address of a source, as shown.
    static func line(_ source: Source) -> [String] {
        ["[\(source.number)]", source.title] + (source.url.map { [$0] } ?? [])
    }

    func bytes() -> [UInt8] {
        var xml = XMLBuffer()
        xml.element("p:sld", ShapeTree.spaces) { xml in
            xml.element("p:cSld") { xml in
                xml.element("p:spTree") { xml in
                    ShapeTree.group(&xml)
                    var tree = ShapeTree()
                    title(&tree, &xml)
                    content(&tree, &xml)
                    if !page.layout.isCover { footers(&tree, &xml) }
                }
            }
            xml.element("p:clrMapOvr") { $0.element("a:masterClrMapping") }
        }
        return xml.bytes
    }

    private func title(_ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        let standard = page.layout.isCover ? 44.0 : 28.0
        let run = TextRun(text: page.title, size: page.titleSize == standard ? nil : page.titleSize)
        let type = page.layout == .title ? "ctrTitle" : "title"
        tree.placeholder("Title", type: type, index: nil, &xml) {
            TextBody.write([Paragraph(runs: [run])], language: deck.language, &$0)
        }
    }

    private func content(_ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        switch page.content {
        case .cover(let subtitle):
            guard let subtitle, !subtitle.isEmpty else { return }
            let size = fit.size(
                subtitle, in: SlideGeometry.coverSubtitle, from: 20, to: 12, heading: false, bold: false)
            tree.placeholder("Subtitle", type: page.layout == .title ? "subTitle" : "body", index: 1, &xml) {
                TextBody.write(
                    [Paragraph(runs: [TextRun(text: subtitle, size: size == 20 ? nil : size)])],
                    language: deck.language, &$0)
            }
        case .text(let text): points(text, 1, "Content", &tree, &xml)
        case .columns(let left, let right, let headings):
            for (index, heading) in (headings ?? []).enumerated() where !heading.isEmpty {
                let frame = SlideGeometry.heading(index == 0 ? SlideGeometry.left : SlideGeometry.right)
                let size = fit.size(heading, in: frame, from: 18, to: 10, heading: false)
                tree.placeholder("Heading", type: "body", index: 3 + index, &xml) {
                    TextBody.write(
                        [Paragraph(runs: [TextRun(text: heading, size: size)])], language: deck.language, &$0)
                }
            }
            points(left, 1, "Left Content", &tree, &xml)
            points(right, 2, "Right Content", &tree, &xml)
        case .table(let fit, let rows):
            TableFrame(fit: fit, page: rows, theme: deck.theme, language: deck.language).write(&tree, &xml)
        case .chart(let chart): graph(chart, &tree, &xml)
        case .image(let image): pictureAndCaption(image, &tree, &xml)
        case .sources(let sources, let size): list(sources, size, &tree, &xml)
        }
    }

    private func points(
        _ text: SlidePage.Text, _ index: Int, _ name: String, _ tree: inout ShapeTree, _ xml: inout XMLBuffer
    ) {
        guard !text.points.isEmpty else { return }
        let paragraphs = text.points.map { point in
            let level = point.level ?? 0
            let size = level > 0 ? text.size - 2 : text.size
            var runs = [TextRun(text: point.text, size: size)]
            if let source = point.source {
                runs.append(TextRun(text: "  ", size: size))
                runs.append(
                    TextRun(
                        text: "[\(source)]", size: max(10, size - 6), colour: deck.theme.muted, link: links[source]))
            }
            return Paragraph(runs: runs, level: level)
        }
        tree.placeholder(name, type: nil, index: index, &xml) {
            TextBody.write(paragraphs, language: deck.language, &$0)
        }
    }

    private func list(_ sources: [Source], _ size: Double, _ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        let paragraphs = sources.map { source in
            var runs = [
                TextRun(text: "[\(source.number)]  ", size: size, bold: true, colour: "accent1"),
                TextRun(text: source.title, size: size),
            ]
            if let url = source.url {
                runs.append(TextRun(text: "  ", size: size))
                runs.append(
                    TextRun(text: url, size: max(10, size - 4), colour: deck.theme.muted, link: links[source.number]))
            }
            return Paragraph(runs: runs, bullet: false)
        }
        tree.placeholder("Sources", type: nil, index: 1, &xml) {
            TextBody.write(paragraphs, language: deck.language, &$0)
        }
    }

    private func graph(_ chart: Chart, _ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        guard let objectID else { return }
        let id = tree.id()
        let names = chart.series.map(\.name).joined(separator: ", ")
        let text = chart.altText ?? "\(chart.kind.rawValue) chart: \(chart.title ?? page.title); \(names)"
        xml.element("p:graphicFrame") { xml in
            xml.element("p:nvGraphicFramePr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "Chart \(id - 1)", "descr": text])
                xml.element("p:cNvGraphicFramePr") { $0.element("a:graphicFrameLocks", ["noGrp": "1"]) }
                xml.element("p:nvPr") { $0.element("p:ph", ["type": "chart", "idx": "1"]) }
            }
            ShapeTree.transform(SlideGeometry.body, &xml, element: "p:xfrm")
            xml.element("a:graphic") { xml in
                xml.element("a:graphicData", ["uri": OfficeType.chartSpace]) { xml in
                    xml.element("c:chart", ["xmlns:c": OfficeType.chartSpace, "r:id": objectID])
                }
            }
        }
    }

    private func pictureAndCaption(_ image: Image, _ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        guard let objectID, let picture else { return }
        let id = tree.id()
        xml.element("p:pic") { xml in
            xml.element("p:nvPicPr") { xml in
                xml.element("p:cNvPr", ["id": "\(id)", "name": "Picture \(id - 1)", "descr": image.altText])
                xml.element("p:cNvPicPr") { $0.element("a:picLocks", ["noGrp": "1", "noChangeAspect": "1"]) }
                xml.element("p:nvPr") { $0.element("p:ph", ["type": "pic", "idx": "1"]) }
            }
            xml.element("p:blipFill") { xml in
                xml.element("a:blip", ["r:embed": objectID])
                if picture.crop > 0 { xml.element("a:srcRect", ["b": "\(picture.crop)"]) }
                xml.element("a:stretch") { $0.element("a:fillRect") }
            }
            xml.element("p:spPr") { xml in
                ShapeTree.transform(picture.frame, &xml)
                xml.element("a:prstGeom", ["prst": "rect"]) { $0.element("a:avLst") }
                xml.element("a:ln", ["w": "9525"]) { xml in
                    xml.element("a:solidFill") { xml in
                        xml.element("a:srgbClr", ["val": deck.theme.rule])
                    }
                }
            }
        }
        let caption = image.caption ?? image.altText
        let frame = SlideGeometry.caption
        let size = fit.size(caption, in: frame, from: 16, to: 9, heading: false, bold: false)
        tree.placeholder("Caption", type: "body", index: 2, &xml) {
            TextBody.write([Paragraph(runs: [TextRun(text: caption, size: size)])], language: deck.language, &$0)
        }
    }

    /// The sources that the slide cites in one line, the deck's title and the slide's number.
    private func footers(_ tree: inout ShapeTree, _ xml: inout XMLBuffer) {
        let cited = deck.sources.filter { page.cited.contains($0.number) }
        if !cited.isEmpty {
            let room = SlideGeometry.citations.widthInPoints
            let share = room / Double(cited.count) - 12
            let runs = cited.enumerated().flatMap { index, source -> [TextRun] in
                let text = fit.clipped(
                    "[\(source.number)] \(source.title)", lines: 1, font: deck.theme.bodyFont, points: 10,
                    width: max(30, share))
                let run = TextRun(text: text, colour: deck.theme.muted, link: links[source.number])
                return index == 0 ? [run] : [TextRun(text: "   "), run]
            }
            // More sources than a line holds: their numbers suffice, the list stands at the end.
            let numbers = TextRun(text: "Sources " + cited.map { "[\($0.number)]" }.joined(separator: " "))
            tree.placeholder("Sources", type: "body", index: SlideLayout.citationsIndex, &xml) {
                TextBody.write(
                    [Paragraph(runs: cited.count <= 6 ? runs : [numbers])], language: deck.language, &$0)
            }
        }
        let text = fit.clipped(
            deck.title, lines: 1, font: deck.theme.bodyFont, points: 10, width: SlideGeometry.footer.widthInPoints)
        tree.placeholder("Footer", type: "ftr", index: 11, &xml) {
            TextBody.write([Paragraph(runs: [TextRun(text: text)])], language: deck.language, &$0)
        }
        tree.placeholder("Slide Number", type: "sldNum", index: 12, &xml) {
            ShapeTree.numberField(&$0, text: "\(number)")
        }
    }
}
