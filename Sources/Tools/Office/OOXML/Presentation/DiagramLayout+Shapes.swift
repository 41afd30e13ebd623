import DocumentModel
import Glibc

/// Matrix, cycle and organisation.
extension DiagramLayout {
    func matrix(_ diagram: Diagram) -> [SlideElement] {
        var elements: [SlideElement] = []
        var area = frame
        let label = 24.0
        if let title = diagram.xAxisTitle, !title.isEmpty {
            area.height -= Frame.units(label + 6)
        }
        if let title = diagram.yAxisTitle, !title.isEmpty {
            let cut = Frame.units(label + 8)
            area.x += cut
            area.width -= cut
            // Turned a quarter, the shape's frame is that of the text before it is turned.
            let (wide, high) = (area.height, Frame.units(label))
            var shape = Shape(
                name: "Vertical axis",
                frame: Frame(
                    x: frame.x + high / 2 - wide / 2, y: area.y + area.height / 2 - high / 2, width: wide,
                    height: high),
                paragraphs: [axis(title, wide)])
            shape.rotation = 270
            elements.append(.shape(shape))
        }
        if let title = diagram.xAxisTitle, !title.isEmpty {
            let place = Frame(
                x: area.x, y: area.bottom + Frame.units(6), width: area.width, height: Frame.units(label))
            elements.append(.shape(Shape(name: "Horizontal axis", frame: place, paragraphs: [axis(title, area.width)])))
        }
        let gap = 14.0
        let cells = area.rows(2, gutter: gap).flatMap { $0.columns(2, gutter: gap) }
        let inner = cells[0].inset(20, 14)
        let texts = labels(
            diagram.nodes, title: inner.top(26), text: inner.below(34), from: 20,
            titleColour: { _ in stage.inks.heading }, textColour: stage.inks.text)
        for (index, cell) in cells.enumerated() where texts.indices.contains(index) {
            var card = Shape.card("Field \(index + 1)", cell, fill: stage.inks.surface, theme: stage.theme)
            card.paragraphs = texts[index]
            card.anchor = "t"
            card.inset = (20, 14)
            elements.append(.shape(card))
            let corner = stage.theme.spacing.corner
            let bar = Frame(
                x: cell.x, y: cell.y + Frame.units(corner), width: Frame.units(5),
                height: cell.height - Frame.units(2 * corner))
            elements.append(.shape(Shape(name: "Edge \(index + 1)", frame: bar, fill: stage.series(index))))
        }
        return elements
    }

    private func axis(_ title: String, _ width: Int) -> Paragraph {
        let frame = Frame(x: 0, y: 0, width: width, height: Frame.units(22))
        let size = size([title + " →"], in: frame, from: 14, to: 9, bold: true)
        return .plain(
            clip(title + " →", size, in: frame, bold: true), size: size, bold: true, colour: stage.inks.muted,
            alignment: .center)
    }

    func cycle(_ nodes: [Diagram.Node]) -> [SlideElement] {
        let high = nodes.count > 6 ? 76.0 : 92
        let wide = min(210, frame.widthInPoints / 3.8)
        let radius = (
            x: min(330, (frame.widthInPoints - wide) / 2) * 12_700, y: (frame.heightInPoints - high) / 2 * 12_700
        )
        let centre = (x: frame.x + frame.width / 2, y: frame.y + frame.height / 2)
        let ring = Frame(
            x: centre.x - Int(radius.x), y: centre.y - Int(radius.y), width: 2 * Int(radius.x),
            height: 2 * Int(radius.y))
        var circle = Shape(name: "Ring", preset: "ellipse", frame: ring)
        circle.outline = (stage.theme.rule, 3)
        var elements: [SlideElement] = [.shape(circle)]
        let step = 2 * Double.pi / Double(nodes.count)
        let inner = Frame(points: 0, 0, wide - 24, high - 12)
        let hasText = nodes.contains { !($0.text ?? "").isEmpty }
        let texts = labels(
            nodes, title: hasText ? inner.top(high * 0.4) : inner, text: inner.below(high * 0.4 + 4), from: 16,
            alignment: .center, titleColour: { _ in stage.ink(onSeries: 0) },
            textColour: stage.ink(onSeries: 0))
        for index in nodes.indices {
            let angle = -Double.pi / 2 + step * Double(index)
            let card = Frame(
                x: centre.x + Int(cos(angle) * radius.x) - Frame.units(wide / 2),
                y: centre.y + Int(sin(angle) * radius.y) - Frame.units(high / 2), width: Frame.units(wide),
                height: Frame.units(high))
            var shape = Shape.card("Step \(index + 1)", card, fill: stage.inks.accent, theme: stage.theme)
            shape.inset = (12, 6)
            shape.paragraphs = texts[index]
            elements.append(.shape(shape))
            elements.append(.shape(arrow(at: angle + step / 2, centre, radius)))
        }
        return elements
    }

    /// A head on the ring that points the way round.
    private func arrow(at angle: Double, _ centre: (x: Int, y: Int), _ radius: (x: Double, y: Double)) -> Shape {
        let side = Frame.units(15)
        let place = Frame(
            x: centre.x + Int(cos(angle) * radius.x) - side / 2,
            y: centre.y + Int(sin(angle) * radius.y) - side / 2, width: side, height: side)
        var shape = Shape(name: "Direction", preset: "triangle", frame: place, fill: stage.inks.muted)
        // The tangent of the ellipse; the triangle points up where it is not turned.
        let turn = atan2(cos(angle) * radius.y, -sin(angle) * radius.x) * 180 / Double.pi + 90
        shape.rotation = turn < 0 ? turn + 360 : turn
        return shape
    }

    // MARK: - Organisation

    func organisation(_ root: Diagram.Node) -> [SlideElement] {
        let tree = Organisation(root: root, frame: frame)
        let boxes = tree.boxes
        let size = boxes[0].frame.inset(8, 5)
        let hasText = boxes.contains { !($0.node.text ?? "").isEmpty }
        let high = size.heightInPoints
        let texts = labels(
            boxes.map(\.node), title: hasText ? size.top(high * 0.58) : size, text: size.below(high * 0.6), from: 15,
            alignment: .center, titleColour: { boxes[$0].depth == 0 ? stage.ink(onSeries: 0) : stage.inks.heading },
            textColour: stage.inks.text)
        var elements: [SlideElement] = tree.lines.map { line in
            .line(
                Line(
                    name: "Connector", from: line.from, to: line.to, colour: stage.inks.muted, points: 1.25))
        }
        for (index, box) in boxes.enumerated() {
            var card = Shape.card(
                "Box \(index + 1)", box.frame, fill: box.depth == 0 ? stage.inks.accent : stage.inks.surface,
                theme: stage.theme)
            card.paragraphs = texts[index]
            if box.depth == 0, texts[index].count > 1 {
                for run in card.paragraphs[1].runs.indices {
                    card.paragraphs[1].runs[run].colour = stage.ink(onSeries: 0)
                }
            }
            card.inset = (8, 5)
            elements.append(.shape(card))
            if box.depth == 1 {
                let bar = Frame(x: box.frame.x, y: box.frame.y, width: box.frame.width, height: Frame.units(3))
                if stage.theme.spacing.corner == 0 {
                    elements.append(.shape(Shape(name: "Edge", frame: bar, fill: stage.inks.accent)))
                }
            }
        }
        return elements
    }
}

/// Places of the boxes of an organisation: children side by side, or one below the other where that would get narrow.
struct Organisation {
    struct Box {
        var node: Diagram.Node
        var depth: Int
        var frame: Frame
    }

    private(set) var boxes: [Box] = []
    private(set) var lines: [(from: (x: Int, y: Int), to: (x: Int, y: Int))] = []
    private let frame: Frame
    private let stacks: Bool
    private var box = (width: 0, height: 0)
    private var level = 0
    private static let gap = Frame.units(14)
    /// Narrower columns than this, in points, hold no name.
    private static let narrowest = 112.0

    init(root: Diagram.Node, frame: Frame) {
        self.frame = frame
        let side = Self.columns(root, stacks: false)
        stacks = frame.widthInPoints / Double(side) < Self.narrowest
        let count = Self.columns(root, stacks: stacks)
        let rows = Self.rows(root, stacks: stacks)
        let slot = frame.width / count
        box.width = min(Frame.units(190), slot - Self.gap)
        level = min(Frame.units(104), frame.height / rows)
        box.height = min(Frame.units(64), level - Frame.units(rows > 4 ? 12 : 24))
        let start = frame.y + max(0, (frame.height - level * (rows - 1) - box.height) / 3)
        _ = place(root, depth: 0, x: frame.x, slot: slot, y: start)
    }

    private static func columns(_ node: Diagram.Node, stacks: Bool) -> Int {
        if node.children.isEmpty || isStack(node, stacks) { return 1 }
        return node.children.reduce(0) { $0 + columns($1, stacks: stacks) }
    }

    private static func rows(_ node: Diagram.Node, stacks: Bool) -> Int {
        if isStack(node, stacks) { return 1 + node.children.count }
        return 1 + (node.children.map { rows($0, stacks: stacks) }.max() ?? 0)
    }

    private static func isStack(_ node: Diagram.Node, _ stacks: Bool) -> Bool {
        stacks && !node.children.isEmpty && node.children.allSatisfy(\.children.isEmpty)
    }

    /// Answers the middle of the node's box.
    private mutating func place(_ node: Diagram.Node, depth: Int, x: Int, slot: Int, y: Int) -> Int {
        let index = boxes.count
        let count = Self.columns(node, stacks: stacks)
        boxes.append(Box(node: node, depth: depth, frame: frame))
        var middle = x + slot * count / 2
        let next = y + level
        if Self.isStack(node, stacks) {
            let spine = middle - box.width / 2 - Self.gap / 3
            for (row, child) in node.children.enumerated() {
                let top = y + level * (row + 1)
                boxes.append(
                    Box(
                        node: child, depth: depth + 1,
                        frame: Frame(x: middle - box.width / 2, y: top, width: box.width, height: box.height)))
                lines.append(((spine, top + box.height / 2), (middle - box.width / 2, top + box.height / 2)))
            }
            let last = y + level * node.children.count + box.height / 2
            lines.append(((spine, y + box.height / 2), (spine, last)))
            lines.append(((spine, y + box.height / 2), (middle - box.width / 2, y + box.height / 2)))
        } else if !node.children.isEmpty {
            var left = x
            var middles: [Int] = []
            for child in node.children {
                middles.append(place(child, depth: depth + 1, x: left, slot: slot, y: next))
                left += slot * Self.columns(child, stacks: stacks)
            }
            middle = ((middles.first ?? middle) + (middles.last ?? middle)) / 2
            let bus = next - (level - box.height) / 2
            lines.append(((middle, y + box.height), (middle, bus)))
            if middles.count > 1 { lines.append(((middles[0], bus), (middles[middles.count - 1], bus))) }
            for point in middles { lines.append(((point, bus), (point, next))) }
        }
        boxes[index].frame = Frame(x: middle - box.width / 2, y: y, width: box.width, height: box.height)
        return middle
    }
}
