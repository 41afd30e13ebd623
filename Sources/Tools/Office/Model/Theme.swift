import Glibc

/// Colours, fonts and spacing of a document, as tokens. Colours are `RRGGBB`, sRGB.
///
/// In JSON an object of these tokens, or the name of a built-in theme (`Theme.builtIn`).
package struct Theme: Sendable, Hashable, Codable {
    /// How slides are set off: what stands beside titles and upon covers.
    package enum Style: String, Sendable, Hashable, Codable, CaseIterable {
        /// A short bar below titles, circles upon covers.
        case bar
        /// Hairlines, a band at the edge of covers.
        case rule
        /// A full edge of colour, rising columns upon covers.
        case block
    }

    /// Room, in points.
    package struct Spacing: Sendable, Hashable, Codable {
        /// Between the slide's edge and its content.
        package var margin: Double
        /// Between columns.
        package var gutter: Double
        /// Before a paragraph, where there is room for no more.
        package var paragraph: Double
        /// Radius of cards' corners.
        package var corner: Double

        package static let standard = Spacing(margin: 54, gutter: 30, paragraph: 9, corner: 8)
    }

    package var name: String
    /// The page, and a faint surface upon it for table bands and callouts.
    package var background: String
    package var surface: String
    /// Body text; titles; secondary text such as captions and page numbers.
    package var text: String
    package var heading: String
    package var muted: String
    /// Bars, rules and the first series.
    package var accent: String
    package var link: String
    /// Series of charts in order; at least six.
    package var palette: [String]
    package var headingFont: String
    package var bodyFont: String
    /// Ground of covers and sections, text upon it, and what is set off there.
    package var cover: String
    package var coverText: String
    package var coverAccent: String
    package var style: Style
    package var spacing: Spacing

    enum CodingKeys: String, CodingKey {
        case name, background, surface, text, heading, muted, accent, link, palette, cover, style, spacing
        case headingFont = "heading_font"
        case bodyFont = "body_font"
        case coverText = "cover_text"
        case coverAccent = "cover_accent"
    }

    /// Covers default to the heading's colour with the page's upon it, as far as that can be read.
    package init(
        name: String, background: String, surface: String, text: String, heading: String, muted: String,
        accent: String, link: String, palette: [String], headingFont: String, bodyFont: String,
        cover: String? = nil, coverText: String? = nil, coverAccent: String? = nil, style: Style = .bar,
        spacing: Spacing = .standard
    ) {
        self.name = name
        self.background = background
        self.surface = surface
        self.text = text
        self.heading = heading
        self.muted = muted
        self.accent = accent
        self.link = link
        self.palette = palette
        self.headingFont = headingFont
        self.bodyFont = bodyFont
        let ground = cover ?? heading
        self.cover = ground
        let ink = coverText ?? Self.ink(on: ground, among: [background, heading])
        self.coverText = ink
        self.coverAccent = coverAccent ?? ink
        self.style = style
        self.spacing = spacing
    }

    /// The colour that is read best upon `ground`: the first of `among` with a contrast of 4.5, else white or black.
    package static func ink(on ground: String, among colours: [String] = []) -> String {
        for colour in colours where (contrast(colour, ground) ?? 0) >= 4.5 { return colour }
        return (contrast("FFFFFF", ground) ?? 0) >= (contrast("1A1A1A", ground) ?? 0) ? "FFFFFF" : "1A1A1A"
    }

    /// `share` of `second` mixed into `first`; `first` where a colour is malformed.
    package static func mix(_ first: String, _ second: String, _ share: Double) -> String {
        guard let one = components(first), let two = components(second) else { return first }
        func blend(_ one: Double, _ two: Double) -> String {
            let digits = String(Int(((one * (1 - share) + two * share) * 255).rounded()), radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }
        return blend(one.red, two.red) + blend(one.green, two.green) + blend(one.blue, two.blue)
    }

    /// WCAG 2.2 contrast of body text, headings, muted text and links on the page and the surface must reach 4.5.
    func inspect(_ inspection: inout DocumentInspection) {
        for (key, value) in colours {
            inspection.require(Self.luminance(value) != nil, "colour", "'\(value)' is not RRGGBB.", at: key)
        }
        inspection.count(palette.count, "palette", in: 6...24)
        inspection.each("palette", palette) { colour, inspection in
            inspection.require(Self.luminance(colour) != nil, "colour", "'\(colour)' is not RRGGBB.")
        }
        for (key, value) in [("text", text), ("heading", heading), ("muted", muted), ("link", link)] {
            for page in [background, surface] where (Self.contrast(value, page) ?? 21) < 4.5 {
                inspection.report("contrast", "The contrast of '\(key)' with '\(page)' is below 4.5.", at: key)
            }
        }
        if (Self.contrast(coverText, cover) ?? 21) < 4.5 {
            inspection.report(
                "contrast", "The contrast of 'cover_text' with '\(cover)' is below 4.5.", at: "cover_text")
        }
        inspection.within("spacing") { inspection in
            for (key, value, limit) in [
                ("margin", spacing.margin, 120.0), ("gutter", spacing.gutter, 90), ("paragraph", spacing.paragraph, 40),
                ("corner", spacing.corner, 40),
            ] {
                inspection.require(
                    value >= 0 && value <= limit, "out_of_range", "'\(key)' is 0 to \(Int(limit)) points.", at: key)
            }
        }
        inspection.text(headingFont, "heading_font", limit: 64, required: true)
        inspection.text(bodyFont, "body_font", limit: 64, required: true)
    }

    private var colours: [(String, String)] {
        [
            ("background", background), ("surface", surface), ("text", text), ("heading", heading), ("muted", muted),
            ("accent", accent), ("link", link), ("cover", cover), ("cover_text", coverText),
            ("cover_accent", coverAccent),
        ]
    }

    /// Contrast ratio of two colours, 1 to 21 (WCAG 2.2, section 1.4.3); `nil` where one is malformed.
    package static func contrast(_ first: String, _ second: String) -> Double? {
        guard let first = luminance(first), let second = luminance(second) else { return nil }
        return (max(first, second) + 0.05) / (min(first, second) + 0.05)
    }

    /// Red, green and blue from 0 to 1.
    package static func components(_ colour: String) -> (red: Double, green: Double, blue: Double)? {
        guard colour.utf8.count == 6, colour.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let value = UInt32(colour, radix: 16)
        else { return nil }
        return (Double(value >> 16) / 255, Double((value >> 8) & 0xFF) / 255, Double(value & 0xFF) / 255)
    }

    private static func luminance(_ colour: String) -> Double? {
        guard let (red, green, blue) = components(colour) else { return nil }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}

/// One sRGB component as linear light (WCAG 2.2, "relative luminance").
private func linear(_ component: Double) -> Double {
    component <= 0.04045 ? component / 12.92 : pow((component + 0.055) / 1.055, 2.4)
}
