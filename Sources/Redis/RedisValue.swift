/// A reply (RESP2).
package enum RedisValue: Sendable, Hashable {
    case null
    case integer(Int)
    case status(String)
    case bytes([UInt8])
    case array([RedisValue])
    /// An error inside of an array; a reply that is an error is thrown instead.
    case error(String)

    package var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The text of a status or of a string that is UTF-8.
    package var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    package var bytes: [UInt8]? {
        if case .bytes(let value) = self { value } else { nil }
    }

    package var array: [RedisValue]? {
        if case .array(let value) = self { value } else { nil }
    }
}

/// One word of a command: any bytes.
package struct RedisWord: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    package let bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }
    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ number: Int) { self.init(String(number)) }
    package init(stringLiteral value: String) { self.init(value) }
    package init(integerLiteral value: Int) { self.init(value) }
}

/// An entry of a stream.
package struct RedisStreamEntry: Sendable, Hashable {
    package let stream: String
    package let id: String
    package let fields: [String: [UInt8]]

    /// A field as text; nil if it is absent or not UTF-8.
    package func text(_ field: String) -> String? { fields[field].flatMap { String(validating: $0, as: UTF8.self) } }
}
