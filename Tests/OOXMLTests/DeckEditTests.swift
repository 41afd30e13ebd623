import DocumentModel
import Foundation
import OOXML
import Testing

@Suite(.timeLimit(.minutes(10))) struct DeckEditTests {
    private func sample() throws -> [UInt8] {
        try Presentation.bytes(of: Samples.deck(image: "shot.png"), pictures: ["shot.png": Samples.png]).bytes
    }

    private func edit(_ bytes: [UInt8], _ operations: [DeckOperation], files: [String: [UInt8]] = [:]) throws -> [UInt8]
    {
        var editor = try DeckEditor(bytes)
        for operation in operations { try editor.apply(operation, files: files) }
        let edited = try editor.bytes()
        #expect(OfficeLint.faults(of: edited) == [])
        return edited
    }

    /// Titles of the slides as python-pptx reads them, one a line.
    private func titles(_ bytes: [UInt8]) async throws -> [String] {
        let program = """
            import sys, pptx
            for s in pptx.Presentation(sys.argv[1]).slides:
                print(s.shapes.title.text_frame.text if s.shapes.title is not None else '-')
            """
        let text = try await OfficeReader.python(program, on: bytes, ending: "pptx")
        return text.split(separator: "\n").map(String.init)
    }

    @Test func slidesAreDeletedMovedAndCopied() async throws {
        let before = try await titles(try sample())
        let bytes = try edit(
            try sample(),
            [.deleteSlide(2), .moveSlide(1, to: 3), .duplicateSlide(1, to: nil), .moveSlide(4, to: 1)])
        let after = try await titles(bytes)
        #expect(after.count == before.count)
        #expect(Array(after.prefix(4)) == [before[0], before[2], before[2], before[3]])
        #expect(Array(after.dropFirst(4)) == Array(before.dropFirst(4)))
        #expect(try await OfficeReader.pagesOfPDF(bytes, ending: "pptx") == after.count)
    }

    @Test func deletedSlidesTakeTheirPartsAlong() throws {
        let lint = try #require(PackageLint(try sample()))
        let charts = lint.order.filter { $0.hasPrefix("ppt/charts/chart") }.count
        var editor = try DeckEditor(try sample())
        // Everything but the first slide.
        for _ in 1..<(try editor.slideCount()) { try editor.apply(.deleteSlide(2)) }
        let bytes = try editor.bytes()
        #expect(OfficeLint.faults(of: bytes) == [])
        let left = try #require(PackageLint(bytes))
        #expect(charts > 0)
        #expect(
            left.order.filter { $0.contains("/charts/") || $0.contains("/media/") || $0.contains("/embeddings/") } == []
        )
        #expect(left.order.filter { $0.hasPrefix("ppt/slides/slide") } == ["ppt/slides/slide1.xml"])
    }

    @Test func textIsReplacedAcrossRunsAndKeepsItsLook() async throws {
        let program = """
            import sys, pptx
            from pptx.util import Pt
            p = pptx.Presentation()
            s = p.slides.add_slide(p.slide_layouts[1])
            s.shapes.title.text = 'Report'
            t = s.placeholders[1].text_frame.paragraphs[0]
            for text, bold in [('Dear {{na', True), ('me', False), ('}}, welcome & {{NAME}}', None)]:
                r = t.add_run(); r.text = text; r.font.bold = bold
            p.save(sys.argv[1] + '.out')
            print(open(sys.argv[1] + '.out', 'rb').read().hex())
            """
        let text = try await OfficeReader.python(program, on: [], ending: "pptx")
        let bytes = edit(hex: text)
        let edited = try edit(
            bytes, [.replaceText(find: "{{name}}", replacement: "Ada <&>", slides: nil, ignoresCase: true)])
        let reading = """
            import sys, pptx
            s = pptx.Presentation(sys.argv[1]).slides[0]
            print([(r.text, r.font.bold) for r in s.placeholders[1].text_frame.paragraphs[0].runs])
            """
        let found = try await OfficeReader.python(reading, on: edited, ending: "pptx")
        #expect(found == "[('Dear Ada <&>', True), ('', False), (', welcome & Ada <&>', None)]\n")
    }

    private func edit(hex text: String) -> [UInt8] {
        let digits = Array(text.utf8.filter { $0 != 10 })
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    @Test func placeholdersAreFilledAndNotesSet() async throws {
        let edited = try edit(
            try sample(),
            [
                .fill(slide: 3, placeholder: "title", lines: [Point("New & better")]),
                .fill(slide: 3, placeholder: "body", lines: [Point("One"), Point("Under it", level: 1)]),
                .setNotes(slide: 1, notes: "First.\nSecond."), .setNotes(slide: 2, notes: "Fresh."),
            ])
        let program = """
            import sys, pptx
            p = pptx.Presentation(sys.argv[1])
            s = p.slides[2]
            print(s.shapes.title.text_frame.text, [(q.text, q.level) for q in s.placeholders[1].text_frame.paragraphs])
            print([p.slides[i].notes_slide.notes_text_frame.text for i in (0, 1)])
            """
        let text = try await OfficeReader.python(program, on: edited, ending: "pptx")
        #expect(text == "New & better [('One', 0), ('Under it', 1)]\n['First.\\nSecond.', 'Fresh.']\n")
        #expect(throws: OOXMLError.self) {
            try self.edit(try self.sample(), [.fill(slide: 3, placeholder: "nothing", lines: [])])
        }
        #expect(throws: OOXMLError.self) { try self.edit(try self.sample(), [.deleteSlide(99)]) }
    }

    @Test func chartsTakeNewDataWithTheirWorkbook() async throws {
        let titles = try await titles(try sample())
        let slide = try #require(titles.firstIndex(of: "Rain by station")) + 1
        let data = ChartData(
            categories: ["A", "B & C", "D"],
            series: [
                .init(name: "One", values: [1, 2.5, nil]), .init(name: "Two", values: [3, 4, 5]),
                .init(name: "Three", values: [6, 7, 8]),
            ])
        let edited = try edit(try sample(), [.setChart(slide: slide, chart: 1, data: data)])
        let program = """
            import sys, pptx, io, openpyxl
            s = pptx.Presentation(sys.argv[1]).slides[\(slide - 1)]
            c = [h for h in s.shapes if h.has_chart][0].chart
            print(list(c.plots[0].categories), [(x.name, list(x.values)) for x in c.plots[0].series])
            w = openpyxl.load_workbook(io.BytesIO(c.part.chart_workbook.xlsx_part.blob))
            print([[v.value for v in r] for r in w.active.iter_rows()])
            """
        let text = try await OfficeReader.python(program, on: edited, ending: "pptx")
        #expect(
            text == """
                ['A', 'B & C', 'D'] [('One', [1.0, 2.5, None]), ('Two', [3.0, 4.0, 5.0]), ('Three', [6.0, 7.0, 8.0])]
                [[' ', 'One', 'Two', 'Three'], ['A', 1, 3, 6], ['B & C', 2.5, 4, 7], ['D', None, 5, 8]]

                """)
    }

    @Test func slidesWithChartsAndPicturesGoToAnotherDeck() async throws {
        let all = try await titles(try sample())
        let wanted = try ["Rain by station", "The page itself"].map { try #require(all.firstIndex(of: $0)) + 1 }
        let target = try Presentation.bytes(
            of: Deck(
                title: "Other", author: "B", theme: .signal, slides: [Slide(.title(title: "Other", subtitle: nil))])
        ).bytes
        let edited = try edit(
            target, [.copySlides(from: "in.pptx", slides: wanted, to: 1)], files: ["in.pptx": try sample()])
        #expect(try await titles(edited) == ["Rain by station", "The page itself", "Other"])
        let program = """
            import sys, pptx
            p = pptx.Presentation(sys.argv[1])
            print([h.chart.plots[0].series[0].name for h in p.slides[0].shapes if h.has_chart])
            print([h.image.size for h in p.slides[1].shapes if h.is_placeholder and h.placeholder_format.type == 18])
            """
        #expect(try await OfficeReader.python(program, on: edited, ending: "pptx") == "['Rain 2025']\n[(4, 3)]\n")
    }

    /// Decks of others as templates: their layouts and themes are used, and every slide can be shown.
    @Test(
        .enabled(if: corpus != nil, "The corpora are absent: set PERSONA_CORPORA."),
        arguments: ["line-chart", "testPPT", "rain"])
    func foreignDecksServeAsTemplates(name: String) async throws {
        let template = Array(
            try Data(contentsOf: URL(filePath: try #require(Self.corpus)).appending(path: name + ".pptx")))
        let output = try Presentation.bytes(
            of: Gallery.deck(.light), pictures: ["mountains.png": Gallery.mountains], template: template)
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            try Data(output.bytes).write(to: URL(filePath: "\(keep)/template-\(name).pptx"))
        }
        let old = Set(OfficeLint.faults(of: template).map(\.rule))
        #expect(OfficeLint.faults(of: output.bytes).filter { !old.contains($0.rule) } == [])
        let (before, after) = (try #require(PackageLint(template)), try #require(PackageLint(output.bytes)))
        let kept = before.order.filter {
            $0.hasPrefix("ppt/slideMasters/slideMaster") || $0.hasPrefix("ppt/slideLayouts/slideLayout")
        }
        #expect(kept.isEmpty == false)
        for part in kept { #expect(after.parts[part] == before.parts[part], "\(part)") }
        #expect(try await OfficeReader.pagesOfPDF(output.bytes, ending: "pptx") == output.slides)
    }

    // MARK: - Foreign decks

    /// The independent files: `PERSONA_CORPORA`, else `../shared/corpora` beside the repository.
    static let corpus: String? = {
        let root = Gallery.folder.deletingLastPathComponent().deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["PERSONA_CORPORA"]
            ?? root.appending(path: "../shared/corpora").standardizedFileURL.path()
        let decks = path + "/office/pptx"
        return FileManager.default.fileExists(atPath: decks) ? decks : nil
    }()

    /// Decks of others: written anew they keep every part's bytes, but for the parts that a change names.
    @Test(.enabled(if: corpus != nil, "The corpora are absent: set PERSONA_CORPORA."))
    func untouchedPartsOfForeignDecksKeepTheirBytes() throws {
        let corpus = try #require(Self.corpus)
        let files = try FileManager.default.contentsOfDirectory(atPath: corpus).filter { $0.hasSuffix(".pptx") }
            .sorted()
        var edited = 0
        for file in files {
            let bytes = Array(try Data(contentsOf: URL(filePath: corpus).appending(path: file)))
            guard var editor = try? DeckEditor(bytes), let before = PackageLint(bytes) else { continue }
            guard let count = try? editor.slideCount(), count > 0 else { continue }
            try editor.apply(.setNotes(slide: 1, notes: "Noted."))
            try editor.apply(.duplicateSlide(count, to: nil))
            try editor.apply(.replaceText(find: "\u{1}", replacement: "", slides: nil, ignoresCase: false))
            let after = try #require(PackageLint(try editor.bytes()), "\(file)")
            for (name, content) in before.parts {
                let isListed =
                    name == "[Content_Types].xml" || name.hasSuffix(".rels") || name == "ppt/presentation.xml"
                if isListed || name.hasPrefix("ppt/notesSlides/") || name.hasSuffix("/") { continue }
                #expect(after.parts[name] == content, "\(file): \(name)")
            }
            // A change makes nothing wrong that was right.
            let new = OfficeLint.faults(of: try editor.bytes())
            let old = Set(OfficeLint.faults(of: bytes).map(\.rule))
            #expect(new.filter { !old.contains($0.rule) } == [], "\(file)")
            edited += 1
        }
        #expect(edited > 15)
    }
}
