import Glibc

/// Numbers in other bases, and their bits.
enum RadixFunctions {
    static let all: [Function] =
        conversions + bits + [
            .call("BASE", 2...3, "n", .later) { e, a throws(Stop) in
                let (value, radix, width) = (a.number(0).rounded(.down), a.integer(1), a.integer(2))
                guard value >= 0, value < 9_007_199_254_740_992, (2...36).contains(radix), (0...255).contains(width)
                else {
                    throw e.fail(.number, "BASE takes a number from 0 on and a base of 2 to 36.")
                }
                let text = String(Int(value), radix: radix, uppercase: true)
                return .text(String(repeating: "0", count: max(0, width - text.count)) + text)
            },
            .call("DECIMAL", 2...2, "tn", .later) { e, a throws(Stop) in
                let radix = a.integer(1)
                guard (2...36).contains(radix), a.text(0).utf8.count <= 255 else { throw .error(.number) }
                var value = 0.0
                for character in a.text(0).uppercased() where character != " " {
                    guard let digit = character.hexOrLetter, digit < radix else {
                        throw e.fail(.number, "The text is no number of base \(radix).")
                    }
                    value = value * Double(radix) + Double(digit)
                }
                return .number(value)
            },
        ]

    /// Ten digits, the first half of which are negative.
    private struct Base {
        var name: String
        var radix: Int
        /// Bits of ten digits.
        var bits: Int
    }

    private static let bases = [
        Base(name: "BIN", radix: 2, bits: 10), Base(name: "OCT", radix: 8, bits: 30),
        Base(name: "HEX", radix: 16, bits: 40),
    ]

    private static let conversions: [Function] = bases.flatMap { from in
        [
            .call("\(from.name)2DEC", 1...1, "t") { e, a throws(Stop) in
                .number(Double(try read(&e, a.text(0), from)))
            },
            .call("DEC2\(from.name)", 1...2, "nn") { e, a throws(Stop) in
                guard a.number(0).magnitude < 1e15 else {
                    throw e.fail(.number, "The number has more than ten digits.")
                }
                return try write(&e, Int(a.number(0)), from, a.has(1) ? a.integer(1) : nil)
            },
        ]
            + bases.filter { $0.name != from.name }.map { to in
                .call("\(from.name)2\(to.name)", 1...2, "tn") { e, a throws(Stop) in
                    try write(&e, try read(&e, a.text(0), from), to, a.has(1) ? a.integer(1) : nil)
                }
            }
    }

    private static func read(_ e: inout Evaluator, _ text: String, _ base: Base) throws(Stop) -> Int {
        guard text.utf8.count <= 10, text.isEmpty || text.utf8.first != 45,
            let value = text.isEmpty ? 0 : Int(text, radix: base.radix)
        else { throw e.fail(.number, "\"\(text.prefix(20))\" has digits that base \(base.radix) does not.") }
        return value >= 1 << (base.bits - 1) ? value - 1 << base.bits : value
    }

    private static func write(_ e: inout Evaluator, _ value: Int, _ base: Base, _ width: Int?) throws(Stop) -> Operand {
        let half = 1 << (base.bits - 1)
        guard value >= -half, value < half else { throw e.fail(.number, "The number has more than ten digits.") }
        let text = String(value < 0 ? value + 1 << base.bits : value, radix: base.radix, uppercase: true)
        guard let width, value >= 0 else { return .text(text) }
        guard width >= text.count, width <= 10 else { throw e.fail(.number, "The number has more digits.") }
        return .text(String(repeating: "0", count: width - text.count) + text)
    }

    private static let bits: [Function] = [
        .two("BITAND", .later) { x, y throws(Stop) in Double(try bits(x) & (try bits(y))) },
        .two("BITOR", .later) { x, y throws(Stop) in Double(try bits(x) | (try bits(y))) },
        .two("BITXOR", .later) { x, y throws(Stop) in Double(try bits(x) ^ (try bits(y))) },
        .two("BITLSHIFT", .later) { x, y throws(Stop) in try shifted(try bits(x), y) },
        .two("BITRSHIFT", .later) { x, y throws(Stop) in try shifted(try bits(x), -y) },
    ]

    /// Whole numbers of 48 bits.
    private static func bits(_ value: Double) throws(Stop) -> Int {
        guard value >= 0, value < 281_474_976_710_656, value == value.rounded() else { throw .error(.number) }
        return Int(value)
    }

    private static func shifted(_ value: Int, _ places: Double) throws(Stop) -> Double {
        guard places.magnitude <= 53 else { throw .error(.number) }
        let result = (Double(value) * pow(2, places.rounded(.towardZero))).rounded(.down)
        guard result < 281_474_976_710_656 else { throw .error(.number) }
        return result
    }
}

extension Character {
    fileprivate var hexOrLetter: Int? {
        guard let value = asciiValue else { return nil }
        switch value {
        case 48...57: return Int(value) - 48
        case 65...90: return Int(value) - 55
        default: return nil
        }
    }
}
