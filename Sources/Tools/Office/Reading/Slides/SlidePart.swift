import DocumentModel

/// Reads a slide or its notes (ECMA-376 part 1, sections 19.3 and 21.1).
final class SlidePart: XMLHandler {
    /// English Metric Units of a point.
    static let unitsOfPoint = 12_700.0

    private struct Shape {
        var placeholder: String?
        var place: DocumentElement.Place?
        var name: String?
        var alt: String?
        var picture: String?
        var chart: String?
        var diagram: String?
        var table: OpenTable?
        var elements: [DocumentElement] = []
    }

    private let isNotes: Bool
    private let relations: Relations
    private(set) var elements: [DocumentElement] = []
    private(set) var title: String?
    /// Parts of charts and diagrams, in the order of their frames, with the place among `elements`.
    private(set) var drawings: [(position: Int, part: String, isChart: Bool)] = []
    private(set) var isHidden = false
    private var shapes: [Shape] = []
    private var paragraph: (text: String, level: Int)?
    private var takesText = false
    private var skipping = 0
    private var count = 0
    /// Elements of one slide: thousands are an attack.
    var isDone: Bool { count > 20_000 }

    init(_ relations: Relations, isNotes: Bool = false) {
        self.relations = relations
        self.isNotes = isNotes
    }

    func start(_ name: String, _ attributes: [String: String]) {
        if skipping > 0 || name == "mc:Fallback" {
            skipping += 1
            return
        }
        switch name {
        case "p:sld": isHidden = attributes["show"] == "0" || attributes["show"] == "false"
        case "p:sp", "p:pic", "p:graphicFrame", "p:cxnSp": shapes.append(Shape())
        case "p:cNvPr":
            change {
                $0.name = attributes["name"]
                $0.alt = attributes["descr"]
            }
        case "p:ph": change { $0.placeholder = attributes["type"] ?? "body" }
        case "a:off": change { $0.place = Self.place(attributes["x"], attributes["y"], $0.place) }
        case "a:ext" where attributes["cx"] != nil:
            change { shape in
                guard var place = shape.place else { return }
                place.width = Self.points(attributes["cx"])
                place.height = Self.points(attributes["cy"])
                shape.place = place
            }
        case "a:blip": change { $0.picture = self.relations.target(attributes["r:embed"] ?? attributes["r:link"]) }
        case "c:chart": change { $0.chart = self.relations.target(attributes["r:id"]) }
        case "dgm:relIds": change { $0.diagram = self.relations.target(attributes["r:dm"]) }
        case "a:tbl": change { $0.table = OpenTable() }
        case "a:tr": change { $0.table?.row = [] }
        case "a:tc": change { $0.table?.beginCell() }
        case "a:p": paragraph = ("", 0)
        case "a:pPr": paragraph?.level = attributes["lvl"].flatMap { Int($0) } ?? 0
        case "a:br": paragraph?.text += "\n"
        case "a:tab": paragraph?.text += "\t"
        case "a:t": takesText = true
        default: break
        }
    }

    func end(_ name: String) {
        if skipping > 0 {
            skipping -= 1
            return
        }
        switch name {
        case "a:t": takesText = false
        case "a:p": endParagraph()
        case "a:tc": change { $0.table?.endCell() }
        case "a:tr": change { $0.table?.endRow() }
        case "p:sp", "p:pic", "p:graphicFrame", "p:cxnSp": endShape()
        default: break
        }
    }

    func text(_ text: String) { if takesText, skipping == 0 { paragraph?.text += text } }

    private func change(_ body: (inout Shape) -> Void) {
        if !shapes.isEmpty { body(&shapes[shapes.count - 1]) }
    }

    private func endParagraph() {
        guard let (text, level) = paragraph else { return }
        paragraph = nil
        let plain = text.trimmed
        guard !plain.isEmpty else { return }
        count += 1
        let isNotes = isNotes
        change { shape in
            if shape.table != nil {
                shape.table?.add(plain)
                return
            }
            switch shape.placeholder {
            case "title", "ctrTitle": shape.elements.append(DocumentElement(.heading, text: plain, level: 1))
            case "body", "obj":
                let kind: DocumentElement.Kind = isNotes ? .speakerNote : .listItem
                shape.elements.append(DocumentElement(kind, text: plain, level: isNotes ? nil : level))
            case "sldNum", "dt", "sldImg", "hdr": break
            case "ftr": shape.elements.append(DocumentElement(.footer, text: plain))
            default:
                guard !isNotes else { return }
                let kind: DocumentElement.Kind = level > 0 ? .listItem : .paragraph
                shape.elements.append(DocumentElement(kind, text: plain, level: level > 0 ? level : nil))
            }
        }
    }

    private func endShape() {
        guard var shape = shapes.popLast() else { return }
        if let table = shape.table, !table.rows.isEmpty {
            shape.elements.append(DocumentElement(.table, rows: table.rows))
        }
        if let picture = shape.picture, !isNotes {
            let name = picture.split(separator: "/").last.map(String.init)
            shape.elements.append(DocumentElement(.image, text: shape.alt, name: name))
        }
        count += shape.elements.count
        for index in shape.elements.indices { shape.elements[index].place = shape.place }
        if title == nil, let heading = shape.elements.first(where: { $0.kind == .heading }) { title = heading.text }
        elements += shape.elements
        if let chart = shape.chart { drawings.append((elements.count, chart, true)) }
        if let diagram = shape.diagram { drawings.append((elements.count, diagram, false)) }
    }

    static func points(_ units: String?) -> Double {
        units.flatMap { Double($0) }.map { ($0 / unitsOfPoint * 10).rounded() / 10 } ?? 0
    }

    private static func place(_ x: String?, _ y: String?, _ known: DocumentElement.Place?) -> DocumentElement.Place? {
        known ?? DocumentElement.Place(x: points(x), y: points(y), width: 0, height: 0)
    }
}

/// The texts of a diagram, in the order of its data.
final class DiagramData: XMLHandler {
    private(set) var texts: [String] = []
    private var text = ""
    private var takesText = false
    var isDone: Bool { texts.count > 2_000 }

    func start(_ name: String, _ attributes: [String: String]) {
        if name == "dgm:pt" { text = "" }
        takesText = name == "a:t"
    }

    func end(_ name: String) {
        takesText = false
        if name == "a:p", !text.isEmpty { text += " " }
        guard name == "dgm:pt", !text.trimmed.isEmpty else { return }
        texts.append(text.trimmed)
    }

    func text(_ text: String) { if takesText { self.text += text } }
}
