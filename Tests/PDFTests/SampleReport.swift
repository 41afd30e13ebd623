import DocumentModel

/// A report with a block of every kind.
enum SampleReport {
    static let paragraph =
        "Rain fell on most of the coast in March, and the reservoirs that had stood at a third of their capacity in "
        + "January were two thirds full by the end of the month [1]. Forecasters expect a dry spring all the same, "
        + "because the high over the Azores is moving east earlier than in most years [2, 3]. "

    static let table = Table(
        columns: [
            .init(header: "Region"), .init(header: "Share of capacity", type: .number, numberFormat: "0.0%"),
            .init(header: "Volume (m³)", type: .integer), .init(header: "Measured", type: .date),
            .init(header: "Remark"),
        ],
        rows: [
            ["North coast", 0.678, 1_234_567, "2026-03-31", "Two dams are being repaired, the rest fills quickly."],
            ["Valley", 0.412, 98_400, "2026-03-30", nil],
            ["Ελλάδα · Україна · Việt Nam", 0.5, -12, "2026-03-30", "Source [2]"],
        ], caption: "Reservoirs at the end of March")

    static func chart(_ kind: Chart.Kind) -> Chart {
        let months = ["January", "February", "March", "April", "May", "June"]
        let first: [Double?] = [34, 47.5, 66, 71, nil, 58]
        let isPie = kind == .pie
        return Chart(
            kind: kind, title: "Reservoirs by month (\(kind.rawValue))", categories: kind == .scatter ? [] : months,
            series: [
                .init(name: "North coast", values: first, x: kind == .scatter ? [1, 2, 3, 4, 5, 6] : nil),
                .init(
                    name: "Valley", values: [20, 22, -8, 40, 41, 39], x: kind == .scatter ? [1.5, 2, 3, 4, 5, 9] : nil),
            ].prefix(isPie ? 1 : 2).map { $0 }, valueAxisTitle: isPie ? nil : "Per cent of capacity",
            altText: "Levels rise from a third in January to two thirds in March.")
    }

    static func report(images: [Image] = []) -> Report {
        let start: [Block] = [
            .heading(level: 1, text: "What happened"), .paragraph(paragraph + paragraph),
            .bullets(["The north coast gained most [1].", paragraph, "A short point."]),
            .heading(level: 2, text: "How it was measured"),
            .numbered(["Levels were read at noon.", "Volumes follow from the dams' curves."]),
            .note("Written by the built-in extractive writer. One page could not be opened: https://example.org/x."),
            .table(table),
        ]
        let scripts: [Block] = [
            .heading(level: 3, text: "Other scripts"),
            .paragraph("هطلت الأمطار على معظم الساحل في مارس [1] وامتلأت الخزانات."),
            .paragraph("גשם ירד על רוב החוף במרץ."), .paragraph("三月沿海大部分地区下雨。"),
            .bullets(["نقطة أولى", "A point"]),
        ]
        let charts = Chart.Kind.allCases.map { Block.chart(chart($0)) }
        return Report(
            title: "Reservoirs after a wet March", subtitle: "A briefing on levels, causes and the outlook",
            author: "Ada Persona", language: "en-GB", date: "2 April 2026",
            sources: [
                Source(number: 1, title: "Water board: monthly bulletin", url: "https://example.org/bulletin?(a)='b'"),
                Source(number: 2, title: "Forecast for spring", url: "https://example.org/forecast"),
                Source(number: 3, title: "A conversation", url: nil),
            ], blocks: start + scripts + charts + images.map(Block.image) + [.sources(heading: "Sources")])
    }
}
