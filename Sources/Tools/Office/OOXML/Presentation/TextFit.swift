import DocumentModel

/// Chooses sizes at which text fits its frame, and breaks what does not fit into several slides.
struct TextFit {
    /// In EMU.
    static let indent = 285_750
    /// Points before a paragraph.
    static let spacing = 9.0
    /// Sizes of points from best to smallest; below 16 a room cannot read them.
    private static let sizes = [24.0, 22, 20, 18, 17, 16]
    let measure: TextMeasure
    let theme: Theme

    /// The largest size from `largest` down to `smallest` at which `text` fits.
    func size(
        _ text: String, in frame: Frame, from largest: Double, to smallest: Double, heading: Bool, bold: Bool = true
    ) -> Double {
        var size = largest
        while size > smallest {
            let high = measure.size(
                text, font: heading ? theme.headingFont : theme.bodyFont, points: size, bold: bold,
                width: frame.widthInPoints
            ).height
            if high <= frame.heightInPoints { return size }
            size -= 1
        }
        return smallest
    }

    /// Points in pages, all at one size.
    func pages(_ points: [Point], in frame: Frame) -> (size: Double, pages: [[Point]]) {
        for size in Self.sizes where height(points, size, frame) <= frame.heightInPoints { return (size, [points]) }
        let size = Self.sizes[Self.sizes.count - 2]
        var pages: [[Point]] = [[]]
        var used = 0.0
        let whole = points.flatMap { parts(of: $0, size, frame) }
        let total = whole.reduce(0) { $0 + height([$1], size, frame) }
        // Even pages look better than a full one and a stub.
        let count = max(1, (total / frame.heightInPoints).rounded(.up))
        let goal = min(frame.heightInPoints, total / count * 1.08)
        for point in whole {
            let high = height([point], size, frame)
            let isFull = used + high > frame.heightInPoints || used >= goal
            if isFull, !pages[pages.count - 1].isEmpty {
                pages.append([])
                used = 0
            }
            pages[pages.count - 1].append(point)
            used += high
        }
        return (size, pages)
    }

    func height(_ points: [Point], _ size: Double, _ frame: Frame) -> Double {
        points.reduce(0) { sum, point in
            let level = Double(point.level ?? 0)
            let room = frame.widthInPoints - Double(Self.indent) * Frame.pointsPerUnit * (level + 1)
            let text = point.text + (point.source.map { "  [\($0)]" } ?? "")
            let own = level > 0 ? size - 2 : size
            return sum + Self.spacing + measure.size(text, font: theme.bodyFont, points: own, width: room).height
        }
    }

    /// A point that is longer than a whole slide, cut between words.
    private func parts(of point: Point, _ size: Double, _ frame: Frame) -> [Point] {
        guard height([point], size, frame) > frame.heightInPoints, point.text.count > 40 else { return [point] }
        let middle = point.text.index(point.text.startIndex, offsetBy: point.text.count / 2)
        let cut = point.text[..<middle].lastIndex(of: " ") ?? middle
        var (first, second) = (point, point)
        first.text = String(point.text[..<cut])
        first.source = nil
        second.text = String(point.text[cut...].drop { $0 == " " })
        return parts(of: first, size, frame) + parts(of: second, size, frame)
    }

    /// `text` cut with an ellipsis so that it takes at most `lines` lines.
    func clipped(_ text: String, lines: Int, font: String, points: Double, bold: Bool = false, width: Double) -> String
    {
        func fits(_ text: String) -> Bool {
            measure.size(text, font: font, points: points, bold: bold, width: width).lines <= lines
        }
        if fits(text) { return text }
        let characters = Array(text.prefix(4_000))
        var (low, high) = (0, characters.count)
        while low < high {
            let middle = (low + high + 1) / 2
            if fits(String(characters[..<middle]) + "…") { low = middle } else { high = middle - 1 }
        }
        return String(characters[..<low]) + "…"
    }
}
