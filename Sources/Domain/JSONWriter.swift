import FoundationEssentials

/// Writes JSON text without a tree of boxes in between: UTF-8, no white space, slashes as they are. The caller keeps the
/// members of objects in the order of their names, as `value` does itself.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// Punctuation and names that need no escapes, as they are.
    package mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// The same for what has been written before.
    package mutating func raw(_ text: some Sequence<UInt8>) { bytes.append(contentsOf: text) }

    package mutating func int(_ value: Int) {
        var magnitude = value.magnitude
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: magnitude % 10) + 48)
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }

    /// A text with its quotes: `"`, `\` and what lies below a space are escaped (RFC 8259, section 7).
    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { buffer in
            var start = 0
            for (index, byte) in buffer.enumerated() where byte < 32 || byte == 34 || byte == 92 {
                bytes.append(contentsOf: buffer[start..<index])
                escape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: buffer[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 34: raw("\\\"")
        case 92: raw("\\\\")
        case 8: raw("\\b")
        case 9: raw("\\t")
        case 10: raw("\\n")
        case 12: raw("\\f")
        case 13: raw("\\r")
        default:
            raw("\\u00")
            bytes.append(byte < 16 ? 48 : 49)
            let digit = byte & 15
            bytes.append(digit < 10 ? digit + 48 : digit + 87)
        }
    }

    /// A value with the members of its objects sorted by the bytes of their names. Throws for numbers that are not finite.
    package mutating func value(_ value: JSONValue) throws {
        switch value {
        case .null: raw("null")
        case .bool(let value): raw(value ? "true" : "false")
        case .int(let value): int(Int(value))
        case .double(let value): try double(value)
        case .string(let text): string(text)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for item in items {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                try self.value(item)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members): try object(members)
        }
    }

    private mutating func object(_ members: [String: JSONValue]) throws {
        bytes.append(UInt8(ascii: "{"))
        if members.count < 2 {
            for (name, member) in members { try self.member(name, member) }
        } else {
            var isFirst = true
            for (name, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                try self.member(name, member)
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func member(_ name: String, _ member: JSONValue) throws {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        try value(member)
    }

    /// The shortest text that reads back as the same number; whole ones without `.0`, as `JSONEncoder` writes them.
    private mutating func double(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, EncodingError.Context(codingPath: [], debugDescription: "\(value) has no form in JSON"))
        }
        let text = value.description
        bytes.append(contentsOf: text.hasSuffix(".0") ? text.dropLast(2).utf8 : text[...].utf8)
    }
}
