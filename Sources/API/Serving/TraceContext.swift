/// The trace that a request belongs to (W3C Trace Context, 3.2).
package struct TraceContext: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits.
    package let traceID: String
    /// As it came in, or made here: what goes out again.
    package let header: String

    /// Reads a `traceparent`; `nil` for one that is not of the form, which is to be ignored.
    package init?(_ header: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            Self.isHex(parts[1], 32), Self.isHex(parts[2], 16), Self.isHex(parts[3], 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        traceID = String(parts[1])
        self.header = header
    }

    /// A new trace that begins here.
    package init() {
        var generator = SystemRandomNumberGenerator()
        traceID = Self.hex(generator.next() | 1) + Self.hex(generator.next())
        header = "00-\(traceID)-\(Self.hex(generator.next() | 1))-01"
    }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func isHex(_ text: Substring, _ length: Int) -> Bool {
        text.utf8.count == length
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
