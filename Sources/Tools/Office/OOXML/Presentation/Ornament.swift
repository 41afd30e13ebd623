import DocumentModel

/// Grounds and shapes that a layout draws and nobody writes upon.
struct Ornament {
    let theme: Theme
    let grid: SlideGrid

    /// `nil`: the master's.
    func ground(_ layout: SlideLayout) -> String? {
        switch layout {
        case .title, .closing: theme.style == .rule ? nil : theme.cover
        case .section: theme.sectionGround
        default: nil
        }
    }

    func shapes(_ layout: SlideLayout) -> [Shape] {
        switch layout {
        case .title, .closing:
            cover(theme.cover, theme.coverAccent) + [bar("Accent", grid.coverAccent, theme.coverAccent)]
        case .section: section
        case .blank: []
        case .quote: edge
        default: head
        }
    }

    private func bar(_ name: String, _ frame: Frame, _ colour: String) -> Shape {
        Shape(name: name, frame: frame, fill: colour)
    }

    private func circle(_ x: Double, _ y: Double, _ size: Double, _ colour: String) -> Shape {
        Shape(name: "Circle", preset: "ellipse", frame: Frame(points: x, y, size, size), fill: colour)
    }

    private func cover(_ ground: String, _ accent: String) -> [Shape] {
        switch theme.style {
        case .bar:
            return [
                circle(628, -150, 520, Theme.mix(ground, accent, 0.16)),
                circle(770, 190, 400, Theme.mix(ground, accent, 0.32)),
                circle(700, 330, 130, Theme.mix(ground, accent, 0.85)),
            ]
        case .rule: return [bar("Band", Frame(points: 0, 0, 30, 540), theme.accent)]
        case .block:
            let shares = [0.14, 0.22, 0.34, 0.6, 1]
            return shares.enumerated().map { index, share in
                let high = 90 + Double(index) * 82
                return bar(
                    "Column", Frame(points: 680 + Double(index) * 56, 540 - high, 44, high),
                    Theme.mix(ground, accent, share))
            }
        }
    }

    private var section: [Shape] {
        let (ground, accent) = (theme.sectionGround, theme.sectionAccent)
        let line = bar("Accent", grid.sectionAccent, accent)
        switch theme.style {
        case .bar:
            return [
                circle(610, 70, 560, Theme.mix(ground, accent, 0.16)),
                circle(560, 390, 110, Theme.mix(ground, accent, 0.85)), line,
            ]
        case .rule: return [bar("Band", Frame(points: 0, 0, 30, 540), theme.accent), line]
        case .block:
            return [
                bar("Field", Frame(points: 760, 0, 200, 540), Theme.mix(ground, theme.cover, 0.55)),
                bar("Field", Frame(points: 860, 0, 100, 540), theme.cover), line,
            ]
        }
    }

    private var edge: [Shape] {
        theme.style == .block ? [bar("Edge", Frame(points: 0, 0, 12, 540), theme.accent)] : []
    }

    private var head: [Shape] {
        switch theme.style {
        case .bar: [bar("Accent", Frame(points: grid.margin, 102, 48, 4), theme.accent)]
        case .rule: [bar("Rule", Frame(points: grid.margin, 104, 960 - 2 * grid.margin, 1), theme.rule)]
        case .block: edge
        }
    }
}
