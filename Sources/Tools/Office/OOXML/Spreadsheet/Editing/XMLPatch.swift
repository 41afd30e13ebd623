/// Replacements in the bytes of a part; everything between them stays as it is.
struct XMLPatch {
    private let bytes: [UInt8]
    private var changes: [(range: Range<Int>, put: [UInt8])] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { changes.isEmpty }

    mutating func replace(_ range: Range<Int>, _ text: String) { changes.append((range, Array(text.utf8))) }
    mutating func replace(_ range: Range<Int>, _ put: [UInt8]) { changes.append((range, put)) }
    mutating func insert(_ text: String, at offset: Int) { changes.append((offset..<offset, Array(text.utf8))) }

    /// Sets attributes of the start tag that takes `range`; `nil` takes one away.
    mutating func set(_ attributes: [(name: String, value: String?)], inTag range: Range<Int>) {
        let tag = StartTag(Array(bytes[range]))
        replace(range, tag.setting(attributes))
    }

    /// The bytes with all changes; those that begin at one place come in the order in which they were made.
    var result: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + changes.reduce(0) { $0 + $1.put.count })
        var at = 0
        for (_, change) in changes.enumerated().sorted(by: {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }) {
            guard change.range.lowerBound >= at else { continue }
            result += bytes[at..<change.range.lowerBound]
            result += change.put
            at = change.range.upperBound
        }
        return result + bytes[at...]
    }
}

/// The bytes of a start tag, whose attributes can be changed one by one.
struct StartTag {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func setting(_ attributes: [(name: String, value: String?)]) -> [UInt8] {
        var result = bytes
        for (name, value) in attributes { result = Self.set(name, value, in: result) }
        return result
    }

    private static func set(_ name: String, _ value: String?, in bytes: [UInt8]) -> [UInt8] {
        let text = value.map { " \(name)=\"\(escaped($0))\"" } ?? ""
        if let found = attribute(name, in: bytes) {
            return Array(bytes[..<found.lowerBound]) + Array(text.utf8) + bytes[found.upperBound...]
        }
        var end = bytes.count - 1
        if end > 0, bytes[end - 1] == UInt8(ascii: "/") { end -= 1 }
        while end > 0, XMLScanner.isSpace(bytes[end - 1]) { end -= 1 }
        return Array(bytes[..<end]) + Array(text.utf8) + bytes[end...]
    }

    /// With the white space before it.
    private static func attribute(_ name: String, in bytes: [UInt8]) -> Range<Int>? {
        let wanted = Array(name.utf8)
        var at = 0
        var quote: UInt8 = 0
        while at < bytes.count {
            if quote != 0 {
                if bytes[at] == quote { quote = 0 }
            } else if bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") {
                quote = bytes[at]
            } else if XMLScanner.isSpace(bytes[at]), bytes[(at + 1)...].starts(with: wanted) {
                var end = at + 1 + wanted.count
                while end < bytes.count, XMLScanner.isSpace(bytes[end]) { end += 1 }
                if end < bytes.count, bytes[end] == UInt8(ascii: "=") {
                    end += 1
                    while end < bytes.count, XMLScanner.isSpace(bytes[end]) { end += 1 }
                    guard end < bytes.count, let close = bytes[(end + 1)...].firstIndex(of: bytes[end]) else {
                        return nil
                    }
                    return at..<close + 1
                }
            }
            at += 1
        }
        return nil
    }

    static func escaped(_ value: String) -> String {
        value.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("\n", with: "&#10;")
    }
}
