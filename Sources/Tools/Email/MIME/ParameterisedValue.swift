/// A value with parameters: Content-Type, Content-Disposition (RFC 2045 section 5.1, RFC 2183, RFC 2231).
package struct ParameterisedValue: Sendable, Hashable {
    /// Parameters kept of one field; a sender needs five.
    private static let maximumParameters = 100
    /// Pieces joined into one parameter (RFC 2231 section 3).
    private static let maximumPieces = 200

    /// Lower case: `text/plain`, `attachment`.
    package private(set) var value: String
    private var parameters: [String: String] = [:]

    /// Names in ASCII lower case, values decoded.
    package subscript(name: String) -> String? { parameters[name] }

    init(value: String) { self.value = value }

    mutating func rename(_ other: String) { value = other }

    init(parsing bytes: [UInt8]) {
        var scanner = ParameterScanner(bytes)
        value = scanner.value().asciiLowered
        var pieces: [String: [Int: (text: [UInt8], extended: Bool)]] = [:]
        var plain: [String: [UInt8]] = [:]
        var count = 0
        while count < Self.maximumParameters, let (name, raw) = scanner.parameter() {
            count += 1
            if let piece = ExtendedName(name), piece.number < Self.maximumPieces {
                if pieces[piece.base]?[piece.number] == nil {
                    pieces[piece.base, default: [:]][piece.number] = (raw, piece.extended)
                }
            } else if plain[name] == nil {
                plain[name] = raw
            }
        }
        for (name, raw) in plain { parameters[name] = EncodedWord.decode(raw) }
        for (name, parts) in pieces {
            // The extended form wins over a plain one beside it (RFC 6266 section 4.3 settles the order).
            if let text = Self.join(parts) { parameters[name] = text }
        }
    }

    private static func join(_ parts: [Int: (text: [UInt8], extended: Bool)]) -> String? {
        var charset = ""
        var bytes: [UInt8] = []
        var number = parts[0] == nil ? 1 : 0
        while let part = parts[number] {
            var text = part.text[...]
            if part.extended {
                if bytes.isEmpty, charset.isEmpty, let marks = charsetMarks(text) {
                    charset = String(decoding: text[..<marks.first], as: UTF8.self)
                    text = text[(marks.second + 1)...]
                }
                bytes += percentDecoded(text)
            } else {
                bytes += text
            }
            number += 1
        }
        guard number > 0, !parts.isEmpty else { return nil }
        if !charset.isEmpty, let text = Charset.decode(bytes, charset: charset) { return text }
        return EncodedWord.decode(bytes)
    }

    private static func charsetMarks(_ text: ArraySlice<UInt8>) -> (first: Int, second: Int)? {
        guard let first = text.firstIndex(of: 39), let second = text[(first + 1)...].firstIndex(of: 39) else {
            return nil
        }
        return (first, second)
    }

    private static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == ASCII.percent, index + 2 < text.endIndex, let high = ASCII.hexValue(text[index + 1]),
                let low = ASCII.hexValue(text[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }
}

/// `name*`, `name*0`, `name*0*` (RFC 2231 sections 3 and 4).
private struct ExtendedName {
    var base: String
    var number: Int
    var extended: Bool

    init?(_ name: String) {
        let parts = name.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.count <= 3, !parts[0].isEmpty else { return nil }
        base = String(parts[0])
        if parts.count == 2, parts[1].isEmpty {
            number = 0
            extended = true
            return
        }
        guard let value = Int(parts[1]), value >= 0, parts.count == 2 || parts[2].isEmpty else { return nil }
        number = value
        extended = parts.count == 3
    }
}

private struct ParameterScanner {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Up to the first semicolon, or to white space where a sender forgot it; comments left out.
    mutating func value() -> String {
        var result: [UInt8] = []
        let slash = UInt8(ascii: "/")
        while index < bytes.count, bytes[index] != ASCII.semicolon {
            let start = index
            skipBlanks()
            guard index < bytes.count, bytes[index] != ASCII.semicolon else { break }
            if index > start, let last = result.last, last != slash, bytes[index] != slash { break }
            result.append(bytes[index])
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The next `name=value`; names without `=` are passed over.
    mutating func parameter() -> (String, [UInt8])? {
        while index < bytes.count {
            skipBlanks()
            while index < bytes.count, bytes[index] == ASCII.semicolon || ASCII.isSpace(bytes[index]) { index += 1 }
            let start = index
            while index < bytes.count, bytes[index] != ASCII.equals, bytes[index] != ASCII.semicolon { index += 1 }
            let name = String(decoding: bytes[start..<index], as: UTF8.self).trimmed.asciiLowered
            guard index < bytes.count, bytes[index] == ASCII.equals else { continue }
            index += 1
            skipBlanks()
            let value = index < bytes.count && bytes[index] == ASCII.quote ? quoted() : token()
            if !name.isEmpty { return (name, value) }
        }
        return nil
    }

    private mutating func token() -> [UInt8] {
        let start = index
        while index < bytes.count, bytes[index] != ASCII.semicolon { index += 1 }
        var end = index
        while end > start, ASCII.isSpace(bytes[end - 1]) { end -= 1 }
        // A comment after the value, as in `charset=us-ascii (plain text)`.
        if let open = bytes[start..<end].firstIndex(of: ASCII.openParenthesis), open > start,
            ASCII.isSpace(bytes[open - 1]), bytes[end - 1] == ASCII.closeParenthesis
        {
            end = open
            while end > start, ASCII.isSpace(bytes[end - 1]) { end -= 1 }
        }
        return Array(bytes[start..<end])
    }

    private mutating func quoted() -> [UInt8] {
        var result: [UInt8] = []
        index += 1
        while index < bytes.count, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash, index + 1 < bytes.count { index += 1 }
            result.append(bytes[index])
            index += 1
        }
        if index < bytes.count { index += 1 }
        while index < bytes.count, bytes[index] != ASCII.semicolon { index += 1 }
        return result
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            if bytes[index] == ASCII.openParenthesis {
                skipComment()
            } else if ASCII.isSpace(bytes[index]) {
                index += 1
            } else {
                return
            }
        }
    }

    private mutating func skipComment() {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.backslash: index += 1
            case ASCII.openParenthesis: depth += 1
            case ASCII.closeParenthesis: depth -= 1
            default: break
            }
            index += 1
            if depth == 0 { return }
        }
        index = min(index, bytes.count)
    }
}
