import DocumentModel
import OOXML

/// Times the writing of a deck with a table on each slide: `DeckBench SLIDES ROUNDS`. Prints seconds of each round.
@main struct DeckBench {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (count, rounds) = (words.first ?? 200, words.dropFirst().first ?? 5)
        for _ in 0..<max(1, rounds) {
            let start = ContinuousClock.now
            let output = try Presentation.bytes(of: deck(min(count, DocumentLimits.slides)))
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("seconds \(seconds) slides \(output.slides) bytes \(output.bytes.count)")
        }
    }

    /// A table of 4 × 4 on each slide, with a takeaway below it.
    private static func deck(_ count: Int) -> Deck {
        let columns = (0..<4).map { Table.Column(header: "0,\($0)") }
        let slides = (0..<count).map { index in
            let rows = (1..<4).map { row in (0..<4).map { Scalar.text("\(row),\($0)") } }
            return Slide(
                .table(title: "Slide \(index)", table: Table(columns: columns, rows: rows)),
                takeaway: "Takeaway of slide \(index)")
        }
        return Deck(title: "Bench", author: "A", slides: slides)
    }
}
