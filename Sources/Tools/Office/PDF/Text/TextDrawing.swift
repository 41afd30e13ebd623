import CPangoCairo

extension Canvas {
    /// Draws lines of `block` with the first one's top at `y`; answers the height used. Each stretch of plain text
    /// becomes an element `leaf`, each link a `Link`; with `leaf` nil nothing is tagged and links are dead.
    func draw(
        _ block: TextBlock, lines range: Range<Int>? = nil, x: Double, y: Double, ink: Ink, linkInk: Ink? = nil,
        leaf: String? = nil
    ) -> Double {
        var top = y
        var element = OpenElement(canvas: self, leaf: leaf)
        for line in block.lines[range ?? 0..<block.lines.count] {
            draw(line, of: block, x: x + line.x, baseline: top + line.baseline, ink, linkInk ?? ink, &element)
            top += line.advance
        }
        element.close()
        return top - y
    }

    /// One unbroken text without tags, such as an axis label.
    func label(_ block: TextBlock, x: Double, y: Double, _ colour: Ink) {
        _ = draw(block, x: x, y: y, ink: colour)
    }

    private func draw(
        _ line: TextBlock.Line, of block: TextBlock, x: Double, baseline: Double, _ ink: Ink, _ linkInk: Ink,
        _ element: inout OpenElement
    ) {
        guard let cairo else { return }
        var x = x
        var node = line.pointer.pointee.runs
        while let current = node {
            node = current.pointee.next
            guard let data = current.pointee.data else { continue }
            let run = data.assumingMemoryBound(to: PangoGlyphItem.self)
            guard let item = run.pointee.item else { continue }
            let link = block.link(atByte: Int(item.pointee.offset))
            element.enter(link)
            self.ink(link == nil ? ink : linkInk)
            cairo_move_to(cairo, x, baseline - (link?.isRaised == true ? block.size * 0.36 : 0))
            pango_cairo_show_glyph_item(cairo, block.text, run)
            x += Double(pango_glyph_string_get_width(run.pointee.glyphs)) / Double(PANGO_SCALE)
        }
    }
}

/// The element that text is being drawn into.
private struct OpenElement {
    let canvas: Canvas
    let leaf: String?
    private var name: String?
    private var link: LinkSpan?

    init(canvas: Canvas, leaf: String?) {
        self.canvas = canvas
        self.leaf = leaf
    }

    mutating func enter(_ next: LinkSpan?) {
        guard let leaf, name == nil || next != link else { return }
        close()
        link = next
        name = next == nil ? leaf : "Link"
        canvas.begin(name ?? leaf, next?.target.attributes ?? "")
    }

    mutating func close() {
        if let name { canvas.end(name) }
        name = nil
    }
}
