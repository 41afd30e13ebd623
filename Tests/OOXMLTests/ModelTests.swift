import DocumentModel
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct ModelTests {
    /// JSON does not tell 610 from 610.0: the text, not the value, must come back.
    private func expectSameJSON<Model: Codable>(_ model: Model) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = try encoder.encode(model)
        #expect(try encoder.encode(JSONDecoder().decode(Model.self, from: text)) == text)
    }

    @Test func modelsComeBackFromJSON() throws {
        try expectSameJSON(Samples.deck(image: "a/b.png"))
        try expectSameJSON(Samples.workbook)
        let report = Report(
            title: "R", author: "A", sources: Samples.sources,
            blocks: [
                .heading(level: 1, text: "H"), .paragraph("P [1]."), .bullets(["a"]), .numbered(["b"]),
                .table(Samples.table),
                .chart(Samples.chart), .image(Image(path: "x.png", altText: "x")), .sources(heading: nil), .note("n"),
                .pageBreak,
            ])
        #expect(report.validate() == [])
        try expectSameJSON(report)
    }

    @Test func optionalMembersMayBeMissing() throws {
        let json = #"{"title":"T","slides":[{"type":"bullets","title":"B","points":[{"text":"x"}]}]}"#
        let deck = try JSONDecoder().decode(Deck.self, from: Data(json.utf8))
        #expect(deck.theme == .light)
        #expect(deck.validate() == [])
    }

    @Test(arguments: ["/etc/passwd", "../x.png", "a/../../x", "", "./x", "a\u{0}b"])
    func picturesOutsideTheDirectoryAreFaults(path: String) {
        let deck = Deck(
            title: "T", author: "A", slides: [Slide(.image(title: "I", image: Image(path: path, altText: "x")))])
        #expect(deck.validate().map(\.pointer) == ["/slides/0/image/path"])
    }

    @Test func unknownSourcesAndUnevenRowsAreFaults() {
        var table = Samples.table
        table.rows[1].removeLast()
        let deck = Deck(
            title: "", author: "A",
            slides: [
                Slide(.bullets(title: "B", points: [Point("x", source: 7)])), Slide(.table(title: "T", table: table)),
            ])
        #expect(
            deck.validate().map(\.pointer) == ["/title", "/slides/0/points/0/source", "/slides/1/table/rows/1"])
    }

    @Test func themesAreReadable() {
        for theme in [Theme.light, .dark] {
            #expect(
                Deck(title: "T", author: "", theme: theme, slides: [Slide(.section(title: "S", subtitle: nil))])
                    .validate() == [])
        }
        var pale = Theme.light
        pale.text = "CCCCCC"
        #expect(
            Deck(title: "T", author: "", theme: pale, slides: [Slide(.section(title: "S", subtitle: nil))]).validate()
                .contains { $0.code == "contrast" })
    }
}
