import Glibc

/// Prices and yields of bonds and bills that pay once.
enum SecurityFunctions {
    static let all: [Function] = [
        .call("DISC", 4...5, "n") { e, a throws(Stop) in
            let years = try term(&e, a, 4)
            return .number((a.number(3) - a.number(2)) / a.number(3) / years)
        },
        .call("INTRATE", 4...5, "n") { e, a throws(Stop) in
            let years = try term(&e, a, 4)
            return .number((a.number(3) - a.number(2)) / a.number(2) / years)
        },
        .call("RECEIVED", 4...5, "n") { e, a throws(Stop) in
            let rest = 1 - a.number(3) * (try term(&e, a, 4))
            guard rest > 0 else { throw .error(.number) }
            return .number(a.number(2) / rest)
        },
        .call("PRICEDISC", 4...5, "n") { e, a throws(Stop) in
            .number(a.number(3) - a.number(2) * a.number(3) * (try term(&e, a, 4)))
        },
        .call("YIELDDISC", 4...5, "n") { e, a throws(Stop) in
            .number((a.number(3) / a.number(2) - 1) / (try term(&e, a, 4)))
        },
        .call("TBILLPRICE", 3...3, "n") { e, a throws(Stop) in
            let days = try bill(&e, a)
            let price = 100 * (1 - a.number(2) * days / 360)
            guard price > 0 else { throw .error(.number) }
            return .number(price)
        },
        .call("TBILLYIELD", 3...3, "n") { e, a throws(Stop) in
            .number((100 - a.number(2)) / a.number(2) * 360 / (try bill(&e, a)))
        },
        .call("TBILLEQ", 3...3, "n") { e, a throws(Stop) in
            let days = try bill(&e, a)
            return .number(365 * a.number(2) / (360 - a.number(2) * days))
        },
        .two("DOLLARDE") { value, fraction throws(Stop) in
            let unit = fraction.rounded(.towardZero)
            guard unit >= 0 else { throw .error(.number) }
            guard unit >= 1 else { throw .error(.division) }
            let whole = value.rounded(.towardZero)
            return whole + (value - whole) * pow(10, log10(unit).rounded(.up)) / unit
        },
        .two("DOLLARFR") { value, fraction throws(Stop) in
            let unit = fraction.rounded(.towardZero)
            guard unit >= 0 else { throw .error(.number) }
            guard unit >= 1 else { throw .error(.division) }
            let whole = value.rounded(.towardZero)
            return whole + (value - whole) * unit / pow(10, log10(unit).rounded(.up))
        },
    ]

    /// Years from settlement to maturity by the basis in `a[basis]`.
    private static func term(_ e: inout Evaluator, _ a: [Operand], _ basis: Int) throws(Stop) -> Double {
        let (first, last) = (try DateFunctions.serial(&e, a.number(0)), try DateFunctions.serial(&e, a.number(1)))
        guard first < last, a.number(2) > 0, a.number(3) > 0, (0...4).contains(a.integer(basis)) else {
            throw e.fail(.number, "The settlement is not before the maturity, or an amount is not above 0.")
        }
        return YearFraction.value(first, last, basis: a.integer(basis), e.system)
    }

    private static func bill(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Double {
        let (first, last) = (try DateFunctions.serial(&e, a.number(0)), try DateFunctions.serial(&e, a.number(1)))
        guard first < last, last - first <= 366, a.number(2) > 0 else {
            throw e.fail(.number, "A bill runs for at most a year.")
        }
        return Double(last - first)
    }
}
