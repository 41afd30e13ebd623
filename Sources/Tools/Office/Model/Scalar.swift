/// A JSON scalar: the value of a table's cell.
package enum Scalar: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
}

extension Scalar: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {  // a mismatch only means: try the next type
            self = .text(value)
        } else if let value = try? container.decode(Bool.self) {  // as above
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {  // as above
            self = .integer(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }
}

extension Scalar: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }

    /// The number of an integer or number; `nil` for everything else.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .text: nil
        }
    }
}

/// What the cells of a column are.
package enum ValueType: String, Sendable, Hashable, Codable, CaseIterable {
    case text, integer, number, date, boolean

    /// Numbers stand flush with the end of the line so that digits line up.
    package var alignment: Alignment {
        switch self {
        case .integer, .number, .date: .end
        case .text: .start
        case .boolean: .center
        }
    }
}

/// Alignment in the direction of reading.
package enum Alignment: String, Sendable, Hashable, Codable, CaseIterable {
    case start, center, end
}
