/// The layouts of the master, in the order of their parts.
enum SlideLayout: Int, CaseIterable {
    case title = 1
    case section, content, twoContent, comparison, table, chart, picture, titleOnly, blank, closing

    struct Placeholder {
        var type: String?
        var index: Int?
        var name: String
        var frame: Frame
        /// Text properties that differ from the master's.
        var style: Style = .inherited

        enum Style {
            case inherited, coverTitle, coverSubtitle, columnHeading, caption, citations
        }
    }

    var name: String {
        switch self {
        case .title: "Title Slide"
        case .section: "Section Header"
        case .content: "Title and Content"
        case .twoContent: "Two Content"
        case .comparison: "Comparison"
        case .table: "Title and Table"
        case .chart: "Title and Chart"
        case .picture: "Picture with Caption"
        case .titleOnly: "Title Only"
        case .blank: "Blank"
        case .closing: "Closing"
        }
    }

    /// ST_SlideLayoutType (ECMA-376 part 1, section 19.7.15).
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
        case .closing: nil
        }
    }

    /// Covers stand on the heading's colour, without footer.
    var isCover: Bool { self == .title || self == .section || self == .closing }

    var part: String { "/ppt/slideLayouts/slideLayout\(rawValue).xml" }

    /// Index of the line that lists the sources of a slide.
    static let citationsIndex = 20

    var placeholders: [Placeholder] {
        typealias Place = SlideGeometry
        let title = Placeholder(type: "title", index: nil, name: "Title", frame: Place.title)
        let citations = Placeholder(
            type: "body", index: Self.citationsIndex, name: "Sources", frame: Place.citations, style: .citations)
        switch self {
        case .title, .section, .closing:
            return [
                Placeholder(
                    type: self == .title ? "ctrTitle" : "title", index: nil, name: "Title", frame: Place.coverTitle,
                    style: .coverTitle),
                Placeholder(
                    type: self == .title ? "subTitle" : "body", index: 1, name: "Subtitle",
                    frame: Place.coverSubtitle, style: .coverSubtitle),
            ]
        case .content: return [title, Placeholder(index: 1, name: "Content", frame: Place.body), citations]
        case .twoContent:
            return [
                title, Placeholder(index: 1, name: "Left Content", frame: Place.left),
                Placeholder(index: 2, name: "Right Content", frame: Place.right), citations,
            ]
        case .comparison:
            return [
                title,
                Placeholder(
                    type: "body", index: 3, name: "Left Heading", frame: Place.heading(Place.left),
                    style: .columnHeading),
                Placeholder(index: 1, name: "Left Content", frame: Place.below(Place.left)),
                Placeholder(
                    type: "body", index: 4, name: "Right Heading", frame: Place.heading(Place.right),
                    style: .columnHeading),
                Placeholder(index: 2, name: "Right Content", frame: Place.below(Place.right)), citations,
            ]
        case .table: return [title, Placeholder(type: "tbl", index: 1, name: "Table", frame: Place.body), citations]
        case .chart: return [title, Placeholder(type: "chart", index: 1, name: "Chart", frame: Place.body), citations]
        case .picture:
            return [
                title, Placeholder(type: "pic", index: 1, name: "Picture", frame: Place.picture),
                Placeholder(type: "body", index: 2, name: "Caption", frame: Place.caption, style: .caption), citations,
            ]
        case .titleOnly: return [title]
        case .blank: return []
        }
    }
}
