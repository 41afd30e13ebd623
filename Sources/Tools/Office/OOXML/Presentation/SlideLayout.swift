/// What a placeholder is for.
enum Slot: Hashable, Sendable {
    case title, subtitle, body, left, right, leftHeading, rightHeading, table, chart, picture, caption, quote
    case attribution, figure, figureLabel, sectionNumber, kicker, takeaway, citations, footer, number
}

/// A placeholder of a layout: its kind (ST_PlaceholderType), index and frame.
struct Place: Sendable, Hashable {
    var slot: Slot
    var type: String?
    var index: Int?
    var name: String
    var frame: Frame
    /// Points between the frame and its text.
    var inset = Inset()

    struct Inset: Sendable, Hashable {
        var side = 0.0
        var top = 0.0
        var bottom = 0.0
    }
}

/// The layouts of the master, in the order of their parts.
enum SlideLayout: Int, CaseIterable, Sendable {
    case title = 1
    case section, content, twoContent, comparison, quote, bigNumber, diagram, table, chart, picture, titleOnly, blank
    case closing

    var name: String {
        switch self {
        case .title: "Title Slide"
        case .section: "Section Header"
        case .content: "Title and Content"
        case .twoContent: "Two Content"
        case .comparison: "Comparison"
        case .quote: "Quote"
        case .bigNumber: "Big Number"
        case .diagram: "Title and Diagram"
        case .table: "Title and Table"
        case .chart: "Title and Chart"
        case .picture: "Picture with Caption"
        case .titleOnly: "Title Only"
        case .blank: "Blank"
        case .closing: "Closing"
        }
    }

    /// ST_SlideLayoutType (ECMA-376 part 1, section 19.7.15); `nil` is a layout of our own.
    var type: String? {
        switch self {
        case .title: "title"
        case .section: "secHead"
        case .content: "obj"
        case .twoContent: "twoObj"
        case .comparison: "twoTxTwoObj"
        case .table: "tbl"
        case .chart: "chart"
        case .picture: "picTx"
        case .titleOnly: "titleOnly"
        case .blank: "blank"
        case .quote, .bigNumber, .diagram, .closing: nil
        }
    }

    /// Covers stand on a ground of their own, without footer.
    var isCover: Bool { self == .title || self == .section || self == .closing }
    /// Whether the title stands at the head, with what accompanies it.
    var hasHead: Bool { !isCover && self != .blank && self != .quote }

    var part: String { "/ppt/slideLayouts/slideLayout\(rawValue).xml" }

    func places(_ grid: SlideGrid) -> [Place] {
        let foot = [
            Place(slot: .citations, type: "body", index: 20, name: "Sources", frame: grid.citations)
        ]
        let head = [Place(slot: .title, type: "title", name: "Title", frame: grid.title)]
        let remarks = [
            Place(slot: .kicker, type: "body", index: 21, name: "Kicker", frame: grid.kicker),
            Place(
                slot: .takeaway, type: "body", index: 22, name: "Takeaway", frame: grid.takeaway,
                inset: SlideGrid.takeawayInset),
        ]
        let own = content(grid)
        if isCover || self == .quote { return own + (self == .quote ? foot : []) }
        switch self {
        case .blank: return []
        case .titleOnly: return head
        default: return head + own + remarks + foot
        }
    }

    private func content(_ grid: SlideGrid) -> [Place] {
        switch self {
        case .title, .closing:
            return [
                Place(
                    slot: .title, type: self == .title ? "ctrTitle" : "title", name: "Title", frame: grid.coverTitle),
                Place(
                    slot: .subtitle, type: self == .title ? "subTitle" : "body", index: 1, name: "Subtitle",
                    frame: grid.coverSubtitle),
            ]
        case .section:
            return [
                Place(slot: .title, type: "title", name: "Title", frame: grid.sectionTitle),
                Place(slot: .subtitle, type: "body", index: 1, name: "Subtitle", frame: grid.sectionSubtitle),
                Place(slot: .sectionNumber, type: "body", index: 2, name: "Number", frame: grid.sectionNumber),
            ]
        case .content: return [Place(slot: .body, index: 1, name: "Content", frame: grid.body)]
        case .twoContent:
            let (left, right) = (grid.left, grid.right)
            return [
                Place(slot: .left, index: 1, name: "Left Content", frame: left),
                Place(slot: .right, index: 2, name: "Right Content", frame: right),
            ]
        case .comparison:
            return [
                Place(
                    slot: .left, index: 1, name: "Left Content", frame: grid.left, inset: SlideGrid.cardInset),
                Place(
                    slot: .right, index: 2, name: "Right Content", frame: grid.right, inset: SlideGrid.cardInset),
                Place(
                    slot: .leftHeading, type: "body", index: 3, name: "Left Heading", frame: grid.cardHeading(0)),
                Place(
                    slot: .rightHeading, type: "body", index: 4, name: "Right Heading", frame: grid.cardHeading(1)),
            ]
        case .quote:
            return [
                Place(slot: .title, type: "title", name: "Title", frame: grid.quoteTitle),
                Place(slot: .quote, type: "body", index: 1, name: "Quote", frame: grid.quote),
                Place(slot: .attribution, type: "body", index: 2, name: "Attribution", frame: grid.attribution),
            ]
        case .bigNumber:
            return [
                Place(slot: .figure, type: "body", index: 1, name: "Number", frame: grid.figure),
                Place(slot: .figureLabel, type: "body", index: 2, name: "Label", frame: grid.figureLabel),
            ]
        case .table: return [Place(slot: .table, type: "tbl", index: 1, name: "Table", frame: grid.body)]
        case .chart: return [Place(slot: .chart, type: "chart", index: 1, name: "Chart", frame: grid.body)]
        case .picture:
            return [
                Place(slot: .picture, type: "pic", index: 1, name: "Picture", frame: grid.picture),
                Place(slot: .caption, type: "body", index: 2, name: "Caption", frame: grid.caption),
            ]
        case .diagram, .titleOnly, .blank: return []
        }
    }
}
