import DocumentModel

/// Fonts, sizes (in points) and colours of a report.
struct Styles {
    let text: Ink
    let heading: Ink
    let muted: Ink
    let accent: Ink
    let link: Ink
    let surface: Ink
    let background: Ink
    let hairline: Ink
    let gridline: Ink
    let palette: [Ink]

    let title: TextStyle
    let subtitle: TextStyle
    let byline: TextStyle
    let body: TextStyle
    let small: TextStyle
    let caption: TextStyle
    let label: TextStyle
    let labelStrong: TextStyle
    private let headings: [TextStyle]

    init(_ theme: Theme) {
        text = Ink(theme.text)
        heading = Ink(theme.heading)
        muted = Ink(theme.muted)
        accent = Ink(theme.accent)
        link = Ink(theme.link)
        surface = Ink(theme.surface)
        background = Ink(theme.background)
        hairline = Ink(theme.muted).mixed(with: Ink(theme.background), 0.65)
        gridline = hairline.mixed(with: background, 0.4)
        palette = theme.palette.map(Ink.init)
        let face = Self.families(theme.bodyFont)
        let display = Self.families(theme.headingFont)
        title = TextStyle(families: display, size: 23, isBold: true, leading: 1.18)
        subtitle = TextStyle(families: face, size: 12.5, leading: 1.35)
        byline = TextStyle(families: face, size: 9.5, leading: 1.35)
        body = TextStyle(families: face, size: 10.5, leading: 1.46)
        small = TextStyle(families: face, size: 9, leading: 1.4)
        caption = TextStyle(families: face, size: 9.5, isBold: true, leading: 1.35)
        label = TextStyle(families: face, size: 8, leading: 1.2)
        labelStrong = TextStyle(families: face, size: 8, isBold: true, leading: 1.2)
        headings = [
            TextStyle(families: display, size: 15.5, isBold: true, leading: 1.25),
            TextStyle(families: display, size: 12.5, isBold: true, leading: 1.3),
            TextStyle(families: display, size: 10.5, isBold: true, leading: 1.35),
        ]
    }

    func heading(level: Int) -> (style: TextStyle, ink: Ink, before: Double, after: Double) {
        switch level {
        case ...1: (headings[0], heading, 22, 7)
        case 2: (headings[1], accent, 16, 5)
        default: (headings[2], heading, 12, 3)
        }
    }

    /// What Debian installs stands behind the theme's wish; fontconfig adds fallbacks for each script.
    private static func families(_ wish: String) -> String {
        "\(wish.printable.replacing(",", with: " ")),Liberation Sans,DejaVu Sans,Noto Sans"
    }
}

struct TextStyle {
    var families: String
    /// In points.
    var size: Double
    var isBold = false
    /// Distance of lines, in sizes.
    var leading: Double

    func sized(_ size: Double, bold: Bool? = nil) -> TextStyle {
        var style = self
        style.size = size
        style.isBold = bold ?? isBold
        return style
    }
}
