/// A rectangle on a slide in EMU: 914,400 to the inch, 12,700 to the point.
struct Frame: Sendable, Hashable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int

    static let pointsPerUnit = 1.0 / 12_700
    var widthInPoints: Double { Double(width) * Self.pointsPerUnit }
    var heightInPoints: Double { Double(height) * Self.pointsPerUnit }

    static func units(_ points: Double) -> Int { Int((points * 12_700).rounded()) }

    /// The largest rectangle of the given proportions in the middle of this one.
    func fitting(width pixelWidth: Int, height pixelHeight: Int) -> Frame {
        let scale = min(Double(width) / Double(pixelWidth), Double(height) / Double(pixelHeight))
        let (wide, high) = (Int(Double(pixelWidth) * scale), Int(Double(pixelHeight) * scale))
        return Frame(x: x + (width - wide) / 2, y: y + (height - high) / 2, width: wide, height: high)
    }
}

/// Where things stand on a slide of 13.33 × 7.5 inches.
enum SlideGeometry {
    static let width = 12_192_000
    static let height = 6_858_000
    static let margin = 762_000
    static let contentWidth = width - 2 * margin
    static let title = Frame(x: margin, y: 430_000, width: contentWidth, height: 920_000)
    /// The tab at the slide's edge beside the title.
    static let accent = Frame(x: 0, y: 560_000, width: 190_500, height: 660_000)
    static let body = Frame(x: margin, y: 1_560_000, width: contentWidth, height: 4_420_000)
    static let gutter = 508_000
    static let half = (contentWidth - gutter) / 2
    static let left = Frame(x: margin, y: body.y, width: half, height: body.height)
    static let right = Frame(x: margin + half + gutter, y: body.y, width: half, height: body.height)
    static let columnHeading = 480_000
    static let citations = Frame(x: margin, y: 6_020_000, width: contentWidth, height: 260_000)
    static let footer = Frame(x: margin, y: 6_370_000, width: 8_400_000, height: 260_000)
    static let number = Frame(x: width - margin - 1_200_000, y: 6_370_000, width: 1_200_000, height: 260_000)
    static let picture = Frame(x: margin, y: body.y, width: 7_300_000, height: body.height)
    static let caption = Frame(
        x: margin + 7_300_000 + 381_000, y: body.y, width: contentWidth - 7_300_000 - 381_000, height: body.height)
    static let coverTitle = Frame(x: 1_100_000, y: 1_700_000, width: 9_900_000, height: 1_900_000)
    static let coverAccent = Frame(x: 1_100_000, y: 3_780_000, width: 1_100_000, height: 76_200)
    static let coverSubtitle = Frame(x: 1_100_000, y: 4_030_000, width: 9_900_000, height: 1_400_000)

    static func below(_ column: Frame) -> Frame {
        Frame(
            x: column.x, y: column.y + columnHeading, width: column.width, height: column.height - columnHeading)
    }

    static func heading(_ column: Frame) -> Frame {
        Frame(x: column.x, y: column.y, width: column.width, height: columnHeading - 60_000)
    }
}
