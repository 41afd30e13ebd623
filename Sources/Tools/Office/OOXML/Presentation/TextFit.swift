import DocumentModel

/// Chooses sizes at which text fits its frame, and breaks what does not fit into several slides.
struct TextFit {
    /// A line of points, as it is set.
    struct Points {
        var points: [Point]
        var size: Double
        /// Points before each, from the second on.
        var space: Double
    }

    /// Points of a deeper level are so much smaller.
    static let steps = [0.0, 2, 3]
    /// Where the text of each level begins, and how far its mark stands before it.
    static let margins = [20.0, 42, 62]
    static let hanging = 20.0
    /// Sizes of points from best to smallest; below 14 a room cannot read them.
    private static let sizes = [22.0, 20, 19, 18, 17, 16, 15, 14]
    /// What is split is set at this size.
    private static let splitSize = 16.0
    /// Paragraphs stand no farther apart than this, however much room there is.
    private static let widestSpace = 26.0
    let measure: TextMeasure
    let theme: Theme

    /// The largest size from `largest` down to `smallest` at which `text` fits.
    func size(
        _ text: String, in frame: Frame, from largest: Double, to smallest: Double, heading: Bool, bold: Bool = true,
        lines: Int = .max
    ) -> Double {
        var size = largest
        while size > smallest {
            let found = measure.size(
                text, font: heading ? theme.headingFont : theme.bodyFont, points: size, bold: bold,
                width: frame.widthInPoints)
            if found.height <= frame.heightInPoints, found.lines <= lines,
                holdsWords(of: text, heading, size, bold, frame)
            {
                return size
            }
            size -= 1
        }
        return smallest
    }

    /// Whether no word must be broken.
    private func holdsWords(of text: String, _ heading: Bool, _ size: Double, _ bold: Bool, _ frame: Frame) -> Bool {
        guard text.utf8.count > 8 else { return true }
        let font = heading ? theme.headingFont : theme.bodyFont
        return text.split(separator: " ").allSatisfy {
            $0.utf8.count <= 8
                || measure.size(String($0), font: font, points: size, bold: bold).width <= frame.widthInPoints
        }
    }

    func height(_ text: String, _ size: Double, width: Double, bold: Bool = false, heading: Bool = false) -> Double {
        measure.size(
            text, font: heading ? theme.headingFont : theme.bodyFont, points: size, bold: bold, width: width
        ).height
    }

    /// Points in pages, all at one size.
    func pages(_ points: [Point], in frame: Frame, largest: Double = 22) -> [Points] {
        let room = frame.heightInPoints
        for size in Self.sizes where size <= largest {
            let high = height(points, size, frame)
            guard high <= room else { continue }
            return [Points(points: points, size: size, space: space(points.count, spare: room - high))]
        }
        let size = min(largest, Self.splitSize)
        let whole = points.flatMap { parts(of: $0, size, frame) }
        let heights = whole.map { height([$0], size, frame) + theme.spacing.paragraph }
        let total = heights.reduce(0, +)
        // Even pages look better than a full one and a stub.
        let count = max(1, (total / room).rounded(.up))
        let goal = min(room, total / count * 1.08)
        var pages: [[Point]] = [[]]
        var (used, fullest) = (0.0, 0.0)
        for (point, high) in zip(whole, heights) {
            if used + high > room || used >= goal, !pages[pages.count - 1].isEmpty {
                pages.append([])
                used = 0
            }
            pages[pages.count - 1].append(point)
            used += high
            fullest = max(fullest, used)
        }
        return pages.map { page in
            Points(points: page, size: size, space: space(page.count, spare: room - fullest))
        }
    }

    private func space(_ count: Int, spare: Double) -> Double {
        guard count > 1 else { return theme.spacing.paragraph }
        let share = spare / Double(count - 1) * 0.6
        return min(Self.widestSpace, theme.spacing.paragraph + max(0, share)).rounded(.down)
    }

    /// Of all points with the least space between them.
    func height(_ points: [Point], _ size: Double, _ frame: Frame) -> Double {
        var sum = 0.0
        for (index, point) in points.enumerated() {
            let level = min(2, max(0, point.level ?? 0))
            let room = frame.widthInPoints - Self.margins[level]
            let own = size - Self.steps[level]
            let mark = point.source.map { "  [\($0)]" } ?? ""
            if index > 0 { sum += theme.spacing.paragraph }
            if let lead = point.lead, !lead.isEmpty {
                sum += height(lead, own, width: room, bold: true)
                sum += height(point.text + mark, max(12, own - 2), width: room)
            } else {
                sum += height(point.text + mark, own, width: room)
            }
        }
        return sum
    }

    /// A point that is longer than a whole slide, cut between words.
    private func parts(of point: Point, _ size: Double, _ frame: Frame) -> [Point] {
        guard height([point], size, frame) > frame.heightInPoints, point.text.count > 40 else { return [point] }
        let middle = point.text.index(point.text.startIndex, offsetBy: point.text.count / 2)
        let cut = point.text[..<middle].lastIndex(of: " ") ?? middle
        var (first, second) = (point, point)
        first.text = String(point.text[..<cut])
        first.source = nil
        second.lead = nil
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

    /// `text` at the largest size that fits, cut where even the smallest does not.
    func fitted(
        _ text: String, in frame: Frame, from largest: Double, to smallest: Double, heading: Bool = false,
        bold: Bool = false
    ) -> (text: String, size: Double) {
        let size = size(text, in: frame, from: largest, to: smallest, heading: heading, bold: bold)
        let font = heading ? theme.headingFont : theme.bodyFont
        let line = measure.size("Hg", font: font, points: size, bold: bold).height
        let lines = max(1, Int(frame.heightInPoints / line))
        return (
            clipped(text, lines: lines, font: font, points: size, bold: bold, width: frame.widthInPoints), size
        )
    }
}
