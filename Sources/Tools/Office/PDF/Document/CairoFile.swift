/// A PDF 1.4 file as Cairo lays it out: one cross-reference table, objects one after the other.
struct CairoFile {
    let bytes: [UInt8]
    /// Where each object begins and ends, by number; empty where it is free.
    let objects: [Range<Int>]
    let root: Int
    let information: Int?

    /// `nil` for a file that is laid out otherwise.
    init?(_ bytes: [UInt8]) {
        let tail = bytes.count - min(bytes.count, 1_024)
        guard let mark = Self.last("startxref", in: bytes, from: tail),
            let start = Self.number(bytes, after: mark + 9), start < bytes.count,
            bytes[start...].starts(with: Array("xref\n0 ".utf8)),
            let count = Self.number(bytes, after: start + 7), count > 1, count <= bytes.count / 20,
            let line = bytes[(start + 7)...].firstIndex(of: 0x0A), line + 1 + count * 20 <= bytes.count
        else { return nil }
        // Entries have 20 bytes (ISO 32000-1, section 7.5.4).
        let offsets = (0..<count).map { index in
            let entry = line + 1 + index * 20
            return bytes[entry + 17] == UInt8(ascii: "n") ? Self.number(bytes, after: entry) ?? 0 : 0
        }
        let ends = (offsets.filter { $0 > 0 } + [start]).sorted()
        var following: [Int: Int] = [:]
        for (offset, end) in zip(ends, ends.dropFirst()) { following[offset] = end }
        objects = offsets.map { offset in
            guard offset > 0, let end = following[offset], let open = bytes[offset..<end].firstIndex(of: 0x0A),
                let close = Self.last("endobj", in: bytes, from: max(open, end - 16), to: end)
            else { return 0..<0 }
            return open + 1..<close
        }
        let trailer = line + 1 + count * 20
        guard let mark = Self.last("/Root ", in: bytes, from: trailer),
            let root = Self.number(bytes, after: mark + 6), objects.indices.contains(root)
        else { return nil }
        self.bytes = bytes
        self.root = root
        information = Self.last("/Info ", in: bytes, from: trailer).flatMap { Self.number(bytes, after: $0 + 6) }
    }

    /// The dictionary of an object, without its stream.
    func dictionary(_ number: Int) -> String {
        // Dictionaries with long arrays are those of pages' kids and of the structure: a hundred kilobytes at most.
        let range = objects[number]
        let head = bytes[range.lowerBound..<min(range.upperBound, range.lowerBound + 256 * 1024)]
        let end = hasStream(number) ? Self.first("stream\n", in: head) ?? head.endIndex : head.endIndex
        return String(decoding: head[..<end], as: UTF8.self)
    }

    func hasStream(_ number: Int) -> Bool {
        let range = objects[number]
        return Self.last(
            "endstream", in: bytes, from: max(range.lowerBound, range.upperBound - 16), to: range.upperBound)
            != nil
    }

    /// The bytes of an object's stream, still encoded.
    func stream(_ number: Int) -> ArraySlice<UInt8>? {
        let range = objects[number]
        guard let open = Self.first("stream\n", in: bytes[range]),
            let close = Self.last(
                "endstream", in: bytes, from: max(range.lowerBound, range.upperBound - 16), to: range.upperBound)
        else { return nil }
        let begin = open + 7
        let end = close > begin && bytes[close - 1] == 0x0A ? close - 1 : close
        return begin <= end ? bytes[begin..<end] : nil
    }

    private static func number(_ file: [UInt8], after offset: Int) -> Int? {
        var value: Int?
        for byte in file[min(offset, file.count)...].prefix(20) {
            if (0x30...0x39).contains(byte) {
                let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                value = product &+ Int(byte - 0x30)
            } else if value != nil || (byte != 0x20 && byte != 0x0A) {
                break
            }
        }
        return value
    }

    static func first(_ text: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBufferPointer { buffer in
            text.withUTF8Buffer { text in
                guard buffer.count >= text.count else { return nil }
                for start in 0...(buffer.count - text.count) where buffer[start] == text[0] {
                    if (0..<text.count).allSatisfy({ buffer[start + $0] == text[$0] }) {
                        return bytes.startIndex + start
                    }
                }
                return nil
            }
        }
    }

    private static func last(_ text: StaticString, in bytes: [UInt8], from: Int, to: Int? = nil) -> Int? {
        text.withUTF8Buffer { text in
            var start = (to ?? bytes.count) - text.count
            while start >= max(0, from) {
                if (0..<text.count).allSatisfy({ bytes[start + $0] == text[$0] }) { return start }
                start -= 1
            }
            return nil
        }
    }
}
