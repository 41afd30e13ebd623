import DocumentModel

/// What stands on a slide.
enum SlideElement {
    /// Text in a placeholder of the layout; `frame` where it differs from the layout's.
    case placeholder(Slot, frame: Frame?, [Paragraph])
    case shape(Shape)
    case line(Line)
    case table(TableFit, TableFit.Page, Frame)
    case chart(Chart, Frame)
    case picture(Image, Frame)
    /// Shapes that belong together, with what they show for those who cannot see it.
    case group(name: String, alt: String, Frame, [SlideElement])
}

/// A preset shape (ECMA-376 part 1, section 20.1.10.56), with text where it has any.
struct Shape {
    var name: String
    var preset = "rect"
    var frame: Frame
    /// A scheme colour or `RRGGBB`; `nil` is not filled.
    var fill: String?
    var outline: (colour: String, points: Double)?
    var paragraphs: [Paragraph] = []
    var anchor = "ctr"
    /// Points between edge and text.
    var inset = (horizontal: 0.0, vertical: 0.0)
    /// Values of the preset's guides.
    var guides: KeyValuePairs<String, String?> = [:]
    /// Whether it points somewhere, so that the mirrored slide turns it.
    var hasDirection = false
    /// Turned clockwise, in degrees.
    var rotation = 0.0
    /// `nil` is decoration.
    var alt: String?

    /// The share of the shorter side that a rounded corner takes, in 100,000ths, for a radius in points.
    static func corner(_ radius: Double, of frame: Frame) -> KeyValuePairs<String, String?> {
        let side = max(1, min(frame.widthInPoints, frame.heightInPoints))
        return ["adj": "\(Int(min(0.5, radius / side) * 100_000))"]
    }

    /// A card: rounded as the theme wants it.
    static func card(_ name: String, _ frame: Frame, fill: String, theme: Theme) -> Shape {
        let radius = theme.spacing.corner
        guard radius > 0 else { return Shape(name: name, frame: frame, fill: fill) }
        return Shape(
            name: name, preset: "roundRect", frame: frame, fill: fill, guides: corner(radius, of: frame))
    }
}

/// A straight line, with an arrow's head at its end where `isArrow`.
struct Line {
    var name: String
    var from: (x: Int, y: Int)
    var to: (x: Int, y: Int)
    var colour: String
    var points: Double
    var isArrow = false
}

/// A slide as it is written: text sized, overlong content split.
struct SlidePage {
    var layout: SlideLayout
    var elements: [SlideElement]
    var notes: String?
    /// Numbers of the sources that the slide cites.
    var cited: [Int] = []
    var transition: Transition?

    /// Addresses that its text and its citations lead to, each once.
    func links(_ deck: Deck) -> [String] {
        var found: [String] = []
        func add(_ address: String?) {
            if let address, !found.contains(address) { found.append(address) }
        }
        for case .placeholder(_, _, let paragraphs) in elements {
            for run in paragraphs.lazy.flatMap(\.runs) { add(run.link) }
        }
        for case .shape(let shape) in elements {
            for run in shape.paragraphs.lazy.flatMap(\.runs) { add(run.link) }
        }
        if !layout.isCover {
            for source in deck.sources where cited.contains(source.number) && source.isLink { add(source.url) }
        }
        return found
    }
}
