import BriefingTool
import DocumentModel
import Domain
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(10))) struct ComposeTests {
    private static var pages: [BriefingPage] {
        var first = ExtractiveWriterTests.rail
        first.screenshot = WorkspaceFile(path: "pages/1.png", name: "1.png", mediaType: "image/png", size: 10)
        var second = ExtractiveWriterTests.energy
        second.screenshot = WorkspaceFile(path: "../../etc/passwd", name: "x", mediaType: "image/png", size: 10)
        return [first, second]
    }

    private func compose(
        table: BriefingTable? = ExtractiveWriterTests.table, failures: [BriefingLoss] = []
    ) async throws -> BriefingComposeTool.Output {
        let briefing = ExtractiveWriter.outline(
            request: ExtractiveWriterTests.request, pages: Self.pages, table: table)
        return try await BriefingComposeTool().call(
            BriefingComposeTool.Input(
                briefing: briefing, request: ExtractiveWriterTests.request, pages: Self.pages, table: table,
                failures: failures, persona: BriefingPersona(name: "Ada", organisation: "Example Ltd")), in: .none)
    }

    @Test func theDeckTellsTheWholeStory() async throws {
        let deck = try await compose(failures: [BriefingLoss(url: "https://down.example/", reason: "timed out")]).deck
        let kinds = deck.slides.map { slide in
            switch slide.content {
            case .title: "title"
            case .bullets: "bullets"
            case .table: "table"
            case .chart: "chart"
            case .image: "image"
            case .sources: "sources"
            default: "other"
            }
        }
        #expect(kinds == ["title", "bullets", "bullets", "table", "chart", "image", "bullets", "sources"])
        guard case .title(let title, let subtitle) = deck.slides[0].content else { return }
        #expect(title == "Night trains to Paris")
        #expect(
            subtitle
                == "Prepared for Bo Berg by Ada, Example Ltd, 1 March 2026. Written by the built-in extractive writer.")
        #expect(deck.validate().isEmpty)
        for case .bullets(_, let points) in deck.slides.map(\.content) { #expect(points.count <= 4) }
    }

    @Test func theChartComesFromTheTable() async throws {
        let deck = try await compose().deck
        let charts = deck.slides.compactMap { slide in
            if case .chart(_, let chart) = slide.content { chart } else { nil }
        }
        let chart = try #require(charts.first)
        #expect(chart.kind == .line)
        #expect(chart.categories == ["2026-01-01", "2026-02-01", "2026-03-01"])
        #expect(chart.series.map(\.name) == ["Tickets", "Average price"])
        #expect(chart.series.map(\.values) == [[1200, 900, 1500], [49.5, 55.25, nil]])
    }

    @Test func seriesOfAnotherScaleStayOut() async throws {
        let table = BriefingTable(
            name: "t",
            columns: [
                .init(name: "City", type: .text), .init(name: "People", type: .integer),
                .init(name: "Rate", type: .number),
            ],
            rows: [["A", 1_000_000, 0.5], ["B", 2_000_000, 0.7]])
        let deck = try await compose(table: table).deck
        for case .chart(_, let chart) in deck.slides.map(\.content) {
            #expect(chart.series.map(\.name) == ["People"])
            #expect(chart.kind == .column)
        }
    }

    @Test func theWorkbookComputesByFormulas() async throws {
        let workbook = try #require(try await compose().workbook)
        #expect(workbook.sheets.map(\.name) == ["Data", "Summary", "Sources"])
        let data = workbook.sheets[0]
        #expect(data.columns.map(\.total) == [nil, nil, .sum, .average])
        #expect(data.rows[0] == [.date("2026-01-01"), .text("Vienna"), .integer(1200), .number(49.5)])
        #expect(data.charts.first?.categories == "A2:A4")
        #expect(data.charts.first?.series.first?.values == "C2:C4")
        #expect(
            workbook.sheets[1].rows[0].prefix(3) == [
                .text("Tickets"), .formula("SUM(Data!C2:C4)"), .formula("AVERAGE(Data!C2:C4)"),
            ])
        #expect(workbook.sheets[1].rows[1][1] == .empty)
        #expect(workbook.validate().isEmpty)
    }

    @Test func repeatedCategoriesAreAddedUp() async throws {
        var table = ExtractiveWriterTests.table
        table.columns.removeFirst()
        table.rows = table.rows.map { Array($0.dropFirst()) }
        let output = try await compose(table: table)
        let workbook = try #require(output.workbook)
        #expect(workbook.sheets.map(\.name) == ["Data", "Summary", "By Route", "Sources"])
        let groups = workbook.sheets[2]
        #expect(
            groups.rows[0] == [.text("Vienna"), .formula("SUM(Data!B2,Data!B3)"), .formula("AVERAGE(Data!C2,Data!C3)")])
        #expect(groups.rows[1] == [.text("Paris"), .formula("SUM(Data!B4)"), .empty])
        #expect(groups.charts.count == 1)
        for case .chart(_, let chart) in output.deck.slides.map(\.content) {
            #expect(chart.categories == ["Vienna", "Paris"])
            #expect(chart.series[0].values == [2100, 1500])
        }
    }

    @Test func aYearNamesRowsAndIsNotAddedUp() async throws {
        let table = BriefingTable(
            name: "t", columns: [.init(name: "Year", type: .integer), .init(name: "Sales", type: .integer)],
            rows: [[2024, 10], [2025, 12]])
        let output = try await compose(table: table)
        let workbook = try #require(output.workbook)
        #expect(workbook.sheets[0].columns.map(\.total) == [nil, .sum])
        #expect(workbook.sheets[0].columns[0].numberFormat == "0")
        for case .chart(_, let chart) in output.deck.slides.map(\.content) {
            #expect(chart.categories == ["2024", "2025"])
            #expect(chart.kind == .line)
        }
    }

    @Test func withoutATableThereIsNoWorkbook() async throws {
        let output = try await compose(table: nil)
        #expect(output.workbook == nil)
        #expect(!output.replyText.contains("workbook"))
        let empty = try await compose(table: BriefingTable(name: "e", columns: [], rows: []))
        #expect(empty.workbook == nil)
    }

    @Test func theReportCitesAndAdmits() async throws {
        let report = try await compose(failures: [BriefingLoss(url: "https://down.example/", reason: "timed out")])
            .report
        let numbered = report.blocks.compactMap { if case .numbered(let items) = $0 { items } else { nil } }.flatMap {
            $0
        }
        #expect(!numbered.isEmpty)
        #expect(numbered.allSatisfy { $0.hasSuffix("[1]") || $0.hasSuffix("[2]") })
        let notes = report.blocks.compactMap { if case .note(let text) = $0 { text } else { nil } }
        #expect(notes.first == "What could not be read: https://down.example/ (timed out).")
        #expect(report.date == "1 March 2026")
        #expect(report.validate().isEmpty)
    }

    @Test func theReplySaysWhoWroteItAndWhatIsMissing() async throws {
        let reply = try await compose(failures: [BriefingLoss(url: "https://down.example/", reason: "timed out")])
            .replyText
        #expect(reply.hasPrefix("Dear Bo Berg,\n\nThank you for your mail “Night trains to Paris”."))
        #expect(reply.contains("- https://down.example/: timed out"))
        #expect(reply.contains("I am Ada, an AI persona. The outline was written by the built-in extractive writer."))
        #expect(reply.contains("1. "))
        #expect(reply.contains("3. "))
        #expect(!reply.contains("4. "))
        #expect(reply.hasSuffix("Kind regards\nAda\nExample Ltd\n"))
    }

    @Test func footnoteMarksOfASourceDoNotCiteOurs() async throws {
        let briefing = Briefing(
            title: "T", writtenBy: "w", summary: "S [2].",
            points: [.init(text: "Rain fell[12] on Monday [a].", source: 1)],
            sources: [.init(number: 1, title: "One", url: "https://one.example/")])
        let output = try await BriefingComposeTool().call(
            BriefingComposeTool.Input(
                briefing: briefing, request: ExtractiveWriterTests.request, pages: [], table: nil, failures: nil,
                persona: nil), in: .none)
        #expect(output.report.blocks.contains(.numbered(["Rain fell on Monday [a]. [1]"])))
    }

    @Test func toolsTakeTheContractsJSON() async throws {
        let registry = ToolRegistry([
            BriefingOutlineTool(), BriefingComposeTool(), BriefingPromptTool(), BriefingAcceptTool(),
        ])
        let request: JSONValue = ["subject": "Trains", "text": "Please", "from": ["address": "bo@example.org"]]
        let pages: JSONValue = [
            [
                "url": "https://a.example/", "final_url": "https://a.example/", "title": "A",
                "text": .string(ExtractiveWriterTests.rail.text), "excerpt": nil, "byline": nil, "language": "en",
                "screenshot": nil, "status": 200,
            ]
        ]
        let table: JSONValue = [
            "name": "t.csv", "delimiter": ";",
            "columns": [["name": "City", "type": "text"], ["name": "Sales", "type": "number"]],
            "rows": [["A", 1.5], ["B", 2]], "truncated": false,
        ]
        let briefing = try await registry.call(
            "briefing.outline", input: ["request": request, "sources": pages, "table": table], in: .none)
        #expect(briefing["written_by"] == "built-in extractive writer")
        let output = try await registry.call(
            "briefing.compose",
            input: ["briefing": briefing, "request": request, "pages": pages, "table": table, "failures": []], in: .none
        )
        #expect(output["deck"]?["slides"]?.array?.isEmpty == false)
        #expect(output["workbook"]?["sheets"]?.array?.isEmpty == false)
        #expect(output["reply_text"]?.string?.isEmpty == false)
    }
}
