/// Content-Transfer-Encoding (RFC 2045 section 6).
package enum TransferEncoding: Sendable, Hashable {
    case identity, quotedPrintable, base64

    /// `nil` for names that RFC 2045 does not define.
    init?(name: String) {
        switch name.trimmed.asciiLowered {
        case "", "7bit", "8bit", "binary": self = .identity
        case "quoted-printable": self = .quotedPrintable
        case "base64": self = .base64
        default: return nil
        }
    }

    func decode(_ body: ArraySlice<UInt8>) -> [UInt8] {
        switch self {
        case .identity: Array(body)
        case .quotedPrintable: QuotedPrintable.decode(body)
        case .base64: Base64.decode(body)
        }
    }
}

/// RFC 2045 section 6.8.
package enum Base64 {
    /// Tolerant: bytes outside the alphabet are passed over, padding may be missing or stand between joined pieces.
    package static func decode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.underestimatedCount / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        values.withUnsafeBufferPointer { table in
            for byte in bytes {
                let value = table[Int(byte)]
                if value < 64 {
                    bits = bits << 6 | UInt32(value)
                    count += 1
                    if count == 4 {
                        result.append(UInt8(truncatingIfNeeded: bits >> 16))
                        result.append(UInt8(truncatingIfNeeded: bits >> 8))
                        result.append(UInt8(truncatingIfNeeded: bits))
                        bits = 0
                        count = 0
                    }
                } else if byte == ASCII.equals {
                    flush(&bits, &count, into: &result)
                }
            }
        }
        flush(&bits, &count, into: &result)
        return result
    }

    private static func flush(_ bits: inout UInt32, _ count: inout Int, into result: inout [UInt8]) {
        if count == 2 { result.append(UInt8(truncatingIfNeeded: bits >> 4)) }
        if count == 3 {
            result.append(UInt8(truncatingIfNeeded: bits >> 10))
            result.append(UInt8(truncatingIfNeeded: bits >> 2))
        }
        bits = 0
        count = 0
    }

    /// Lines of at most `columns` characters, each ended by CRLF; one line without an end where `columns` is nil.
    package static func encode(_ bytes: [UInt8], columns: Int? = nil) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count / 3 * 4 + bytes.count / 28 + 8)
        var column = 0
        bytes.withUnsafeBufferPointer { bytes in
            alphabet.withUnsafeBufferPointer { alphabet in
                var index = 0
                while index < bytes.count {
                    let left = bytes.count - index
                    let second: UInt32 = left > 1 ? UInt32(bytes[index + 1]) : 0
                    let third: UInt32 = left > 2 ? UInt32(bytes[index + 2]) : 0
                    let bits = UInt32(bytes[index]) << 16 | second << 8 | third
                    result.append(alphabet[Int(bits >> 18)])
                    result.append(alphabet[Int(bits >> 12 & 63)])
                    result.append(left > 1 ? alphabet[Int(bits >> 6 & 63)] : ASCII.equals)
                    result.append(left > 2 ? alphabet[Int(bits & 63)] : ASCII.equals)
                    index += 3
                    column += 4
                    if let columns, column + 4 > columns {
                        result.append(ASCII.cr)
                        result.append(ASCII.lf)
                        column = 0
                    }
                }
            }
        }
        if columns != nil, column > 0 { result += [ASCII.cr, ASCII.lf] }
        return result
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()
}

/// RFC 2045 section 6.7.
package enum QuotedPrintable {
    /// Longest line without its end, RFC 2045 rule 5.
    private static let columns = 76

    /// Tolerant: an `=` that starts no valid escape stays as it is; white space before a line end goes (rule 3).
    package static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        let end = bytes.endIndex
        while index < end {
            let byte = bytes[index]
            if byte == ASCII.equals {
                var next = index + 1
                if index + 2 < end, let high = ASCII.hexValue(bytes[index + 1]),
                    let low = ASCII.hexValue(bytes[index + 2])
                {
                    result.append(high << 4 | low)
                    index += 3
                    continue
                }
                while next < end, ASCII.isBlank(bytes[next]) { next += 1 }
                if next == end { break }
                if bytes[next] == ASCII.lf {
                    index = next + 1
                } else if bytes[next] == ASCII.cr, next + 1 < end, bytes[next + 1] == ASCII.lf {
                    index = next + 2
                } else {
                    result.append(byte)
                    index += 1
                }
            } else if ASCII.isBlank(byte) {
                var next = index
                while next < end, ASCII.isBlank(bytes[next]) { next += 1 }
                let endsLine = next == end || bytes[next] == ASCII.lf || bytes[next] == ASCII.cr
                if !endsLine { result.append(contentsOf: bytes[index..<next]) }
                index = next
            } else {
                result.append(byte)
                index += 1
            }
        }
        return result
    }

    /// Text with any line ends to lines of at most 76 columns ended by CRLF. Never yields `=_`, so that a boundary
    /// with these characters cannot occur inside.
    package static func encode(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var lines = text.utf8.split(separator: ASCII.lf, omittingEmptySubsequences: false).map { line in
            line.last == ASCII.cr ? Array(line.dropLast()) : Array(line)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            appendLine(line, to: &result)
            result += [ASCII.cr, ASCII.lf]
        }
        return result
    }

    private static func appendLine(_ line: [UInt8], to result: inout [UInt8]) {
        var column = 0
        for (index, byte) in line.enumerated() {
            let isLast = index == line.count - 1
            // A leading dot or "From " is escaped so that no relay needs to stuff or quote it.
            let startsTrap = index == 0 && (byte == ASCII.dot || line.starts(with: Array("From ".utf8)))
            let plain =
                (ASCII.isPrintable(byte) && byte != ASCII.equals || ASCII.isBlank(byte) && !isLast) && !startsTrap
            let width = plain ? 1 : 3
            if column + width > (isLast ? columns : columns - 1) {
                result += [ASCII.equals, ASCII.cr, ASCII.lf]
                column = 0
            }
            if plain {
                result.append(byte)
            } else {
                result += [ASCII.equals, ASCII.hexDigits[Int(byte >> 4)], ASCII.hexDigits[Int(byte & 15)]]
            }
            column += width
        }
    }
}
