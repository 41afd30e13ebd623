import Reading
import TestKit
import Testing

/// What is made to break readers is refused by name, in bounded memory and time, and never ends the platform.
@Suite(.timeLimit(.minutes(5))) struct HostileFileTests {
    private func refusal(
        _ bytes: [UInt8], name: String = "x.docx", program: [String] = Foreign.reader
    ) async -> ReadingError.Code? {
        let error = await #expect(throws: ReadingError.self) {
            try await Foreign.read(bytes, name: name, program: program)
        }
        return error?.code
    }

    @Test(arguments: [
        "<!DOCTYPE w:document [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE w:document [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>", "<!DOCTYPE w:document>",
        "<!DOCTYPE w:document SYSTEM 'http://127.0.0.1:1/x.dtd'>",
    ])
    func typeDeclarationsAreRefused(prolog: String) async throws {
        let file = try Foreign.docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>", prolog: prolog)
        #expect(await refusal(file) == .typeDeclaration)
    }

    @Test func bombStopsByRealBytes() async throws {
        let bomb = [UInt8](repeating: 0x20, count: 500 * 1024 * 1024)
        let start = Array("<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>".utf8)
        let file = try Foreign.docx("<w:p/>", parts: [("word/bomb.xml", start + bomb)])
        // Reached as the styles of the document, which are read first.
        let relations = """
            <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" \
            Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="bomb.xml"/>\
            </Relationships>
            """
        #expect(file.count < 2_000_000)
        let reached = try Foreign.docx(
            "<w:p/>", parts: [("word/bomb.xml", start + bomb), ("word/_rels/document.xml.rels", Array(relations.utf8))])
        #expect(await refusal(reached) == .tooLarge)
    }

    @Test func archiveOfTooManyEntriesIsRefused() async throws {
        let file = try Foreign.docx("<w:p/>", parts: (0..<20_100).map { (name: "a\($0)", bytes: []) })
        #expect(await refusal(file) == .tooLarge)
    }

    @Test func deepNestingIsDamage() async throws {
        let body = String(repeating: "<w:p>", count: 100_000) + String(repeating: "</w:p>", count: 100_000)
        #expect(await refusal(try Foreign.docx(body)) == .damaged)
        #expect(await refusal(Array("{\\rtf1 ".utf8) + [UInt8](repeating: 0x7B, count: 100_000)) == .damaged)
    }

    @Test func encryptedFilesAreNamedAsSuch() async throws {
        let archive = try Foreign.zip(
            [("[Content_Types].xml", Array("<Types/>".utf8)), ("word/document.xml", [0x20])], password: "x")
        #expect(await refusal(archive) == .encrypted)
        let manifest = """
            <manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry \
            manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>
            """
        let open = try Foreign.zip([
            ("mimetype", Array("application/vnd.oasis.opendocument.text".utf8)),
            ("META-INF/manifest.xml", Array(manifest.utf8)), ("content.xml", [0x20]),
        ])
        #expect(await refusal(open, name: "x.odt") == .encrypted)
    }

    @Test(arguments: [
        ("x.docx", "PK\u{3}\u{4}nothing"), ("x.pdf", "%PDF-1.4 nothing"),
        ("x.doc", "\u{D0}\u{CF}\u{11}\u{E0}\u{A1}\u{B1}\u{1A}\u{E1}nothing"),
    ])
    func whatOnlyBeginsLikeADocumentIsDamaged(name: String, text: String) async {
        let bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        let code = await refusal(bytes, name: name)
        #expect(code == .damaged || code == .unsupported)
    }

    @Test func emptyAndBinaryFilesAreNamed() async {
        #expect(await refusal([]) == .empty)
        #expect(await refusal([0x20, 0x0A]) == .empty)
        #expect(await refusal([1, 2, 3, 0, 0, 0, 200], name: "x.bin") == .unsupported)
    }

    @Test func repeatedCellsDoNotFillMemory() async throws {
        let cell = """
            <table:table-cell table:number-columns-repeated="16777216" office:value-type="string">\
            <text:p>xxxxxxxxxxxxxxxxxxxx</text:p></table:table-cell>
            """
        let row = "<table:table-row table:number-rows-repeated=\"16777216\">\(cell)</table:table-row>"
        let content = """
            <office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" \
            xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" \
            xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>\
            <table:table table:name="t">\(row)\(row)</table:table></office:spreadsheet></office:body>\
            </office:document-content>
            """
        let file = try Foreign.zip([
            ("mimetype", Array("application/vnd.oasis.opendocument.spreadsheet".utf8)),
            ("content.xml", Array(content.utf8)),
        ])
        let document = try await Foreign.read(file, name: "x.ods")
        #expect(document.truncated)
    }

    @Test func pixelFloodIsRefusedByItsHeader() async {
        let head: [UInt8] = [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 1, 0x86, 0xA0, 0, 1,
            0x86, 0xA0, 8, 2, 0, 0, 0, 0, 0, 0, 0,
        ]
        #expect(await refusal(head, name: "x.png") == .tooLarge)
    }

    @Test func readerThatDiesOrHangsIsOneFailedCall() async {
        #expect(await refusal([0x41], program: ["sh", "-c", "kill -SEGV $$"]) == .readerEnded)
        #expect(await refusal([0x41], program: ["sh", "-c", "exec 2>&-; while :; do :; done"]) == .outOfTime)
        let greedy = "python3"
        #expect(
            await refusal([0x41], program: [greedy, "-c", "x = bytearray(400 << 20); print('{}')"]) == .readerEnded)
    }
}
