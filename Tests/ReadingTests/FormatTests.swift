import DocumentModel
import FoundationEssentials
import Reading
import TestKit
import Testing

/// Documents of every kind that is read, made by other programs: LibreOffice, python-pptx, openpyxl, cairo.
@Suite(.timeLimit(.minutes(5))) struct FormatTests {
    private static let page = """
        <html><head><title>Wells of the coast</title></head><body><h1>Wells</h1><p>The first paragraph, of \
        twelve&nbsp;words.</p><ul><li>deep</li><li>shallow</li></ul><table><tr><th>Well</th><th>Depth</th></tr>\
        <tr><td>North</td><td>12</td></tr><tr><td>South &amp; East</td><td>7</td></tr></table></body></html>
        """

    /// The page above in another format, by LibreOffice.
    private func converted(to ending: String, filter: String? = nil) async throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.path + "/formats-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }  // a left-over harms nothing
        try Data(Self.page.utf8).write(to: URL(filePath: folder + "/page.html"))
        let outcome = try await TestProgram.run([
            "soffice", "-env:UserInstallation=file://\(folder)/profile", "--headless",
            "--infilter=HTML (StarWriter)", "--convert-to", filter ?? ending, "--outdir", folder + "/out",
            folder + "/page.html",
        ])
        #expect(outcome.status == 0, "\(outcome.text)")
        return Array(try Data(contentsOf: URL(filePath: folder + "/out/page.\(ending)")))
    }

    private func check(_ document: ReadDocument, tables: Bool = true, lists: Bool = true) {
        let elements = document.sections.flatMap(\.elements)
        #expect(elements.contains { $0.kind == .heading && $0.text == "Wells" && $0.level == 1 }, "\(elements)")
        #expect(elements.contains { $0.kind == .paragraph && $0.text?.hasPrefix("The first paragraph") == true })
        if lists { #expect(elements.filter { $0.kind == .listItem }.compactMap(\.text) == ["deep", "shallow"]) }
        if tables {
            let rows = elements.first { $0.kind == .table }?.rows ?? []
            #expect(rows.map { $0.map(Self.text) } == [["Well", "Depth"], ["North", "12"], ["South & East", "7"]])
        }
        #expect(document.warnings == [])
        #expect(!document.truncated)
    }

    private static func text(_ scalar: Scalar) -> String {
        switch scalar {
        case .text(let text): text
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        default: ""
        }
    }

    @Test func html() async throws {
        let document = try await Foreign.read(Array(Self.page.utf8), name: "page.html")
        #expect(document.kind == .html)
        #expect(document.metadata.title == "Wells of the coast")
        check(document)
    }

    @Test(arguments: [("docx", "docx"), ("odt", "odt"), ("rtf", "rtf")])
    func textDocuments(ending: String, kind: String) async throws {
        let document = try await Foreign.read(
            try await converted(to: ending, filter: ending == "docx" ? "docx:MS Word 2007 XML" : nil), name: "file")
        #expect(document.kind.rawValue == kind)
        check(document, lists: ending != "rtf")
    }

    @Test func pdfWithPlaces() async throws {
        let document = try await Foreign.read(try await converted(to: "pdf"), name: "x.pdf")
        #expect(document.kind == .pdf)
        #expect(document.metadata.pages == 1)
        check(document, tables: false)
        let section = try #require(document.sections.first)
        #expect((section.width ?? 0) > 500 && (section.height ?? 0) > 700)
        let heading = try #require(section.elements.first { $0.kind == .heading }?.place)
        #expect(heading.x > 20 && heading.y > 20 && heading.height > 10 && heading.width > 20)
        #expect(document.text.contains("South & East"))
    }

    @Test func presentationWithNotesTableAndChart() async throws {
        let document = try await Foreign.read(try await PythonFiles.presentation(), name: "x.pptx")
        #expect(document.kind == .pptx)
        #expect(document.sections.map(\.kind) == [.slide, .slide])
        #expect(document.sections.first?.title == "Reservoirs")
        #expect(document.metadata.title == "A deck")
        let first = document.sections[0].elements
        #expect(first.contains { $0.kind == .listItem && $0.text == "second level" && $0.level == 1 })
        #expect(first.contains { $0.kind == .speakerNote && $0.text == "Say it slowly." })
        let second = document.sections[1].elements
        #expect(second.contains { $0.kind == .table && $0.rows?.first == [.text("a"), .text("b")] })
        let chart = second.first {
            $0.kind == .table && $0.rows?.count == 3 && $0.rows?[0].count == 2 && $0.rows?[1][0] == "Q1"
        }
        #expect(chart?.rows?[2] == ["Q2", 4.5])
        let place = try #require(second.first { $0.kind == .table }?.place)
        #expect(place == DocumentElement.Place(x: 72, y: 72, width: 288, height: 72))
    }

    @Test func workbookWithTypes() async throws {
        let document = try await Foreign.read(try await PythonFiles.workbook(), name: "x.xlsx")
        #expect(document.sections.map(\.title) == ["Numbers", "Hidden"])
        #expect(document.sections[1].hidden == true)
        let rows = document.sections[0].elements.first { $0.kind == .table }?.rows
        #expect(rows?[0] == ["Name", "Count", "Share", "Day", "Yes"])
        #expect(rows?[1] == ["Ünïcode 😀", 12, 0.5, "2026-03-01", true])
        #expect(rows?[2] == ["Time", nil, nil, "1999-12-31T23:59:58"])
        #expect(document.sections[0].elements.contains { $0.kind == .comment && $0.text == "B2: checked" })
    }

    @Test func mail() async throws {
        let mail = """
            From: "Ada Persona" <ada@example.org>\r\nTo: b@example.org\r\nSubject: =?utf-8?q?Sch=C3=B6n?=\r\n\
            Date: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello there.\r\n\r\n\
            Second.\r\n--x\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment\r\n\r\na,b\r\n--x--\r\n
            """
        let document = try await Foreign.read(Array(mail.utf8), name: "file")
        #expect(document.kind == .email)
        #expect(document.metadata.title == "Schön")
        #expect(document.metadata.other?["from"] == "Ada Persona <ada@example.org>")
        #expect(document.sections[0].elements.compactMap(\.text) == ["Hello there.", "Second."])
        #expect(document.attachments == [DocumentAttachment(name: "a.csv", mediaType: "text/csv", size: 3)])
    }

    @Test func tableOfValues() async throws {
        let document = try await Foreign.read(Array("Name;Wert\nä;1,5\nb;2,25\n".utf8), name: "x.csv")
        #expect(document.kind == .csv)
        #expect(document.metadata.other?["delimiter"] == ";")
        #expect(document.sections[0].elements[0].rows == [["Name", "Wert"], ["ä", 1.5], ["b", 2.25]])
    }

    @Test func pictureByRecognition() async throws {
        let pdf = try await converted(to: "pdf")
        let picture = try await Foreign.inFile(pdf) { path in
            let outcome = try await TestProgram.run(["pdftoppm", "-png", "-r", "200", "-singlefile", path, path])
            #expect(outcome.status == 0, "\(outcome.text)")
            let bytes = try Data(contentsOf: URL(filePath: path + ".png"))
            try FileManager.default.removeItem(atPath: path + ".png")
            return Array(bytes)
        }
        let document = try await Foreign.read(picture, name: "scan.png")
        #expect(document.mediaType == "image/png")
        #expect(document.text.contains("The first paragraph, of twelve words."))
    }

    @Test func limitsCutAndSaySo() async throws {
        let document = try await Foreign.read(
            Array(Self.page.utf8), name: "x.html", limits: ReadingLimits(characters: 20, elements: 100, sections: 5))
        #expect(document.truncated)
        #expect(document.text.count <= 25)
    }
}
