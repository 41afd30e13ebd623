import DocumentModel
import PDF
import Testing

@Suite(.timeLimit(.minutes(10))) struct PDFReportTests {
    private func print(_ blocks: [Block], language: String = "en") throws -> PDFFile {
        try PDFReport.render(Report(title: "T", author: "A", language: language, blocks: blocks)) { _ in [] }
    }

    @Test func otherReadersFindEverythingInTheReport() async throws {
        let picture = Image(path: "a.png", altText: "A teal dot", caption: "A dot", source: 2)
        let photograph = Image(path: "b.jpg", altText: "Grey", caption: "Grey water")
        let photographed = try await reading(try print([.paragraph("x")]).bytes) { try await $0.photograph() }
        let file = try PDFReport.render(SampleReport.report(images: [picture, photograph])) {
            $0 == "a.png" ? Pictures.png : photographed
        }
        try await reading(file.bytes) { reader in
            let text = try await reader.text()
            for words in [
                "Reservoirs after a wet March", "A briefing on levels", "Ada Persona", "2 April 2026", "What happened",
                "1,234,567", "67.8%", "Region", "Valley", "Per cent of capacity", "A dot [2]", "Grey water", "Sources",
                "https://example.org/forecast", "Việt Nam",
            ] { #expect(text.contains(words), "\(words)") }
            // Poppler takes the narrow blanks of the footer for no blanks.
            #expect(text.filter { $0 != " " }.contains("March1/\(file.pages)"))
            let info = try await reader.info()
            for line in [
                "Title:           Reservoirs after a wet March", "Author:          Ada Persona", "Tagged:          yes",
            ] {
                #expect(info.contains(line), "\(info)")
            }
            #expect(!info.contains("CreationDate"))
            #expect(info.contains("Pages:           \(file.pages)\n"))
            let check = try await reader.check()
            #expect(check.contains("No syntax or stream encoding errors found"))
            let links = try await reader.info("-url")
            #expect(links.contains("https://example.org/bulletin?%28a%29=%27b%27"))
            let destinations = try await reader.info("-dests")
            for number in 1...3 { #expect(destinations.contains("source-\(number)")) }
        }
    }

    @Test func structureIsTaggedWithAlternativeTexts() async throws {
        let picture = Image(path: "a.png", altText: "A teal dot")
        let file = try PDFReport.render(SampleReport.report(images: [picture])) { _ in Pictures.png }
        try await reading(file.bytes) { reader in
            let structure = Set(
                try await reader.info("-struct-text").split { " \n:".contains($0) }.map(String.init))
            for element in [
                "Document", "H1", "H2", "H3", "P", "L", "LI", "Lbl", "LBody", "Table", "TR", "TH", "TD", "Figure",
                "Link",
            ] {
                #expect(structure.contains(element), "\(element)")
            }
        }
        let alternative =
            "/Alt <FEFF" + "A teal dot".utf16.map { "00" + String($0, radix: 16, uppercase: true) }.joined()
        let text = String(decoding: file.bytes, as: UTF8.self)
        #expect(text.contains(alternative))
        // Every chart and the picture, and what stands before the first.
        #expect(text.split(separator: "/Alt <").count == Chart.Kind.allCases.count + 2)
        #expect(text.contains("/Lang <FEFF0065006E002D00470042>"))
    }

    @Test func fontsAreEmbeddedAsSubsets() async throws {
        let file = try PDFReport.render(SampleReport.report()) { _ in [] }
        let fonts = try await reading(file.bytes) { try await $0.fonts() }.split(separator: "\n").dropFirst(2)
        #expect(!fonts.isEmpty)
        for font in fonts { #expect(font.contains("yes yes"), "\(font)") }
    }

    @Test func sameReportGivesSameBytes() throws {
        let first = try PDFReport.render(SampleReport.report()) { _ in [] }
        let second = try PDFReport.render(SampleReport.report()) { _ in [] }
        #expect(first == second)
    }

    @Test func arabicAndChineseSurvive() async throws {
        let file = try print([.paragraph("مرحبا بالعالم"), .paragraph("שלום עולם"), .paragraph("你好")], language: "ar")
        let text = try await reading(file.bytes) { try await $0.text("") }
        #expect(text.contains("مرحبا"))
        #expect(text.contains("שלום"))
    }

    @Test func tableRepeatsItsHeaderOnEachPage() async throws {
        let rows = (1...150).map { [Scalar.integer($0), .text("row \($0)")] }
        let table = Table(
            columns: [.init(header: "Number", type: .integer), .init(header: "Heading word")], rows: rows)
        let file = try print([.table(table)])
        #expect(file.pages > 2)
        let text = try await reading(file.bytes) { try await $0.text() }
        #expect(text.split(separator: "Heading word").count - 1 == file.pages)
        #expect(text.contains("row 150"))
    }

    @Test func headingStaysWithItsText() async throws {
        for count in 20...45 {
            let blocks = (0..<count).map { _ in Block.paragraph("Line.") }
            let file = try print(blocks + [.heading(level: 1, text: "Headline"), .paragraph("Follower.")])
            let pages = try await reading(file.bytes) { try await $0.text("") }.split(separator: "\u{0C}")
            let page = pages.first { $0.contains("Headline") }
            #expect(page?.contains("Follower.") == true, "\(count)")
        }
    }

    @Test func twoHundredPagesAreNumbered() async throws {
        let text = String(repeating: SampleReport.paragraph, count: 8)
        let file = try print((0..<370).flatMap { [Block.heading(level: 2, text: "Part \($0)"), .paragraph(text)] })
        #expect(file.pages >= 200)
        try await reading(file.bytes) { reader in
            let text = try await reader.text()
            #expect(text.contains("200 / \(file.pages)"))
            let check = try await reader.check()
            #expect(check.contains("No syntax or stream encoding errors found"))
        }
    }

    @Test func paperFollowsTheLanguage() {
        #expect(Paper.usual(forLanguage: "en-US") == .letter)
        #expect(Paper.usual(forLanguage: "zh-Hans-CN") == .a4)
        #expect(Paper.usual(forLanguage: "") == .a4)
    }
}
