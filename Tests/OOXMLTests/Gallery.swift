import DocumentModel
import Foundation

/// A deck with every layout once: what the reference pictures show.
enum Gallery {
    static let sources = [
        Source(number: 1, title: "Alpine Weather Review 2026", url: "https://example.org/review?a=1&b=2"),
        Source(number: 2, title: "Station register of the regional office", url: "https://example.com/stations"),
    ]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    /// Empty where the file is missing: what needs it fails then.
    static let mountains =
        (try? Data(contentsOf: folder.appending(path: "Pictures/mountains.png"))).map(Array.init) ?? []

    /// The name of each slide's picture, in order.
    static let names = [
        "title", "section", "bullets", "leads", "columns", "comparison", "quote", "number", "numbers", "table",
        "column",
        "bar", "line", "area", "pie", "doughnut", "scatter", "combined", "image", "process", "timeline", "organisation",
        "matrix", "cycle", "sources", "closing",
    ]

    static func deck(_ theme: Theme) -> Deck {
        Deck(
            title: "Rain in four cities", author: "Ada", language: "en-GB", theme: theme,
            footer: "Rain in four cities · November 2026", transition: .fade, sources: sources,
            slides: texts + charts + figures)
    }

    private static let texts: [Slide] = [
        Slide(
            .title(title: "Rain in four Alpine cities", subtitle: "A briefing for Mira Novak · 21 November 2026"),
            notes: "Welcome."),
        Slide(.section(title: "What we found", subtitle: "Two sources, one table, four stations")),
        Slide(
            .bullets(
                title: "Rain rose at all four stations",
                points: [
                    .init("June alone brought 210 mm to Salzburg, a third of its year.", source: 1),
                    .init("Vienna and Graz differ by less than a tenth.", source: 1, level: 1),
                    .init("The register names four stations with an unbroken record since 1890.", source: 2),
                    .init("No earlier decade shows a rise of this kind."),
                ]), kicker: "Findings", takeaway: "Plan drains for a fifth more water by 2035."),
        Slide(
            .bullets(
                title: "Three things to do before spring",
                points: [
                    .init("Every gauge is read against the regional reference before March.", lead: "Check the gauges"),
                    .init(
                        "Salzburg's and Linz's outlets were sized in 1968 for a third less.", lead: "Widen two outlets"),
                    .init("One page, four numbers, each month on the same day.", lead: "Report monthly", source: 2),
                ])),
        Slide(
            .twoColumns(
                title: "What the record holds, and what it lacks",
                left: .init(points: [
                    .init("Daily sums since 1890"), .init("Four stations"), .init("One observer each"),
                ]),
                right: .init(points: [.init("Hourly peaks before 1996"), .init("Snow as water", level: 0)]))),
        Slide(
            .comparison(
                title: "Widen now or wait a year",
                left: .init(
                    heading: "Widen now",
                    points: [
                        .init("Ready before the June peak"), .init("€ 4.2 m, budgeted"), .init("Two streets closed"),
                    ]),
                right: .init(
                    heading: "Wait a year",
                    points: [.init("Cheaper by a tenth"), .init("One more wet June at risk", source: 1)])),
            takeaway: "Widening now costs a tenth more and spares one wet summer."),
        Slide(
            .quote(
                title: "The observer",
                quote: Quote(
                    "In forty years I have emptied this gauge every morning, and never as often as this June.",
                    attribution: "Josefine Huber", role: "Observer at Salzburg since 1986", source: 1))),
        Slide(
            .bigNumber(
                title: "One number to remember",
                numbers: [
                    Figure("+38 %", label: "more rain in Salzburg's June", detail: "against the mean of 1991 to 2020")
                ])),
        Slide(
            .bigNumber(
                title: "The year in figures",
                numbers: [
                    Figure("1,010", label: "mm in Salzburg", detail: "the wettest of the four", source: 1),
                    Figure("124", label: "rainy days", detail: "nine more than usual"),
                    Figure("4", label: "stations", detail: "with a record since 1890"),
                ])),
        Slide(.table(title: "The stations", table: Samples.table)),
    ]

    private static let years = (2015...2026).map(String.init)

    private static func chart(_ kind: Chart.Kind) -> Chart {
        let rain = Samples.chart.series
        switch kind {
        case .pie, .doughnut:
            return Chart(
                kind: kind, categories: ["Summer", "Autumn", "Spring", "Winter"],
                series: [.init(name: "Share", values: [38, 24, 22, 16])])
        case .line, .area:
            return Chart(
                kind: kind, categories: years,
                series: [
                    .init(name: "Salzburg", values: [760, 742, 801, 790, 830, 822, 871, 866, 905, 940, 968, 1010]),
                    .init(name: "Vienna", values: [540, 533, 560, 548, 566, 590, 577, 601, 596, 612, 630, 655]),
                ], valueAxisTitle: "mm", numberFormat: "#,##0")
        case .scatter:
            return Chart(
                kind: kind, categories: [],
                series: [
                    .init(
                        name: "Stations", values: [655, 610, 701, 1010, 690, 820, 760, 905],
                        x: [203, 353, 266, 424, 240, 390, 310, 410])
                ], categoryAxisTitle: "Altitude in m", valueAxisTitle: "Rain in mm")
        case .combined:
            return Chart(
                kind: kind, categories: ["Q1", "Q2", "Q3", "Q4"],
                series: [
                    .init(name: "Rain in mm", values: [180, 320, 290, 220], kind: .column),
                    .init(name: "Days", values: [28, 36, 31, 29], kind: .line, secondaryAxis: true),
                ])
        case .column: return Samples.chart
        case .bar:
            return Chart(
                kind: kind, categories: ["Salzburg", "Linz", "Vienna", "Graz"],
                series: [.init(name: rain[1].name, values: [1010, 701, 655, 610])], numberFormat: "#,##0")
        }
    }

    private static let charts: [Slide] = [
        Slide(.chart(title: "Rain by station", chart: chart(.column)), takeaway: "Salzburg gained most."),
        Slide(.chart(title: "Salzburg leads by far", chart: chart(.bar))),
        Slide(.chart(title: "Twelve years of rising sums", chart: chart(.line))),
        Slide(.chart(title: "The same years as areas", chart: chart(.area))),
        Slide(.chart(title: "When it rains", chart: chart(.pie))),
        Slide(.chart(title: "When it rains, as a ring", chart: chart(.doughnut))),
        Slide(.chart(title: "Higher stations are wetter", chart: chart(.scatter))),
        Slide(.chart(title: "More rain, not more days", chart: chart(.combined))),
    ]

    private static let figures: [Slide] = [
        Slide(
            .image(
                title: "Where the water comes from",
                image: Image(
                    path: "mountains.png", altText: "Three ridges under a low sun",
                    caption: "The ridges south of Salzburg, from the review's front page.", source: 1))),
        Slide(
            .diagram(
                title: "From gauge to page",
                diagram: Diagram(
                    .process,
                    nodes: [
                        .init("Read", text: "Each gauge at seven in the morning"),
                        .init("Check", text: "Against the regional reference"),
                        .init("Publish", text: "One page on the first of the month"),
                        .init("Decide", text: "Two outlets, one budget"),
                    ]))),
        Slide(
            .diagram(
                title: "How the record came about",
                diagram: Diagram(
                    .timeline,
                    nodes: [
                        .init("First gauge", text: "Vienna, on the observatory's roof", when: "1852"),
                        .init("Four stations", text: "Salzburg, Linz and Graz follow", when: "1890"),
                        .init("Gauge moved", text: "Nobody noted from where", when: "1974"),
                        .init("Hourly peaks", text: "Tipping buckets everywhere", when: "1996"),
                    ]))),
        Slide(
            .diagram(
                title: "Who answers for what",
                diagram: Diagram(
                    .orgChart,
                    nodes: [
                        .init(
                            "Mira Novak", text: "Head of the office",
                            children: [
                                .init("Stations", text: "Josefine Huber", children: [.init("East"), .init("West")]),
                                .init("Data", text: "Tariq Aziz"),
                                .init("Works", text: "Lena Moser", children: [.init("Linz"), .init("Salzburg")]),
                            ])
                    ]))),
        Slide(
            .diagram(
                title: "Where to begin",
                diagram: Diagram(
                    .matrix,
                    nodes: [
                        .init("Plan", text: "Much water, much work: Salzburg's outlet"),
                        .init("Do now", text: "Much water, little work: Linz's outlet"),
                        .init("Leave", text: "Little water, much work: Graz's tunnel"),
                        .init("Do along the way", text: "Little water, little work: gratings"),
                    ], xAxisTitle: "Ease", yAxisTitle: "Effect"))),
        Slide(
            .diagram(
                title: "Every month again",
                diagram: Diagram(
                    .cycle,
                    nodes: [
                        .init("Measure", text: "four gauges"), .init("Compare", text: "with thirty years"),
                        .init("Report", text: "one page"), .init("Act", text: "where it is worth it"),
                    ]))),
        Slide(.sources(title: "Sources")),
        Slide(.closing(title: "Thank you", subtitle: "Questions to ada@example.org")),
    ]
}
