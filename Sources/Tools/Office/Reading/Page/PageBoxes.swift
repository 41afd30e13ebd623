import DocumentModel

/// Reads what `pdftotext -bbox-layout` prints, one mark a line: pages, blocks, lines and words with their boxes.
struct PageBoxes {
    private struct Line {
        var words: [String] = []
        var height = 0.0

        /// Poppler's words stand as they look, from left to right; those of right-to-left scripts are turned here.
        var text: String {
            guard words.contains(where: \.isRightToLeft) else { return words.joined(separator: " ") }
            let turned = words.map { $0.isRightToLeft ? String($0.reversed()) : $0 }
            let isMostlyTurned = words.count { $0.isRightToLeft } * 2 >= words.count
            return Self.ordered(turned, isTurned: isMostlyTurned).joined(separator: " ")
        }

        /// Runs of words in the other direction keep their own order.
        private static func ordered(_ words: [String], isTurned: Bool) -> [String] {
            var runs: [[String]] = []
            for word in words {
                if let last = runs.last?.last, last.isRightToLeft == word.isRightToLeft {
                    runs[runs.count - 1].append(word)
                } else {
                    runs.append([word])
                }
            }
            let ordered = runs.map { $0[0].isRightToLeft ? $0.reversed() : $0 }
            return (isTurned ? ordered.reversed() : ordered).flatMap { $0 }
        }
    }

    private struct Block {
        var lines: [Line] = []
        var place: DocumentElement.Place?
    }

    private let output: [UInt8]
    private var block = Block()
    private var line = Line()
    private var blocks: [Block] = []
    /// Heights of lines in tenths of a point, with the characters that have them: the commonest is the body's.
    private var heights: [Int: Int] = [:]
    private var pages: [(width: Double, height: Double, blocks: [Block])] = []

    init(_ output: [UInt8]) { self.output = output }

    mutating func read(into builder: inout DocumentBuilder) {
        for raw in output.split(separator: 0x0A) {
            take(raw.drop { $0 == 0x20 })
        }
        let body = heights.max { ($0.value, $0.key) < ($1.value, $1.key) }.map { Double($0.key) / 10 } ?? 0
        for page in pages where !builder.isFull {
            builder.begin(.page)
            builder.changeSection {
                $0.width = page.width
                $0.height = page.height
            }
            for block in page.blocks { Self.add(block, body: body, to: &builder) }
        }
    }

    private mutating func take(_ raw: ArraySlice<UInt8>) {
        if raw.starts(with: Array("<word".utf8)) {
            guard let open = raw.firstIndex(of: UInt8(ascii: ">")),
                let close = raw.lastIndex(of: UInt8(ascii: "<")), open < close
            else { return }
            let word = Self.unescaped(String(decoding: raw[(open + 1)..<close], as: UTF8.self))
            line.words.append(word)
        } else if raw.starts(with: Array("<line".utf8)) {
            let box = Self.numbers(raw)
            line = Line(height: (box["yMax"] ?? 0) - (box["yMin"] ?? 0))
        } else if raw.starts(with: Array("</line".utf8)) {
            heights[Int(min(max(line.height, 0), 10_000) * 10), default: 0] += line.text.utf8.count
            block.lines.append(line)
        } else if raw.starts(with: Array("<block".utf8)) {
            let box = Self.numbers(raw)
            let (x, y) = (box["xMin"] ?? 0, box["yMin"] ?? 0)
            let place = DocumentElement.Place(
                x: Self.rounded(x), y: Self.rounded(y), width: Self.rounded((box["xMax"] ?? x) - x),
                height: Self.rounded((box["yMax"] ?? y) - y))
            block = Block(place: place)
        } else if raw.starts(with: Array("</block".utf8)) {
            blocks.append(block)
        } else if raw.starts(with: Array("<page".utf8)) {
            let box = Self.numbers(raw)
            blocks = []
            pages.append((box["width"] ?? 0, box["height"] ?? 0, []))
        } else if raw.starts(with: Array("</page".utf8)), !pages.isEmpty {
            pages[pages.count - 1].blocks = blocks
        }
    }

    /// Lines clearly higher than the body's, and few of them, are a heading.
    private static func add(_ block: Block, body: Double, to builder: inout DocumentBuilder) {
        let height = block.lines.reduce(0) { max($0, $1.height) }
        let text = block.lines.map(\.text).joined(separator: "\n")
        if block.lines.count <= 3, text.count <= 300, height >= body * 1.18, body > 0 {
            let level = height >= body * 1.7 ? 1 : height >= body * 1.35 ? 2 : 3
            var element = DocumentElement(.heading, text: text.replacing("\n", with: " "), level: level)
            element.place = block.place
            return builder.add(element)
        }
        // Items of a list stand in one block, each line with its mark or going on with the item before.
        var pieces: [(kind: DocumentElement.Kind, text: String)] = []
        for line in block.lines.map(\.text) {
            if let first = line.first, "•◦▪‣●○■–".contains(first), line.dropFirst().first == " " {
                pieces.append((.listItem, String(line.dropFirst(2))))
            } else if pieces.isEmpty {
                pieces.append((.paragraph, line))
            } else {
                pieces[pieces.count - 1].text += "\n" + line
            }
        }
        for piece in pieces {
            var element = DocumentElement(piece.kind, text: piece.text, level: piece.kind == .listItem ? 0 : nil)
            element.place = block.place
            builder.add(element)
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    /// `name="1.5"` attributes.
    private static func numbers(_ raw: ArraySlice<UInt8>) -> [String: Double] {
        var found: [String: Double] = [:]
        for part in String(decoding: raw, as: UTF8.self).split(separator: " ") {
            let sides = part.split(separator: "\"", omittingEmptySubsequences: false)
            guard sides.count >= 2, sides[0].last == "=", let value = Double(sides[1]), value.isFinite else { continue }
            found[String(sides[0].dropLast())] = value
        }
        return found
    }

    private static func unescaped(_ text: String) -> String {
        guard text.contains("&") else { return text }
        return text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&apos;", with: "'").replacing("&amp;", with: "&")
    }
}

extension String {
    /// Holds a letter of a script that is written from right to left.
    fileprivate var isRightToLeft: Bool {
        unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC, 0x1_0800...0x1_0FFF, 0x1_E800...0x1_EFFF: true
            default: false
            }
        }
    }
}
