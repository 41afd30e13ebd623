package import DocumentModel

/// One change to a deck. Slides are counted from 1, as the deck stands when the change is made.
package enum DeckOperation: Sendable, Hashable {
    /// In the given slides and their notes, or in all; a match may span runs of different looks.
    case replaceText(find: String, replacement: String, slides: [Int]?, ignoresCase: Bool)
    /// `placeholder`: `title`, `subtitle`, `body`, a placeholder's index, or a shape's name.
    case fill(slide: Int, placeholder: String, lines: [Point])
    /// `chart` counts the charts of the slide from 1.
    case setChart(slide: Int, chart: Int, data: ChartData)
    case deleteSlide(Int)
    case moveSlide(Int, to: Int)
    case duplicateSlide(Int, to: Int?)
    /// Slides of another file, by its path.
    case copySlides(from: String, slides: [Int], to: Int?)
    case setNotes(slide: Int, notes: String)
}

/// Changes a presentation that exists. Whatever is not understood or not touched keeps its bytes.
package struct DeckEditor {
    private var deck: DeckPackage
    /// What was done, a line for each operation.
    package private(set) var log: [String] = []

    package init(_ bytes: [UInt8]) throws(OOXMLError) { deck = try DeckPackage(bytes) }

    package func slideCount() throws(OOXMLError) -> Int { try deck.slides().count }

    /// The changed file.
    package func bytes() throws(OOXMLError) -> [UInt8] { try deck.archive() }

    /// `files` holds the decks that slides are copied from, by path.
    package mutating func apply(_ operation: DeckOperation, files: [String: [UInt8]] = [:]) throws(OOXMLError) {
        switch operation {
        case .replaceText(let find, let replacement, let slides, let ignoresCase):
            let edit = TextEdit(find: find, replacement: replacement, ignoresCase: ignoresCase)
            let count = try replace(edit, in: slides)
            log.append("replaced \(count) times")
        case .fill(let slide, let placeholder, let lines):
            let entry = try deck.slide(slide)
            try deck.edit(entry.part) { (outline) throws(OOXMLError) in
                guard let shape = ShapeFill.find(placeholder, in: outline) else {
                    throw OOXMLError("placeholder_missing", "Slide \(slide) has no placeholder '\(placeholder)'.")
                }
                ShapeFill.apply(lines.map { FillLine(text: $0.text, level: $0.level ?? 0) }, to: shape, &outline)
            }
            log.append("filled '\(placeholder)' of slide \(slide)")
        case .setChart(let slide, let chart, let data):
            try deck.setChart(chart, ofSlide: slide, to: data)
            log.append("set the data of chart \(chart) on slide \(slide)")
        case .deleteSlide(let number):
            try deck.remove(number)
            log.append("deleted slide \(number)")
        case .moveSlide(let number, let place):
            try deck.move(number, to: place)
            log.append("moved slide \(number) to \(place)")
        case .duplicateSlide(let number, let place):
            try deck.duplicate(number, to: place)
            log.append("copied slide \(number)")
        case .copySlides(let path, let slides, let place):
            guard let bytes = files[path] else { throw OOXMLError("file_missing", "There is no file '\(path)'.") }
            try deck.copySlides(slides, of: DeckPackage(bytes), to: place)
            log.append("copied \(slides.count) slides of '\(path)'")
        case .setNotes(let slide, let notes):
            try deck.setNotes(notes, ofSlide: slide)
            log.append("set the notes of slide \(slide)")
        }
    }

    private mutating func replace(_ edit: TextEdit, in numbers: [Int]?) throws(OOXMLError) -> Int {
        var parts: [String] = []
        if let numbers {
            for number in numbers { parts.append(try deck.slide(number).part) }
        } else {
            parts = try deck.slides().map(\.part)
        }
        var count = 0
        for part in parts {
            let notes = try deck.package.target(of: part, "notesSlide")
            for place in [part] + (notes.map { [$0] } ?? []) where deck.package.contains(place) {
                try deck.edit(place) { (outline) throws(OOXMLError) in count += try edit.apply(to: &outline) }
            }
        }
        return count
    }
}
