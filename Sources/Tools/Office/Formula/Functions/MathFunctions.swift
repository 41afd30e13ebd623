import Glibc

enum MathFunctions {
    static let all: [Function] = [
        .one("ABS") { $0.magnitude },
        .one("SIGN") { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
        .one("SQRT") { x throws(Stop) in sqrt(try nonNegative(x)) },
        .one("SQRTPI") { x throws(Stop) in sqrt(try nonNegative(x) * .pi) },
        .one("EXP") { exp($0) },
        .one("LN") { x throws(Stop) in log(try positive(x)) },
        .one("LOG10") { x throws(Stop) in log10(try positive(x)) },
        .call("LOG", 1...2, "n") { _, a throws(Stop) in
            let base = try positive(a.number(1, 10))
            guard base != 1 else { throw .error(.division) }
            let value = try positive(a.number(0))
            return .number(base == 10 ? log10(value) : base == 2 ? log2(value) : log(value) / log(base))
        },
        .two("POWER") { x, y throws(Stop) in try Evaluator.power(x, y) },
        .two("MOD") { x, y throws(Stop) in
            guard y != 0 else { throw .error(.division) }
            let quotient = (x / y).rounded(.down)
            guard quotient.magnitude < 1e15 else { throw .error(.number) }
            let rest = x - y * quotient
            return rest.magnitude < y.magnitude * 1e-15 ? 0 : rest
        },
        .two("QUOTIENT") { x, y throws(Stop) in
            guard y != 0 else { throw .error(.division) }
            return (x / y).rounded(.towardZero)
        },
        .call("PI", 0...0, "n") { _, _ in .number(.pi) },
        .one("DEGREES") { $0 * 180 / .pi },
        .one("RADIANS") { $0 * .pi / 180 },
        .one("SIN") { sin($0) },
        .one("COS") { cos($0) },
        .one("TAN") { tan($0) },
        .one("COT", .later) { x throws(Stop) in 1 / (try divisor(tan(x))) },
        .one("SEC", .later) { 1 / cos($0) },
        .one("CSC", .later) { x throws(Stop) in 1 / (try divisor(sin(x))) },
        .one("ASIN") { x throws(Stop) in asin(try unit(x)) },
        .one("ACOS") { x throws(Stop) in acos(try unit(x)) },
        .one("ATAN") { atan($0) },
        .one("ACOT", .later) { .pi / 2 - atan($0) },
        .two("ATAN2") { x, y throws(Stop) in
            guard x != 0 || y != 0 else { throw .error(.division) }
            return atan2(y, x)
        },
        .one("SINH") { sinh($0) },
        .one("COSH") { cosh($0) },
        .one("TANH") { tanh($0) },
        .one("COTH", .later) { x throws(Stop) in 1 / tanh(try divisor(x)) },
        .one("SECH", .later) { 1 / cosh($0) },
        .one("CSCH", .later) { x throws(Stop) in 1 / sinh(try divisor(x)) },
        .one("ASINH") { asinh($0) },
        .one("ACOSH") { x throws(Stop) in
            guard x >= 1 else { throw .error(.number) }
            return acosh(x)
        },
        .one("ATANH") { x throws(Stop) in
            guard x.magnitude < 1 else { throw .error(.number) }
            return atanh(x)
        },
        .one("ACOTH", .later) { x throws(Stop) in
            guard x.magnitude > 1 else { throw .error(.number) }
            return atanh(1 / x)
        },
        .call("RAND", 0...0, "n", .volatile) { e, _ in .number(e.surroundings.random()) },
        .call("RANDBETWEEN", 2...2, "n", .volatile) { e, a throws(Stop) in
            let (low, high) = (a.number(0).rounded(.up), a.number(1).rounded(.down))
            guard low <= high else { throw e.fail(.number, "RANDBETWEEN's first number is above its second.") }
            return .number(low + (e.surroundings.random() * (high - low + 1)).rounded(.down))
        },
        .call("SERIESSUM", 4...4, "nnna") { e, a throws(Stop) in
            var (sum, power) = (0.0, a.number(1))
            for coefficient in try e.numbers([a[3]]) {
                sum += coefficient * pow(a.number(0), power)
                power += a.number(2)
            }
            return .number(sum)
        },
    ]

    private static func nonNegative(_ value: Double) throws(Stop) -> Double {
        guard value >= 0 else { throw .error(.number) }
        return value
    }

    private static func positive(_ value: Double) throws(Stop) -> Double {
        guard value > 0 else { throw .error(.number) }
        return value
    }

    private static func divisor(_ value: Double) throws(Stop) -> Double {
        guard value != 0 else { throw .error(.division) }
        return value
    }

    private static func unit(_ value: Double) throws(Stop) -> Double {
        guard value.magnitude <= 1 else { throw .error(.number) }
        return value
    }
}
