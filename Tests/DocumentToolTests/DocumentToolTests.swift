import DocumentTool
import Domain
import FoundationEssentials
import Glibc
import Reading
import Synchronization
import TestKit
import Testing
import ToolKit

/// Tools as a run calls them, on files in its directory.
@Suite(.timeLimit(.minutes(5))) struct DocumentToolTests {
    private static let page = "<html><body><h1>Wells</h1><p>The first paragraph.</p></body></html>"

    /// The page as an old Word file or a PDF, made by another program.
    private func put(_ ending: String, filter: String? = nil, in run: TestRun) async throws {
        let tools = ToolRegistry([DocumentConvert()])
        try run.write(Array(Self.page.utf8), "page.html")
        _ = try await tools.call(
            "document.convert", input: ["file": "page.html", "output": .string("made.\(ending)")], in: run.context)
    }

    @Test func readsAFileOfTheRun() async throws {
        try await TestRun.with { run in
            try run.write(Array(Self.page.utf8), "page.html")
            let output = try await run.registry.call("document.read", input: ["file": "page.html"], in: run.context)
            let document = try output.decode(ReadDocument.self)
            #expect(document.kind == .html)
            #expect(document.sections[0].elements.map(\.text) == ["Wells", "The first paragraph."])
        }
    }

    @Test func readsOldOfficeFilesThroughAConversion() async throws {
        try await TestRun.with { run in
            try await put("docx", in: run)
            // LibreOffice writes the old format, which no tool offers.
            let outcome = try await TestProgram.run([
                "soffice", "-env:UserInstallation=file://\(run.directory)/profile", "--headless", "--convert-to", "doc",
                "--outdir", run.directory, "\(run.directory)/made.docx",
            ])
            #expect(outcome.status == 0, "\(outcome.text)")
            let output = try await run.registry.call("document.read", input: ["file": "made.doc"], in: run.context)
            let document = try output.decode(ReadDocument.self)
            #expect(document.kind == .doc)
            #expect(document.mediaType == "application/msword")
            #expect(document.text.contains("The first paragraph."))
            #expect(document.sections[0].elements.first?.kind == .heading)
        }
    }

    @Test(arguments: ["../x.pdf", "/etc/passwd", "link.pdf", "absent.pdf", "pipe.pdf"])
    func refusesFilesOutsideTheRun(file: String) async throws {
        try await TestRun.with { run in
            symlink("/etc/passwd", run.directory + "/link.pdf")
            mkfifo(run.directory + "/pipe.pdf", 0o600)
            for tool in ["document.read", "document.render"] {
                let error = await #expect(throws: ToolFailure.self) {
                    try await run.registry.call(tool, input: ["file": .string(file)], in: run.context)
                }
                #expect(error?.kind == .invalidInput, "\(tool)")
            }
        }
    }

    @Test func namesWhatIsWrongWithTheFile() async throws {
        try await TestRun.with { run in
            try run.write([0x20], "empty.pdf")
            let error = await #expect(throws: ToolFailure.self) {
                try await run.registry.call("document.read", input: ["file": "empty.pdf"], in: run.context)
            }
            #expect(error?.code == "document_empty")
            #expect(error?.kind == .invalidInput)
        }
    }

    @Test func convertsAmongFormatsOnTheList() async throws {
        try await TestRun.with { run in
            try await put("pdf", in: run)
            let bytes = try run.read("made.pdf")
            #expect(bytes.starts(with: Array("%PDF-".utf8)))
            #expect(run.published.map(\.mediaType) == ["application/pdf"])
            for output in ["x.xlsx", "x.sh", "x", "../x.pdf"] {
                let error = await #expect(throws: ToolFailure.self) {
                    try await run.registry.call(
                        "document.convert", input: ["file": "page.html", "output": .string(output)], in: run.context)
                }
                #expect(error?.kind == .invalidInput, "\(output)")
            }
        }
    }

    @Test func conversionOfGarbageFailsByName() async throws {
        try await TestRun.with { run in
            try run.write([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 1, 2, 3], "x.doc")
            try run.write(Array("PK\u{3}\u{4}garbage".utf8), "x.pptx")
            let error = await #expect(throws: ToolFailure.self) {
                try await run.registry.call(
                    "document.convert", input: ["file": "x.pptx", "output": "x.pdf"], in: run.context)
            }
            #expect(error?.code == "conversion_failed")
            let other = await #expect(throws: ToolFailure.self) {
                try await run.registry.call("document.read", input: ["file": "x.doc"], in: run.context)
            }
            #expect(other?.code == "document_damaged")
        }
    }

    @Test func drawsPagesAsPictures() async throws {
        try await TestRun.with { run in
            try run.write(Array(Self.page.utf8), "page.html")
            let output = try await run.registry.call(
                "document.render", input: ["file": "page.html", "resolution": 50], in: run.context
            ).decode(DocumentRender.Output.self)
            #expect(output.pageCount == 1)
            #expect(output.pages.map(\.path) == ["page.html-1.png"])
            #expect(run.published == output.pages)
            let bytes = try run.read("page.html-1.png")
            #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
            // Width of A4 or letter at 50 dots an inch.
            let width = bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
            #expect((412...426).contains(width))
            for input: JSONValue in [
                ["file": "page.html", "first_page": 2], ["file": "page.html", "resolution": 3],
                ["file": "page.exe"],
            ] {
                let error = await #expect(throws: ToolFailure.self) {
                    try await run.registry.call("document.render", input: input, in: run.context)
                }
                #expect(error?.kind == .invalidInput)
            }
        }
    }

    @Test func cancelledCallEndsItsProgram() async throws {
        try await TestRun.with { run in
            try run.write(Array(Self.page.utf8), "page.html")
            let context = run.context
            let mark = "reader-\(UUID().uuidString)"
            let tool = DocumentRead(reader: ["sh", "-c", "touch \(run.directory)/started; sleep 1000", mark])
            let call = Task { try await tool.call(.init(file: "page.html"), in: context) }
            while access(run.directory + "/started", F_OK) != 0 { try await Task.sleep(for: .milliseconds(5)) }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            let left = try await TestProgram.run(["pgrep", "-f", "sleep 1000.*\(mark)"])
            #expect(left.status == 1, "\(left.text)")
        }
    }
}
