/// Splits text into records (RFC 4180), forgiving what real files do: any line ending, spaces around quotes, a stray
/// quote inside a bare field, text after a closing quote, a last quote that never closes.
struct CSVRecords {
    private let text: [UInt8]
    private let delimiter: UInt8
    private var index = 0
    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    init(_ text: [UInt8], delimiter: UInt8) {
        self.text = text
        self.delimiter = delimiter
    }

    /// The next record, `nil` at the end. Fields beyond `columns` are counted in the result and dropped.
    mutating func next(columns: Int) -> (fields: [String], dropped: Int)? {
        guard index < text.count else { return nil }
        var fields: [String] = []
        var dropped = 0
        while true {
            let field = field()
            if fields.count < columns {
                fields.append(String(decoding: field, as: UTF8.self))
            } else {
                dropped += 1
            }
            guard index < text.count else { break }
            let byte = text[index]
            index += 1
            if byte == delimiter { continue }
            if byte == Self.carriageReturn, index < text.count, text[index] == Self.lineFeed { index += 1 }
            break
        }
        return (fields, dropped)
    }

    private func ends(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn
    }

    private mutating func field() -> ArraySlice<UInt8> {
        var start = index
        while start < text.count, text[start] == UInt8(ascii: " ") { start += 1 }
        if start < text.count, text[start] == Self.quote {
            index = start + 1
            return quoted()
        }
        start = index
        while index < text.count, !ends(text[index]) { index += 1 }
        return text[start..<index]
    }

    private mutating func quoted() -> ArraySlice<UInt8> {
        var field: [UInt8] = []
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte != Self.quote {
                field.append(byte)
            } else if index < text.count, text[index] == Self.quote {
                field.append(Self.quote)
                index += 1
            } else {
                break
            }
        }
        // What stands between the closing quote and the delimiter belongs to the field, unless it is blank.
        let rest = index
        while index < text.count, !ends(text[index]) { index += 1 }
        let tail = text[rest..<index]
        if tail.contains(where: { $0 != UInt8(ascii: " ") }) { field += tail }
        return field[...]
    }
}
