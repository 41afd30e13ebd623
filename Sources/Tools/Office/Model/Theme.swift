import Glibc

/// Colours and fonts of a document, as tokens. Colours are `RRGGBB`, sRGB.
package struct Theme: Sendable, Hashable, Codable {
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

    package init(
        name: String, background: String, surface: String, text: String, heading: String, muted: String,
        accent: String, link: String, palette: [String], headingFont: String, bodyFont: String
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
    }

    enum CodingKeys: String, CodingKey {
        case name, background, surface, text, heading, muted, accent, link, palette
        case headingFont = "heading_font"
        case bodyFont = "body_font"
    }

    /// Deep teal on white. Arial has metric twins everywhere (Liberation Sans), so that measured text fits.
    package static let light = Theme(
        name: "Light", background: "FFFFFF", surface: "F1F5F7", text: "24313A", heading: "0F2A3D", muted: "566773",
        accent: "0B7285", link: "0B5FA5",
        palette: ["0B7285", "E8883A", "5B5F97", "2F9E6E", "C2416B", "8A6D3B", "3B8EA5", "7A8B99"],
        headingFont: "Arial", bodyFont: "Arial")

    /// Light text on deep blue.
    package static let dark = Theme(
        name: "Dark", background: "0F1E2B", surface: "1B2F40", text: "E6EDF2", heading: "FFFFFF", muted: "A9BAC7",
        accent: "3FC1C9", link: "8CC8FF",
        palette: ["3FC1C9", "F2A65A", "A6A4E0", "6FCF97", "F28CA8", "D9B46A", "8FC7E0", "B8C4CE"],
        headingFont: "Arial", bodyFont: "Arial")

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
        inspection.text(headingFont, "heading_font", limit: 64, required: true)
        inspection.text(bodyFont, "body_font", limit: 64, required: true)
    }

    private var colours: [(String, String)] {
        [
            ("background", background), ("surface", surface), ("text", text), ("heading", heading), ("muted", muted),
            ("accent", accent), ("link", link),
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
