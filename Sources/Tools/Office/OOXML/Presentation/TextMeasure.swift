import CPangoCairo
import DocumentModel
import Synchronization

/// Measures text with Pango in the deck's own fonts, at one unit a point.
///
/// Advances of the letters that most text consists of are asked for once; only what needs shaping, or a break within a
/// word, goes through Pango again.
final class TextMeasure {
    struct Size {
        var width: Double
        var height: Double
        var lines: Int
    }

    private struct Key: Hashable {
        var font: String
        var bold: Bool
    }

    /// One font: what a letter and a line take at one point.
    private struct Face {
        var lineHeight: Double
        /// By code point below `limit`; negative where it must be shaped.
        var advances: [Double]
        static let limit = 0x250
    }

    /// Advances of fonts, for all decks of this process.
    private static let known = Mutex<[Key: Face]>([:])
    /// Other renderers break and space lines a little differently.
    private static let allowance = 1.04
    /// Of lines, in ems: what Office reckons with for most fonts; Pango's own height counts where it is more.
    private static let lineHeight = 1.17
    private var faces: [Key: Face] = [:]
    private var ruler: PangoRuler?

    /// `nil` where the machine has no fonts.
    init?() {
        guard Self.known.withLock({ !$0.isEmpty }) || PangoRuler() != nil else { return nil }
    }

    /// Size of `text` wrapped at `width` points; `nil` does not wrap.
    func size(_ text: String, font: String, points: Double, bold: Bool = false, width: Double? = nil) -> Size {
        let face = face(Key(font: font, bold: bold))
        let room = width.map { max(1, $0 / Self.allowance) / points } ?? .infinity
        if let (wide, lines) = Self.wrap(text, face, room) {
            return Size(
                width: wide * points * Self.allowance,
                height: Double(lines) * points * max(face.lineHeight, Self.lineHeight), lines: lines)
        }
        guard let ruler = pango() else { return Size(width: 0, height: points, lines: 1) }
        let found = ruler.size(text, font: font, points: points, bold: bold, width: width.map { $0 / Self.allowance })
        let height = max(found.height, Double(found.lines) * points * Self.lineHeight)
        return Size(width: found.width * Self.allowance, height: height, lines: found.lines)
    }

    private func pango() -> PangoRuler? {
        if ruler == nil { ruler = PangoRuler() }
        return ruler
    }

    private func face(_ key: Key) -> Face {
        if let face = faces[key] { return face }
        let face =
            Self.known.withLock { $0[key] }
            ?? Self.measured(key, pango())
        Self.known.withLock { $0[key] = face }
        faces[key] = face
        return face
    }

    private static func measured(_ key: Key, _ ruler: PangoRuler?) -> Face {
        guard let ruler else { return Face(lineHeight: 1.2, advances: []) }
        let points = 100.0
        func wide(_ text: String) -> Double {
            ruler.size(text, font: key.font, points: points, bold: key.bold, width: nil).width / points
        }
        let advances = (0..<UInt32(Face.limit)).map { code -> Double in
            guard code >= 0x20, !(0x7F...0x9F).contains(code), code != 0xAD, let scalar = Unicode.Scalar(code) else {
                return -1
            }
            return wide(String(Character(scalar)))
        }
        let height = ruler.size("Hg", font: key.font, points: points, bold: key.bold, width: nil).height / points
        return Face(lineHeight: height, advances: advances)
    }

    /// Width and lines at one point; `nil` where Pango must decide. Breaks at blanks alone, as a line that Pango would
    /// break elsewhere is a word longer than the line.
    private static func wrap(_ text: String, _ face: Face, _ room: Double) -> (width: Double, lines: Int)? {
        var lines = 1
        var (line, word, blank, widest) = (0.0, 0.0, 0.0, 0.0)
        for scalar in text.unicodeScalars {
            guard scalar.value < face.advances.count else {
                guard let wide = punctuation(scalar, face) else { return nil }
                word += wide
                continue
            }
            let wide = face.advances[Int(scalar.value)]
            guard wide >= 0 else { return nil }
            guard scalar == " " else {
                word += wide
                continue
            }
            guard place(&line, &lines, &widest, word, blank, room) else { return nil }
            blank = word > 0 ? wide : blank + wide
            word = 0
        }
        guard place(&line, &lines, &widest, word, blank, room) else { return nil }
        return (max(widest, line), lines)
    }

    private static func place(
        _ line: inout Double, _ lines: inout Int, _ widest: inout Double, _ word: Double, _ blank: Double,
        _ room: Double
    ) -> Bool {
        guard word > 0 else { return true }
        guard word <= room else { return false }
        if line == 0 {
            line = word
        } else if line + blank + word <= room {
            line += blank + word
        } else {
            widest = max(widest, line)
            lines += 1
            line = word
        }
        return true
    }

    /// Dashes, quotation marks and the like are about as wide as letters that are known.
    private static func punctuation(_ scalar: Unicode.Scalar, _ face: Face) -> Double? {
        func letter(_ letter: Unicode.Scalar) -> Double? {
            letter.value < face.advances.count ? face.advances[Int(letter.value)] : nil
        }
        switch scalar.value {
        case 0x2013: return letter("n")
        case 0x2014, 0x2026: return letter("M").map { $0 * 1.25 }
        case 0x2018, 0x2019: return letter("!")
        case 0x201C, 0x201D, 0x201E, 0x2022, 0x2212, 0x20AC: return letter("0").map { $0 * 1.05 }
        default: return nil
        }
    }
}

/// A Pango layout to measure with.
private final class PangoRuler {
    private let map: UnsafeMutablePointer<PangoFontMap>
    private let context: OpaquePointer
    private let layout: OpaquePointer

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

    func size(_ text: String, font: String, points: Double, bold: Bool, width: Double?) -> TextMeasure.Size {
        let description = pango_font_description_new()
        defer { pango_font_description_free(description) }
        pango_font_description_set_family(description, font)
        pango_font_description_set_size(description, Int32(points * 1024))
        pango_font_description_set_weight(description, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL)
        pango_layout_set_font_description(layout, description)
        pango_layout_set_width(layout, width.map { Int32(max(1, $0) * 1024) } ?? -1)
        let clean = text.replacing("\0", with: " ")
        pango_layout_set_text(layout, clean, Int32(clipping: Int(clean.utf8.count)))
        var wide: Int32 = 0
        var high: Int32 = 0
        pango_layout_get_size(layout, &wide, &high)
        return TextMeasure.Size(
            width: Double(wide) / 1024, height: Double(high) / 1024, lines: Int(pango_layout_get_line_count(layout)))
    }
}

extension Int32 {
    fileprivate init(clipping value: Int) { self = Int32(Swift.min(value, Int(Int32.max))) }
}
