import FoundationEssentials

/// One CDP message, taken apart only at its top level: results and parameters stay bytes until someone knows their type.
package struct Message: Sendable, Hashable {
    package var id: Int?
    package var session: String?
    package var method: String?
    /// JSON of `result`, `params` or `error`.
    package var result: [UInt8]?
    package var parameters: [UInt8]?
    package var error: [UInt8]?

    /// `nil` where the bytes are no JSON object.
    package init?(parsing bytes: [UInt8]) {
        var scanner = ObjectScanner(bytes)
        guard scanner.enter() else { return nil }
        while let (key, value) = scanner.member() {
            let slice = bytes[value]
            switch String(decoding: bytes[key], as: UTF8.self) {
            case "id": id = Int(String(decoding: slice, as: UTF8.self))
            case "sessionId": session = Self.text(slice)
            case "method": method = Self.text(slice)
            case "result": result = Array(slice)
            case "params": parameters = Array(slice)
            case "error": error = Array(slice)
            default: break
            }
        }
        guard scanner.isComplete else { return nil }
    }

    /// The JSON of one member of an object; `nil` where it has none.
    package static func member(_ name: String, of object: [UInt8]) -> [UInt8]? {
        var scanner = ObjectScanner(object)
        guard scanner.enter() else { return nil }
        while let (key, value) = scanner.member() {
            if object[key].elementsEqual(name.utf8) { return Array(object[value]) }
        }
        return nil
    }

    /// Session ids and method names are plain ASCII; one with an escape is none of ours.
    private static func text(_ slice: ArraySlice<UInt8>) -> String? {
        guard slice.count >= 2, slice.first == UInt8(ascii: "\""), !slice.contains(UInt8(ascii: "\\")) else {
            return nil
        }
        return String(decoding: slice.dropFirst().dropLast(), as: UTF8.self)
    }
}

/// Walks the members of one JSON object without decoding their values (RFC 8259, structure only).
private struct ObjectScanner {
    private let bytes: [UInt8]
    private var position = 0
    private(set) var isComplete = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func enter() -> Bool {
        skipBlanks()
        return take(UInt8(ascii: "{"))
    }

    /// Ranges of the key (without quotes) and the value; `nil` at the end or at malformed input.
    mutating func member() -> (key: Range<Int>, value: Range<Int>)? {
        skipBlanks()
        if take(UInt8(ascii: "}")) {
            isComplete = true
            return nil
        }
        _ = take(UInt8(ascii: ","))
        skipBlanks()
        guard let key = string() else { return nil }
        skipBlanks()
        guard take(UInt8(ascii: ":")) else { return nil }
        skipBlanks()
        let start = position
        guard skipValue(), position > start else { return nil }
        return (key.lowerBound + 1..<key.upperBound - 1, start..<position)
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func string() -> Range<Int>? {
        let start = position
        guard take(UInt8(ascii: "\"")) else { return nil }
        while position < bytes.count {
            let byte = bytes[position]
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return start..<position }
        }
        return nil
    }

    private mutating func skipValue() -> Bool {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                if depth == 0 { return true }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
                if depth == 0 {
                    position += 1
                    return true
                }
            case UInt8(ascii: ","):
                if depth == 0 { return true }
            default:
                break
            }
            position += 1
        }
        return false
    }
}

/// Cuts the pipe's bytes into messages: each ends in a NUL byte.
package struct MessageSplitter: Sendable {
    private var rest: [UInt8] = []

    package init() {}

    /// The messages that `bytes` completes; `nil` once an unfinished one exceeds `BrowserLimit.messageBytes`.
    package mutating func push(_ bytes: some Collection<UInt8>) -> [[UInt8]]? {
        var messages: [[UInt8]] = []
        var remaining = bytes[...]
        while let end = remaining.firstIndex(of: 0) {
            rest.append(contentsOf: remaining[..<end])
            messages.append(rest)
            rest = []
            remaining = remaining[remaining.index(after: end)...]
        }
        rest.append(contentsOf: remaining)
        return rest.count <= BrowserLimit.messageBytes ? messages : nil
    }
}

/// One command as it goes over the pipe.
struct Command<Parameters: Encodable & Sendable>: Encodable, Sendable {
    var id: Int
    var method: String
    var params: Parameters
    var sessionId: String?

    /// JSON and the closing NUL.
    func frame() throws(BrowserError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(self)) + [0]
        } catch {
            throw BrowserError(.protocolFault, "The parameters of '\(method)' cannot be written as JSON: \(error)")
        }
    }
}

/// Parameters of commands that take none, and the result of those that give none.
struct Nothing: Codable, Sendable {}

/// What Chromium says when it refuses a command.
struct Refusal: Decodable, Sendable {
    var code: Int
    var message: String
}
