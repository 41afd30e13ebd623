/// How the bytes of a table become text.
package enum CSVEncoding: String, Sendable, Hashable, Codable {
    case utf8 = "utf-8"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    case windows1252 = "windows-1252"

    /// By byte order mark, by the zeros that UTF-16 shows in Latin text, by UTF-8's own rules; what is left is
    /// Windows-1252. The text comes as UTF-8 without byte order mark.
    package static func decode(_ bytes: [UInt8]) -> (encoding: CSVEncoding, text: [UInt8]) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, valid(Array(bytes[3...]))) }
        if bytes.starts(with: [0xFF, 0xFE]) { return (.utf16LittleEndian, utf16(bytes[2...], bigEndian: false)) }
        if bytes.starts(with: [0xFE, 0xFF]) { return (.utf16BigEndian, utf16(bytes[2...], bigEndian: true)) }
        let head = bytes.prefix(512)
        let zeros = head.enumerated().filter { $1 == 0 }.map(\.offset)
        if zeros.count * 3 > head.count {
            if zeros.allSatisfy({ $0 % 2 == 1 }) { return (.utf16LittleEndian, utf16(bytes[...], bigEndian: false)) }
            if zeros.allSatisfy({ $0 % 2 == 0 }) { return (.utf16BigEndian, utf16(bytes[...], bigEndian: true)) }
        }
        if String(validating: bytes, as: UTF8.self) != nil { return (.utf8, bytes) }
        return (.windows1252, windows1252(bytes))
    }

    private static func valid(_ bytes: [UInt8]) -> [UInt8] {
        String(validating: bytes, as: UTF8.self) == nil ? Array(String(decoding: bytes, as: UTF8.self).utf8) : bytes
    }

    private static func utf16(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> [UInt8] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var index = bytes.startIndex
        while index + 1 < bytes.endIndex {
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            units.append(bigEndian ? first << 8 | second : second << 8 | first)
            index += 2
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// Code points of 0x80 to 0x9F (WHATWG Encoding, index windows-1252).
    private static let upper: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]

    private static func windows1252(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 8)
        for byte in bytes {
            if byte < 0x80 {
                text.append(byte)
                continue
            }
            let value = byte < 0xA0 ? upper[Int(byte) - 0x80] : UInt32(byte)
            if let scalar = Unicode.Scalar(value) { text.append(contentsOf: scalar.utf8) }
        }
        return text
    }
}
