import Glibc

/// The decimal digits of a number, correctly rounded.
struct Digits: Sendable, Equatable {
    /// The largest precision that is ever asked for; a double has 17 digits, formats pad with zeros.
    private static let most = 40
    var negative: Bool
    /// Values 0...9 without leading zeros; `[0]` for zero.
    var digits: [UInt8]
    /// Of the first digit: 1 for 12.3.
    var exponent: Int

    /// With `count` significant digits, 1...40. The number must be finite.
    init(_ value: Double, significant count: Int) {
        let count = min(max(count, 1), Self.most)
        self.init(scientific: Self.print(value, count), negative: value.sign == .minus && value != 0)
    }

    /// `%.*e` of the C library rounds the exact binary value.
    private static func print(_ value: Double, _ count: Int) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 64)
        let written = withVaList([Int32(count - 1), value.magnitude]) { vsnprintf(&buffer, buffer.count, "%.*e", $0) }
        return buffer.prefix(max(0, Int(written))).map { UInt8(bitPattern: $0) }
    }

    private init(scientific bytes: [UInt8], negative: Bool) {
        self.negative = negative
        digits = []
        exponent = 0
        var sign = 1
        var inExponent = false
        for byte in bytes {
            switch byte {
            case 48...57:
                if inExponent { exponent = exponent * 10 + Int(byte - 48) } else { digits.append(byte - 48) }
            case 101: inExponent = true
            case 45: sign = -1
            default: break
            }
        }
        exponent *= sign
        if digits.isEmpty { digits = [0] }
    }

    /// Of a decimal number, to 15 digits first, then half away from zero at `places` decimals: what a person who typed
    /// 2.675 expects of two places.
    init(_ value: Double, places: Int) {
        self.init(value, significant: 15)
        let keep = exponent + 1 + places
        if keep < 0 {
            (digits, exponent) = ([0], 0)
            return
        }
        if keep < digits.count { round(to: keep) }
        if digits.allSatisfy({ $0 == 0 }) { (digits, exponent) = ([0], 0) }
    }

    private mutating func round(to keep: Int) {
        let up = digits[keep] >= 5
        digits.removeSubrange(keep...)
        if up {
            var place = keep - 1
            while place >= 0, digits[place] == 9 {
                digits[place] = 0
                place -= 1
            }
            if place >= 0 {
                digits[place] += 1
            } else {
                digits.insert(1, at: 0)
                exponent += 1
            }
        }
        if digits.isEmpty { (digits, exponent) = ([0], 0) }
    }

    var isZero: Bool { digits.allSatisfy { $0 == 0 } }

    /// The digit worth 10 to the `power`.
    func digit(at power: Int) -> UInt8 {
        let index = exponent - power
        return digits.indices.contains(index) ? digits[index] : 0
    }

    var trimmed: Digits {
        var copy = self
        while copy.digits.count > 1, copy.digits.last == 0 { copy.digits.removeLast() }
        return copy
    }

    var value: Double {
        let text = digits.map { String($0) }.joined() + "e\(exponent - digits.count + 1)"
        return (negative ? -1 : 1) * (Double(text) ?? 0)
    }

    static func rounded(_ value: Double, _ significant: Int) -> Double {
        guard value.isFinite, value != 0 else { return value }
        return Digits(value, significant: significant).value
    }
}
