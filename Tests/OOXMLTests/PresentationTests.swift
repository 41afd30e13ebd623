import DocumentModel
import Foundation
import OOXML
import Testing

@Suite(.timeLimit(.minutes(10))) struct PresentationTests {
    let pictures = ["shot.png": Samples.png, "mountains.png": Gallery.mountains]

    private func write(_ deck: Deck) throws -> Presentation.Output {
        #expect(deck.validate() == [])
        return try Presentation.bytes(of: deck, pictures: pictures, created: "2026-03-01T09:30:00Z")
    }

    @Test(arguments: [Theme.light, Theme.dark]) func packageIsSound(theme: Theme) throws {
        let output = try write(Samples.deck(theme: theme, image: "shot.png"))
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            try Data(output.bytes).write(to: URL(filePath: "\(keep)/\(theme.name).pptx"))
        }
        let lint = try #require(PackageLint(output.bytes))
        #expect(lint.faults == [])
        for (name, bytes) in lint.parts where name.hasSuffix(".xlsx") {
            #expect(PackageLint(bytes)?.faults == [], "\(name)")
        }
    }

    @Test(arguments: Theme.builtIn.prefix(6).map(\.name)) func galleryIsSound(name: String) throws {
        let theme = try #require(Theme.named(name))
        let output = try write(Gallery.deck(theme))
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            try Data(output.bytes).write(to: URL(filePath: "\(keep)/\(name).pptx"))
        }
        #expect(try #require(PackageLint(output.bytes)).faults == [])
        #expect(output.slides == Gallery.names.count)
    }

    @Test func sameDeckGivesSameBytes() throws {
        #expect(try write(Samples.deck()).bytes == write(Samples.deck()).bytes)
    }

    @Test func longContentIsSplitAndNothingIsLost() throws {
        let output = try write(Samples.deck())
        #expect(output.slides > Samples.deck().slides.count)
        let lint = try #require(PackageLint(output.bytes))
        let all = lint.order.filter { $0.hasPrefix("ppt/slides/slide") }.map(lint.text).joined()
        #expect(all.contains("Everything, at length (2/"))
        for point in Samples.longPoints { #expect(all.contains(point.text)) }
        for row in 1...40 { #expect(all.contains(">Station \(row)<")) }
    }

    @Test func pythonReadsTitlesNotesTablesChartsAndPictures() async throws {
        let program = """
            import sys, pptx, io, openpyxl
            p = pptx.Presentation(sys.argv[1])
            print(p.core_properties.title, p.core_properties.author, len(p.slide_layouts), len(p.slides))
            for s in p.slides:
                print('T', s.shapes.title.text_frame.text, '|', s.slide_layout.name, '|', s.notes_slide.notes_text_frame.text.replace(chr(10), '/') if s.has_notes_slide else '')
                for h in s.shapes:
                    assert h.left is not None and h.width is not None
                    assert h.left >= 0 and h.top >= 0 and h.left + h.width <= p.slide_width and h.top + h.height <= p.slide_height, (h.name, h.top, h.height)
                    if h.has_chart:
                        c = h.chart
                        print('C', c.chart_type, [(x.name, list(x.values)) for x in c.plots[0].series])
                        w = openpyxl.load_workbook(io.BytesIO(c.part.chart_workbook.xlsx_part.blob))
                        print('W', [[v.value for v in r] for r in w.active.iter_rows()][:2])
                    if h.has_table: print('B', [c.text for c in h.table.rows[1].cells])
                    if h.is_placeholder and h.placeholder_format.type == 18: print('P', h.image.size)
            """
        let output = try write(Samples.deck(image: "shot.png"))
        let text = try await OfficeReader.python(program, on: output.bytes, ending: "pptx")
        #expect(text.contains("Rain in four cities Ada 14 \(output.slides)"))
        #expect(text.contains("T Rain in four cities | Title Slide | Welcome./Thank the office."))
        #expect(text.contains("T Key points | Title and Content | Say the first point slowly."))
        #expect(
            text.contains("[('Rain 2025', [612.0, 580.5, None, 940.0]), ('Rain 2026', [655.0, 610.0, 701.0, 1010.0])]"))
        #expect(text.contains("W [['Station', 'Rain 2025', 'Rain 2026'], ['Vienna', 612, 655]]"))
        #expect(text.contains("B ['Vienna', '203', '655.3', '1852-07-23']"))
        #expect(text.contains("P (4, 3)"))
    }

    @Test func libreOfficeShowsEverySlide() async throws {
        let output = try write(Samples.deck(image: "shot.png"))
        #expect(try await OfficeReader.pagesOfPDF(output.bytes, ending: "pptx") == output.slides)
    }

    @Test func pictureThatIsNoneIsRefused() {
        let error = #expect(throws: OOXMLError.self) {
            try Presentation.bytes(of: Samples.deck(image: "shot.png"), pictures: ["shot.png": Array("GIF89a".utf8)])
        }
        #expect(error?.code == "image_invalid")
    }

    @Test func oneEndlessWordStillFitsItsSlides() throws {
        let deck = Deck(
            title: "T", author: "A",
            slides: [
                Slide(
                    .bullets(
                        title: "B",
                        points: [Point(String(repeating: "x", count: 2_000)), Point("\u{0}\u{FFFE}control\u{1B}")]))
            ])
        let lint = try #require(PackageLint(try write(deck).bytes))
        #expect(lint.faults == [])
        #expect(
            lint.text("ppt/slides/slide2.xml").contains("control")
                || lint.text("ppt/slides/slide1.xml").contains("control"))
    }

    @Test(
        arguments: [
            ([0x89, 0x50, 0x4E, 0x47], false), ([], false), ([0xFF, 0xD8, 0xFF, 0xE0, 0, 0], false),
            ([0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0, 9, 0, 16, 3, 0], true),
        ] as [([UInt8], Bool)]) func imageHeadersAreReadOrRefused(bytes: [UInt8], known: Bool)
    {
        #expect((ImageHeader(bytes) != nil) == known)
    }
}
