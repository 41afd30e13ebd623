import CPangoCairo
import DocumentModel

/// Measures text with Pango in the deck's own fonts, at one unit a point.
final class TextMeasure {
    private let map: UnsafeMutablePointer<PangoFontMap>
    private let context: OpaquePointer
    private let layout: OpaquePointer
    /// Other renderers break and space lines a little differently.
    private static let allowance = 1.04

    init?() {
        guard let map = pango_cairo_font_map_new() else { return nil }
        pango_cairo_font_map_set_resolution(OpaquePointer(map), 72)
        guard let context = pango_font_map_create_context(map), let layout = pango_layout_new(context) else {
            g_object_unref(map)
            return nil
        }
        self.map = map
        self.context = context
        self.layout = layout
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(layout))
        g_object_unref(UnsafeMutableRawPointer(context))
        g_object_unref(map)
    }

    struct Size {
        var width: Double
        var height: Double
        var lines: Int
    }

    /// Size of `text` wrapped at `width` points; `nil` does not wrap.
    func size(_ text: String, font: String, points: Double, bold: Bool = false, width: Double? = nil) -> Size {
        let description = pango_font_description_new()
        defer { pango_font_description_free(description) }
        pango_font_description_set_family(description, font)
        pango_font_description_set_size(description, Int32(points * 1024))
        pango_font_description_set_weight(description, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL)
        pango_layout_set_font_description(layout, description)
        pango_layout_set_width(layout, width.map { Int32(max(1, $0 / Self.allowance) * 1024) } ?? -1)
        let clean = text.replacing("\0", with: " ")
        pango_layout_set_text(layout, clean, Int32(clipping: Int(clean.utf8.count)))
        var wide: Int32 = 0
        var high: Int32 = 0
        pango_layout_get_size(layout, &wide, &high)
        let lines = Int(pango_layout_get_line_count(layout))
        // 1.2 em a line is what Office reckons with for most fonts; Pango's own height counts where it is more.
        let height = max(Double(high) / 1024, Double(lines) * points * 1.17)
        return Size(width: Double(wide) / 1024 * Self.allowance, height: height, lines: lines)
    }
}

extension Int32 {
    fileprivate init(clipping value: Int) { self = Int32(Swift.min(value, Int(Int32.max))) }
}
