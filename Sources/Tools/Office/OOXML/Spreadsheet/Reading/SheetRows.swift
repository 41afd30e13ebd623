import DocumentModel
package import Formula
import Glibc

/// A cell as it was read.
package struct ReadCell: Sendable {
    /// From 0.
    package var column: Int
    /// What the file says; of a formula its last value.
    package var value: CellValue
    package var style: Int
    /// Without its `=`; only where formulas were asked for.
    package var formula: String?
}

/// The rows of a worksheet, one by one.
struct SheetRows {
    private let scanner: XMLScanner
    private let strings: [String]
    private let wantsFormulas: Bool
    private(set) var row = -1
    private(set) var cells: [ReadCell] = []
    private var column = -1
    private var isInside = false
    /// Formulas that are shared by many cells, by their number.
    private var shared: [Int: Expression] = [:]
    /// Row and merged ranges that come after the rows.
    private(set) var isOver = false

    init(_ reader: WorkbookReader, sheet: Int, formulas: Bool) throws(OOXMLError) {
        strings = try reader.strings()
        scanner = try reader.package.scanner(reader.sheets[sheet].part)
        wantsFormulas = formulas
    }

    /// Reads the next row that the file has; false at the end.
    mutating func next() throws(OOXMLError) -> Bool {
        cells.removeAll(keepingCapacity: true)
        while !isOver {
            switch try scanner.next() {
            case .start:
                if scanner.isNamed("sheetData") {
                    isInside = true
                } else if isInside, scanner.isNamed("row") {
                    try startRow()
                    return true
                }
            case .end: if scanner.isNamed("sheetData") { isOver = true }
            case .text: break
            case .done: isOver = true
            }
        }
        return false
    }

    private mutating func startRow() throws(OOXMLError) {
        row = (scanner.integer("r") ?? row + 2) - 1
        guard (0..<DocumentLimits.sheetRows).contains(row) else {
            throw OOXMLError("sheet_invalid", "The sheet has a row \(row + 1), which no sheet can have.")
        }
        column = -1
        while true {
            switch try scanner.next() {
            case .start:
                if scanner.isNamed("c") { try readCell() }
            case .end: if scanner.isNamed("row") { return }
            case .text: break
            case .done: return
            }
        }
    }

    private enum Kind { case number, shared, text, inline, boolean, error, date }

    private mutating func readCell() throws(OOXMLError) {
        var kind = Kind.number
        var style = 0
        column += 1
        for attribute in scanner.attributes where attribute.name.count == 1 {
            switch scanner.bytes[attribute.name.lowerBound] {
            case UInt8(ascii: "r"): column = try place(attribute.value)
            case UInt8(ascii: "s"): style = scanner.integer(attribute.value) ?? 0
            case UInt8(ascii: "t"): kind = self.kind(attribute.value)
            default: break
            }
        }
        var cell = ReadCell(column: column, value: .blank, style: style)
        if scanner.isEmptyElement {
            _ = try scanner.next()
        } else {
            try readContent(kind, &cell)
        }
        if cell.formula != nil || !cell.value.isBlank { cells.append(cell) }
    }

    private mutating func readContent(_ kind: Kind, _ cell: inout ReadCell) throws(OOXMLError) {
        var inline = ""
        while true {
            switch try scanner.next() {
            case .start:
                if scanner.isNamed("v") {
                    try readValue(kind, &cell)
                } else if scanner.isNamed("f"), wantsFormulas {
                    try readFormula(&cell)
                } else if scanner.isNamed("t") {
                    inline += try elementText()
                } else if scanner.isNamed("rPh") {
                    try skipElement()
                }
            case .end:
                guard scanner.isNamed("c") else { continue }
                if kind == .inline, !inline.isEmpty { cell.value = .text(XString.unescaped(inline)) }
                return
            case .text: break
            case .done: return
            }
        }
    }

    private mutating func readValue(_ kind: Kind, _ cell: inout ReadCell) throws(OOXMLError) {
        guard !scanner.isEmptyElement else {
            _ = try scanner.next()
            if kind == .text { cell.value = .text("") }
            return
        }
        guard try scanner.next() == .text else { return }
        let range = scanner.textRange
        switch kind {
        case .number: cell.value = Self.number(scanner, range).map { .number($0) } ?? .blank
        case .shared:
            guard let index = scanner.integer(range), index < strings.count else {
                throw OOXMLError("sheet_invalid", "A cell uses a shared text that is not there.")
            }
            cell.value = .text(strings[index])
        case .text, .inline: cell.value = .text(XString.unescaped(try scanner.text()))
        case .boolean:
            cell.value = .boolean(scanner.bytes[range.lowerBound] == UInt8(ascii: "1") || scanner.equals(range, "true"))
        case .error:
            let text = try scanner.text()
            cell.value = ErrorValue(text).map { .error($0) } ?? .text(text)
        case .date:
            let text = try scanner.text()
            cell.value = SerialDate.parse(text).map { .number($0.serial) } ?? .text(text)
        }
    }

    private mutating func readFormula(_ cell: inout ReadCell) throws(OOXMLError) {
        let kind = try scanner.value("t")
        let index = scanner.integer("si")
        let text = try elementText()
        guard kind == "shared", let index else {
            cell.formula = text.isEmpty ? nil : text
            return
        }
        let base = CellPosition(row: row, column: cell.column)
        if !text.isEmpty {
            cell.formula = text
            // One that cannot be read is kept as text, and its followers have only their values.
            shared[index] = try? FormulaParser.parse(text, at: base)
        } else {
            cell.formula = shared[index]?.text(at: base, forFile: true)
        }
    }

    /// All text within the element that has just begun.
    private func elementText() throws(OOXMLError) -> String {
        var text = ""
        var depth = 1
        while depth > 0 {
            switch try scanner.next() {
            case .start: depth += 1
            case .end: depth -= 1
            case .text: text += try scanner.text()
            case .done: return text
            }
        }
        return text
    }

    private func skipElement() throws(OOXMLError) { _ = try elementText() }

    // MARK: Bytes

    /// The column of `B7`; the row is known.
    @inline(__always) private func place(_ range: Range<Int>) throws(OOXMLError) -> Int {
        var column = 0
        for index in range {
            let letter = (scanner.bytes[index] | 0x20) &- 96
            guard letter >= 1, letter <= 26 else { break }
            column = column * 26 + Int(letter)
            guard column <= DocumentLimits.sheetColumns else { break }
        }
        guard (1...DocumentLimits.sheetColumns).contains(column) else {
            throw OOXMLError("sheet_invalid", "A cell is named '\(scanner.string(range).prefix(20))'.")
        }
        return column - 1
    }

    private func kind(_ range: Range<Int>) -> Kind {
        if range.count == 1 {
            switch scanner.bytes[range.lowerBound] {
            case UInt8(ascii: "s"): return .shared
            case UInt8(ascii: "b"): return .boolean
            case UInt8(ascii: "e"): return .error
            case UInt8(ascii: "d"): return .date
            default: return .number
            }
        }
        if scanner.equals(range, "str") { return .text }
        if scanner.equals(range, "inlineStr") { return .inline }
        return .number
    }

    /// A decimal number. Up to 2^53 and 10^22 one division gives the nearest; others are the C library's work.
    @inline(__always) static func number(_ scanner: XMLScanner, _ range: Range<Int>) -> Double? {
        let bytes = scanner.bytes
        var at = range.lowerBound
        var isNegative = false
        if at < range.upperBound, bytes[at] == UInt8(ascii: "-") {
            isNegative = true
            at += 1
        }
        var digits: UInt64 = 0
        var scale = 0
        var seenPoint = false
        let start = at
        while at < range.upperBound {
            let digit = bytes[at] &- 48
            if digit < 10 {
                guard digits < 900_719_925_474_099 else { return slow(scanner, range) }
                digits = digits * 10 + UInt64(digit)
                if seenPoint { scale += 1 }
            } else if bytes[at] == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else {
                return slow(scanner, range)
            }
            at += 1
        }
        guard at > start, scale <= 22 else { return slow(scanner, range) }
        let value = scale == 0 ? Double(digits) : Double(digits) / powers[scale]
        return isNegative ? -value : value
    }

    private static func slow(_ scanner: XMLScanner, _ range: Range<Int>) -> Double? {
        // White space around a number is allowed by its XML type.
        let text = scanner.string(range)
        guard let value = Double(text) ?? Double(text.trimmed), value.isFinite else { return nil }
        return value
    }

    private static let powers: [Double] = (0...22).map { pow(10, Double($0)) }
}

extension String {
    fileprivate var trimmed: Substring {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}

extension WorkbookReader {
    /// Hands over the rows that the file has, in order, with the number of each from 0; ends early where the body
    /// returns false.
    package func rows(
        of sheet: Int, formulas: Bool = false, _ body: (Int, [ReadCell]) throws(OOXMLError) -> Bool
    ) throws(OOXMLError) {
        var rows = try SheetRows(self, sheet: sheet, formulas: formulas)
        while try rows.next() {
            guard try body(rows.row, rows.cells) else { return }
        }
    }

    package func numberFormat(_ style: Int) throws(OOXMLError) -> String { try formats().code(style) }

    /// `2026-03-01` or `2026-03-01T09:30:00` for a number in a cell that shows dates; `nil`: it is no date.
    package func date(_ cell: ReadCell) throws(OOXMLError) -> String? {
        guard case .number(let number) = cell.value, try formats().isDate(cell.style) else { return nil }
        return SerialDate.text(number, dateSystem)
    }
}
