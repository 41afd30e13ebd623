import CPangoCairo
import DocumentModel

/// A colour, components from 0 to 1.
struct Ink {
    var red = 0.0
    var green = 0.0
    var blue = 0.0

    init(_ colour: String) {
        if let (red, green, blue) = Theme.components(colour) {
            self.red = red
            self.green = green
            self.blue = blue
        }
    }

    /// Towards `other`: 0 is this colour, 1 the other.
    func mixed(with other: Ink, _ share: Double) -> Ink {
        var ink = self
        ink.red += (other.red - red) * share
        ink.green += (other.green - green) * share
        ink.blue += (other.blue - blue) * share
        return ink
    }
}

/// A rectangle in points; y grows downwards.
struct Box {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }
}

/// A page to draw on, with tags. Without a surface nothing is drawn: the pass that counts pages.
final class Canvas {
    private(set) var cairo: OpaquePointer?
    private let surface: OpaquePointer?
    private(set) var status = CAIRO_STATUS_SUCCESS

    var isDrawing: Bool { cairo != nil }

    init(surface: OpaquePointer?) {
        self.surface = surface
        cairo = surface.flatMap { cairo_create($0) }
    }

    deinit { close() }

    func close() {
        guard let cairo else { return }
        status = cairo_status(cairo)
        cairo_destroy(cairo)
        self.cairo = nil
    }

    func showPage() {
        guard let cairo else { return }
        cairo_show_page(cairo)
    }

    /// A structure element (ISO 32000-1, section 14.8.4). Cairo marks content only within the innermost element, so
    /// that what is drawn beside a child stays an artifact.
    func tag(_ name: String, _ attributes: String = "", _ body: () throws -> Void) rethrows {
        begin(name, attributes)
        try body()
        end(name)
    }

    func begin(_ name: String, _ attributes: String = "") {
        guard let cairo else { return }
        cairo_tag_begin(cairo, name, attributes)
    }

    func end(_ name: String) {
        guard let cairo else { return }
        cairo_tag_end(cairo, name)
    }

    /// A named place that links lead to.
    func destination(_ name: String, x: Double, y: Double) {
        begin("cairo.dest", "name='\(name)' x=\(Int(x)) y=\(Int(y))")
        end("cairo.dest")
    }

    /// An entry of the outline; answers its number as a parent of others.
    func outline(_ title: String, parent: Int32, page: Int, y: Double) -> Int32 {
        guard let surface, isDrawing else { return 0 }
        return cairo_pdf_surface_add_outline(
            surface, parent, title, "page=\(page) pos=[0 \(Int(max(0, y)))]", CAIRO_PDF_OUTLINE_FLAG_OPEN)
    }

    func ink(_ ink: Ink, alpha: Double = 1) {
        guard let cairo else { return }
        cairo_set_source_rgba(cairo, ink.red, ink.green, ink.blue, alpha)
    }

    func fill(_ box: Box, _ colour: Ink, alpha: Double = 1) {
        guard let cairo, box.width > 0, box.height > 0 else { return }
        ink(colour, alpha: alpha)
        cairo_rectangle(cairo, box.x, box.y, box.width, box.height)
        cairo_fill(cairo)
    }

    func rule(_ x: Double, _ y: Double, to endX: Double, _ endY: Double, _ colour: Ink, width: Double = 0.5) {
        guard let cairo else { return }
        ink(colour)
        cairo_set_line_width(cairo, width)
        cairo_move_to(cairo, x, y)
        cairo_line_to(cairo, endX, endY)
        cairo_stroke(cairo)
    }
}
