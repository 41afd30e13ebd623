import DocumentModel

/// Where things stand on a slide of 13.33 × 7.5 inches (960 × 540 points): one margin, one baseline for titles, twelve
/// columns for the rest. Everything is meant for reading from the left; `SlidePart` mirrors it.
struct SlideGrid: Sendable {
    static let width = 12_192_000
    static let height = 6_858_000
    let margin: Double
    let gutter: Double
    let style: Theme.Style

    init(_ theme: Theme) {
        // Wider margins would leave no room for a table.
        margin = min(120, max(24, theme.spacing.margin))
        gutter = min(90, max(12, theme.spacing.gutter))
        style = theme.style
    }

    private var span: Double { 960 - 2 * margin }

    var title: Frame { Frame(points: margin, 28, span, 68) }
    /// Right above a title of one line.
    var kicker: Frame { Frame(points: margin, 30, span, 18) }
    var body: Frame { Frame(points: margin, 126, span, 348) }
    var left: Frame { body.columns(2, gutter: gutter)[0] }
    var right: Frame { body.columns(2, gutter: gutter)[1] }
    var takeaway: Frame { Frame(points: margin, 430, span, 44) }
    var citations: Frame { Frame(points: margin, 482, span, 16) }
    var footer: Frame { Frame(points: margin, 506, span - 100, 16) }
    var number: Frame { Frame(points: 960 - margin - 80, 506, 80, 16) }

    static let takeawayInset = Place.Inset(side: 18, top: 8, bottom: 8)
    static let cardInset = Place.Inset(side: 22, top: 58, bottom: 16)

    /// The heading upon the card of one side of a comparison.
    func cardHeading(_ side: Int) -> Frame {
        (side == 0 ? left : right).inset(Self.cardInset.side, 16).top(30)
    }

    var picture: Frame {
        let twelfth = (span - 11 * gutter) / 12
        return Frame(points: margin, 126, 8 * twelfth + 7 * gutter, 348)
    }
    var caption: Frame {
        let twelfth = (span - 11 * gutter) / 12
        return Frame(points: margin + 8 * (twelfth + gutter), 126, 4 * twelfth + 3 * gutter, 348)
    }

    /// Covers: the title ends where the accent begins.
    private var coverMargin: Double { style == .rule ? margin + 36 : margin + 10 }
    private var coverWidth: Double { style == .rule ? 760 : 590 }
    var coverTitle: Frame { Frame(points: coverMargin, 110, coverWidth, 186) }
    var coverAccent: Frame {
        style == .rule ? Frame(points: coverMargin, 314, coverWidth, 1.25) : Frame(points: coverMargin, 314, 72, 5)
    }
    var coverSubtitle: Frame { Frame(points: coverMargin, 336, coverWidth, 110) }
    var sectionNumber: Frame { Frame(points: coverMargin, 92, 300, 100) }
    var sectionTitle: Frame { Frame(points: coverMargin, 190, coverWidth, 120) }
    var sectionAccent: Frame { Frame(points: coverMargin, 326, 72, style == .rule ? 1.25 : 5) }
    var sectionSubtitle: Frame { Frame(points: coverMargin, 346, coverWidth, 100) }

    var quoteMark: Frame { Frame(points: margin, 112, 90, 96) }
    var quote: Frame { Frame(points: margin + 96, 110, span - 176, 270) }
    var attribution: Frame { Frame(points: margin + 96, 396, span - 176, 70) }
    var quoteTitle: Frame { Frame(points: margin, 40, span, 24) }

    var figure: Frame { Frame(points: margin, 140, span, 176) }
    var figureLabel: Frame { Frame(points: margin, 326, span, 130) }
}
