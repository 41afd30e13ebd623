/// Replaces text within paragraphs; the look of the run in which a match begins is kept.
struct TextEdit {
    let find: String
    let replacement: String
    let ignoresCase: Bool

    /// Answers how many matches were replaced.
    func apply(to outline: inout XMLOutline) throws(OOXMLError) -> Int {
        var count = 0
        for paragraph in outline.all("p") where outline.nodes[paragraph].prefix == "a" || isDrawing(outline, paragraph)
        {
            count += replace(in: paragraph, &outline)
        }
        return count
    }

    /// A paragraph under whatever prefix holds runs with text.
    private func isDrawing(_ outline: XMLOutline, _ index: Int) -> Bool {
        outline.children("r", of: index).contains { outline.child("t", of: $0) != nil }
    }

    private func replace(in paragraph: Int, _ outline: inout XMLOutline) -> Int {
        var count = 0
        // Line breaks and fields part the text that a match may span.
        for stretch in stretches(of: paragraph, outline) {
            var texts = stretch.map { Array(outline.nodes[$0].text) }
            let changed = Self.replace(in: &texts, Array(find), Array(replacement), ignoresCase: ignoresCase)
            guard changed > 0 else { continue }
            count += changed
            for (index, text) in zip(stretch, texts) where String(text) != outline.nodes[index].text {
                outline.setText(String(text), of: index)
            }
        }
        return count
    }

    private func stretches(of paragraph: Int, _ outline: XMLOutline) -> [[Int]] {
        var all: [[Int]] = [[]]
        for child in outline.nodes[paragraph].children {
            switch outline.nodes[child].name {
            case "r":
                if let text = outline.child("t", of: child) { all[all.count - 1].append(text) }
            case "br", "fld": all.append([])
            default: break
            }
        }
        return all.filter { !$0.isEmpty }
    }

    /// Replaces across the pieces: what a match takes is cut from each, the replacement stands where it began.
    static func replace(
        in texts: inout [[Character]], _ find: [Character], _ replacement: [Character], ignoresCase: Bool
    ) -> Int {
        guard !find.isEmpty else { return 0 }
        func fold(_ character: Character) -> String {
            ignoresCase ? character.lowercased() : String(character)
        }
        let wanted = find.map(fold)
        let places = texts.enumerated().flatMap { piece, text in text.indices.map { (piece: piece, index: $0) } }
        let all = texts.flatMap { $0.map(fold) }
        var starts: [Int] = []
        var at = 0
        while at + wanted.count <= all.count {
            if all[at] == wanted[0], Array(all[at..<at + wanted.count]) == wanted {
                starts.append(at)
                at += wanted.count
            } else {
                at += 1
            }
        }
        for start in starts.reversed() {
            for offset in (start..<start + wanted.count).reversed() {
                texts[places[offset].piece].remove(at: places[offset].index)
            }
            texts[places[start].piece].insert(contentsOf: replacement, at: places[start].index)
        }
        return starts.count
    }
}

/// A line that fills a placeholder.
struct FillLine {
    var text: String
    var level: Int
}

/// Fills a shape with text: its first paragraph's and first run's look is kept.
enum ShapeFill {
    static func apply(_ lines: [FillLine], to shape: Int, _ outline: inout XMLOutline) {
        guard let body = outline.child("txBody", of: shape) else {
            let prefix = outline.nodes[shape].prefix
            let tag = prefix.isEmpty ? "txBody" : "\(prefix):txBody"
            let space = " xmlns:a=\"\(OfficeType.drawingSpace)\""
            outline.append(
                Array("<\(tag)\(space)><a:bodyPr/><a:lstStyle/>".utf8)
                    + lines.flatMap { paragraph($0, prefix: "a:", look: [], properties: nil) }
                    + Array("</\(tag)>".utf8), to: shape)
            return
        }
        let paragraphs = outline.children("p", of: body)
        let first = paragraphs.first
        let prefix = first.map { outline.nodes[$0].prefix }.map { $0.isEmpty ? "" : $0 + ":" } ?? "a:"
        let properties = first.flatMap { outline.child("pPr", of: $0) }.map { outline.raw(outline.nodes[$0].whole) }
        let run = paragraphs.compactMap { outline.child("r", of: $0) }.first
        let look = run.flatMap { outline.child("rPr", of: $0) }.map { outline.raw(outline.nodes[$0].whole) } ?? []
        let filled = (lines.isEmpty ? [FillLine(text: "", level: 0)] : lines).flatMap {
            paragraph($0, prefix: prefix, look: look, properties: $0.level == 0 ? properties : nil)
        }
        if let last = paragraphs.last, let first {
            outline.replace(
                outline.nodes[first].start.lowerBound..<outline.nodes[last].end.upperBound, with: filled)
        } else {
            outline.append(filled, to: body)
        }
    }

    private static func paragraph(_ line: FillLine, prefix: String, look: [UInt8], properties: [UInt8]?) -> [UInt8] {
        var bytes = Array("<\(prefix)p>".utf8)
        if let properties {
            bytes += properties
        } else if line.level > 0 {
            bytes += Array("<\(prefix)pPr lvl=\"\(min(8, line.level))\"/>".utf8)
        }
        if !line.text.isEmpty {
            bytes += Array("<\(prefix)r>".utf8) + look + Array("<\(prefix)t>".utf8)
            bytes += XMLOutline.escaped(line.text) + Array("</\(prefix)t></\(prefix)r>".utf8)
        }
        return bytes + Array("</\(prefix)p>".utf8)
    }

    /// The shape that `name` means: `title`, `subtitle`, `body`, a placeholder's index, or a shape's name.
    static func find(_ name: String, in outline: XMLOutline) -> Int? {
        let shapes = outline.all("sp")
        func placeholder(_ shape: Int) -> XMLOutline.Node? {
            outline.descendant("ph", of: shape).map { outline.nodes[$0] }
        }
        func ofType(_ types: [String?]) -> Int? {
            shapes.first { shape in placeholder(shape).map { types.contains($0["type"]) } ?? false }
        }
        switch name {
        case "title": return ofType(["title", "ctrTitle"])
        case "subtitle": return ofType(["subTitle"])
        case "body": return ofType([nil, "obj", "body"])
        default:
            if Int(name) != nil, let shape = shapes.first(where: { placeholder($0)?["idx"] == name }) { return shape }
            return shapes.first { shape in
                outline.descendant("cNvPr", of: shape).map { outline.nodes[$0]["name"] == name } ?? false
            }
        }
    }
}
