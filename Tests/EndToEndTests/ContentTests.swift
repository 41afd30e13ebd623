import Domain
import Foundation
import MIME
import PlatformKit
import Store
import TestKit
import Testing

/// What goes out is made of what came in: this mail, these pages, this table.
@Suite(.timeLimit(.minutes(10)))
struct ContentTests {
    @Test(arguments: [(Topic.trams, Topic.orchards), (Topic.orchards, Topic.trams)])
    func filesHoldThisMailThesePagesAndThisTable(_ topic: Topic, _ other: Topic) async throws {
        let house = try await House.open()
        let sender = try await Correspondent.one()
        let links = topic.publish(on: house.pages, below: topic.tableName)
        let mail = topic.mail(from: sender, to: house.ada, links: links)
        let exchange = try await house.ask(sender, mail, house.ada)

        thread(of: exchange, mail)
        #expect(exchange.fileNames == ["briefing.pdf", "briefing.pptx", "briefing.xlsx"])
        #expect(exchange.writtenBy == "built-in extractive writer")
        #expect(exchange.text.contains("I am Ada, an AI persona."))
        #expect(exchange.text.contains("written by the built-in extractive writer"))
        for link in links { #expect(exchange.text.contains(link)) }

        let files = try await OfficeFiles.read(exchange)
        let title = topic.subject.hasPrefix("Re: ") ? String(topic.subject.dropFirst(4)) : topic.subject
        try await points(of: exchange, in: files, topic, house)
        try deck(files.deck, title, links, topic)
        try workbook(try #require(files.book), topic, links)
        #expect((1...2).contains(files.print.pages))
        #expect(words(files.print.text).contains(title))
        for link in links { #expect(files.print.text.filter { !$0.isWhitespace }.contains(link)) }

        for foreign in other.pages.flatMap(\.sentences) + other.labels + [other.tableName] {
            #expect(!exchange.text.contains(foreign) && !files.deck.words.contains(foreign))
        }
        let converted = try await OfficeFiles.converted(exchange)
        #expect(converted.made == ["pptx.pdf", "xlsx.pdf"], "\(converted.words)")
        // LibreOffice without Java says so each time; that is no complaint about a file.
        let complaints = converted.words.lowercased().split(separator: "\n").filter { !$0.contains("javaldx") }
        #expect(!complaints.contains { $0.contains("error") || $0.contains("warn") }, "\(converted.words)")
        if let kept = ProcessInfo.processInfo.environment["PERSONA_TEST_KEEP"] { try keep(exchange, in: kept) }
    }

    private func thread(of exchange: Exchange, _ mail: OutgoingMessage) {
        let answer = exchange.message
        #expect(answer.inReplyTo == [mail.messageID])
        #expect(answer.references == [mail.messageID])
        #expect(answer.header.text("Auto-Submitted") == "auto-replied")
        #expect(answer.subject == (mail.subject.hasPrefix("Re: ") ? mail.subject : "Re: \(mail.subject)"))
        #expect(answer.from.map(\.address) == mail.to.map(\.address))
        #expect(answer.to.map(\.address) == [mail.from.address])
    }

    /// Each point is a sentence of a page, and the page is the one that it cites.
    private func points(of exchange: Exchange, in files: OfficeFiles, _ topic: Topic, _ house: House) async throws {
        let steps = try await Runs(house.database).steps(house.tenant, exchange.run.id, limit: 200)
        let outline = try #require(steps.first { $0.node == "outline" }?.output)
        let points = try #require(outline["points"]?.array)
        #expect(points.count >= 3)
        for point in points {
            let text = try #require(point["text"]?.string)
            let source = try #require(point["source"]?.int)
            #expect(topic.pages[Int(source) - 1].sentences.contains(text), "\(text)")
            #expect(words(files.deck.words).contains(words(text)))
            #expect(words(files.print.text).contains(words(text)), "\(text) in \(files.print.text)")
        }
    }

    private func deck(_ deck: OfficeFiles.DeckFile, _ title: String, _ links: [String], _ topic: Topic) throws {
        #expect(deck.title == title)
        #expect(deck.slides.first?.texts.first == title)
        for link in links { #expect(deck.words.contains(link) || deck.links.contains(link)) }
        #expect(deck.links.isSuperset(of: links))
        for page in topic.pages { #expect(deck.words.contains(page.title)) }
        #expect(deck.slides.reduce(0) { $0 + $1.pictures } == links.count)
        let table = try #require(deck.slides.flatMap(\.tables).first)
        #expect(table.count == topic.labels.count + 1)
        #expect(table.first?.contains(topic.measures[0].name) == true)
        let chart = try #require(deck.charts.first)
        #expect(!chart.series.isEmpty)
        #expect(chart.categories == topic.labels)
        for series in chart.series {
            let measure = try #require(topic.measures.first { $0.name == series.name })
            #expect(series.values == measure.values)
        }
    }

    private func workbook(_ book: OfficeFiles.BookFile, _ topic: Topic, _ links: [String]) throws {
        let data = try #require(book.sheets.first)
        #expect(book.sheets.reduce(0) { $0 + $1.charts } >= 1)
        let header = data.values[0].map { $0.string ?? "" }
        let rows = topic.labels.count
        #expect((1...rows).map { data.values[$0][0].string } == topic.labels)
        if topic.labels[0].hasPrefix("2026-") { #expect((1...rows).allSatisfy { data.types[$0][0] == "d" }) }
        for measure in topic.measures {
            let column = try #require(header.firstIndex(of: measure.name))
            #expect((1...rows).map { data.values[$0][column].number } == measure.values)
            #expect((1...rows).allSatisfy { data.types[$0][column] == "n" })
            // The row of totals: a formula, with the value that it has.
            let formula = try #require(data.formulas[rows + 1][column])
            let sum = measure.values.reduce(0, +)
            let own = formula.contains("AVERAGE") || formula.contains("101") ? sum / Double(rows) : sum
            let cached = try #require(data.values[rows + 1][column].number)
            #expect(abs(cached - own) < 1e-6, "\(measure.name): \(formula) is stored as \(cached), not \(own)")
        }
        let summary = try #require(book.sheets.first { $0.name == "Summary" })
        for (row, measure) in topic.measures.enumerated() {
            let stored = summary.values[row + 1]
            let average = measure.values.reduce(0, +) / Double(rows)
            #expect(stored[0].string == measure.name)
            #expect(abs((stored[2].number ?? .nan) - average) < 1e-6)
            #expect(stored[3].number == measure.values.min())
            #expect(stored[4].number == measure.values.max())
            #expect(summary.formulas[row + 1][2]?.contains("AVERAGE") == true)
        }
        let sources = try #require(book.sheets.first { $0.name == "Sources" })
        #expect(sources.values.dropFirst().map { $0[2].string } == links)
    }

    /// Leaves an answer where a person can look at it.
    private func keep(_ exchange: Exchange, in directory: String) throws {
        let folder = "\(directory)/\(exchange.run.id)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try exchange.text.write(toFile: "\(folder)/answer.txt", atomically: true, encoding: .utf8)
        for part in exchange.message.attachments {
            try Data(part.data).write(to: URL(filePath: "\(folder)/\(part.fileName ?? "file")"))
        }
    }
}
