import BriefingTool
import DocumentModel
import Domain
import FoundationEssentials
import Testing
import ToolKit

/// Text without white space, to compare what only differs in it.
func dense(_ text: String) -> [UInt8] {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text.unicodeScalars.filter { !$0.properties.isWhitespace })
    return Array(String(scalars).utf8)
}

func expectVerbatim(_ briefing: Briefing, _ pages: [BriefingPage], _ label: String = "") {
    #expect(briefing.points.count <= BriefingLimits.points)
    for point in briefing.points {
        #expect(point.text.count <= BriefingLimits.pointCharacters)
        guard pages.indices.contains(point.source - 1) else {
            Issue.record("\(label): source \(point.source) does not exist")
            continue
        }
        #expect(dense(pages[point.source - 1].text).contains(dense(point.text)), "\(label): \(point.text)")
    }
}

@Suite(.timeLimit(.minutes(10))) struct ExtractiveWriterTests {
    static let rail = BriefingPage(
        url: "https://www.example.org/rail?x=1", title: "Night trains return",
        text: """
            Home | News | Contact
            We use cookies to give you the best experience on our website today.
            Night trains between Vienna and Paris will run again from December, the operator said on Monday.
            The operator expects 120,000 passengers on the night trains in the first year of service.

            Ticket prices for night trains start at 29 euros, and sleeping cars cost at least 89 euros.
            This makes them cheaper than most flights on the same route in the winter season.
            Critics say that the old sleeping cars of the night trains need repairs before winter.
            Subscribe to our newsletter to read more about night trains in Europe every week.
            The first train leaves Vienna at 19:40 and arrives in Paris at 9:42 on the next morning.
            """)
    static let energy = BriefingPage(
        url: "https://energy.example.net/a", finalURL: "https://energy.example.net/b", title: "",
        text: """
            A night train emits about 28 grams of carbon dioxide per passenger and kilometre, a study found.
            Flights between Vienna and Paris emit some nine times as much carbon dioxide per passenger.
            Researchers compared trains, coaches and flights on twelve routes between European capitals.
            """)
    static let request = BriefingRequest(
        subject: "Re: AW: Fwd: Night trains to Paris", text: "Please write a briefing on emissions.",
        from: BriefingRequest.Sender(name: "Bo Berg", address: "bo@example.org"), date: "2026-03-01T10:00:00Z")
    static let table = BriefingTable(
        name: "tickets.csv",
        columns: [
            BriefingTable.Column(name: "Month", type: .date), BriefingTable.Column(name: "Route", type: .text),
            BriefingTable.Column(name: "Tickets", type: .integer),
            BriefingTable.Column(name: "Average price", type: .number),
        ],
        rows: [
            ["2026-01-01", "Vienna", 1200, 49.5], ["2026-02-01", "Vienna", 900, 55.25],
            ["2026-03-01", "Paris", 1500, nil],
        ])

    @Test func pointsAreSentencesOfTheirSources() {
        let pages = [Self.rail, Self.energy]
        let briefing = ExtractiveWriter.outline(request: Self.request, pages: pages, table: Self.table)
        expectVerbatim(briefing, pages)
        #expect(briefing.title == "Night trains to Paris")
        #expect(briefing.writtenBy == "built-in extractive writer")
        #expect(Set(briefing.points.map(\.source)) == [1, 2])
        #expect(briefing.points.count >= 5)
        #expect(briefing.sources.map(\.url) == ["https://www.example.org/rail?x=1", "https://energy.example.net/b"])
        #expect(briefing.sources.map(\.title) == ["Night trains return", "energy.example.net"])
        #expect(!briefing.points.contains { $0.text.contains("cookies") || $0.text.contains("newsletter") })
        #expect(briefing.notes.first?.contains("no language model was used") == true)
        #expect(briefing.points.prefix(2).map(\.source).sorted() == [1, 2])
        #expect(
            briefing.summary.contains("Tickets adds up to 3,600, with the highest value, 1,500, for Paris, 2026-03-01.")
        )
    }

    @Test func theSameInputGivesTheSameOutline() {
        let pages = [Self.rail, Self.energy]
        let first = ExtractiveWriter.outline(request: Self.request, pages: pages)
        for _ in 0..<5 { #expect(ExtractiveWriter.outline(request: Self.request, pages: pages) == first) }
    }

    @Test func wordsOfTheRequestPullTheirSentencesUp() {
        let briefing = ExtractiveWriter.outline(
            request: BriefingRequest(subject: "Ticket prices in euros", text: ""), pages: [Self.rail])
        #expect(briefing.points.first?.text.contains("29 euros") == true)
    }

    @Test func aSentenceSaidTwiceIsTakenOnce() {
        let briefing = ExtractiveWriter.outline(request: Self.request, pages: [Self.rail, Self.rail, Self.rail])
        let texts = briefing.points.map(\.text)
        #expect(Set(texts).count == texts.count)
    }

    @Test(arguments: ["", " \n ", "Short.", "a b c d e f g", "🙂🙂🙂", "<<<>>>"])
    func littleTextIsAdmitted(_ text: String) {
        let briefing = ExtractiveWriter.outline(
            request: BriefingRequest(subject: "", text: ""),
            pages: [BriefingPage(url: "https://a.example/", text: text)])
        #expect(briefing.points.isEmpty)
        #expect(briefing.notes.count > 1)
        #expect(briefing.title == "Briefing")
    }

    @Test func noPagesIsAdmitted() {
        let briefing = ExtractiveWriter.outline(request: Self.request, pages: [])
        #expect(briefing.points.isEmpty)
        #expect(briefing.sources.isEmpty)
    }

    @Test func hugePagesStayBounded() {
        let sentence = "Number word\u{20}alpha beta gamma delta epsilon zeta eta theta iota kappa lambda. "
        let text = (0..<4000).map { "Item \($0) \(sentence)" }.joined()
        let pages = (0..<30).map { BriefingPage(url: "https://\($0).example/", text: text) }
        let briefing = ExtractiveWriter.outline(request: Self.request, pages: pages)
        expectVerbatim(briefing, pages)
        #expect(briefing.sources.count == BriefingLimits.sources)
    }

    @Test func anyTextIsSurvived() async throws {
        var generator = SplitMix(state: 7)
        let pieces = [
            "Re: ", "。", "؟", ".", "!", "?", "\n", "\n\n", " ", "\u{0}", "\u{202E}", "\u{301}", "[1]", "```", "{", "}",
            "é", "漢字", "word", "Word", "1.5", "Dr.", "http://", "😀", "\"", "\r\n", "(", ")", ":", "，", "ا", "<b>", "[",
            "The quick brown fox jumps over the lazy dog near the river bank.", String(repeating: "x", count: 300),
        ]
        func text(_ count: Int) -> String {
            (0..<Int(generator.next() % UInt64(count + 1))).map { _ in
                pieces[Int(generator.next() % UInt64(pieces.count))]
            }.joined()
        }
        for round in 0..<300 {
            let pages = (0..<Int(generator.next() % 5)).map { _ in
                BriefingPage(url: text(3), title: text(5), text: text(200), screenshot: nil)
            }
            let request = BriefingRequest(
                subject: text(8), text: text(30), from: .init(name: text(3), address: text(3)), date: text(4))
            let columns = (0..<Int(generator.next() % 4)).map { _ in
                BriefingTable.Column(name: text(2), type: ValueType.allCases[Int(generator.next() % 5)])
            }
            let rows: [[Scalar]] = (0..<Int(generator.next() % 6)).map { _ in
                (0..<Int(generator.next() % 6)).map { _ in
                    [.null, .text(text(3)), .integer(Int64.max), .integer(3), .number(1e308), .bool(true)][
                        Int(generator.next() % 6)]
                }
            }
            let table = BriefingTable(name: text(2), columns: columns, rows: rows)
            let briefing = ExtractiveWriter.outline(request: request, pages: pages, table: table)
            expectVerbatim(briefing, pages, "round \(round)")
            let input = BriefingComposeTool.Input(
                briefing: briefing, request: request, pages: pages, table: table,
                failures: [BriefingLoss(url: text(2), reason: text(4))], persona: BriefingPersona(name: text(2)))
            let output = try await BriefingComposeTool().call(input, in: .none)
            #expect(!output.replyText.isEmpty)
            // A reply that is no JSON must be refused, never trap.
            _ = try? Briefing.fromModel(text: text(20), model: text(2), request: request, sources: pages)
            _ = try await BriefingPromptTool().call(
                BriefingOutlineTool.Input(request: request, sources: pages, table: table), in: .none)
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}

extension ToolContext {
    /// For pure tools, which use nothing of it.
    static var none: ToolContext {
        ToolContext(
            directory: "/", effectKey: "key", attempt: 1, deadline: .now + .seconds(60), proxy: nil, secrets: [:],
            reporter: SilentReporter())
    }
}

private struct SilentReporter: ToolReporter {
    func mark(_ phase: EffectPhase) async throws {}
    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) {}
}
