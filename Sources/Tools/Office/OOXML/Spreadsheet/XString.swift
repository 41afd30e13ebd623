/// Text of a cell as SpreadsheetML wants it.
enum XString {
    /// Characters that XML forbids as `_xHHHH_`, and text that looks like it with its underscore escaped
    /// (ECMA-376 part 1, section 22.9.2.19, ST_Xstring).
    static func escaped(_ text: String) -> String {
        let needs = text.unicodeScalars.contains { !XMLBuffer.isAllowed($0) || $0 == "\r" } || text.contains("_x")
        guard needs else { return text }
        var result = ""
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if !XMLBuffer.isAllowed(scalar) || scalar == "\r" {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "_x" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_"
            } else if scalar == "_", looksEscaped(scalars[index...].prefix(7)) {
                result += "_x005F_"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text that an escaped one means.
    static func unescaped(_ text: String) -> String {
        guard text.contains("_x") else { return text }
        var result = ""
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count {
            if scalars[index] == "_", looksEscaped(scalars[index...].prefix(7)),
                let value = UInt32(String(String.UnicodeScalarView(scalars[index + 2..<index + 6])), radix: 16),
                let scalar = Unicode.Scalar(value)
            {
                result.unicodeScalars.append(scalar)
                index += 7
            } else {
                result.unicodeScalars.append(scalars[index])
                index += 1
            }
        }
        return result
    }

    private static func looksEscaped(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        let parts = Array(scalars)
        return parts.count == 7 && parts[1] == "x" && parts[6] == "_"
            && parts[2...5].allSatisfy { Character($0).isHexDigit }
    }

    /// Whether it can be copied as it is: no markup, no control character, no escape, none of U+FFFE and U+FFFF.
    @inline(__always) static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in bytes where plain[Int(byte)] == 0 { return false }
        return true
    }

    /// 0 for bytes that need a closer look; `_` and U+FFxx are rare enough.
    private static let plain: [UInt8] = (0...255).map { byte in
        byte < 0x20 || "<>&_".utf8.contains(UInt8(byte)) || byte == 0xEF ? 0 : 1
    }
}
