import DocumentModel

/// The cells of a worksheet as a table (ECMA-376 part 1, section 18.3): empty rows and columns around them are left out,
/// empty rows among them are kept up to a bound.
final class SheetPart: XMLHandler {
    /// Empty rows that stand between others and are kept.
    private static let maximumGap = 20
    /// Columns that are read; Excel has 16,384.
    private static let maximumColumns = 1_000
    /// Rows of one table: what follows is a table of its own, so that the builder's bound works early.
    private static let rowsOfTable = 1_000

    private let texts: [String]
    private let formats: DateFormats
    private let since1904: Bool
    private let emit: ([[Scalar]]) -> Bool

    private var rows: [[Scalar]] = []
    private var row: [Int: Scalar] = [:]
    private var rowNumber = 0
    private var lastRow = 0
    private var column = 0
    private var type = ""
    private var style: String?
    private var value = ""
    private var takesText = false
    private(set) var isDone = false

    /// `emit` answers whether more is wanted.
    init(_ texts: [String], _ formats: DateFormats, since1904: Bool, emit: @escaping ([[Scalar]]) -> Bool) {
        self.texts = texts
        self.formats = formats
        self.since1904 = since1904
        self.emit = emit
    }

    func start(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "s:row":
            row = [:]
            column = -1
            rowNumber = attributes["r"].flatMap { Int($0) } ?? lastRow + 1
        case "s:c":
            let place = attributes["r"].flatMap { CellReference.parse($0) }
            column = place?.column ?? column + 1
            type = attributes["t"] ?? "n"
            style = attributes["s"]
            value = ""
        case "s:v": takesText = true
        case "s:t": takesText = type == "inlineStr"
        default: break
        }
    }

    func end(_ name: String) {
        switch name {
        case "s:v", "s:t": takesText = false
        case "s:c":
            if let cell = cell, (0..<Self.maximumColumns).contains(column) { row[column] = cell }
        case "s:row": endRow()
        default: break
        }
    }

    func text(_ text: String) { if takesText { value += text } }

    func finish() {
        if !rows.isEmpty { isDone = !emit(rows) }
        rows = []
    }

    private var cell: Scalar? {
        switch type {
        case "s":
            guard let index = Int(value), texts.indices.contains(index), !texts[index].isEmpty else { return nil }
            return .text(texts[index])
        case "b": return value.isEmpty ? nil : .bool(value == "1" || value == "true")
        case "n":
            guard let number = Double(value) else { return value.isEmpty ? nil : .text(value) }
            let shape = formats.shape(style)
            if shape != .none, let date = SerialDay.text(number, shape, since1904: since1904) { return .text(date) }
            if let integer = Int64(value) { return .integer(integer) }
            return number.isFinite ? .number(number) : .text(value)
        default: return value.isEmpty ? nil : .text(value)
        }
    }

    private func endRow() {
        guard let last = row.keys.max() else { return }
        if lastRow > 0, rowNumber > lastRow {
            for _ in 0..<min(rowNumber - lastRow - 1, Self.maximumGap) { rows.append([]) }
        }
        lastRow = rowNumber
        rows.append((0...last).map { row[$0] ?? .null })
        if rows.count >= Self.rowsOfTable { finish() }
    }
}
