/// Bounds of one message; what lies beyond them is left unread and named in `Message.problems`.
package struct MIMELimits: Sendable, Hashable {
    /// Levels of nested parts. Real mail stays below 8; deeper ones become opaque leaves.
    package var depth = 20
    /// Parts of all levels together. A digest has some hundreds.
    package var parts = 1_000
    /// Bytes of one header section. Real ones stay below 64 KiB even after many relays.
    package var headerBytes = 256 * 1024
    /// Fields of one header section.
    package var headerFields = 1_000
    /// Addresses taken from one field.
    package var addresses = 1_000
    /// Bytes of text kept of one HTML or plain part, after decoding. Enough for a book.
    package var textBytes = 4 * 1024 * 1024

    package init() {}
}

/// Something in a message that its sender should not have written or that a bound cut off.
package enum MIMEProblem: Sendable, Hashable, CustomStringConvertible {
    case headerTooLong, tooManyHeaderFields, malformedHeaderLine
    case nestedTooDeep, tooManyParts, missingCloseDelimiter, missingBoundary
    case unknownCharset(String)
    case unknownTransferEncoding(String)
    case controlInHeader(String)
    case repeatedField(String)
    case bareLineEnd

    package var description: String {
        switch self {
        case .headerTooLong: "the header section is too long and was cut"
        case .tooManyHeaderFields: "too many header fields, the rest was left out"
        case .malformedHeaderLine: "a line of the header is not a field"
        case .nestedTooDeep: "parts are nested too deep, the inner ones were left unread"
        case .tooManyParts: "too many parts, the rest was left unread"
        case .missingCloseDelimiter: "a multipart has no closing delimiter: it may have been cut"
        case .missingBoundary: "a multipart names no boundary"
        case .unknownCharset(let name): "unknown character set '\(name)'"
        case .unknownTransferEncoding(let name): "unknown transfer encoding '\(name)'"
        case .controlInHeader(let name): "control characters in the field '\(name)'"
        case .repeatedField(let name): "the field '\(name)' appears more than once"
        case .bareLineEnd: "bare CR in the header section"
        }
    }
}
