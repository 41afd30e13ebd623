/// Reads PPTX: slides in the order of the presentation, each with its notes.
enum SlidesReader {
    static func read(_ archive: Archive, _ package: Relations, main: String, into builder: inout DocumentBuilder)
        throws(ReadingError)
    {
        let relations = try Relations.of(main, in: archive)
        let order = SlideOrder()
        guard try XMLStream.read(main, of: archive, to: order) else {
            throw ReadingError(.damaged, "The file holds no presentation part.")
        }
        let parts = order.slides.compactMap { relations.target($0) }
        builder.metadata.pages = parts.count
        for part in parts where !builder.isFull {
            builder.begin(.slide)
            builder.changeSection {
                $0.width = order.width
                $0.height = order.height
            }
            do {
                try slide(part, archive, &builder)
            } catch {
                guard error.code == .damaged else { throw error }
                builder.warn(error.message)
            }
        }
        for part in relations.parts("package") {
            builder.attach(DocumentAttachment(embedded: part, size: archive.statedSize(of: part)))
        }
    }

    private static func slide(_ part: String, _ archive: Archive, _ builder: inout DocumentBuilder)
        throws(ReadingError)
    {
        let relations = try Relations.of(part, in: archive)
        let slide = SlidePart(relations)
        var failure: ReadingError?
        do {
            _ = try XMLStream.read(part, of: archive, to: slide)
        } catch  where error.code == .damaged {
            failure = error
        }
        builder.changeSection {
            $0.title = slide.title
            $0.hidden = slide.isHidden ? true : nil
        }
        var drawings = slide.drawings[...]
        for (index, element) in slide.elements.enumerated() {
            while let drawing = drawings.first, drawing.position <= index {
                drawings.removeFirst()
                try draw(drawing.part, drawing.isChart, archive, &builder)
            }
            builder.add(element)
        }
        for drawing in drawings { try draw(drawing.part, drawing.isChart, archive, &builder) }
        for name in relations.parts("notesSlide").prefix(1) {
            let notes = SlidePart(try Relations.of(name, in: archive), isNotes: true)
            _ = try XMLStream.read(name, of: archive, to: notes)
            for element in notes.elements { builder.add(element) }
        }
        for name in relations.parts("package") + relations.parts("oleObject") {
            builder.attach(DocumentAttachment(embedded: name, size: archive.statedSize(of: name)))
        }
        if let failure { throw failure }
    }

    private static func draw(_ part: String, _ isChart: Bool, _ archive: Archive, _ builder: inout DocumentBuilder)
        throws(ReadingError)
    {
        guard !isChart else { return try ChartCache.read(part, archive, into: &builder) }
        let diagram = DiagramData()
        _ = try XMLStream.read(part, of: archive, to: diagram)
        for text in diagram.texts { builder.add(DocumentElement(.listItem, text: text, level: 0)) }
    }
}

/// Ids of the slides in order, and their size in points.
private final class SlideOrder: XMLHandler {
    var slides: [String] = []
    var width: Double?
    var height: Double?
    var isDone: Bool { slides.count > 10_000 }

    func start(_ name: String, _ attributes: [String: String]) {
        if name == "p:sldId", let id = attributes["r:id"] { slides.append(id) }
        if name == "p:sldSz" {
            width = SlidePart.points(attributes["cx"])
            height = SlidePart.points(attributes["cy"])
        }
    }

    func end(_ name: String) {}
    func text(_ text: String) {}
}
