import DocumentModel
import Foundation
import OOXML
import TestKit
import Testing

/// How decks look: reference pictures, contrast, nothing cut off.
@Suite(.timeLimit(.minutes(15))) struct DeckLookTests {
    private static let python = Repository.python
    private static let references = Gallery.folder.appending(path: "References")

    private func write(_ deck: Deck) throws -> Presentation.Output {
        #expect(deck.validate() == [])
        return try Presentation.bytes(of: deck, pictures: ["mountains.png": Gallery.mountains])
    }

    /// Renders each slide by LibreOffice and Poppler, 320 pixels wide, and hands the folder of `page-NN.png` to `body`.
    private func render<Value>(_ bytes: [UInt8], width: Int = 320, _ body: (URL) async throws -> Value) async throws
        -> Value
    {
        try await OfficeReader.directory { folder in
            let file = folder.appending(path: "file.pptx")
            try Data(bytes).write(to: file)
            for words in [
                [
                    "soffice", "--headless", "-env:UserInstallation=file://\(folder.path)/profile", "--convert-to",
                    "pdf", "--outdir", folder.path, file.path,
                ],
                [
                    "pdftoppm", "-scale-to-x", "\(width)", "-scale-to-y", "-1", "-png",
                    folder.appending(path: "file.pdf").path, folder.appending(path: "page").path,
                ],
            ] {
                let outcome = try await TestProgram.run(words)
                #expect(outcome.status == 0, "\(outcome.text)")
            }
            return try await body(folder)
        }
    }

    /// Mean difference of grey levels, and the share of blocks of 8 × 8 pixels that differ clearly.
    private static let comparison = """
        import sys, glob, os
        from PIL import Image, ImageChops
        pages, references, names = sys.argv[1], sys.argv[2], sys.argv[3].split(',')
        found = sorted(glob.glob(pages + '/page-*.png'))
        print('pages', len(found))
        if os.environ.get('PERSONA_WRITE_PICTURES'):
            os.makedirs(references, exist_ok=True)
        for path, name in zip(found, names):
            page = Image.open(path).convert('RGB')
            reference = references + '/' + name + '.webp'
            if os.environ.get('PERSONA_WRITE_PICTURES'):
                page.save(reference, quality=60, method=6)
            kept = Image.open(reference).convert('RGB')
            if kept.size != page.size:
                print('size', name, kept.size, page.size)
                continue
            difference = ImageChops.difference(page, kept).convert('L')
            mean = sum(i * n for i, n in enumerate(difference.histogram())) / (page.width * page.height)
            small = difference.reduce(8)
            blocks = sum(small.histogram()[40:]) / (small.width * small.height)
            if mean > 4 or blocks > 0.03:
                print('differs', name, round(mean, 2), round(blocks, 3))
        """

    /// Where the grid has text, the darkest and the lightest colour differ by 4.5.
    private static let contrast = """
        import sys, glob
        from PIL import Image
        def light(c):
            def f(v):
                v /= 255
                return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
            return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2])
        for path in sorted(glob.glob(sys.argv[1] + '/large-*.png')):
            # What stands in the body there is a picture.
            if '-19.' in path: continue
            page = Image.open(path).convert('RGB')
            w, h = page.size
            # The head's and the cover's text, and the body's upper half, as far as they hold anything.
            for box in [(0.05, 0.04, 0.6, 0.185), (0.05, 0.24, 0.6, 0.7)]:
                part = page.crop((int(box[0] * w), int(box[1] * h), int(box[2] * w), int(box[3] * h)))
                colours = part.getcolors(1 << 24)
                total = part.width * part.height
                ground = max(colours)[1]
                ink = [c for n, c in colours if c != ground]
                if not ink: continue
                best = max((max(light(c), light(ground)) + 0.05) / (min(light(c), light(ground)) + 0.05) for c in ink)
                if best < 4.5: print(path[-6:], box, round(best, 2))
        """

    @Test(arguments: Theme.builtIn.prefix(6).map(\.name)) func everyLayoutLooksAsItsReference(name: String) async throws
    {
        let theme = try #require(Theme.named(name))
        let output = try write(Gallery.deck(theme))
        let (text, unread) = try await render(output.bytes) { folder in
            let compared = try await TestProgram.run([
                Self.python, "-c", Self.comparison, folder.path, Self.references.appending(path: name).path,
                Gallery.names.joined(separator: ","),
            ])
            let large = try await TestProgram.run([
                "pdftoppm", "-scale-to-x", "960", "-scale-to-y", "-1", "-png",
                folder.appending(path: "file.pdf").path, folder.appending(path: "large").path,
            ])
            #expect(large.status == 0, "\(large.text)")
            return (
                compared.text, try await TestProgram.run([Self.python, "-c", Self.contrast, folder.path]).text
            )
        }
        #expect(text == "pages \(Gallery.names.count)\n", "written anew with PERSONA_WRITE_PICTURES=1")
        #expect(unread == "")
    }

    /// Nothing reaches the slide's edge but what layouts draw there: the outer margin shows the same as an empty slide.
    @Test(arguments: ["long", "cjk", "emoji", "word", "arabic"]) func nothingIsCutOff(kind: String) async throws {
        let text =
            switch kind {
            case "cjk": String(repeating: "四つの観測所すべてで雨量が増加した。", count: 6)
            case "emoji": String(repeating: "Rain ☔️ rises 📈 in 👩‍🔬 Salzburg 🏔 ", count: 8)
            case "word": String(repeating: "Donaudampfschifffahrtsgesellschaft", count: 6)
            case "arabic": String(repeating: "ارتفعت كمية الأمطار في جميع المحطات هذا العام. ", count: 6)
            default: String(repeating: "The stations report a rise that no earlier decade shows. ", count: 8)
            }
        let points = (1...7).map { Point(text, lead: $0 % 2 == 0 ? String(text.prefix(60)) : nil, level: $0 % 3) }
        let node = Diagram.Node(String(text.prefix(80)), text: String(text.prefix(200)))
        let deck = Deck(
            title: String(text.prefix(200)), author: "A", language: kind == "arabic" ? "ar" : "en",
            slides: [
                Slide(.title(title: String(text.prefix(200)), subtitle: text)),
                Slide(
                    .bullets(title: String(text.prefix(200)), points: points), kicker: text.prefix(90) + "",
                    takeaway: String(text.prefix(150))),
                Slide(
                    .comparison(
                        title: "C", left: .init(heading: String(text.prefix(90)), points: points),
                        right: .init(heading: "R", points: points))),
                Slide(
                    .quote(
                        title: "Q",
                        quote: Quote(text, attribution: String(text.prefix(100)), role: String(text.prefix(100))))),
                Slide(
                    .bigNumber(
                        title: "N",
                        numbers: (1...4).map { _ in
                            Figure("1,234,567 km", label: String(text.prefix(100)), detail: String(text.prefix(100)))
                        })),
                Slide(.diagram(title: "D", diagram: Diagram(.process, nodes: Array(repeating: node, count: 7)))),
                Slide(.diagram(title: "D", diagram: Diagram(.timeline, nodes: Array(repeating: node, count: 9)))),
                Slide(.diagram(title: "D", diagram: Diagram(.cycle, nodes: Array(repeating: node, count: 6)))),
                Slide(
                    .diagram(
                        title: "D",
                        diagram: Diagram(
                            .matrix, nodes: Array(repeating: node, count: 4), xAxisTitle: String(text.prefix(90)),
                            yAxisTitle: String(text.prefix(90))))),
                Slide(
                    .table(
                        title: "T",
                        table: Table(
                            columns: [.init(header: "A"), .init(header: String(text.prefix(60)))],
                            rows: (1...9).map { [.integer(Int64($0)), .text(text)] }))),
            ])
        let program = """
            import sys, glob
            from PIL import Image
            for path in sorted(glob.glob(sys.argv[1] + '/page-*.png'))[1:]:
                page = Image.open(path).convert('RGB')
                w, h = page.size
                # Above the head, below the foot, beside the margins; between body and foot only the sources stand.
                for box in [(0, 0, w, int(h * 0.025)), (0, int(h * 0.972), w, h), (0, 0, int(w * 0.045), h), (int(w * 0.955), 0, w, h)]:
                    if len(page.crop(box).getcolors(1 << 24)) > 1: print(path[-6:], box)
                strip = page.crop((0, int(h * 0.89), w, int(h * 0.93)))
                if len(strip.getcolors(1 << 24)) > 1: print(path[-6:], 'foot')
            """
        let output = try write(deck)
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            try Data(output.bytes).write(to: URL(filePath: "\(keep)/fit-\(kind).pptx"))
        }
        #expect(output.slides > deck.slides.count)
        let found = try await render(output.bytes, width: 960) { folder in
            try await TestProgram.run([Self.python, "-c", program, folder.path]).text
        }
        #expect(found == "")
    }

    @Test(arguments: Theme.builtIn.prefix(6).map(\.name)) func tokensCanBeReadUponEachOther(name: String) throws {
        let theme = try #require(Theme.named(name))
        let pairs = [theme.text, theme.heading, theme.muted, theme.link, theme.accent].flatMap { ink in
            [theme.background, theme.surface].map { (ink, $0) }
        }
        for (ink, ground) in pairs + [(theme.coverText, theme.cover), (Theme.ink(on: theme.accent), theme.accent)] {
            #expect(try #require(Theme.contrast(ink, ground)) >= 4.5, "\(ink) on \(ground)")
        }
    }

    @Test func decksThatReadFromTheRightAreMirrored() async throws {
        var deck = Deck(
            title: "أمطار", author: "أدا", language: "ar", theme: .light,
            slides: [
                Slide(.bullets(title: "ارتفعت الأمطار", points: [.init("في جميع المحطات"), .init("Salzburg 2026")])),
                Slide(.table(title: "المحطات", table: Samples.table)),
                Slide(.chart(title: "حسب المحطة", chart: Samples.chart)),
                Slide(
                    .diagram(
                        title: "خطوات", diagram: Diagram(.process, nodes: [.init("قراءة"), .init("فحص"), .init("نشر")]))
                ),
            ])
        let program = """
            import sys, pptx
            p = pptx.Presentation(sys.argv[1])
            s = p.slides
            q = s[0].placeholders[1].text_frame.paragraphs
            print([(x._p.pPr.get('rtl'), x._p.pPr.get('algn')) for x in q])
            print([h.table._tbl.tblPr.get('rtl') for h in s[1].shapes if h.has_table])
            c = [h.chart for h in s[2].shapes if h.has_chart][0]
            print(c.category_axis.reverse_order)
            g = [h for h in s[3].shapes if h.shape_type == 6][0]
            x = [h.left for h in g.shapes if h.name.startswith('Step')]
            print(x == sorted(x, reverse=True), g.shapes[0]._element.spPr.xfrm.get('flipH'))
            """
        let text = try await OfficeReader.python(program, on: try write(deck).bytes, ending: "pptx")
        #expect(text == "[('1', 'r'), ('1', 'r')]\n['1']\nTrue\nTrue 1\n")
        deck.direction = .leftToRight
        let plain = try await OfficeReader.python(program, on: try write(deck).bytes, ending: "pptx")
        #expect(plain.hasSuffix("False\nFalse None\n"))
        if let keep = ProcessInfo.processInfo.environment["PERSONA_KEEP_DOCUMENTS"] {
            var gallery = Gallery.deck(.light)
            gallery.direction = .rightToLeft
            gallery.language = "he"
            try Data(try write(gallery).bytes).write(to: URL(filePath: "\(keep)/mirrored.pptx"))
        }
    }
}
