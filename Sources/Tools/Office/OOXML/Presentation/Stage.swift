import DocumentModel

/// What slides are set upon: the layouts that exist, the places on them, and the colours by which shapes name the
/// theme's tokens.
struct Stage: Sendable {
    struct Layout: Sendable {
        var part: String
        var places: [Slot: Place]
    }

    /// Scheme colours (`accent1`) where the theme has one for the token, else `RRGGBB`.
    struct Inks: Sendable {
        var page = "bg1"
        var surface = "bg2"
        var text = "tx1"
        var heading = "tx2"
        var muted = "folHlink"
        var accent = "accent1"
    }

    /// Sizes in points that text begins at.
    struct Sizes: Sendable {
        var title = 28.0
        var cover = 44.0
        var subtitle = 20.0
    }

    let theme: Theme
    let grid: SlideGrid
    let isRightToLeft: Bool
    let layouts: [SlideLayout: Layout]
    var inks = Inks()
    var sizes = Sizes()
    /// Of a slide, in EMU.
    var width = SlideGrid.width
    var height = SlideGrid.height

    /// Between the frames of placeholders and their text.
    var textMargin = Place.Inset()

    init(theme: Theme, isRightToLeft: Bool, layouts: [SlideLayout: Layout]) {
        self.theme = theme
        self.isRightToLeft = isRightToLeft
        self.layouts = layouts
        grid = SlideGrid(theme)
    }

    init(theme: Theme, isRightToLeft: Bool) {
        self.theme = theme
        self.isRightToLeft = isRightToLeft
        grid = SlideGrid(theme)
        var layouts: [SlideLayout: Layout] = [:]
        for layout in SlideLayout.allCases {
            var places = layout.places(grid)
            if !layout.isCover { places += [.footer(grid.footer), .number(grid.number)] }
            layouts[layout] = Layout(
                part: layout.part, places: Dictionary(uniqueKeysWithValues: places.map { ($0.slot, $0) }))
        }
        self.layouts = layouts
        sizes.title = theme.titleSize
        sizes.cover = theme.coverSize
    }

    func place(_ slot: Slot, _ layout: SlideLayout) -> Place? { layouts[layout]?.places[slot] }

    /// Where content stands, or the grid's own place for it.
    func frame(_ slot: Slot, _ layout: SlideLayout) -> Frame { place(slot, layout)?.frame ?? body }

    private var body: Frame { place(.body, .content)?.frame ?? grid.body }

    /// Fills that follow one another in diagrams and cards.
    func series(_ index: Int) -> String { "accent\(index % 6 + 1)" }
    /// Text upon such a fill.
    func ink(onSeries index: Int) -> String {
        Theme.ink(on: theme.palette.isEmpty ? theme.accent : theme.palette[index % min(6, theme.palette.count)])
    }
}

extension Theme {
    /// Titles with serifs are light and large, others bold.
    var hasBoldTitles: Bool { style != .rule }
    var titleSize: Double { style == .bar ? 28 : 30 }
    var coverSize: Double { style == .bar ? 44 : 48 }
    /// The ground of sections, text and what is set off upon it.
    var sectionGround: String {
        switch style {
        case .bar: cover
        case .rule: surface
        // Bright accents belong to dark pages: a whole slide of one would blind.
        case .block: Self.ink(on: accent) == "FFFFFF" ? accent : Self.mix(cover, accent, 0.3)
        }
    }
    var sectionText: String {
        style == .bar ? coverText : Self.ink(on: sectionGround, among: style == .rule ? [heading] : ["FFFFFF"])
    }
    var sectionAccent: String {
        switch style {
        case .bar: coverAccent
        case .rule: accent
        case .block: Self.mix(sectionText, sectionGround, 0.15)
        }
    }
}
