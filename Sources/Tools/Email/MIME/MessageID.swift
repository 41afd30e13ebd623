/// Message identifiers (RFC 5322 section 3.6.4), without their angle brackets.
package enum MessageID {
    /// Longest identifier kept; RFC 5322 lines hold 998 characters.
    package static let maximumLength = 998
    /// Identifiers kept of one field.
    private static let maximumCount = 200

    /// Every identifier between angle brackets; where there are none, bare words with an `@`.
    package static func parse(_ value: [UInt8]) -> [String] {
        var result: [String] = []
        var index = 0
        while index < value.count, result.count < maximumCount {
            guard let open = value[index...].firstIndex(of: ASCII.less) else { break }
            guard let close = value[open...].firstIndex(of: ASCII.greater) else { break }
            append(value[(open + 1)..<close], to: &result)
            index = close + 1
        }
        if result.isEmpty {
            for word in value.split(whereSeparator: ASCII.isSpace).prefix(maximumCount) where word.contains(ASCII.at) {
                append(word, to: &result)
            }
        }
        return result
    }

    private static func append(_ bytes: ArraySlice<UInt8>, to result: inout [String]) {
        let kept = bytes.filter { ASCII.isPrintable($0) && $0 != ASCII.less && $0 != ASCII.greater || $0 >= 128 }
        guard !kept.isEmpty, kept.count <= maximumLength else { return }
        result.append(String(decoding: kept, as: UTF8.self))
    }
}
