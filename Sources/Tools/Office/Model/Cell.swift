/// A cell of a workbook. In JSON: `null`, a string, a number, a boolean, `{"date": "2026-03-01"}` or
/// `{"formula": "SUM(B2:B9)"}`. A string is always text, whatever it begins with.
package enum Cell: Sendable, Hashable {
    case empty
    case text(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    /// ISO 8601: `YYYY-MM-DD`, or with a time `YYYY-MM-DDTHH:MM:SS`.
    case date(String)
    /// Without the leading `=`. Its value is computed when the workbook is written.
    case formula(String)

    package init(_ scalar: Scalar, type: ValueType = .text) {
        switch (scalar, type) {
        case (.null, _): self = .empty
        case (.bool(let value), _): self = .bool(value)
        case (.integer(let value), _): self = .integer(value)
        case (.number(let value), _): self = .number(value)
        case (.text(let value), .date): self = .date(value)
        case (.text(let value), _): self = .text(value)
        }
    }
}

extension Cell: Codable {
    private enum CodingKeys: String, CodingKey { case date, formula }

    package init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: CodingKeys.self) {  // not an object: a scalar
            if let date = try container.decodeIfPresent(String.self, forKey: .date) {
                self = .date(date)
            } else {
                self = .formula(try container.decode(String.self, forKey: .formula))
            }
        } else {
            self.init(try Scalar(from: decoder))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .empty: try Scalar.null.encode(to: encoder)
        case .text(let value): try Scalar.text(value).encode(to: encoder)
        case .integer(let value): try Scalar.integer(value).encode(to: encoder)
        case .number(let value): try Scalar.number(value).encode(to: encoder)
        case .bool(let value): try Scalar.bool(value).encode(to: encoder)
        case .date(let value):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(value, forKey: .date)
        case .formula(let value):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(value, forKey: .formula)
        }
    }
}

/// Rows and columns in A1 notation.
package enum CellReference {
    /// `A` for 0, `AA` for 26.
    package static func letters(ofColumn index: Int) -> String {
        var rest = max(0, index)
        var letters: [UInt8] = []
        repeat {
            letters.append(65 + UInt8(rest % 26))
            rest = rest / 26 - 1
        } while rest >= 0
        return String(decoding: letters.reversed(), as: UTF8.self)
    }

    /// `B3` for row 2, column 1 (both from 0).
    package static func name(row: Int, column: Int) -> String { "\(letters(ofColumn: column))\(row + 1)" }

    /// Row and column from 0; accepts `$`; `nil` where it is not a cell of a sheet.
    package static func parse(_ text: some StringProtocol) -> (row: Int, column: Int)? {
        var column = 0
        var row = 0
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "$") { bytes.removeFirst() }
        while let byte = bytes.first, (byte | 0x20) >= UInt8(ascii: "a"), (byte | 0x20) <= UInt8(ascii: "z") {
            column = column * 26 + Int(byte | 0x20) - 96
            guard column <= DocumentLimits.sheetColumns else { return nil }
            bytes.removeFirst()
        }
        if bytes.first == UInt8(ascii: "$") { bytes.removeFirst() }
        guard column > 0, !bytes.isEmpty, bytes.first != UInt8(ascii: "0") else { return nil }
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            row = row * 10 + Int(byte) - 48
            guard row <= DocumentLimits.sheetRows else { return nil }
        }
        return (row - 1, column - 1)
    }
}
