import CPangoCairo
import DocumentModel

/// Shapes and breaks text with Pango; all lengths in points.
final class Typesetter {
    private let map: UnsafeMutablePointer<PangoFontMap>
    private let context: OpaquePointer
    /// Whether the report's language is written from right to left.
    let isRightToLeft: Bool

    init(language: String) throws {
        guard let map = pango_cairo_font_map_new() else { throw PDFError(.drawingFailed, "Pango has no fonts.") }
        guard let context = pango_font_map_create_context(map) else {
            g_object_unref(map)
            throw PDFError(.drawingFailed, "Pango gives no context.")
        }
        self.map = map
        self.context = context
        // One user unit is a point.
        pango_cairo_context_set_resolution(context, 72)
        let options = cairo_font_options_create()
        cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
        cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
        pango_cairo_context_set_font_options(context, options)
        cairo_font_options_destroy(options)
        pango_context_set_round_glyph_positions(context, 0)
        pango_context_set_language(context, pango_language_from_string(language))
        let primary = language.split { $0 == "-" || $0 == "_" }.first.map { $0.lowercased() } ?? ""
        isRightToLeft = ["ar", "he", "iw", "fa", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"].contains(primary)
        // Pango turns an alignment where a paragraph's direction differs from this one.
        pango_context_set_base_dir(context, PANGO_DIRECTION_LTR)
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(context))
        g_object_unref(map)
    }

    /// `width` nil: one line. With `maximumLines` the rest becomes an ellipsis. A word wider than
    /// `width` is broken if `breaksWords`.
    func set(
        _ string: String, _ style: TextStyle, width: Double?, alignment: Alignment = .start, maximumLines: Int? = nil,
        breaksWords: Bool = true, links: [LinkSpan] = []
    ) -> TextBlock {
        let layout: OpaquePointer = pango_layout_new(context)
        let description = pango_font_description_new()
        defer { pango_font_description_free(description) }
        pango_font_description_set_family(description, style.families)
        pango_font_description_set_absolute_size(description, style.size * Double(PANGO_SCALE))
        pango_font_description_set_weight(description, style.isBold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL)
        pango_layout_set_font_description(layout, description)
        pango_layout_set_wrap(layout, breaksWords ? PANGO_WRAP_WORD_CHAR : PANGO_WRAP_WORD)
        if let width {
            pango_layout_set_width(layout, Int32(min(max(width, 1), 10_000) * Double(PANGO_SCALE)))
        } else {
            pango_layout_set_single_paragraph_mode(layout, 1)
        }
        if let maximumLines {
            pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END)
            pango_layout_set_height(layout, -Int32(clamping: maximumLines))
        }
        pango_layout_set_alignment(layout, alignment.pango)
        apply(links, to: layout)
        pango_layout_set_text(layout, string, -1)
        return TextBlock(layout: layout, style: style, links: links)
    }

    /// Of the text on one line.
    func width(_ string: String, _ style: TextStyle) -> Double { set(string, style, width: nil).width }

    /// A colour makes Pango end a run where a link ends; the canvas sets the colour itself.
    private func apply(_ links: [LinkSpan], to layout: OpaquePointer) {
        guard !links.isEmpty else { return }
        let attributes = pango_attr_list_new()
        defer { pango_attr_list_unref(attributes) }
        for (index, link) in links.enumerated() {
            guard let attribute = pango_attr_foreground_new(UInt16(truncatingIfNeeded: index), 0, 0xFFFF) else {
                continue
            }
            attribute.pointee.start_index = guint(clamping: link.bytes.lowerBound)
            attribute.pointee.end_index = guint(clamping: link.bytes.upperBound)
            pango_attr_list_insert(attributes, attribute)
            guard link.isRaised, let small = pango_attr_scale_new(0.68) else { continue }
            small.pointee.start_index = attribute.pointee.start_index
            small.pointee.end_index = attribute.pointee.end_index
            pango_attr_list_insert(attributes, small)
        }
        pango_layout_set_attributes(layout, attributes)
    }
}

extension Alignment {
    /// Pango's left is the start: it turns with the direction of the paragraph.
    fileprivate var pango: PangoAlignment {
        switch self {
        case .start: PANGO_ALIGN_LEFT
        case .center: PANGO_ALIGN_CENTER
        case .end: PANGO_ALIGN_RIGHT
        }
    }
}

/// Text broken into lines.
final class TextBlock {
    struct Line {
        let pointer: UnsafeMutablePointer<PangoLayoutLine>
        /// Where the line begins, from the block's left edge.
        let x: Double
        let width: Double
        /// From the top of the line to its baseline.
        let baseline: Double
        /// Distance to the next line's top.
        let advance: Double
    }

    private let layout: OpaquePointer
    let lines: [Line]
    let links: [LinkSpan]
    let size: Double
    let height: Double
    /// Of the widest line.
    let width: Double

    init(layout: OpaquePointer, style: TextStyle, links: [LinkSpan]) {
        self.layout = layout
        self.links = links
        size = style.size
        lines = Self.lines(of: layout, leading: style.size * style.leading)
        height = lines.reduce(0) { $0 + $1.advance }
        width = lines.reduce(0) { max($0, $1.width) }
    }

    deinit { g_object_unref(UnsafeMutableRawPointer(layout)) }

    var text: UnsafePointer<CChar>? { pango_layout_get_text(layout) }

    /// Whether the first line reads from right to left.
    var isRightToLeft: Bool {
        lines.first.map { pango_layout_line_get_resolved_direction($0.pointer) == PANGO_DIRECTION_RTL } ?? false
    }

    func link(atByte index: Int) -> LinkSpan? { links.first { $0.bytes.contains(index) } }

    private static func lines(of layout: OpaquePointer, leading: Double) -> [Line] {
        guard let iterator = pango_layout_get_iter(layout) else { return [] }
        defer { pango_layout_iter_free(iterator) }
        var lines: [Line] = []
        repeat {
            guard let line = pango_layout_iter_get_line_readonly(iterator) else { break }
            var box = PangoRectangle()
            pango_layout_iter_get_line_extents(iterator, nil, &box)
            let height = points(box.height)
            let ascent = points(pango_layout_iter_get_baseline(iterator) - box.y)
            // Scripts taller than the style's leading get the room they need.
            let advance = max(leading, height)
            lines.append(
                Line(
                    pointer: line, x: points(box.x), width: points(box.width),
                    baseline: (advance - height) / 2 + ascent, advance: advance))
        } while pango_layout_iter_next_line(iterator) != 0
        return lines
    }
}

private func points(_ units: Int32) -> Double { Double(units) / Double(PANGO_SCALE) }
