import MIME
import PlatformKit
import TestKit

/// A request with all that it is about: pages and a table that no other request has.
struct Topic: Sendable {
    struct Page: Sendable {
        let title: String
        let sentences: [String]
        /// Whether the page's own program puts the text in: without a browser nothing is there.
        var isRendered = false
    }

    let subject: String
    let question: String
    let pages: [Page]
    let tableName: String
    let table: String
    /// The table's columns that hold numbers, as numbers, under their names.
    let measures: [(name: String, values: [Double])]
    /// The first column as a workbook shows it.
    let labels: [String]

    /// Puts the pages up and gives their addresses.
    func publish(on server: PageServer, below path: String) -> [String] {
        pages.enumerated().map { index, page in
            let place = "/\(path)/\(index + 1).html"
            server.script(place, .answer(body: Self.html(page)))
            return server.url(place)
        }
    }

    private static func html(_ page: Page) -> String {
        let head = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>\(page.title)</title></head>"
        guard page.isRendered else {
            let body = page.sentences.map { "<p>\($0)</p>" }.joined()
            return "\(head)<body><main><article><h1>\(page.title)</h1>\(body)</article></main></body></html>"
        }
        let list = page.sentences.map { "\"\($0)\"" }.joined(separator: ",")
        return """
            \(head)<body><main><article id="story"><h1>\(page.title)</h1></article></main><script>
            setTimeout(() => { for (const text of [\(list)]) {
              const p = document.createElement("p"); p.textContent = text; document.getElementById("story").append(p);
            } }, 50);
            </script></body></html>
            """
    }

    func mail(from sender: Correspondent, to resident: House.Resident, links: [String]) -> OutgoingMessage {
        var mail = sender.mail(
            to: resident, subject, "Hello \(resident.name),\n\n\(question)\n\n" + links.joined(separator: "\n") + "\n")
        mail.attachments = [.init(name: tableName, mediaType: "text/csv", data: Array(table.utf8))]
        return mail
    }
}

extension Topic {
    /// Semicolons, decimal commas and days of the month first, as a German spreadsheet exports them.
    static let trams = Topic(
        subject: "Re: Night trams in Aarhus: what they cost",
        question: "what do night trams cost, and who rides them?",
        pages: [
            Page(
                title: "Night trams after one year",
                sentences: [
                    "Night trams in Aarhus carried 410,000 passengers in their first year, a third more than planned.",
                    "A night tram costs the city 94 euros an hour, of which the driver's wage is the larger half.",
                    "Most riders of night trams are between eighteen and thirty and come from the harbour district.",
                    "On Sundays the night trams run empty after three, and the council wants to end them at two.",
                    "Taxi firms lost a tenth of their night trips to the trams, and have asked for lower stand fees.",
                ]),
            Page(
                title: "Rails at night: a survey",
                sentences: [
                    "Every second passenger of the night trams said that they would have walked or stayed at home before.",
                    "Noise of the trams at night was the complaint of only 62 households along the whole line.",
                    "Cleaning a tram between two night tours takes eleven minutes and costs seventeen euros.",
                    "The survey asked 2,140 passengers of night trams in the spring, on eight different nights.",
                    "Women named lit stops as the first reason to take the night trams and not to cycle.",
                ], isRendered: true),
        ], tableName: "nachtlinien.csv",
        table: """
            Tag;Linie;Fahrgäste;Umsatz in EUR
            05.01.2026;N1;1234;2.345,50
            06.01.2026;N1;987;1.876,25
            13.01.2026;N2;1410;2.690,75
            14.01.2026;N2;1102;2.001,10
            30.01.2026;N1;1533;2.999,99
            """,
        measures: [
            ("Fahrgäste", [1_234, 987, 1_410, 1_102, 1_533]),
            ("Umsatz in EUR", [2_345.5, 1_876.25, 2_690.75, 2_001.1, 2_999.99]),
        ], labels: ["2026-01-05", "2026-01-06", "2026-01-13", "2026-01-14", "2026-01-30"])

    static let orchards = Topic(
        subject: "Orchards under glass, a short briefing please",
        question: "does it pay to grow apricots under glass, and what goes wrong?",
        pages: [
            Page(
                title: "Apricots behind panes",
                sentences: [
                    "Apricots under glass ripen nineteen days earlier than those in the open, and sell at twice the price.",
                    "A hectare of glass costs 480,000 dollars to build, and its heating 31,000 dollars a winter.",
                    "Frost took the open orchards of the valley in four of the past ten springs; under glass it took none.",
                    "Bees work badly under glass: growers hire bumblebees for 900 dollars a hectare.",
                    "The glass lets growers water by the drop, which halved their use of water for apricots.",
                ], isRendered: true),
            Page(
                title: "What growers regret",
                sentences: [
                    "Mildew is the first enemy of apricots under glass, and it comes when vents stay shut in May.",
                    "Three of twelve growers gave up glass within six years, all of them for the price of heating.",
                    "Pickers dislike the heat under glass and ask for a fifth more pay from June on.",
                    "Those who share one boiler between neighbours report that apricots under glass pay from the fourth year.",
                    "Insurers pay for broken glass after hail, but not for the harvest of apricots that is lost with it.",
                ]),
        ], tableName: "orchards.csv",
        table: """
            Orchard,Trees,Harvest (t),Frost nights,Certified
            Upper field,420,18.4,11,yes
            "River side, east",610,25.25,14,no
            Glass house 1,150,12.9,0,yes
            Glass house 2,180,15.05,0,yes
            """,
        measures: [
            ("Trees", [420, 610, 150, 180]), ("Harvest (t)", [18.4, 25.25, 12.9, 15.05]),
            ("Frost nights", [11, 14, 0, 0]),
        ], labels: ["Upper field", "River side, east", "Glass house 1", "Glass house 2"])
}
