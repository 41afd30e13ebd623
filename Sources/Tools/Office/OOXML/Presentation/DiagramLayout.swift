import DocumentModel

/// Diagrams from shapes. All nodes of one diagram share one size of type.
struct DiagramLayout {
    let stage: Stage
    let fit: TextFit
    let frame: Frame

    func elements(_ diagram: Diagram) -> [SlideElement] {
        switch diagram.kind {
        case .process: process(diagram.nodes)
        case .timeline: timeline(diagram.nodes)
        case .orgChart: diagram.nodes.first.map(organisation) ?? []
        case .matrix: matrix(diagram)
        case .cycle: cycle(diagram.nodes)
        }
    }

    /// What the diagram shows, in words.
    static func alternative(_ diagram: Diagram) -> String {
        func names(_ nodes: [Diagram.Node]) -> String {
            nodes.map { node in
                let own = [node.when, node.title].compactMap { $0 }.joined(separator: " ")
                return node.children.isEmpty ? own : "\(own) (\(names(node.children)))"
            }.joined(separator: ", ")
        }
        let kind =
            switch diagram.kind {
            case .process: "Process"
            case .timeline: "Timeline"
            case .orgChart: "Organisation chart"
            case .matrix: "Matrix"
            case .cycle: "Cycle"
            }
        return "\(kind): \(names(diagram.nodes))"
    }

    /// The largest size at which all texts fit frames of one size.
    func size(_ texts: [String], in frame: Frame, from largest: Double, to smallest: Double, bold: Bool) -> Double {
        texts.reduce(largest) {
            min($0, fit.size($1, in: frame, from: largest, to: smallest, heading: false, bold: bold))
        }
    }

    func clip(_ text: String, _ size: Double, in frame: Frame, bold: Bool = false) -> String {
        let font = fit.theme.bodyFont
        let line = fit.measure.size("Hg", font: font, points: size, bold: bold).height
        return fit.clipped(
            text, lines: max(1, Int(frame.heightInPoints / line)), font: font, points: size, bold: bold,
            width: frame.widthInPoints)
    }

    /// Title and text of each node, at common sizes.
    func labels(
        _ nodes: [Diagram.Node], title: Frame, text: Frame, from largest: Double, alignment: Alignment = .start,
        titleColour: (Int) -> String, textColour: String
    ) -> [[Paragraph]] {
        let titleSize = size(nodes.map(\.title), in: title, from: largest, to: 10, bold: true)
        let textSize = size(nodes.compactMap(\.text), in: text, from: min(14, largest), to: 9, bold: false)
        return nodes.enumerated().map { index, node in
            var lines = [
                Paragraph.plain(
                    clip(node.title, titleSize, in: title, bold: true), size: titleSize, bold: true,
                    colour: titleColour(index), alignment: alignment)
            ]
            if let text0 = node.text, !text0.isEmpty {
                var line = Paragraph.plain(
                    clip(text0, textSize, in: text), size: textSize, colour: textColour, alignment: alignment)
                line.space = 3
                lines.append(line)
            }
            return lines
        }
    }

    // MARK: - Process

    private func process(_ nodes: [Diagram.Node]) -> [SlideElement] {
        let rows = nodes.count > 5 ? 2 : 1
        let perRow = (nodes.count + rows - 1) / rows
        let hasText = nodes.contains { !($0.text ?? "").isEmpty }
        let bands = frame.rows(rows, gutter: 22)
        let arrow = rows == 1 ? 76.0 : 58
        let overlap = -6.0
        let slots = bands[0].columns(perRow, gutter: overlap)
        let inner = Frame(x: 0, y: 0, width: slots[0].width - Frame.units(58), height: Frame.units(arrow - 12))
        let titleSize = size(nodes.map(\.title), in: inner, from: 18, to: 9, bold: true)
        let high = bands[0].heightInPoints
        let room = hasText ? min(high - arrow - 12, rows == 1 ? 190 : 100) : 0
        let text = Frame(
            x: 0, y: 0, width: slots[0].width - Frame.units(34), height: Frame.units(max(1, room)))
        let textSize = size(nodes.compactMap(\.text), in: text, from: 16, to: 9, bold: false)
        let used = nodes.compactMap(\.text).reduce(0.0) { max($0, fit.height($1, textSize, width: text.widthInPoints)) }
        let lift = rows == 1 ? max(0, (high - arrow - 12 - min(room, used)) * 0.36) : 0
        var elements: [SlideElement] = []
        for (index, node) in nodes.enumerated() {
            let band = bands[index / perRow].columns(perRow, gutter: overlap)[index % perRow]
            let top = band.y + Frame.units(lift)
            var shape = Shape(
                name: "Step \(index + 1)", preset: index % perRow == 0 ? "homePlate" : "chevron",
                frame: Frame(x: band.x, y: top, width: band.width, height: Frame.units(arrow)),
                fill: stage.inks.accent)
            shape.guides = ["adj": "\(Int(22 / arrow * 100_000))"]
            shape.hasDirection = true
            shape.inset = (26, 4)
            shape.paragraphs = [
                .plain(
                    clip(node.title, titleSize, in: inner, bold: true), size: titleSize, bold: true,
                    colour: stage.ink(onSeries: 0), alignment: .center)
            ]
            elements.append(.shape(shape))
            guard let words = node.text, !words.isEmpty else { continue }
            let place = Frame(
                x: band.x + Frame.units(12), y: top + Frame.units(arrow + 12), width: text.width, height: text.height)
            let line = Paragraph.plain(clip(words, textSize, in: text), size: textSize, colour: stage.inks.text)
            elements.append(
                .shape(Shape(name: "Text \(index + 1)", frame: place, paragraphs: [line], anchor: "t")))
        }
        return elements
    }

    // MARK: - Timeline

    private func timeline(_ nodes: [Diagram.Node]) -> [SlideElement] {
        // Neighbours that are narrow stand above and below in turn.
        let alternates = nodes.count > 5
        let middle = frame.y + (alternates ? frame.height / 2 : frame.height * 38 / 100)
        let slots = frame.columns(nodes.count, gutter: 12)
        var elements: [SlideElement] = [
            .line(
                Line(
                    name: "Axis", from: (frame.x, middle), to: (frame.right, middle), colour: stage.theme.rule,
                    points: 3))
        ]
        let wide = alternates ? min(frame.width, slots[0].width * 2 - Frame.units(8)) : slots[0].width
        let whenFrame = Frame(x: 0, y: 0, width: wide, height: Frame.units(26))
        let whenSize = size(nodes.compactMap(\.when), in: whenFrame, from: 18, to: 10, bold: true)
        let below = frame.bottom - middle - Frame.units(24)
        let textHeight = alternates ? below - Frame.units(26) : below
        let titleFrame = Frame(x: 0, y: 0, width: wide, height: min(Frame.units(46), textHeight / 2))
        let restFrame = Frame(x: 0, y: 0, width: wide, height: textHeight - titleFrame.height - Frame.units(4))
        let texts = labels(
            nodes, title: titleFrame, text: restFrame, from: 16, titleColour: { _ in stage.inks.heading },
            textColour: stage.inks.text)
        for (index, node) in nodes.enumerated() {
            let isAbove = alternates && index % 2 == 0
            let start = min(slots[index].x, frame.right - wide)
            let dot = Frame.units(18)
            elements.append(
                .shape(
                    Shape(
                        name: "Mark \(index + 1)", preset: "ellipse",
                        frame: Frame(x: slots[index].x, y: middle - dot / 2, width: dot, height: dot),
                        fill: stage.inks.accent, outline: (stage.inks.page, 3))))
            let when = node.when.map {
                Paragraph.plain($0, size: whenSize, bold: true, colour: stage.inks.accent)
            }
            if alternates {
                let y = isAbove ? frame.y : middle + Frame.units(18)
                let high = isAbove ? middle - Frame.units(18) - frame.y : frame.bottom - y
                let block = Frame(x: start, y: y, width: wide, height: high)
                elements.append(
                    .shape(
                        Shape(
                            name: "Moment \(index + 1)", frame: block,
                            paragraphs: [when].compactMap { $0 } + texts[index],
                            anchor: isAbove ? "b" : "t")))
            } else {
                if let when {
                    let place = Frame(
                        x: start, y: middle - Frame.units(46), width: wide, height: Frame.units(26))
                    elements.append(
                        .shape(Shape(name: "When \(index + 1)", frame: place, paragraphs: [when], anchor: "b")))
                }
                let place = Frame(x: start, y: middle + Frame.units(24), width: wide, height: textHeight)
                elements.append(
                    .shape(
                        Shape(name: "Moment \(index + 1)", frame: place, paragraphs: texts[index], anchor: "t")))
            }
        }
        return elements
    }
}
