import FoundationEssentials

/// Names of files as people give them: shown, never used as a path.
enum FileName {
    /// Unicode scalars.
    static let longest = 255

    /// Without directories, control characters and surrounding dots; never empty.
    static func safe(_ name: String) -> String {
        let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        let kept = last.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        // Counted as Postgres counts: a family of emoji is one Character and seven scalars.
        let text = String(String.UnicodeScalarView(kept.drop { $0 == "." }.prefix(longest)))
        return text.isEmpty ? "file" : text
    }

    /// `Content-Disposition` as an attachment (RFC 6266, names by RFC 8187).
    static func disposition(_ name: String) -> String {
        let encoded = name.utf8.map { byte -> String in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x2E || byte == 0x5F
            return isPlain ? String(UnicodeScalar(byte)) : "%" + hex(byte)
        }
        return "attachment; filename*=UTF-8''" + encoded.joined()
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }
}

/// What a `Range` header asks for (RFC 9110, 14.2). Several ranges, other units and nonsense are answered with the
/// whole, as if the header were not there.
enum ByteRange: Hashable {
    case whole
    case part(Range<Int>)
    case unsatisfiable

    static func parse(_ header: String, size: Int) -> ByteRange {
        guard header.lowercased().hasPrefix("bytes=") else { return .whole }
        let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.contains(where: { !$0.isEmpty }), parts.allSatisfy({ digits($0) }) else {
            return .whole
        }
        // More digits than Int holds lie beyond any file.
        let first = Int(parts[0]) ?? .max, last = Int(parts[1]) ?? .max
        if parts[0].isEmpty {
            return last > 0 && size > 0 ? .part(max(0, size - last)..<size) : .unsatisfiable
        }
        if !parts[1].isEmpty, last < first { return .whole }
        guard first < size else { return .unsatisfiable }
        return .part(first..<(min(last, size - 1) + 1))
    }

    private static func digits(_ text: Substring) -> Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }
}
