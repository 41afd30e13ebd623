/// Numbers as texts show them, and texts as numbers.
package enum NumberText {
    /// With up to 15 significant digits; as `1.5E+20` from 21 digits before or 10 zeros behind the point.
    package static func general(_ value: Double) -> String {
        if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
        guard value.isFinite else { return ErrorValue.number.text }
        let digits = Digits(value, significant: 15).trimmed
        let sign = digits.negative ? "-" : ""
        guard digits.exponent < 20, digits.exponent >= -9 || digits.digits.count - digits.exponent <= 20 else {
            return sign + scientific(digits)
        }
        return sign + plain(digits)
    }

    /// At most `width` characters, as a cell of General format shows it (11 by default).
    package static func general(_ value: Double, width: Int) -> String {
        let full = general(value)
        if full.utf8.count <= width + (value < 0 ? 1 : 0), !full.contains("E") { return full }
        let exponent = Digits(value, significant: 15).exponent
        if exponent >= -5, exponent < width {
            let places = max(0, exponent >= 0 ? width - 2 - exponent : width - 2)
            let digits = Digits(value, places: places).trimmed
            if !digits.isZero { return (digits.negative ? "-" : "") + plain(digits) }
        }
        let digits = Digits(value, significant: 6).trimmed
        return (digits.negative ? "-" : "") + scientific(digits)
    }

    static func plain(_ digits: Digits) -> String {
        var text: [UInt8] = []
        for power in stride(from: max(0, digits.exponent), through: 0, by: -1) {
            text.append(48 + digits.digit(at: power))
        }
        let places = digits.digits.count - 1 - digits.exponent
        if places > 0 {
            text.append(46)
            for power in 1...places { text.append(48 + digits.digit(at: -power)) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func scientific(_ digits: Digits) -> String {
        var text = "\(digits.digits[0])"
        if digits.digits.count > 1 { text += "." + digits.digits.dropFirst().map { String($0) }.joined() }
        let size = digits.exponent.magnitude
        return text + "E" + (digits.exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + "\(size)"
    }

    /// As it stands in a formula: exact, so that reading it gives the same number.
    static func literal(_ value: Double) -> String {
        if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
        let text = "\(value)".uppercased()
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A number as a person types it into a cell: signs, thousands, percent, currency, brackets for minus, fractions,
    /// dates and times (year first, or month first with slashes). `nil`: it is a text.
    package static func parse(_ text: String, _ system: DateSystem = .year1900) -> Double? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= mostBytes else { return nil }
        var reader = NumberReader(bytes)
        if let number = reader.number() { return number }
        return DateText.parse(text, system)
    }

    /// No number or date that people type is longer.
    private static let mostBytes = 256
}

/// Reads one number; a plain one quickly.
private struct NumberReader {
    private var bytes: ArraySlice<UInt8>
    private var negative = false
    private var percent = 0

    init(_ text: [UInt8]) {
        bytes = text[...]
        trim()
    }

    private mutating func trim() {
        while let first = bytes.first, first == 32 || first == 9 { bytes.removeFirst() }
        while let last = bytes.last, last == 32 || last == 9 { bytes.removeLast() }
    }

    mutating func number() -> Double? {
        if bytes.first == 40, bytes.last == 41 {
            bytes = bytes.dropFirst().dropLast()
            negative = true
            trim()
        }
        guard signs() else { return nil }
        while bytes.last == 37 {
            bytes.removeLast()
            percent += 1
            trim()
        }
        guard percent <= 1, let value = fraction() ?? decimal(bytes) else { return nil }
        let signed = negative ? -value : value
        return percent == 1 ? signed / 100 : signed
    }

    /// Signs and a currency, in either order; at most one of each.
    private mutating func signs() -> Bool {
        var hasSign = negative
        var hasCurrency = false
        while let first = bytes.first {
            if first == 43 || first == 45 {
                guard !hasSign else { return false }
                hasSign = true
                negative = first == 45
                bytes.removeFirst()
            } else if let size = currency() {
                guard !hasCurrency else { return false }
                hasCurrency = true
                bytes.removeFirst(size)
            } else {
                return true
            }
            trim()
        }
        return false
    }

    /// Bytes of a currency sign at the front: $, £, ¥, €.
    private func currency() -> Int? {
        if bytes.first == 0x24 { return 1 }
        if bytes.starts(with: [0xC2, 0xA3]) || bytes.starts(with: [0xC2, 0xA5]) { return 2 }
        return bytes.starts(with: [0xE2, 0x82, 0xAC]) ? 3 : nil
    }

    /// `1 1/2`: a whole part is required, for `1/2` is a date.
    private func fraction() -> Double? {
        let parts = bytes.split(separator: 32, omittingEmptySubsequences: true)
        guard parts.count == 2, let whole = whole(parts[0]) else { return nil }
        let quotient = parts[1].split(separator: 47, omittingEmptySubsequences: false)
        guard quotient.count == 2, let over = self.whole(quotient[0]), let under = self.whole(quotient[1]), under > 0
        else { return nil }
        return whole + over / under
    }

    private func whole(_ digits: ArraySlice<UInt8>) -> Double? {
        guard !digits.isEmpty, digits.count <= 15, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Double($1 - 48) }
    }

    private func decimal(_ source: ArraySlice<UInt8>) -> Double? {
        var text: [UInt8] = []
        var (digits, group, groups, point, exponent) = (0, 0, 0, false, false)
        for byte in source {
            switch byte {
            case 48...57:
                digits += 1
                group += 1
                text.append(byte)
            case 44:
                // The first group has up to three digits, the others three.
                guard !point, !exponent, groups == 0 ? (1...3).contains(group) : group == 3 else { return nil }
                groups += 1
                group = 0
            case 46:
                guard !point, !exponent, groups == 0 || group == 3 else { return nil }
                point = true
                group = 0
                text.append(byte)
            case 69, 101:
                guard !exponent, digits > 0 else { return nil }
                exponent = true
                text.append(101)
            case 43, 45:
                guard exponent, text.last == 101 else { return nil }
                text.append(byte)
            default: return nil
            }
        }
        guard digits > 0, let last = text.last, last == 46 || (48...57).contains(last) else { return nil }
        if groups > 0, !point, !exponent, group != 3 { return nil }
        if last == 46 { text.removeLast() }
        if text.first == 46 { text.insert(48, at: 0) }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }
}
