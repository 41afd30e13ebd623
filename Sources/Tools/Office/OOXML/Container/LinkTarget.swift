/// A hyperlink's target as a URI (RFC 3986): what a URI may not hold is percent-encoded, as Office refuses a whole
/// file for one bad target.
enum LinkTarget {
    static func uri(_ url: String) -> String {
        let allowed = Set("-._~:/?#@!$&'()*+,;=%".utf8)
        var result: [UInt8] = []
        for byte in url.utf8 {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            let isDigit = byte >= 0x30 && byte <= 0x39
            if isLetter || isDigit || allowed.contains(byte) {
                result.append(byte)
            } else {
                let digits = Array("0123456789ABCDEF".utf8)
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
