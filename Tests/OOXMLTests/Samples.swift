import DocumentModel

/// Documents that use everything.
enum Samples {
    static let sources = [
        Source(number: 1, title: "Alpine Weather Review 2026", url: "https://example.org/review?a=1&b=2"),
        Source(number: 2, title: "Station register of the regional office", url: "https://example.com/stations"),
    ]

    static let chart = Chart(
        kind: .column, categories: ["Vienna", "Graz", "Linz", "Salzburg"],
        series: [
            .init(name: "Rain 2025", values: [612, 580.5, nil, 940]),
            .init(name: "Rain 2026", values: [655, 610, 701, 1010]),
        ],
        categoryAxisTitle: "Station", valueAxisTitle: "mm", numberFormat: "#,##0")

    static let table = Table(
        columns: [
            .init(header: "Station"), .init(header: "Altitude", type: .integer),
            .init(header: "Rain", type: .number, numberFormat: "#,##0.0"), .init(header: "Opened", type: .date),
        ],
        rows: [
            ["Vienna", 203, 655.25, "1852-07-23"], ["Graz", 353, 610, "1890-01-01"], ["Linz", 266, 701.5, nil],
            ["Salzburg", 424, 1010, "1874-05-05"],
        ])

    static let points: [Point] = [
        .init("Rain rose at all four stations, most of all in Salzburg, where June alone brought 210 mm.", source: 1),
        .init("The register names four stations with an unbroken record since 1890.", source: 2),
        .init("Vienna and Graz differ by less than a tenth.", source: 1, level: 1),
        .init("A & B < C > \"D\" stays text."),
    ]

    static let longPoints: [Point] = (1...24).map {
        Point("Finding \($0): the stations report a rise that no earlier decade shows, and say so plainly.", source: 1)
    }

    static func deck(theme: Theme = .light, image: String? = nil) -> Deck {
        var slides: [Slide] = [
            Slide(
                .title(title: "Rain in four cities", subtitle: "A briefing for Mira Novak · 21 November 2026"),
                notes: "Welcome.\nThank the office."),
            Slide(.section(title: "What we found", subtitle: "Two sources, one table")),
            Slide(.bullets(title: "Key points", points: points), notes: "Say the first point slowly."),
            Slide(.bullets(title: "Everything, at length", points: longPoints)),
            Slide(
                .twoColumns(
                    title: "For and against",
                    left: .init(heading: "For", points: [.init("Longer record"), .init("Cheaper", source: 2)]),
                    right: .init(
                        heading: "Against",
                        points: [.init("One sensor was moved in 1974 and nobody noted where it had stood before.")]))),
            Slide(.table(title: "The stations", table: table)),
            Slide(.table(title: "A long table", table: longTable)),
            Slide(.chart(title: "Rain by station", chart: chart)),
            Slide(
                .chart(
                    title: "Shares",
                    chart: Chart(
                        kind: .pie, categories: ["North", "South", "East"],
                        series: [.init(name: "Share", values: [3, 5, 2])]))),
            Slide(
                .chart(
                    title: "Trend",
                    chart: Chart(
                        kind: .line, title: "Two decades", categories: (2001...2020).map(String.init),
                        series: [.init(name: "mm", values: (1...20).map { Double(600 + $0 * $0) })]))),
            Slide(
                .chart(
                    title: "Bars",
                    chart: Chart(
                        kind: .bar, categories: ["Alpha", "Beta", "Gamma"],
                        series: [.init(name: "n", values: [3, 1, 2])]))),
            Slide(
                .chart(
                    title: "Scatter",
                    chart: Chart(
                        kind: .scatter, categories: [],
                        series: [.init(name: "pairs", values: [1, 4, 9], x: [1, 2, 3])]))),
            Slide(
                .bullets(title: "مطر في أربع مدن", points: [.init("ارتفعت كمية الأمطار في جميع المحطات.", source: 1)])),
            Slide(.sources(title: "Sources")),
            Slide(.closing(title: "Thank you", subtitle: "Written by the built-in extractive writer")),
        ]
        if let image {
            slides.insert(
                Slide(
                    .image(
                        title: "The page itself",
                        image: Image(
                            path: image, altText: "Screenshot of the review",
                            caption: "The review's front page, as it stood when it was read.", source: 1))),
                at: 8)
        }
        return Deck(
            title: "Rain in four cities", author: "Ada", language: "en-GB", theme: theme, sources: sources,
            slides: slides)
    }

    static let longTable = Table(
        columns: [.init(header: "Station"), .init(header: "Remark"), .init(header: "Value", type: .number)],
        rows: (1...40).map { row in
            [
                .text("Station \(row)"), .text(row % 5 == 0 ? String(repeating: "long remark ", count: 14) : "fine"),
                .number(Double(row) * 1234.5),
            ]
        })

    static let workbook = Workbook(
        title: "Rain", author: "Ada",
        sheets: [
            Sheet(
                name: "Data",
                columns: [
                    .init(header: "Station"), .init(header: "Rain", type: .number, total: .sum),
                    .init(header: "Days", type: .integer, total: .average), .init(header: "Opened", type: .date),
                    .init(header: "Active", type: .boolean),
                    .init(header: "Per day", type: .number, numberFormat: "0.000"),
                ],
                rows: [
                    [
                        .text("Vienna"), .number(655.25), .integer(120), .date("1952-07-23"), .bool(true),
                        .formula("ROUND(B2/C2,3)"),
                    ],
                    [
                        .text("=2+5"), .number(610), .integer(110), .date("2026-03-01T09:30:00"), .bool(false),
                        .formula("B3/C3"),
                    ],
                    [
                        .text("Bad\u{0}char _x0041_"), .number(-1.5), .integer(0), .date("not a date"), .empty,
                        .formula("B4/C4"),
                    ],
                    [
                        .text("@cmd"), .number(1e10), .integer(9_007_199_254_740_993), .empty, .empty,
                        .formula("IF(B5>1000,\"big\",\"small\")&\"!\""),
                    ],
                ],
                charts: [
                    SheetChart(
                        kind: .column, title: "Rain", categories: "A2:A5",
                        series: [.init(name: "Rain", values: "B2:B5")])
                ]),
            Sheet(
                name: "It's Q1", columns: [.init(header: "Name"), .init(header: "Value", type: .number)],
                rows: [[.text("All rain"), .formula("SUM(Data!B2:B5)")], [.text("Twice"), .formula("B2*2")]]),
        ])

    /// A valid PNG of 4 × 3 pixels, 8-bit grey.
    static let png: [UInt8] = [
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
        0x00, 0x04,
        0x00, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x00, 0x00, 0x91, 0x9F, 0xF1, 0x1A, 0x00, 0x00, 0x00, 0x10, 0x49,
        0x44, 0x41,
        0x54, 0x78, 0x9C, 0x63, 0x50, 0x48, 0x58, 0xF0, 0x80, 0x01, 0x4E, 0x00, 0x00, 0x29, 0x4F, 0x06, 0x01, 0xCD,
        0x56, 0x9F,
        0xFD, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
    ]
}
