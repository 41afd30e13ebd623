/// How a report is printed.
package struct PDFOptions: Sendable, Hashable {
    /// `nil`: what the report's language is usually printed on.
    package var paper: Paper?
    /// ISO 8601, for the file's metadata. `nil` leaves it out: the same report then gives the same bytes.
    package var creationDate: String?
    /// Nobody reads more, and a hostile report could ask for much more.
    package var maximumPages: Int
    /// Of the file; what a mail server or a browser still takes.
    package var maximumBytes: Int
    /// When drawing is given up; looked at for each block, page and column.
    package var deadline: ContinuousClock.Instant?

    package init(
        paper: Paper? = nil, creationDate: String? = nil, maximumPages: Int = 2_000,
        maximumBytes: Int = 64 * 1024 * 1024,
        deadline: ContinuousClock.Instant? = nil
    ) {
        self.paper = paper
        self.creationDate = creationDate
        self.maximumPages = maximumPages
        self.maximumBytes = maximumBytes
        self.deadline = deadline
    }
}

/// Paper sizes, in points (1/72 inch).
package enum Paper: String, Sendable, Hashable, Codable, CaseIterable {
    case a4, letter

    package var width: Double { self == .a4 ? 595.276 : 612 }
    package var height: Double { self == .a4 ? 841.89 : 792 }

    /// Letter where the language tag names a country that prints on it (Unicode CLDR, "paperSize"), else A4.
    package static func usual(forLanguage tag: String) -> Paper {
        let countries: Set<String> = ["US", "CA", "MX", "PH", "CL", "CO", "CR", "GT", "NI", "PA", "PR", "SV", "VE"]
        let region = tag.split { $0 == "-" || $0 == "_" }.dropFirst().first { $0.utf8.count == 2 }
        return region.map { countries.contains($0.uppercased()) } == true ? .letter : .a4
    }
}

/// A printed report.
package struct PDFFile: Sendable, Hashable {
    package var bytes: [UInt8]
    package var pages: Int
}
