import DocumentModel
import FoundationEssentials
import Glibc
import OOXML
import TestKit
import Testing

/// What other programs find in a DOCX.
@Suite(.timeLimit(.minutes(5))) struct WordFileTests {
    /// A PNG of one teal pixel.
    static let picture: [UInt8] = [
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
        0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53, 0xDE, 0x00, 0x00, 0x00,
        0x0C, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0xE0, 0x2E, 0x6A, 0x05, 0x00, 0x01, 0x8E, 0x01, 0x03, 0xFB,
        0xE3, 0x8F, 0x66, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
    ]

    /// A report with a block of every kind and every member set.
    static func report(language: String = "en") -> Report {
        Report(
            title: "Wells & <springs>", subtitle: "A report", author: "Ada", language: language, date: "1 March 2026",
            sources: [Source(number: 1, title: "Bulletin", url: "https://example.org/?a=1&b=2")],
            footnotes: [Footnote(id: "a", text: "First note."), Footnote(id: "b", text: "Second note.")],
            attachments: [ReportAttachment(path: "a.csv", description: "Numbers")],
            blocks: [
                .contents(heading: "Contents"), .heading(level: 1, text: "One"),
                .paragraph("Text [1] with notes[^b] and[^a] [7].\nSecond line."), .heading(level: 2, text: "Two"),
                .bullets(["deep", "שלום עולם"]), .numbered(["first", "second"]), .numbered(["again first"]),
                .table(
                    Table(
                        columns: [
                            .init(header: "Well"),
                            .init(header: "Share", type: .number, alignment: .end, numberFormat: "0.0%"),
                            .init(header: "Count", type: .integer),
                        ], rows: [["North[^a]", 0.125, 1200], [nil, nil, -3]], caption: "Levels")),
                .chart(
                    Chart(
                        kind: .column, title: "Rain", categories: ["Q1", "Q2"],
                        series: [.init(name: "mm", values: [3, nil])], categoryAxisTitle: "Quarter",
                        valueAxisTitle: "Millimetres", numberFormat: "0", altText: "Rain by quarter")),
                .chart(Chart(kind: .scatter, categories: [], series: [.init(name: "s", values: [1], x: [2])])),
                .chart(
                    Chart(
                        kind: .combined, categories: ["Q1"],
                        series: [
                            .init(name: "c", values: [1], kind: .column),
                            .init(name: "l", values: [2], kind: .line, secondaryAxis: true),
                        ], stacked: true)),
                .image(Image(path: "a.png", altText: "A teal dot", caption: "Dot", source: 1)),
                .note("A callout."), .pageBreak, .heading(level: 3, text: "Three"), .sources(heading: "Sources"),
            ])
    }

    static func python(_ script: String, _ arguments: [String]) async throws -> String {
        let given = getenv("PERSONA_DATA_DIR").map { String(cString: $0) }
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let outcome = try await TestProgram.run(
            ["\(given ?? root + "/.data")/test-python/bin/python3", "-c", script] + arguments)
        #expect(outcome.status == 0, "\(outcome.text)")
        return outcome.text
    }

    private func inFile(_ report: Report, _ body: (String) async throws -> Void) async throws {
        let bytes = try WordFile.bytes(of: report, pictures: ["a.png": Self.picture], created: "2026-03-01T10:00:00Z")
        let folder = FileManager.default.temporaryDirectory.path + "/word-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }  // a left-over harms nothing
        try Data(bytes).write(to: URL(filePath: folder + "/report.docx"))
        try await body(folder + "/report.docx")
    }

    @Test(arguments: ["en", "ar", "en-US"]) func linterFindsNothing(language: String) throws {
        let bytes = try WordFile.bytes(
            of: Self.report(language: language), pictures: ["a.png": Self.picture], created: nil)
        #expect(OfficeLint.faults(of: bytes) == [])
    }

    @Test func sameReportGivesSameBytes() throws {
        let files = try (0..<2).map { _ in
            try WordFile.bytes(of: Self.report(), pictures: ["a.png": Self.picture], created: nil)
        }
        #expect(files[0] == files[1])
    }

    @Test func anotherLibraryReadsEverything() async throws {
        try await inFile(Self.report()) { path in
            let text = try await Self.python(
                """
                import sys, docx
                document = docx.Document(sys.argv[1])
                for p in document.paragraphs:
                    if p.text.strip(): print(p.style.name, "|", p.text.replace("\\n", "/").strip())
                table = document.tables[0]
                print([[c.text for c in row.cells] for row in table.rows])
                print(len(document.inline_shapes), document.core_properties.title, document.core_properties.author)
                numbers = [p._p.pPr.numPr.numId.val for p in document.paragraphs if p._p.pPr is not None and p._p.pPr.numPr is not None]
                print(numbers)
                """, [path])
            for line in [
                "Title | Wells & <springs>", "Heading 1 | One", "Heading 2 | Two", "Heading 3 | Three",
                "Body Text | Text [1] with notes and [7]./Second line.", "List Paragraph | deep",
                "Callout | A callout.",
                "[['Well', 'Share', 'Count'], ['North2', '12.5%', '1200'], ['', '', '-3']]",
                "4 Wells & <springs> Ada", "[1, 1, 2, 2, 3]", "Source | [1]\tBulletin/https://example.org/?a=1&b=2",
            ] {
                #expect(text.contains(line), "\(line) in \(text)")
            }
        }
    }

    @Test func officePrintsIt() async throws {
        try await inFile(Self.report()) { path in
            let folder = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
            let outcome = try await TestProgram.run([
                "sh", "-c",
                """
                soffice -env:UserInstallation=file://"$0"/profile --headless --convert-to pdf --outdir "$0" "$1" >/dev/null \
                2>&1 && pdftotext -layout "$0"/report.pdf -
                """, folder, path,
            ])
            for words in ["Wells & <springs>", "First note.", "12.5%", "A callout.", "Bulletin", "Dot"] {
                #expect(outcome.text.contains(words), "\(words) in \(outcome.text)")
            }
            let keep = getenv("PERSONA_KEEP_PRINTS").map { String(cString: $0) }
            if let keep { _ = try await TestProgram.run(["cp", folder + "/report.pdf", path, keep]) }
        }
    }

    @Test func wrongReportsAreRefused() {
        var report = Self.report()
        report.title = ""
        #expect(throws: OOXMLError.self) { try WordFile.bytes(of: report, pictures: [:], created: nil) }
        #expect(throws: OOXMLError.self) { try WordFile.bytes(of: Self.report(), pictures: [:], created: nil) }
    }
}
