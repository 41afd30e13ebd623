import Domain
import FoundationEssentials
import MIME
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

/// Requests that are wrong in part: the run goes on with the rest, and the answer says in plain words what is missing.
@Suite(.timeLimit(.minutes(10)))
struct BadRequestTests {
    private static let story =
        "<!doctype html><title>Of lighthouses</title><h1>Of lighthouses</h1>"
        + (1...6).map { "<p>Lighthouse number \($0) burns \($0 * 7) litres of oil in a winter night of storm.</p>" }
        .joined()

    @Test func pagesThatDoNotLoadAreNamedWithTheirReasons() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        house.pages.script("/bad/good", .answer(body: Self.story))
        house.pages.script("/bad/hang", .hang)
        house.pages.script("/bad/cut", .cut)
        let good = house.pages.url("/bad/good"), gone = house.pages.url("/bad/gone")
        let hang = house.pages.url("/bad/hang"), cut = house.pages.url("/bad/cut"),
            closed = "http://127.0.0.1:\(house.closedPort)/page"
        let exchange = try await house.ask(
            sender,
            sender.mail(to: house.ada, "Lighthouses", [good, gone, hang, cut, closed].joined(separator: "\n")),
            house.ada)
        #expect(exchange.text.contains("Lighthouse number"))
        #expect(loss(gone, exchange)?.contains("status 404") == true, "\(exchange.text)")
        #expect(loss(hang, exchange)?.contains("did not answer in time") == true, "\(exchange.text)")
        #expect(loss(cut, exchange) != nil, "\(exchange.text)")
        #expect(loss(closed, exchange)?.contains("cannot be reached") == true, "\(exchange.text)")
        #expect(loss(good, exchange) == nil)
        let files = try await OfficeFiles.read(exchange)
        #expect(files.book == nil)
        #expect(files.deck.words.contains(gone))
        #expect(exchange.run.output?["pages_not_read"]?.array?.count == 4)
    }

    @Test(arguments: [
        ("the platform's own machine", "http://127.0.0.1:8099/"),
        ("a cloud's metadata", "http://169.254.169.254/latest/"),
        ("a private network", "http://10.0.0.1/"), ("the machine by its name", "http://localhost:8098/"),
        ("IPv6 loopback", "http://[::1]:8097/"),
    ])
    func addressThatIsNotAllowedIsRefusedInWords(_ what: String, _ url: String) async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        let exchange = try await house.ask(
            sender,
            sender.mail(to: house.ada, "Please read \(what)", "What does \(url) say?"), house.ada)
        #expect(exchange.fileNames == ["briefing.pdf", "briefing.pptx"])
        let reason = try #require(loss(url, exchange), "\(exchange.text)")
        #expect(reason.contains("not allowed by the persona's network rules"), "\(reason)")
        let host = try #require(URL(string: url)?.host()).filter { !"[]".contains($0) }
        let refused = try await house.database.rows(
            house.tenant,
            "SELECT verdict, reason FROM egress_log WHERE tenant_id = $1 AND host = $2 AND persona_id = $3",
            [house.tenant.value, .text(host), house.ada.persona.value])
        #expect(try refused.contains { try $0.text("verdict") == "refused" })
    }

    @Test func tableThatIsNoneIsNamedAndTheRestIsMade() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        house.pages.script("/table/good", .answer(body: Self.story))
        var mail = sender.mail(to: house.ada, "Lighthouses and figures", house.pages.url("/table/good"))
        mail.attachments = [
            .init(
                name: "figures.csv", mediaType: "application/pdf",
                data: Array("%PDF-1.7\n%\u{e2}\n1 0 obj\n".utf8) + [0, 1, 2, 0xFF, 0xFE, 0])
        ]
        let exchange = try await house.ask(sender, mail, house.ada)
        #expect(exchange.fileNames == ["briefing.pdf", "briefing.pptx"])
        #expect(exchange.text.contains("figures.csv"), "\(exchange.text)")
        #expect(exchange.text.contains("could not read"))
        #expect(!exchange.text.contains("workbook"))
    }

    @Test func tableOfAnUnknownTypeIsReadByItsName() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        house.pages.script("/typeless/good", .answer(body: Self.story))
        var mail = sender.mail(to: house.ada, "Lighthouses and oil", house.pages.url("/typeless/good"))
        mail.attachments = [
            .init(name: "oil.csv", mediaType: "application/vnd.ms-excel", data: Array("tower,oil\nA,7\nB,14\n".utf8))
        ]
        #expect(try await house.ask(sender, mail, house.ada).fileNames.contains("briefing.xlsx"))
    }

    @Test func attachmentThatIsTooLargeIsNamedAndMemoryStaysBounded() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        house.pages.script("/large/good", .answer(body: Self.story))
        var mail = sender.mail(to: house.ada, "Lighthouses, with a film", house.pages.url("/large/good"))
        mail.attachments = [
            .init(name: "storm.mp4", mediaType: "video/mp4", data: [UInt8](repeating: 7, count: 30 << 20))
        ]
        let exchange = try await house.ask(sender, mail, house.ada)
        #expect(exchange.text.contains("storm.mp4") && exchange.text.contains("too large"), "\(exchange.text)")
        #expect(exchange.text.contains("Lighthouse number"))

        let film = sender.mail(to: house.ada, "The whole film", "Here it is.")
        var whole = film
        whole.attachments = [
            .init(name: "film.mp4", mediaType: "video/mp4", data: [UInt8](repeating: 7, count: 50 << 20))
        ]
        try await sender.deliver(try whole.serialised(), to: house.ada.address)
        let record = try await wait(for: "the film is recorded") {
            try await house.mails(house.ada).first { $0.subject == film.subject }
        }
        #expect(record.verdict == "refused" && record.run == nil)
        #expect(record.reason?.contains("too large") == true)
        // The bytes pass through the sandbox, never through the platform.
        #expect(try house.platform.peakMemory() < 300 << 20)
    }

    @Test func mailWithoutLinksIsAnsweredAndSaysSo() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        let exchange = try await house.ask(
            sender, sender.mail(to: house.ada, "A briefing, please", "On whatever."), house.ada)
        #expect(exchange.fileNames == ["briefing.pdf", "briefing.pptx"])
        #expect(exchange.text.contains("no pages"), "\(exchange.text)")
    }

    @Test(arguments: [
        "Trams\r\nBcc: everyone@example.test\r\n\r\nhidden", String(repeating: "On lamps and their oil. ", count: 417),
        "Über 🚊🚋 und 船: l'été", "\u{202E}gnihton\u{202C} שלום مرحبا", "Re: Re: AW: Re:", "=?utf-8?Q?=0D=0ABcc:_x?=",
    ])
    func subjectOfAnyKindComesBackInOneHeaderAndOneTitle(_ subject: String) async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        house.pages.script("/subject/good", .answer(body: Self.story))
        let id = "\(UUID().uuidString.lowercased())@example.test"
        let raw = """
            From: Mira <\(sender.address)>\r
            To: <\(house.ada.address)>\r
            Subject: \(Self.encoded(subject))\r
            Message-ID: <\(id)>\r
            Content-Type: text/plain; charset=utf-8\r
            \r
            \(house.pages.url("/subject/good"))\r

            """
        try await sender.deliver(Array(raw.utf8), to: house.ada.address)
        let exchange = try await house.exchange(sender, id, with: house.ada)
        let head = String(decoding: exchange.raw, as: UTF8.self).prefix { $0 != "\0" }
        #expect(!head.lowercased().contains("\nbcc:"))
        #expect(exchange.message.subject.count <= 1_000)
        #expect(
            !exchange.message.subject.unicodeScalars.contains { scalar in
                scalar.value < 32 || (0x202A...0x202E).contains(scalar.value)
            })
        #expect(exchange.message.to.map(\.address) == [sender.address])
        #expect(exchange.message.cc.isEmpty)
        let files = try await OfficeFiles.read(exchange)
        #expect(!files.deck.title.isEmpty && files.deck.title.count <= 200)
        #expect(!files.deck.title.unicodeScalars.contains { (0x202A...0x202E).contains($0.value) })
        #expect(try await OfficeFiles.read(exchange).print.pages <= 2)
    }

    @Test func mailOfNothingButHTMLIsRead() async throws {
        let house = try await House.open(), sender = try await Correspondent.one()
        house.pages.script("/html/good", .answer(body: Self.story))
        let link = house.pages.url("/html/good"), id = "\(UUID().uuidString.lowercased())@example.test"
        let raw = """
            From: Mira <\(sender.address)>\r
            To: <\(house.ada.address)>\r
            Subject: Lighthouses in colour\r
            Message-ID: <\(id)>\r
            MIME-Version: 1.0\r
            Content-Type: text/html; charset=utf-8\r
            \r
            <html><head><style>p{color:red}</style></head><body><p>Please read <a href="\(link)">this page</a>.</p></body></html>\r

            """
        try await sender.deliver(Array(raw.utf8), to: house.ada.address)
        let exchange = try await house.exchange(sender, id, with: house.ada)
        #expect(exchange.text.contains("Lighthouse number") && exchange.text.contains(link))
        #expect(!exchange.text.contains("color:red"))
    }

    @Test func twoMailsAtOnceGetTheirOwnAnswers() async throws {
        let house = try await House.open()
        let senders = [try await Correspondent.one(), try await Correspondent.one()]
        for name in ["oak", "elm"] {
            house.pages.script(
                "/twin/\(name)",
                .answer(
                    body: "<!doctype html><title>The \(name)</title>"
                        + (2...8).map { "<p>The \(name) grows \($0) feet in its first \($0) years of life.</p>" }
                        .joined()))
        }
        let (oak, elm) = (house.pages.url("/twin/oak"), house.pages.url("/twin/elm"))
        async let first = house.ask(senders[0], senders[0].mail(to: house.ada, "The oak", oak), house.ada)
        async let second = house.ask(senders[1], senders[1].mail(to: house.ada, "The elm", elm), house.ada)
        let texts = (try await first.text, try await second.text)
        #expect(texts.0.contains("The oak grows") && !texts.0.contains("elm"))
        #expect(texts.1.contains("The elm grows") && !texts.1.contains("oak"))
    }

    /// Encoded-words of 45 bytes, each on a line of its own (RFC 2047, section 2).
    private static func encoded(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: 45).map { start in
            "=?utf-8?B?\(Data(bytes[start..<min(start + 45, bytes.count)]).base64EncodedString())?="
        }.joined(separator: "\r\n ")
    }

    /// What the answer says of an address that could not be read.
    private func loss(_ url: String, _ exchange: Exchange) -> String? {
        let text = words(exchange.text)
        return text.firstRange(of: "- \(url): ").map { String(text[$0.upperBound...].prefix(160)) }
    }
}
