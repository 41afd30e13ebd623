import DocumentModel
import FoundationEssentials
import Glibc
import PDF
import TestKit
import Testing

/// What PDF/A-2u and PDF/UA-1 ask for, as another library reads it.
@Suite(.timeLimit(.minutes(5))) struct ArchivalTests {
    private static let report = Report(
        title: "Wells & <springs>", subtitle: "A 😀 report", author: "Ada", language: "de-AT",
        sources: [Source(number: 1, title: "S", url: "https://e.org/")],
        footnotes: [Footnote(id: "a", text: "First note."), Footnote(id: "b", text: "Second note.")],
        blocks: [
            .contents(heading: "Inhalt"), .heading(level: 1, text: "One"),
            .paragraph("Text [1] with notes[^b] 😀 and[^a] 😀."),
            .table(Table(columns: [.init(header: "H"), .init(header: "I")], rows: [["x[^a]", 1]])),
            .chart(
                Chart(kind: .area, title: "C", categories: ["a", "b"], series: [.init(name: "s", values: [1, 2])])),
            .pageBreak, .heading(level: 2, text: "Two"), .bullets(["a", "b"]), .sources(heading: "Quellen"),
        ])

    /// Runs `script` with `pdf` bound to the report's reader, and answers what it prints.
    private func inspected(_ report: Report, _ script: String) async throws -> String {
        let file = try PDFReport.render(report, options: PDFOptions(creationDate: "2026-03-01T10:00:00Z")) { _ in
            Array("a,b\n1,2\n".utf8)
        }
        return try await reading(file.bytes) { reader in
            let check = try await reader.check()
            #expect(check.contains("No syntax or stream encoding errors found"), "\(check)")
            let given = getenv("PERSONA_DATA_DIR").map { String(cString: $0) }
            let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let head =
                "import sys, re\nfrom pypdf import PdfReader\npdf = PdfReader(sys.argv[1], strict=True)\ncatalog = pdf.trailer['/Root']\n"
            let outcome = try await TestProgram.run([
                "\(given ?? root + "/.data")/test-python/bin/python3", "-c", head + script, reader.path,
            ])
            #expect(outcome.status == 0, "\(outcome.text)")
            return outcome.text
        }
    }

    @Test func fileSaysWhatItIsTwiceAndTheSame() async throws {
        let text = try await inspected(
            Self.report,
            """
            xmp = catalog["/Metadata"].get_object().get_data().decode()
            import xml.dom.minidom; xml.dom.minidom.parseString(xmp.encode())
            print(pdf.metadata.title, pdf.metadata.author, pdf.metadata.creation_date_raw)
            meta = pdf.xmp_metadata
            print(meta.dc_title["x-default"], meta.dc_creator, meta.dc_language, meta.pdf_producer == pdf.metadata.producer)
            print(re.findall(r"<pdf(?:u?)aid:(\\w+)>(\\w+)<", xmp), "2026-03-01T10:00:00Z" in xmp)
            intent = catalog["/OutputIntents"][0].get_object()
            profile = intent["/DestOutputProfile"].get_object()
            data = profile.get_data()
            print(intent["/S"], profile["/N"], data[36:40], int.from_bytes(data[:4], "big") == len(data))
            print(len(pdf.trailer["/ID"]), catalog["/Lang"], catalog["/MarkInfo"]["/Marked"], catalog["/ViewerPreferences"]["/DisplayDocTitle"])
            """)
        #expect(
            text == """
                Wells & <springs> Ada D:20260301100000Z
                Wells & <springs> ['Ada'] ['de-AT'] True
                [('part', '2'), ('conformance', 'U'), ('part', '1')] True
                /GTS_PDFA1 3 b'acsp' True
                2 de-AT True True

                """)
    }

    @Test func everythingThatIsPaintedIsTaggedOrAnArtifact() async throws {
        let text = try await inspected(
            Self.report,
            """
            painting = {b"f", b"F", b"f*", b"B", b"S", b"s", b"Tj", b"TJ", b"Do", b"sh", b"b", b"B*", b"b*"}
            from pypdf.generic import ContentStream
            for page in pdf.pages:
                depth = loose = painted = 0
                for operands, operator in ContentStream(page["/Contents"].get_object(), pdf).operations:
                    if operator in (b"BDC", b"BMC"): depth += 1
                    elif operator == b"EMC": depth -= 1
                    elif operator in painting:
                        painted += 1
                        loose += depth == 0
                    assert depth in (0, 1)
                print(loose, depth, painted > 10, page["/Tabs"])
            """)
        #expect(text == "0 0 True /S\n0 0 True /S\n")
    }

    @Test func structureHasWhatReadersAskFor() async throws {
        let text = try await inspected(
            Self.report,
            """
            kinds, ids, alts, scopes, notes = {}, [], [], set(), 0
            def walk(node):
                node = node.get_object()
                if not hasattr(node, "get"): return
                kind = node.get("/S")
                kinds[kind] = kinds.get(kind, 0) + 1
                if kind == "/Figure": alts.append(node["/Alt"])
                if kind == "/TH": scopes.add(node["/A"]["/Scope"])
                if kind == "/Note": ids.append(node["/ID"])
                below = node.get("/K", [])
                for child in below if isinstance(below, list) else [below]: walk(child)
            tree = catalog["/StructTreeRoot"].get_object()
            for child in tree["/K"]: walk(child)
            names = tree["/IDTree"]["/Names"]
            print(sorted(ids), sorted(names[::2]), alts, scopes)
            print([kinds.get(k, 0) for k in ("/H1", "/H2", "/H3", "/TOC", "/TOCI", "/Note", "/TH", "/LI", "/Lbl")])
            links = [a.get_object() for page in pdf.pages for a in page.get("/Annots", [])]
            print(len(links) > 6, all(a["/F"] == 4 and a["/Contents"] and "/StructParent" in a for a in links))
            print([item.title for item in pdf.outline if not isinstance(item, list)])
            """)
        #expect(
            text == """
                ['note-1', 'note-2'] ['note-1', 'note-2'] ['C: s'] {'/Column'}
                [1, 3, 1, 1, 2, 2, 2, 3, 5]
                True True
                ['One', 'Quellen']

                """)
    }

    @Test func contentsNameThePagesAndNotesTheirNumbers() async throws {
        let text = try await inspected(Self.report, "print(pdf.pages[0].extract_text())")
        let lines = text.split(separator: "\n").map { $0.filter { $0 != " " } }
        #expect(lines.contains("One1") || lines.contains("One") && lines.contains("1"), "\(text)")
        // The first reference in reading order is note 1, whatever the order of the list.
        let joined = lines.joined(separator: " ")
        let first = try #require(joined.firstRange(of: "Secondnote."))
        let second = try #require(joined.firstRange(of: "Firstnote."))
        #expect(first.lowerBound < second.lowerBound)
    }

    @Test func attachmentsTravelInside() async throws {
        var report = Self.report
        report.attachments = [ReportAttachment(path: "data/a.csv", description: "The numbers")]
        let text = try await inspected(
            report,
            """
            print({name: [bytes(b) for b in data] for name, data in pdf.attachments.items()})
            file = catalog["/AF"][0].get_object()
            print(file["/AFRelationship"], file["/EF"]["/F"].get_object()["/Subtype"], file["/Desc"])
            print("<pdfaid:part>3<" in catalog["/Metadata"].get_object().get_data().decode())
            """)
        #expect(text.contains("a.csv': [b'a,b\\n1,2\\n']"), "\(text)")
        #expect(text.contains("/Supplement /text/csv The numbers\nTrue"), "\(text)")
    }

    @Test func longNotesGoOnToTheNextPage() async throws {
        let note = String(repeating: "A long note that goes on and on. ", count: 50)
        let notes = (0..<12).map { Footnote(id: "n\($0)", text: "\($0)th. " + note) }
        let marks = (0..<12).map { "word[^n\($0)]" }.joined(separator: " ")
        let report = Report(title: "T", author: "", footnotes: notes, blocks: [.paragraph(marks), .paragraph("End.")])
        let file = try PDFReport.render(report) { _ in [] }
        #expect(file.pages > 3)
        let text = try await reading(file.bytes) { try await $0.text() }
        for index in 0..<12 { #expect(text.contains("\(index)th. ")) }
    }

    @Test func referencesWithoutANoteStayText() async throws {
        let report = Report(title: "T", author: "", blocks: [.paragraph("a[^x] b[^] c[^")])
        let text = try await reading(try PDFReport.render(report) { _ in [] }.bytes) { try await $0.text() }
        #expect(text.contains("a[^x] b[^] c[^"))
    }
}
