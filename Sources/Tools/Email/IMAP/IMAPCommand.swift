import FoundationEssentials

/// A piece of a command; arguments are quoted or sent as literals so that no value breaks out of its place.
enum IMAPCommandPart: ExpressibleByStringLiteral {
    /// Text of this program.
    case text(String)
    /// Any string.
    case argument(String)
    /// A mailbox name, in modified UTF-7 (RFC 3501 section 5.1.3).
    case mailbox(String)
    case literal([UInt8])

    init(stringLiteral value: String) { self = .text(value) }

    /// The bytes of the command, cut behind each literal's announcement, where the server must agree first.
    static func chunks(_ parts: [IMAPCommandPart], tag: String) throws(IMAPError) -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var current = Array("\(tag) ".utf8)
        func announce(_ bytes: [UInt8]) {
            chunks.append(current + Array("{\(bytes.count)}\r\n".utf8))
            current = bytes
        }
        for part in parts {
            switch part {
            case .text(let text):
                guard isLine(Array(text.utf8)) else { throw IMAPError(.invalidArgument, "A command holds a line end.") }
                current += Array(text.utf8)
            case .literal(let bytes): announce(bytes)
            case .argument(let value):
                let bytes = Array(value.utf8)
                guard !bytes.contains(0) else { throw IMAPError(.invalidArgument, "An argument holds NUL.") }
                if let quoted = quoted(bytes) { current += quoted } else { announce(bytes) }
            case .mailbox(let name):
                guard let quoted = quoted(ModifiedUTF7.encode(name)) else {
                    throw IMAPError(.invalidArgument, "A mailbox name holds control characters.")
                }
                current += quoted
            }
        }
        return chunks + [current + [13, 10]]
    }

    private static func isLine(_ bytes: [UInt8]) -> Bool { !bytes.contains { $0 == 13 || $0 == 10 || $0 == 0 } }

    /// nil for what a quoted string cannot hold.
    private static func quoted(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count < 1_000, bytes.allSatisfy({ $0 >= 32 && $0 < 127 }) else { return nil }
        var result = [UInt8(ascii: "\"")]
        for byte in bytes {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        return result + [UInt8(ascii: "\"")]
    }
}

extension [IMAPCommandPart] {
    var isLogout: Bool {
        guard case .text("LOGOUT") = first else { return false }
        return true
    }
}

/// Mailbox names beyond ASCII (RFC 3501 section 5.1.3).
enum ModifiedUTF7 {
    static func encode(_ name: String) -> [UInt8] {
        var result: [UInt8] = []
        var shifted: [UInt8] = []
        func flush() {
            guard !shifted.isEmpty else { return }
            let text = Data(shifted).base64EncodedString().replacing("/", with: ",").replacing("=", with: "")
            result += Array("&\(text)-".utf8)
            shifted = []
        }
        for unit in name.utf16 {
            if unit == 38 {
                flush()
                result += Array("&-".utf8)
            } else if unit < 127 {
                flush()
                result.append(UInt8(unit))
            } else {
                shifted += [UInt8(unit >> 8), UInt8(unit & 255)]
            }
        }
        flush()
        return result
    }
}
