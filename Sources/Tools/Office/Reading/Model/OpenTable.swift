import DocumentModel

/// A table under way; tables stand within cells of others.
struct OpenTable {
    /// A hundred thousand rows of one table are a sheet; the builder's bound is below.
    private static let maximumRows = 100_000

    var rows: [[Scalar]] = []
    var row: [Scalar] = []
    var cell = ""
    /// Columns that the cell spans.
    var span = 1

    mutating func beginCell() {
        cell = ""
        span = 1
    }

    /// A paragraph of the cell, or the text of a table within it.
    mutating func add(_ text: String) { if !text.isEmpty { cell += cell.isEmpty ? text : "\n" + text } }

    mutating func endCell() {
        row.append(cell.isEmpty ? .null : .text(cell))
        for _ in 1..<max(1, span) { row.append(.null) }
    }

    mutating func endRow() {
        if rows.count < Self.maximumRows { rows.append(row) }
        row = []
    }

    /// As a cell of another table shows it.
    var text: String { rows.map { $0.map(\.display).joined(separator: "\t") }.joined(separator: "\n") }
}
