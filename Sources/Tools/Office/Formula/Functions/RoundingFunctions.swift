import Glibc

enum RoundingFunctions {
    static let all: [Function] = [
        .two("ROUND") { rounded($0, $1, .toNearestOrAwayFromZero) },
        .two("ROUNDUP") { rounded($0, $1, .awayFromZero) },
        .two("ROUNDDOWN") { rounded($0, $1, .towardZero) },
        .call("TRUNC", 1...2, "n") { _, a in .number(rounded(a.number(0), a.number(1), .towardZero)) },
        .one("INT") { steady($0).rounded(.down) },
        .one("EVEN") { away($0, 2) },
        .one("ODD") { value in
            let size = value.magnitude
            let odd = size <= 1 ? 1 : ((size - 1) / 2).rounded(.up) * 2 + 1
            return value < 0 ? -odd : odd
        },
        .two("MROUND") { x, multiple throws(Stop) in
            if multiple == 0 || x == 0 { return 0 }
            guard (x < 0) == (multiple < 0) else { throw .error(.number) }
            return steady(x / multiple).rounded(.toNearestOrAwayFromZero) * multiple
        },
        .two("CEILING") { x, step throws(Stop) in
            if step == 0 || x == 0 { return 0 }
            guard x < 0 || step > 0 else { throw .error(.number) }
            return steady(x / step).rounded(.up) * step
        },
        .two("FLOOR") { x, step throws(Stop) in
            if x == 0 { return 0 }
            guard step != 0 else { throw .error(.division) }
            guard x < 0 || step > 0 else { throw .error(.number) }
            return steady(x / step).rounded(.down) * step
        },
        .call("CEILING.MATH", 1...3, "n", .later) { _, a in
            let (x, step) = (a.number(0), a.number(1, 1).magnitude)
            if step == 0 { return .number(0) }
            let isAway = x < 0 && a.number(2) != 0
            return .number(steady(x / step).rounded(isAway ? .down : .up) * step)
        },
        .call("FLOOR.MATH", 1...3, "n", .later) { _, a in
            let (x, step) = (a.number(0), a.number(1, 1).magnitude)
            if step == 0 { return .number(0) }
            let isTowardZero = x < 0 && a.number(2) != 0
            return .number(steady(x / step).rounded(isTowardZero ? .up : .down) * step)
        },
        .call("CEILING.PRECISE", 1...2, "n", .later) { _, a in .number(precise(a, .up)) },
        .call("ISO.CEILING", 1...2, "n") { _, a in .number(precise(a, .up)) },
        .call("FLOOR.PRECISE", 1...2, "n", .later) { _, a in .number(precise(a, .down)) },
    ]

    private static func precise(_ a: [Operand], _ rule: FloatingPointRoundingRule) -> Double {
        let step = a.number(1, 1).magnitude
        return step == 0 ? 0 : steady(a.number(0) / step).rounded(rule) * step
    }

    private static func away(_ value: Double, _ step: Double) -> Double {
        (value / step).rounded(.awayFromZero) * step
    }

    /// The nearest whole number where only the 15th digit keeps a quotient from it.
    static func steady(_ value: Double) -> Double {
        let whole = value.rounded()
        return (value - whole).magnitude <= value.magnitude * 1e-15 ? whole : value
    }

    /// Rounds the decimal number that people see: 2.675 to two places is 2.68.
    static func rounded(_ value: Double, _ places: Double, _ rule: FloatingPointRoundingRule) -> Double {
        guard value.isFinite, value != 0 else { return value }
        let places = Int(min(max(places.rounded(.towardZero), -310), 310))
        if places > 15 + 308 { return value }
        let scale = pow(10, Double(places.magnitude))
        guard scale.isFinite else { return places > 0 ? value : 0 }
        let scaled = places >= 0 ? value * scale : value / scale
        guard scaled.isFinite, scaled.magnitude < 9e15 else { return value }
        // To 15 digits first: 1.005 * 100 is 100.49999999999999.
        let settled = Digits.rounded(scaled, 15).rounded(rule)
        return places >= 0 ? settled / scale : settled * scale
    }
}
