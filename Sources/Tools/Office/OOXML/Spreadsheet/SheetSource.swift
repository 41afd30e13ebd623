import DocumentModel
import Formula

/// Where the rows of a sheet come from: its model, or a source of any length.
struct SheetSource {
    /// Fills the row; false at the end.
    package typealias Pull = (inout [Cell]) throws(OOXMLError) -> Bool

    let sheet: Sheet
    let index: Int
    /// `nil`: the model's rows.
    let pull: Pull?
    /// Rows that were pulled to be measured.
    private(set) var ahead: [[Cell]] = []
    /// Rows that are pulled before the first is written.
    private static let aheadRows = 100

    init(_ sheet: Sheet, _ index: Int, pull: Pull?) throws(OOXMLError) {
        self.sheet = sheet
        self.index = index
        self.pull = pull
        guard let pull else { return }
        var row: [Cell] = []
        while ahead.count < Self.aheadRows {
            row.removeAll(keepingCapacity: true)
            guard try pull(&row) else { break }
            ahead.append(row)
        }
    }

    /// Rows to be measured.
    var sample: [[Cell]] {
        if pull != nil { return ahead }
        let step = max(1, sheet.rows.count / ColumnWidths.sample)
        return stride(from: 0, to: sheet.rows.count, by: step).map { sheet.rows[$0] }
    }

    /// All rows in order, with their numbers from 1. Returns how many there were.
    func each(_ body: (Int, [Cell]) throws(OOXMLError) -> Void) throws(OOXMLError) -> Int {
        guard let pull else {
            for (index, row) in sheet.rows.enumerated() { try body(index + 1, row) }
            return sheet.rows.count
        }
        var count = 0
        for row in ahead {
            count += 1
            try body(count, row)
        }
        var row: [Cell] = []
        while true {
            row.removeAll(keepingCapacity: true)
            guard try pull(&row) else { return count }
            count += 1
            guard count <= DocumentLimits.sheetRows - 2 else {
                throw OOXMLError("too_large", "The sheet '\(sheet.name)' has more rows than a sheet can hold.")
            }
            try body(count, row)
        }
    }
}
