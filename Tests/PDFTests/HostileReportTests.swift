import DocumentModel
import PDF
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct HostileReportTests {
    /// Setting hostile text takes seconds of processor time: on a thread of its own.
    private func print(
        _ blocks: [Block], options: PDFOptions = PDFOptions(), _ bytes: [UInt8] = []
    ) async throws -> PDFFile {
        let report = Report(title: "T\u{0}\u{7}", author: "A", blocks: blocks)
        return try await TestThread.run { try PDFReport.render(report, options: options) { _ in bytes } }
    }

    private func refusal(
        _ blocks: [Block], options: PDFOptions = PDFOptions(), _ bytes: [UInt8] = []
    ) async -> PDFError.Code? {
        let error = await #expect(throws: PDFError.self) { try await print(blocks, options: options, bytes) }
        return error?.code
    }

    @Test func tooLongTextIsRefused() async {
        #expect(await refusal([.paragraph(String(repeating: "x", count: 100_000))]) == .reportInvalid)
    }

    @Test func endlessWordIsBroken() async throws {
        let word = String(repeating: "x", count: 20_000)
        let cell = Scalar.text(String(repeating: "W", count: 2_000))
        let columns = (0..<30).map { Table.Column(header: "c\($0)") }
        let table = Table(columns: columns, rows: [[Scalar](repeating: cell, count: 30)])
        let file = try await print([.paragraph(word), .note(word), .bullets([word]), .table(table)])
        #expect(file.pages > 10)
        let check = try await reading(file.bytes) { try await $0.check() }
        #expect(check.contains("No syntax or stream encoding errors found"))
    }

    @Test(arguments: [
        "[", "[]", "[1", "[99999999999999999999]", "[1,,]", "\u{0}[1]\u{0}", "\u{202E}[1]", "\u{FFFF}\r\r\n\t",
    ])
    func oddCitationsAreText(text: String) async throws {
        let report = Report(
            title: "T", author: "", sources: [Source(number: 1, title: "S", url: "https://e.org/\\')(")],
            blocks: [.paragraph("a" + text), .bullets([text, ""]), .sources(heading: nil), .sources(heading: "Again")])
        let file = try PDFReport.render(report) { _ in [] }
        let check = try await reading(file.bytes) { try await $0.check() }
        #expect(check.contains("No syntax or stream encoding errors found"))
    }

    @Test func emptyTableHasAHeader() async throws {
        let file = try await print([.table(Table(columns: [.init(header: "Lonely")], rows: []))])
        #expect(try await reading(file.bytes) { try await $0.text() }.contains("Lonely"))
    }

    @Test(arguments: Chart.Kind.allCases)
    func chartsTakeAnyFiniteNumber(kind: Chart.Kind) async throws {
        let cases: [[Double?]] = [
            [nil, nil], [0, 0], [1e308, -1e308], [.leastNonzeroMagnitude, 0], [-1, -2], [1e15, 1e15 + 1],
            [.greatestFiniteMagnitude, 1],
        ]
        let charts = cases.map { values in
            Block.chart(
                Chart(
                    kind: kind, categories: kind == .scatter ? [] : ["a", String(repeating: "b", count: 300)],
                    series: [.init(name: "s", values: values, x: kind == .scatter ? [-1e308, 1e308] : nil)]))
        }
        let many = Chart(
            kind: kind == .scatter ? .line : kind, categories: (0..<1_000).map { "category \($0)" },
            series: (0..<24).map { .init(name: "series \($0)", values: [Double?](repeating: Double($0), count: 1_000)) }
        )
        let file = try await print(charts + [.chart(many)])
        let check = try await reading(file.bytes) { try await $0.check() }
        #expect(check.contains("No syntax or stream encoding errors found"))
    }

    @Test func notANumberIsRefusedInChartsAndADashInTables() async throws {
        let chart = Chart(kind: .line, categories: ["a"], series: [.init(name: "s", values: [.nan])])
        #expect(await refusal([.chart(chart)]) == .reportInvalid)
        let table = Table(columns: [.init(header: "h", type: .number)], rows: [[.number(.nan)], [.number(.infinity)]])
        #expect(try await reading(await print([.table(table)]).bytes) { try await $0.text() }.contains("—"))
    }

    @Test(arguments: [[], Array("GIF89a".utf8), Array(Pictures.png.prefix(30)), Array(Pictures.jpeg.prefix(9))])
    func damagedPictureIsNamed(bytes: [UInt8]) async {
        #expect(await refusal([.image(Image(path: "x.png", altText: "x"))], bytes) == .imageUnreadable)
    }

    @Test func boundsOfTheFileHold() async {
        let pages = [Block](repeating: .pageBreak, count: 9).flatMap { [$0, .paragraph("x")] }
        #expect(await refusal(pages, options: PDFOptions(maximumPages: 5)) == .tooManyPages)
        #expect(await refusal(pages, options: PDFOptions(maximumBytes: 500)) == .fileTooLarge)
        #expect(await refusal(pages, options: PDFOptions(deadline: .now)) == .outOfTime)
    }
}
