import Glibc

enum NumberTheoryFunctions {
    static let all: [Function] = [
        .one("FACT") { x throws(Stop) in try factorial(x) },
        .one("FACTDOUBLE") { x throws(Stop) in
            guard x >= -1, x < 301 else { throw .error(.number) }
            return stride(from: x.rounded(.towardZero), through: 2, by: -2).reduce(1, *)
        },
        .two("COMBIN") { n, k throws(Stop) in try combinations(n, k) },
        .two("COMBINA", .later) { n, k throws(Stop) in
            let (n, k) = (n.rounded(.towardZero), k.rounded(.towardZero))
            guard n >= 0, k >= 0, n > 0 || k == 0 else { throw .error(.number) }
            return k == 0 ? 1 : try combinations(n + k - 1, k)
        },
        .two("PERMUT") { n, k throws(Stop) in
            let (n, k) = (n.rounded(.towardZero), k.rounded(.towardZero))
            guard n >= 0, k >= 0, n >= k else { throw .error(.number) }
            return try product(from: n - k + 1, through: n)
        },
        .two("PERMUTATIONA", .later) { n, k throws(Stop) in
            guard n >= 0, k >= 0 else { throw .error(.number) }
            return pow(n.rounded(.towardZero), k.rounded(.towardZero))
        },
        .call("GCD", 1...255, "r") { e, a throws(Stop) in
            .number(try wholes(&e, a).reduce(0, divisor))
        },
        .call("LCM", 1...255, "r") { e, a throws(Stop) in
            .number(try wholes(&e, a).reduce(1) { $1 == 0 ? 0 : $0 / divisor($0, $1) * $1 })
        },
        .call("MULTINOMIAL", 1...255, "r") { e, a throws(Stop) in
            let counts = try wholes(&e, a)
            var result = 1.0
            var total = 0.0
            for count in counts {
                total += count
                result *= try combinations(total, count)
            }
            return .number(result.rounded())
        },
        .call("ROMAN", 1...2, "n") { e, a throws(Stop) in
            let value = a.integer(0)
            guard (0...3999).contains(value) else { throw e.fail(.value, "ROMAN takes 0 to 3999.") }
            var rest = value
            var text = ""
            for (size, sign) in numerals {
                while rest >= size {
                    text += sign
                    rest -= size
                }
            }
            return .text(text)
        },
        .call("ARABIC", 1...1, "t", .later) { e, a throws(Stop) in
            var text = a.text(0).uppercased().filter { $0 != " " }
            let isNegative = text.hasPrefix("-")
            if isNegative { text.removeFirst() }
            guard text.utf8.count <= 255 else { throw .error(.value) }
            var total = 0
            var last = 0
            for letter in text.reversed() {
                guard let value = letters[letter] else { throw e.fail(.value, "The text is no Roman number.") }
                total += value < last ? -value : value
                last = max(last, value)
            }
            return .number(Double(isNegative ? -total : total))
        },
    ]

    private static let numerals = [
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
        (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ]
    private static let letters: [Character: Int] = [
        "M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1,
    ]

    static func factorial(_ value: Double) throws(Stop) -> Double {
        let whole = value.rounded(.towardZero)
        guard whole >= 0, whole <= 170 else { throw .error(.number) }
        return whole < 2 ? 1 : (2...Int(whole)).reduce(1.0) { $0 * Double($1) }
    }

    static func combinations(_ n: Double, _ k: Double) throws(Stop) -> Double {
        let (n, k) = (n.rounded(.towardZero), k.rounded(.towardZero))
        guard n >= 0, k >= 0, n >= k else { throw .error(.number) }
        let few = min(k, n - k)
        if few > 1000 {
            let result = exp(Gamma.logarithm(n + 1) - Gamma.logarithm(k + 1) - Gamma.logarithm(n - k + 1))
            guard result.isFinite else { throw .error(.number) }
            return result.rounded()
        }
        var result = 1.0
        for step in stride(from: 1, through: few, by: 1) { result = result * (n - few + step) / step }
        guard result.isFinite else { throw .error(.number) }
        return result < 1e15 ? result.rounded() : result
    }

    private static func product(from first: Double, through last: Double) throws(Stop) -> Double {
        var result = 1.0
        for factor in stride(from: first, through: last, by: 1) {
            result *= factor
            guard result.isFinite else { throw .error(.number) }
        }
        return result
    }

    private static func wholes(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> [Double] {
        let values = try e.numbers(a).map { $0.rounded(.towardZero) }
        guard values.allSatisfy({ $0 >= 0 && $0 < 9_007_199_254_740_992 }) else { throw .error(.number) }
        return values
    }

    private static func divisor(_ first: Double, _ second: Double) -> Double {
        var (one, two) = (first, second)
        while two != 0 { (one, two) = (two, one.truncatingRemainder(dividingBy: two)) }
        return one
    }
}
