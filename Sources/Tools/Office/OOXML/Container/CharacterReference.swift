/// References to characters in XML text (XML 1.0, sections 4.1 and 4.6).
enum CharacterReference {
    static func resolve(_ bytes: UnsafeBufferPointer<UInt8>) throws(OOXMLError) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "&") else {
                result.append(bytes[at])
                at += 1
                continue
            }
            var end = at + 1
            // `&#x10FFFF;` is the longest.
            while end < bytes.count, end - at < 12, bytes[end] != UInt8(ascii: ";") { end += 1 }
            guard end < bytes.count, bytes[end] == UInt8(ascii: ";"),
                let scalar = scalar(String(decoding: bytes[at + 1..<end], as: UTF8.self))
            else { throw XMLScanner.invalid("It refers to an entity that does not exist.") }
            result.append(contentsOf: scalar.utf8)
            at = end + 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func scalar(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let number =
                name.hasPrefix("#x")
                ? UInt32(name.dropFirst(2), radix: 16)
                : name.hasPrefix("#") ? UInt32(name.dropFirst(1), radix: 10) : nil
            guard let number, let scalar = Unicode.Scalar(number), XMLBuffer.isAllowed(scalar) else { return nil }
            return scalar
        }
    }
}

extension Unicode.Scalar {
    fileprivate var utf8: [UInt8] { Array(String(self).utf8) }
}

/// Parts may also be written in UTF-16 (ECMA-376 part 2, section 8.1.4).
enum UTF16Document {
    /// The same document in UTF-8.
    static func utf8(_ bytes: [UInt8]) throws(OOXMLError) -> [UInt8] {
        guard bytes.count >= 4 else { return bytes }
        let isLittle = bytes[0] == 0xFF && bytes[1] == 0xFE || bytes[0] == UInt8(ascii: "<") && bytes[1] == 0
        let isBig = bytes[0] == 0xFE && bytes[1] == 0xFF || bytes[0] == 0 && bytes[1] == UInt8(ascii: "<")
        guard isLittle || isBig else { return bytes }
        guard bytes.count % 2 == 0 else { throw OOXMLError("xml_encoding", "A part of the file is cut short.") }
        let units = stride(from: 0, to: bytes.count, by: 2).map { index in
            isLittle
                ? UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8
                : UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
        }
        let text = String(decoding: units.first == 0xFEFF ? units.dropFirst() : units[...], as: UTF16.self)
        return Array(text.utf8)
    }
}
