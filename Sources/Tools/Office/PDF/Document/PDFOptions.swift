package import DocumentModel

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

/// A printed report.
package struct PDFFile: Sendable, Hashable {
    package var bytes: [UInt8]
    package var pages: Int
}
