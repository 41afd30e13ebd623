import Glibc

/// Bytes to text by the name a message gives its character set (RFC 2978 names and common aliases).
package enum Charset {
    /// Longest name looked up; longer ones are noise.
    private static let nameBytes = 40

    /// Decodes `bytes`; bytes without meaning become U+FFFD. `nil` where the character set is unknown.
    package static func decode(_ bytes: some Collection<UInt8>, charset name: String) -> String? {
        let label = name.trimmed.asciiLowered
        switch label {
        case "utf-8", "utf8", "unicode-1-1-utf-8", "cp65001":
            return String(decoding: bytes, as: UTF8.self)
        case "", "us-ascii", "ascii", "ansi_x3.4-1968", "default", "unknown-8bit", "x-unknown", "8bit",
            "_iso-2022-jp$esc":
            return decodeUndeclared(bytes)
        case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252", "x-ansi",
            "ansi":
            return decodeWindows1252(bytes)
        default:
            return convert(Array(bytes), from: label)
        }
    }

    /// For text without a usable charset: UTF-8 where it is valid, else Windows-1252, which most such mail means.
    package static func decodeUndeclared(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return decodeWindows1252(bytes)
    }

    /// ISO 8859-1 is read as its superset Windows-1252, as every mail reader does: C1 controls are never meant.
    private static func decodeWindows1252(_ bytes: some Collection<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            let value: UInt32 = byte >= 0x80 && byte < 0xA0 ? UInt32(windows1252[Int(byte) - 0x80]) : UInt32(byte)
            scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        }
        return String(scalars)
    }

    private static let windows1252: [UInt16] = [
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD,
        0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0xFFFD, 0x017E, 0x0178,
    ]

    /// Names that mail uses and glibc's iconv knows otherwise.
    private static let aliases: [String: String] = [
        "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "gb_2312-80": "gb18030",
        "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "euc-kr": "cp949",
        "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
        "big5": "big5-hkscs", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8",
        "iso-8859-6-i": "iso-8859-6", "x-mac-roman": "macintosh", "mac": "macintosh", "macroman": "macintosh",
        "unicode-1-1-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7", "utf-16": "utf-16", "tis-620": "windows-874",
        "windows-874": "cp874", "iso-8859-11": "cp874", "cp-850": "cp850", "x-euc-jp": "euc-jp", "koi8": "koi8-r",
    ]

    private static func convert(_ bytes: [UInt8], from label: String) -> String? {
        // Letters, digits and "-_.:+" only: iconv reads "//" and "," in a name as instructions.
        guard !label.isEmpty, label.utf8.count <= nameBytes,
            label.utf8.allSatisfy({ byte in
                (97...122).contains(byte) || (48...57).contains(byte) || "-_.:+".utf8.contains(byte)
            })
        else { return nil }
        let known = aliases[label].map { aliases[$0] ?? $0 } ?? label
        guard let descriptor = open(known) ?? open(known.replacingPrefix("windows-", with: "cp")) else { return nil }
        defer { iconv_close(descriptor) }
        return String(decoding: run(descriptor, over: bytes), as: UTF8.self)
    }

    private static func open(_ label: String) -> iconv_t? {
        guard let descriptor = iconv_open("UTF-8", label) else { return nil }
        return Int(bitPattern: descriptor) == -1 ? nil : descriptor
    }

    private static func run(_ descriptor: iconv_t, over bytes: [UInt8]) -> [UInt8] {
        var input = bytes
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count &+ bytes.count / 2)
        var chunk = [UInt8](repeating: 0, count: 8192)
        input.withUnsafeMutableBytes { source in
            guard let base = source.baseAddress else { return }
            var next: UnsafeMutablePointer<CChar>? = base.assumingMemoryBound(to: CChar.self)
            var left = source.count
            while left > 0 {
                let (failed, code, written) = step(descriptor, &next, &left, into: &chunk)
                result.append(contentsOf: chunk[..<written])
                if !failed { break }
                if code == E2BIG { continue }
                // An invalid or cut sequence: one byte is replaced, the rest goes on.
                result.append(contentsOf: [0xEF, 0xBF, 0xBD])
                if code != EILSEQ || left == 0 { break }
                next = next.map { $0 + 1 }
                left -= 1
            }
            var nothing = 0
            let (_, _, written) = step(descriptor, nil, &nothing, into: &chunk)
            result.append(contentsOf: chunk[..<written])
        }
        return result
    }

    private static func step(
        _ descriptor: iconv_t, _ next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ left: inout Int,
        into chunk: inout [UInt8]
    ) -> (failed: Bool, code: Int32, written: Int) {
        let capacity = chunk.count
        return chunk.withUnsafeMutableBytes { buffer in
            var out: UnsafeMutablePointer<CChar>? = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            var room = capacity
            let answer = iconv(descriptor, next, &left, &out, &room)
            let code = errno
            return (
                answer == Int.max || answer == -1 || UInt(bitPattern: Int(answer)) == UInt.max, code, capacity - room
            )
        }
    }
}

extension String {
    func replacingPrefix(_ prefix: String, with other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
