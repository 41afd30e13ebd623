import Domain
import FoundationEssentials
import ToolKit

/// Texts that cells name by number; phonetic runs are left out.
struct SharedTextReader: SheetXMLReader {
    private(set) var texts: [String] = []
    private var current = ""
    private var isText = false
    private var phonetic = 0

    mutating func open(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "si": current = ""
        case "rPh": phonetic += 1
        case "t": isText = phonetic == 0
        default: break
        }
    }

    mutating func text(_ text: String) { if isText { current += text } }

    mutating func close(_ name: String) {
        switch name {
        case "si": texts.append(current)
        case "rPh": phonetic -= 1
        case "t": isText = false
        default: break
        }
    }
}

/// Which cell styles show numbers as dates.
struct SheetStyles {
    private var dates: Set<Int> = []

    init(_ part: [UInt8]) throws {
        var reader = Reader()
        try SheetXML.read(part, &reader)
        dates = reader.dates
    }

    func isDate(_ style: Int) -> Bool { dates.contains(style) }

    private struct Reader: SheetXMLReader {
        var dates: Set<Int> = []
        private var formats: Set<Int> = []
        private var isInCells = false
        private var count = 0

        mutating func open(_ name: String, _ attributes: [String: String]) {
            switch name {
            case "numFmt":
                if let id = attributes["numFmtId"].flatMap({ Int($0) }),
                    SheetStyles.isDate(code: attributes["formatCode"] ?? "")
                {
                    formats.insert(id)
                }
            case "cellXfs": isInCells = true
            case "xf" where isInCells:
                let id = attributes["numFmtId"].flatMap { Int($0) } ?? 0
                // Built-in formats of dates and times (section 18.8.30).
                if (14...22).contains(id) || (27...36).contains(id) || (45...47).contains(id) || (50...58).contains(id)
                    || formats.contains(id)
                {
                    dates.insert(count)
                }
                count += 1
            default: break
            }
        }

        mutating func text(_ text: String) {}
        mutating func close(_ name: String) { if name == "cellXfs" { isInCells = false } }
    }

    /// Holds letters of years, days or hours outside of quotes and brackets.
    private static func isDate(code: String) -> Bool {
        var isQuoted = false
        var isBracketed = false
        for character in code.lowercased() {
            switch character {
            case "\"": isQuoted.toggle()
            case "[": isBracketed = true
            case "]": isBracketed = false
            case "y", "d", "h", "s": if !isQuoted, !isBracketed { return true }
            default: break
            }
        }
        return false
    }
}

/// One sheet's cells, row by row.
struct SheetCellReader: SheetXMLReader {
    let texts: [String]
    let styles: SheetStyles
    let isFrom1904: Bool
    private(set) var rows: [[JSONValue]] = []
    private var row: [JSONValue] = []
    private var rowNumber = 0
    private var column = 0
    private var kind = ""
    private var style = 0
    private var value = ""
    private var isValue = false
    private var cells = 0

    init(texts: [String], styles: SheetStyles, isFrom1904: Bool) {
        self.texts = texts
        self.styles = styles
        self.isFrom1904 = isFrom1904
    }

    mutating func open(_ name: String, _ attributes: [String: String]) throws {
        switch name {
        case "row":
            row = []
            let number = attributes["r"].flatMap { Int($0) } ?? rowNumber + 1
            // Empty rows in between are left out; numbers only have to rise.
            rowNumber = max(rowNumber + 1, min(number, 1_048_576))
        case "c":
            column = attributes["r"].flatMap { Self.column(of: $0) } ?? row.count
            kind = attributes["t"] ?? "n"
            style = attributes["s"].flatMap { Int($0) } ?? 0
            value = ""
        case "v", "t": isValue = true
        default: break
        }
    }

    mutating func text(_ text: String) { if isValue { value += text } }

    mutating func close(_ name: String) throws {
        switch name {
        case "v", "t": isValue = false
        case "c":
            guard column < SourceTable.mostColumns, column >= row.count else { return }
            cells += column + 1 - row.count
            guard cells <= SourceTable.mostCells else {
                throw ToolFailure(
                    .invalidInput, code: "data_too_large", "A sheet has more than \(SourceTable.mostCells) cells.")
            }
            while row.count < column { row.append(.null) }
            row.append(cell())
        case "row": rows.append(row)
        default: break
        }
    }

    /// `BC12` is column 54.
    private static func column(of reference: String) -> Int? {
        let letters = reference.utf8.prefix { (65...90).contains($0) }
        guard (1...3).contains(letters.count) else { return nil }
        return letters.reduce(0) { $0 * 26 + Int($1) - 64 } - 1
    }

    private func cell() -> JSONValue {
        switch kind {
        case "s": return Int(value).flatMap { texts.indices.contains($0) ? .string(texts[$0]) : nil } ?? .null
        case "b": return .bool(value == "1")
        case "e": return .null
        case "str", "inlineStr", "d": return value.isEmpty ? .null : .string(value)
        default:
            guard let number = Double(value), number.isFinite else { return .null }
            if styles.isDate(style), let text = date(number) { return .string(text) }
            return Int64(exactly: number).map { .int($0) } ?? .double(number)
        }
    }

    /// Serial days to ISO 8601 (section 18.17.4); times of day alone stay numbers.
    private func date(_ serial: Double) -> String? {
        guard serial >= 1, serial < 2_958_466 else { return nil }
        // Of 1900's serials those before 1 March count a 29 February that never was.
        let days = serial + (isFrom1904 ? 1_462 : 0)
        let since1970 = days - (days < 61 ? 25_568 : 25_569)
        let seconds = (since1970 * 86_400).rounded()
        let text = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        return seconds.truncatingRemainder(dividingBy: 86_400) == 0 ? String(text.prefix(10)) : String(text.prefix(19))
    }
}
