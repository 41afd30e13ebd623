package import DocumentModel

/// Writes a `Deck` as PPTX (ECMA-376 part 1, PresentationML).
package struct Presentation {
    /// A picture's bytes by its path in the deck.
    package typealias Pictures = [String: [UInt8]]

    /// The file and how many slides it has after splitting.
    package struct Output: Sendable {
        package var bytes: [UInt8]
        package var slides: Int
    }

    private let deck: Deck
    private let pictures: Pictures
    private let stage: Stage
    private let fit: TextFit
    private var parts = OfficePackage()
    private var charts = 0
    private var media: [String: String] = [:]
    private static let main = "/ppt/presentation.xml"

    /// Every image of the deck must be in `pictures`. `template` is a presentation or a template whose masters, layouts
    /// and theme are used instead of the deck's theme. `created` is ISO 8601 in UTC, or `nil` for no dates in the file.
    package static func bytes(
        of deck: Deck, pictures: Pictures = [:], template: [UInt8]? = nil, created: String? = nil
    ) throws(OOXMLError) -> Output {
        guard let measure = TextMeasure() else { throw OOXMLError("fonts", "Pango found no fonts to measure with.") }
        guard let template else {
            let stage = Stage(theme: deck.theme, isRightToLeft: deck.isRightToLeft)
            var writer = Presentation(deck, pictures, stage, measure)
            return try writer.write(created)
        }
        var look = try Template(template, isRightToLeft: deck.isRightToLeft)
        let stage = try look.stage()
        var deck = deck
        deck.theme = stage.theme
        var writer = Presentation(deck, pictures, stage, measure)
        let written = try writer.write(created)
        return Output(bytes: try look.fill(with: written.bytes), slides: written.slides)
    }

    private init(_ deck: Deck, _ pictures: Pictures, _ stage: Stage, _ measure: TextMeasure) {
        self.deck = deck
        self.pictures = pictures
        self.stage = stage
        fit = TextFit(measure: measure, theme: stage.theme)
    }

    private mutating func write(_ created: String?) throws(OOXMLError) -> Output {
        _ = parts.relate("/", to: Self.main, type: OfficeType.officeDocument)
        let masterID = parts.relate(
            Self.main, to: SlideMasterPart.part, type: OfficeType.relationships + "/slideMaster")
        writeMaster()
        let pages = SlideFlow(deck: deck, stage: stage, fit: fit, pictures: pictures.compactMapValues(ImageHeader.init))
            .pages()
        var slideIDs: [String] = []
        for (index, page) in pages.enumerated() {
            let name = "/ppt/slides/slide\(index + 1).xml"
            slideIDs.append(parts.relate(Self.main, to: name, type: OfficeType.relationships + "/slide"))
            try write(page, name, number: index + 1)
        }
        var notesID: String?
        if pages.contains(where: { $0.notes != nil }) {
            notesID = parts.relate(Self.main, to: NotesPart.master, type: OfficeType.relationships + "/notesMaster")
            parts.add(NotesPart.master, type: OfficeType.presentation("notesMaster"), NotesPart.masterBytes())
            _ = parts.relate(NotesPart.master, to: "/ppt/theme/theme2.xml", type: OfficeType.theme)
            parts.add("/ppt/theme/theme2.xml", type: OfficeType.themePart, ThemePart(theme: deck.theme).bytes)
        }
        addProperties()
        parts.add(
            Self.main, type: OfficeType.presentation("presentation.main"),
            presentation(master: masterID, slides: slideIDs, notes: notesID))
        DocumentProperties(title: deck.title, author: deck.author, language: deck.language, created: created)
            .add(to: &parts)
        return Output(bytes: try parts.archive(), slides: pages.count)
    }

    private mutating func writeMaster() {
        let writer = SlideMasterPart(stage: stage)
        var ids: [String] = []
        for layout in SlideLayout.allCases {
            ids.append(
                parts.relate(SlideMasterPart.part, to: layout.part, type: OfficeType.relationships + "/slideLayout"))
            _ = parts.relate(layout.part, to: SlideMasterPart.part, type: OfficeType.relationships + "/slideMaster")
            parts.add(layout.part, type: OfficeType.presentation("slideLayout"), writer.layout(layout))
        }
        _ = parts.relate(SlideMasterPart.part, to: "/ppt/theme/theme1.xml", type: OfficeType.theme)
        parts.add("/ppt/theme/theme1.xml", type: OfficeType.themePart, ThemePart(theme: deck.theme).bytes)
        parts.add(
            SlideMasterPart.part, type: OfficeType.presentation("slideMaster"), writer.master(layoutIDs: ids))
    }

    /// Empty parts that PowerPoint writes and expects to find.
    private mutating func addProperties() {
        var properties = XMLBuffer()
        properties.element("p:presentationPr", ShapeTree.spaces)
        var view = XMLBuffer()
        view.element("p:viewPr", ShapeTree.spaces)
        for (kind, bytes) in [
            ("tableStyles", TableStyle.part(stage)), ("presProps", properties.bytes), ("viewProps", view.bytes),
        ] {
            _ = parts.relate(Self.main, to: "/ppt/\(kind).xml", type: "\(OfficeType.relationships)/\(kind)")
            parts.add("/ppt/\(kind).xml", type: OfficeType.presentation(kind), bytes)
        }
    }

    private func presentation(master: String, slides: [String], notes: String?) -> [UInt8] {
        var xml = XMLBuffer()
        xml.element(
            "p:presentation",
            [
                "xmlns:a": OfficeType.drawingSpace, "xmlns:r": OfficeType.relationships,
                "xmlns:p": "http://schemas.openxmlformats.org/presentationml/2006/main",
                "rtl": stage.isRightToLeft ? "1" : nil, "saveSubsetFonts": "1",
            ]
        ) { xml in
            xml.element("p:sldMasterIdLst") { xml in
                xml.element("p:sldMasterId", ["id": "\(SlideMasterPart.firstID)", "r:id": master])
            }
            if let notes {
                xml.element("p:notesMasterIdLst") { $0.element("p:notesMasterId", ["r:id": notes]) }
            }
            xml.element("p:sldIdLst") { xml in
                // Slide ids start at 256 (ST_SlideId).
                for (index, id) in slides.enumerated() {
                    xml.element("p:sldId", ["id": "\(256 + index)", "r:id": id])
                }
            }
            xml.element("p:sldSz", ["cx": "\(stage.width)", "cy": "\(stage.height)"])
            xml.element("p:notesSz", ["cx": "6858000", "cy": "9144000"])
            xml.element("p:defaultTextStyle") { SlideMasterPart(stage: stage).plainStyle(&$0) }
        }
        return xml.bytes
    }

    private mutating func write(_ page: SlidePage, _ name: String, number: Int) throws(OOXMLError) {
        let layout = stage.layouts[page.layout]?.part ?? page.layout.part
        _ = parts.relate(name, to: layout, type: OfficeType.relationships + "/slideLayout")
        var writer = SlidePart(
            page: page, deck: deck, number: number, stage: stage, fit: fit,
            context: TextContext(language: deck.language, isRightToLeft: stage.isRightToLeft))
        for address in page.links(deck) {
            writer.context.links[address] = parts.relate(
                name, to: LinkTarget.uri(address), type: OfficeType.hyperlink, external: true)
        }
        for element in page.elements {
            switch element {
            case .chart(let chart, _): writer.objects.append(try addChart(chart, to: name))
            case .picture(let image, let frame):
                let (part, header) = try addPicture(image)
                writer.objects.append(parts.relate(name, to: part, type: OfficeType.image))
                writer.crops[image.path] = Self.crop(header, frame)
            case .placeholder, .shape, .line, .table, .group: break
            }
        }
        if let notes = page.notes, !notes.isEmpty {
            let part = "/ppt/notesSlides/notesSlide\(number).xml"
            _ = parts.relate(name, to: part, type: OfficeType.relationships + "/notesSlide")
            _ = parts.relate(part, to: NotesPart.master, type: OfficeType.relationships + "/notesMaster")
            _ = parts.relate(part, to: name, type: OfficeType.relationships + "/slide")
            let context = TextContext(language: deck.language, isRightToLeft: stage.isRightToLeft)
            parts.add(part, type: OfficeType.presentation("notesSlide"), NotesPart.bytes(notes, context))
        }
        parts.add(name, type: OfficeType.presentation("slide"), writer.bytes())
    }

    /// Of a picture that is taller than its frame the top is shown; the rest of its height in thousandths of a percent.
    private static func crop(_ header: ImageHeader, _ frame: Frame) -> Int {
        let tall = Double(header.height) / Double(header.width) * Double(frame.width) / Double(frame.height)
        return tall > 1.05 ? Int((1 - 1 / tall) * 100_000) : 0
    }

    private mutating func addPicture(_ image: Image) throws(OOXMLError) -> (part: String, header: ImageHeader) {
        guard let bytes = pictures[image.path], let header = ImageHeader(bytes) else {
            throw OOXMLError("image_invalid", "'\(image.path)' is not a PNG or JPEG picture.")
        }
        if let part = media[image.path] { return (part, header) }
        let part = "/ppt/media/image\(media.count + 1).\(header.kind.rawValue)"
        media[image.path] = part
        parts.add(part, type: "image/\(header.kind.rawValue)", bytes)
        return (part, header)
    }

    private mutating func addChart(_ chart: Chart, to slide: String) throws(OOXMLError) -> String {
        charts += 1
        let name = "/ppt/charts/chart\(charts).xml"
        let workbook = "/ppt/embeddings/Microsoft_Excel_Sheet\(charts).xlsx"
        let data = ChartWorkbook(chart)
        parts.add(workbook, type: OfficeType.workbookPackage, try Spreadsheet.bytes(of: data.workbook))
        let id = parts.relate(name, to: workbook, type: OfficeType.embedded)
        let part = ChartPart(
            chart, series: data.series, theme: deck.theme, fontSize: 1400, workbookID: id,
            isRightToLeft: stage.isRightToLeft)
        parts.add(name, type: OfficeType.chartPart, part.bytes)
        return parts.relate(slide, to: name, type: OfficeType.chart)
    }
}
