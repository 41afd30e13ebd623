/// A rectangle on a slide in EMU: 914,400 to the inch, 12,700 to the point.
struct Frame: Sendable, Hashable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int

    static let pointsPerUnit = 1.0 / 12_700
    var widthInPoints: Double { Double(width) * Self.pointsPerUnit }
    var heightInPoints: Double { Double(height) * Self.pointsPerUnit }
    var right: Int { x + width }
    var bottom: Int { y + height }

    static func units(_ points: Double) -> Int { Int((points * 12_700).rounded()) }

    init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    init(points x: Double, _ y: Double, _ width: Double, _ height: Double) {
        self.init(x: Self.units(x), y: Self.units(y), width: Self.units(width), height: Self.units(height))
    }

    /// The largest rectangle of the given proportions in the middle of this one.
    func fitting(width pixelWidth: Int, height pixelHeight: Int) -> Frame {
        let scale = min(Double(width) / Double(pixelWidth), Double(height) / Double(pixelHeight))
        let (wide, high) = (Int(Double(pixelWidth) * scale), Int(Double(pixelHeight) * scale))
        return Frame(x: x + (width - wide) / 2, y: y + (height - high) / 2, width: wide, height: high)
    }

    /// As seen in a mirror on a slide of the given width.
    func mirrored(in slide: Int) -> Frame {
        Frame(x: slide - x - width, y: y, width: width, height: height)
    }

    /// Smaller on each side by so many points.
    func inset(_ horizontal: Double, _ vertical: Double) -> Frame {
        let (across, down) = (Self.units(horizontal), Self.units(vertical))
        return Frame(x: x + across, y: y + down, width: max(0, width - 2 * across), height: max(0, height - 2 * down))
    }

    func inset(_ inset: Place.Inset) -> Frame {
        let (side, top) = (Self.units(inset.side), Self.units(inset.top))
        return Frame(
            x: x + side, y: y + top, width: max(0, width - 2 * side),
            height: max(0, height - top - Self.units(inset.bottom)))
    }

    /// The rest below `points` from the top, or the part above.
    func below(_ points: Double) -> Frame {
        let cut = min(height, Self.units(points))
        return Frame(x: x, y: y + cut, width: width, height: height - cut)
    }

    func top(_ points: Double) -> Frame {
        Frame(x: x, y: y, width: width, height: min(height, Self.units(points)))
    }

    /// `count` equal columns with `gutter` points between them; `rows` likewise.
    func columns(_ count: Int, gutter: Double) -> [Frame] {
        let gap = Self.units(gutter)
        let wide = (width - gap * (count - 1)) / count
        return (0..<count).map { Frame(x: x + $0 * (wide + gap), y: y, width: wide, height: height) }
    }

    func rows(_ count: Int, gutter: Double) -> [Frame] {
        let gap = Self.units(gutter)
        let high = (height - gap * (count - 1)) / count
        return (0..<count).map { Frame(x: x, y: y + $0 * (high + gap), width: width, height: high) }
    }
}
