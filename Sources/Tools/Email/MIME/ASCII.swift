/// Byte values of the wire grammar (RFC 5234 Appendix B).
enum ASCII {
    static let tab: UInt8 = 9
    static let lf: UInt8 = 10
    static let cr: UInt8 = 13
    static let space: UInt8 = 32
    static let quote: UInt8 = 34
    static let percent: UInt8 = 37
    static let openParenthesis: UInt8 = 40
    static let closeParenthesis: UInt8 = 41
    static let comma: UInt8 = 44
    static let hyphen: UInt8 = 45
    static let dot: UInt8 = 46
    static let colon: UInt8 = 58
    static let semicolon: UInt8 = 59
    static let less: UInt8 = 60
    static let equals: UInt8 = 61
    static let greater: UInt8 = 62
    static let question: UInt8 = 63
    static let at: UInt8 = 64
    static let openBracket: UInt8 = 91
    static let backslash: UInt8 = 92
    static let closeBracket: UInt8 = 93
    static let underscore: UInt8 = 95

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
    static func isSpace(_ byte: UInt8) -> Bool { byte == space || (byte >= 9 && byte <= 13) }
    static func isPrintable(_ byte: UInt8) -> Bool { byte >= 33 && byte <= 126 }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    static func lowered(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte + 32 : byte }

    static let hexDigits = Array("0123456789ABCDEF".utf8)
}

extension String {
    /// ASCII letters lowered, all else kept: field names and parameters compare this way.
    var asciiLowered: String { String(decoding: utf8.map(ASCII.lowered), as: UTF8.self) }

    /// Without ASCII white space at both ends.
    var trimmed: String {
        let bytes = utf8
        guard let first = bytes.firstIndex(where: { !ASCII.isSpace($0) }),
            let last = bytes.lastIndex(where: { !ASCII.isSpace($0) })
        else { return "" }
        return String(self[first...last])
    }

    /// Runs of white space become one space, control characters go: fit for one line of display.
    var singleLine: String {
        var result = String.UnicodeScalarView()
        var pendingSpace = false
        for scalar in unicodeScalars {
            if scalar.properties.isWhitespace {
                pendingSpace = true
            } else if scalar.properties.generalCategory != .control {
                if pendingSpace && !result.isEmpty { result.append(" ") }
                pendingSpace = false
                result.append(scalar)
            }
        }
        return String(result)
    }
}
