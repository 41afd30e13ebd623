/// Which paragraph styles are headings or lists.
final class WordStyles: XMLHandler {
    struct Style {
        var name = ""
        var basedOn: String?
        var outline: Int?
        var isList = false
    }

    private(set) var styles: [String: Style] = [:]
    private var id = ""
    private var isParagraph = false
    var isDone: Bool { styles.count > 10_000 }

    func start(_ name: String, _ attributes: [String: String]) {
        let value = attributes["w:val"]
        switch name {
        case "w:style":
            isParagraph = attributes["w:type"] == "paragraph"
            id = attributes["w:styleId"] ?? ""
            if isParagraph { styles[id] = Style() }
        case "w:name" where isParagraph: styles[id]?.name = value?.lowercased() ?? ""
        case "w:basedOn" where isParagraph: styles[id]?.basedOn = value
        case "w:outlineLvl" where isParagraph: styles[id]?.outline = value.flatMap { Int($0) }
        case "w:numId" where isParagraph: styles[id]?.isList = value != "0"
        default: break
        }
    }

    func end(_ name: String) { if name == "w:style" { isParagraph = false } }
    func text(_ text: String) {}

    /// From 1; `nil` for a style that is no heading.
    func headingLevel(of style: String?) -> Int? {
        for style in ancestry(of: style) {
            if style.name == "title" { return 1 }
            if style.name.hasPrefix("heading "), let level = Int(style.name.dropFirst(8)) { return level }
            if let outline = style.outline, outline < 9 { return outline + 1 }
        }
        return nil
    }

    func isList(_ style: String?) -> Bool {
        ancestry(of: style).contains {
            $0.isList || $0.name.hasPrefix("list bullet") || $0.name.hasPrefix("list number")
        }
    }

    /// Styles that are based on themselves end after a few steps.
    private func ancestry(of style: String?) -> [Style] {
        var found: [Style] = []
        var next = style
        while let id = next, let style = styles[id], found.count < 12 {
            found.append(style)
            next = style.basedOn
        }
        return found
    }
}
