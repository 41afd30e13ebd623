import DocumentModel
import Glibc

/// Numbers as people of a language write them, with the usual part of Excel's number formats.
struct NumberText {
    /// Digits are grouped from here on where all numbers beside are smaller: years stay years.
    static let years = 10_000.0
    private let group: String
    private let point: String

    init(language: String) {
        let parts = language.split { $0 == "-" || $0 == "_" }.map { $0.lowercased() }
        let primary = parts.first ?? ""
        if parts.contains("ch") || parts.contains("li") {
            (group, point) = ("’", ".")
        } else if ["de", "es", "it", "nl", "pt", "da", "id", "tr", "el", "hr", "ro", "sl", "vi"].contains(primary) {
            (group, point) = (".", ",")
        } else if ["fr", "cs", "pl", "ru", "uk", "sv", "nb", "no", "nn", "fi", "hu", "sk", "bg", "et", "lv", "lt"]
            .contains(primary)
        {
            (group, point) = ("\u{A0}", ",")
        } else {
            (group, point) = (",", ".")
        }
    }

    /// Where numbers that stand together begin to have groups: all of them from a thousand on, or none.
    static func grouping(of values: some Sequence<Double>) -> Double {
        values.contains { abs($0) >= years } ? 1_000 : years
    }

    /// A table's cell.
    func text(_ scalar: Scalar, format: String?, groupsFrom: Double = years) -> String {
        switch scalar {
        case .null: ""
        case .bool(let value): value ? "✓" : "–"
        case .integer(let value):
            format == nil ? plain(value, groupsFrom) : text(Double(value), format: format)
        case .number(let value): text(value, format: format, groupsFrom: groupsFrom)
        case .text(let value): value
        }
    }

    /// Without a format: up to three decimals.
    func text(_ value: Double, format: String? = nil, groupsFrom: Double = years) -> String {
        guard value.isFinite else { return "—" }
        if let format, let pattern = NumberPattern(format) { return apply(pattern, to: value) }
        guard abs(value) < 1e15, value == 0 || abs(value) >= 0.0005 else { return printf("%.4g", value) }
        var text = printf("%.3f", value)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return localised(text == "-0" ? "0" : text, grouped: abs(value) >= groupsFrom)
    }

    private func plain(_ value: Int64, _ groupsFrom: Double) -> String {
        localised(String(value), grouped: abs(Double(value)) >= groupsFrom)
    }

    private func apply(_ pattern: NumberPattern, to value: Double) -> String {
        let scaled = value * (pattern.isPercent ? 100 : 1)
        guard abs(scaled) < 1e15 else { return pattern.prefix + printf("%.4g", scaled) + pattern.suffix }
        var text = printf("%.\(pattern.decimals)f", abs(scaled))
        for _ in 0..<pattern.optionalDecimals where text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        let isZero = !text.contains { ("1"..."9").contains($0) }
        let sign = scaled < 0 && !isZero ? "-" : ""
        return sign + pattern.prefix + localised(text, grouped: pattern.isGrouped) + pattern.suffix
    }

    /// `text` is in C's notation: `-1234.5`.
    private func localised(_ text: String, grouped: Bool) -> String {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        var digits = String(parts[0])
        let isNegative = digits.first == "-"
        if isNegative { digits.removeFirst() }
        if grouped {
            var result = ""
            for (index, digit) in digits.enumerated() {
                if index > 0, (digits.count - index) % 3 == 0 { result += group }
                result.append(digit)
            }
            digits = result
        }
        return (isNegative ? "\u{2212}" : "") + digits + (parts.count > 1 ? point + parts[1] : "")
    }

    private func printf(_ format: String, _ value: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(decoding: buffer.prefix(max(0, min(Int(count), 63))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What of an Excel number format is understood: digits, groups, percent, literals, the first section.
private struct NumberPattern {
    var prefix = ""
    var suffix = ""
    var decimals = 0
    var optionalDecimals = 0
    var isGrouped = false
    var isPercent = false

    /// `nil` for `General`, dates and formats without a digit.
    init?(_ format: String) {
        var isQuoted = false
        var isEscaped = false
        var isSkipping = false
        var hasDigits = false
        var isFraction = false
        for character in format {
            if isEscaped {
                literal(character, hasDigits)
                isEscaped = false
            } else if character == "\"" {
                isQuoted.toggle()
            } else if isQuoted {
                literal(character, hasDigits)
            } else if isSkipping {
                // `[$€-407]`: what stands between `$` and `-` is the currency.
                if character == "]" { isSkipping = false }
            } else {
                switch character {
                case ";":
                    guard hasDigits else { return nil }
                    return
                case "\\": isEscaped = true
                case "[": isSkipping = true
                case "0", "#", "?":
                    hasDigits = true
                    if isFraction, decimals < 12 {
                        decimals += 1
                        optionalDecimals = character == "0" ? 0 : optionalDecimals + 1
                    }
                case ".": isFraction = true
                case ",": isGrouped = hasDigits
                case "%":
                    isPercent = true
                    literal("%", hasDigits)
                case "_", "*": break
                case "y", "m", "d", "h", "s", "E", "G": return nil
                default: literal(character, hasDigits)
                }
            }
        }
        guard hasDigits else { return nil }
    }

    private mutating func literal(_ character: Character, _ isAfter: Bool) {
        if isAfter { suffix.append(character) } else { prefix.append(character) }
    }
}
