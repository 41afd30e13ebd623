import CPangoCairo
import DocumentModel

/// Footnotes of the page under way, and those that wait for the next one.
struct PageNotes {
    /// Above the first note: a rule and its distance.
    static let head = 12.0
    private static let gap = 2.5

    /// Numbers from 1, in the order of reference; each stands once.
    private(set) var onPage: [Int] = []
    private(set) var waiting: [Int] = []
    private var placed: Set<Int> = []
    private(set) var height = 0.0

    /// What further notes would take from the page's text.
    func height(of numbers: [Int], _ composer: Composer) -> Double {
        let new = numbers.filter { !placed.contains($0) }
        guard !new.isEmpty else { return 0 }
        return new.reduce(onPage.isEmpty ? Self.head : 0) { $0 + composer.noteBlock($1).height + Self.gap }
    }

    /// Takes notes onto the page as far as `room` reaches; the rest waits.
    mutating func take(_ numbers: [Int], room: Double, _ composer: Composer) {
        var room = room
        for number in numbers where placed.insert(number).inserted {
            let needed = composer.noteBlock(number).height + Self.gap + (onPage.isEmpty ? Self.head : 0)
            if waiting.isEmpty, needed <= room {
                onPage.append(number)
                height += needed
                room -= needed
            } else {
                waiting.append(number)
            }
        }
    }

    /// Begins a page with what waited for it, half a page at most, but always one.
    mutating func turn(room: Double, _ composer: Composer) {
        let queue = waiting
        (onPage, waiting, height) = ([], [], 0)
        for number in queue {
            let needed = composer.noteBlock(number).height + Self.gap + (onPage.isEmpty ? Self.head : 0)
            if waiting.isEmpty, onPage.isEmpty || height + needed <= room / 2 {
                onPage.append(number)
                height += needed
            } else {
                waiting.append(number)
            }
        }
    }

    static func advance(_ block: TextBlock) -> Double { block.height + gap }
}

extension Composer {
    private var noteIndent: Double { 16 }

    /// The note's text as it stands at the foot.
    func noteBlock(_ number: Int) -> TextBlock {
        if let known = noteBlocks[number] { return known }
        let text = footnotes.indices.contains(number - 1) ? footnotes[number - 1].text.printable : ""
        let block = typesetter.set(
            text, styles.small.sized(8.5), width: width - noteIndent, links: citations.links(in: text))
        noteBlocks[number] = block
        return block
    }

    func numbers(in block: TextBlock, _ lines: Range<Int>, _ footnotes: [(byte: Int, number: Int)]) -> [Int] {
        guard !footnotes.isEmpty, let first = block.lines[lines].first, let last = block.lines[lines].last else {
            return []
        }
        let bytes =
            Int(
                first.pointer.pointee.start_index)..<Int(
                last.pointer.pointee.start_index + last.pointer.pointee.length)
        return footnotes.filter { bytes.contains($0.byte) }.map(\.number)
    }

    func takeNotes(of block: TextBlock, _ lines: Range<Int>, _ footnotes: [(byte: Int, number: Int)]) {
        let found = numbers(in: block, lines, footnotes)
        if !found.isEmpty { notes.take(found, room: room, self) }
    }

    /// At the foot of the page, above the footer.
    func drawNotes() {
        guard canvas.isDrawing, !notes.onPage.isEmpty else { return }
        var top = paper.height - 68 - notes.height + 6
        canvas.rule(
            typesetter.isRightToLeft ? right - 110 : left, top - 2,
            to: typesetter.isRightToLeft ? right : left + 110, top - 2, styles.hairline, width: 0.75)
        top += 4
        for number in notes.onPage {
            let block = noteBlock(number)
            canvas.tag("Note") {
                canvas.destination(Citations.place(ofFootnote: number), x: left, y: max(0, top - 12))
                let label = typesetter.set("\(number)", styles.label.sized(7), width: nil)
                let isMirrored = block.isRightToLeft
                _ = canvas.draw(
                    label, x: isMirrored ? right - label.width : left, y: top, ink: styles.text, leaf: "Lbl")
                _ = canvas.draw(
                    block, x: isMirrored ? left : left + noteIndent, y: top, ink: styles.text, linkInk: styles.link,
                    leaf: "Span")
            }
            top += PageNotes.advance(block)
        }
    }
}
