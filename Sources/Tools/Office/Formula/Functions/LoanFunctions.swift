import Glibc

/// Equal payments: loans and savings.
enum LoanFunctions {
    static let all: [Function] = [
        .call("PMT", 3...5, "n") { _, a throws(Stop) in
            .number(try payment(a.number(0), a.number(1), a.number(2), a.number(3), a.number(4)))
        },
        .call("PV", 3...5, "n") { _, a throws(Stop) in
            let (rate, periods, payment, future) = (a.number(0), a.number(1), a.number(2), a.number(3))
            if rate == 0 { return .number(-(future + payment * periods)) }
            let growth = pow(1 + rate, periods)
            guard growth != 0 else { throw .error(.division) }
            let due = 1 + rate * (a.number(4) != 0 ? 1 : 0)
            return .number(-(future + payment * due * (growth - 1) / rate) / growth)
        },
        .call("FV", 3...5, "n") { _, a throws(Stop) in
            .number(future(a.number(0), a.number(1), a.number(2), a.number(3), a.number(4)))
        },
        .call("NPER", 3...5, "n") { _, a throws(Stop) in
            let (rate, payment, present, future) = (a.number(0), a.number(1), a.number(2), a.number(3))
            if rate == 0 {
                guard payment != 0 else { throw .error(.number) }
                return .number(-(present + future) / payment)
            }
            let due = payment * (1 + rate * (a.number(4) != 0 ? 1 : 0))
            let quotient = (due - future * rate) / (present * rate + due)
            guard quotient > 0, rate > -1 else { throw .error(.number) }
            return .number(log(quotient) / log1p(rate))
        },
        .call("RATE", 3...6, "n") { e, a throws(Stop) in try rate(&e, a) },
        .call("IPMT", 4...6, "n") { _, a throws(Stop) in
            try inTerm(a)
            return .number(try interest(a))
        },
        .call("PPMT", 4...6, "n") { _, a throws(Stop) in
            try inTerm(a)
            let whole = try payment(a.number(0), a.number(2), a.number(3), a.number(4), a.number(5))
            return .number(whole - (try interest(a)))
        },
        .call("CUMIPMT", 6...6, "n") { e, a throws(Stop) in .number(try cumulative(&e, a, isInterest: true)) },
        .call("CUMPRINC", 6...6, "n") { e, a throws(Stop) in .number(try cumulative(&e, a, isInterest: false)) },
        .call("ISPMT", 4...4, "n") { _, a throws(Stop) in
            guard a.number(2) != 0 else { throw .error(.division) }
            return .number(a.number(3) * a.number(0) * (a.number(1) / a.number(2) - 1))
        },
        .two("EFFECT") { rate, periods throws(Stop) in
            let count = periods.rounded(.towardZero)
            guard rate > 0, count >= 1 else { throw .error(.number) }
            return pow(1 + rate / count, count) - 1
        },
        .two("NOMINAL") { rate, periods throws(Stop) in
            let count = periods.rounded(.towardZero)
            guard rate > 0, count >= 1 else { throw .error(.number) }
            return count * (pow(1 + rate, 1 / count) - 1)
        },
        .call("RRI", 3...3, "n", .later) { _, a throws(Stop) in
            guard a.number(0) > 0, a.number(1) != 0 else { throw .error(.number) }
            let growth = pow(a.number(2) / a.number(1), 1 / a.number(0))
            guard !growth.isNaN else { throw .error(.number) }
            return .number(growth - 1)
        },
        .call("PDURATION", 3...3, "n", .later) { _, a throws(Stop) in
            guard a.number(0) > 0, a.number(1) > 0, a.number(2) > 0 else { throw .error(.number) }
            return .number(log(a.number(2) / a.number(1)) / log1p(a.number(0)))
        },
    ]

    private static func payment(_ rate: Double, _ periods: Double, _ present: Double, _ future: Double, _ kind: Double)
        throws(Stop) -> Double
    {
        guard periods != 0 else { throw .error(.number) }
        if rate == 0 { return -(present + future) / periods }
        // expm1 keeps the digits of small rates.
        let growth = expm1(periods * log1p(rate))
        guard growth != 0, growth.isFinite else { throw .error(.number) }
        return -rate * (present * (growth + 1) + future) / ((1 + rate * (kind != 0 ? 1 : 0)) * growth)
    }

    private static func future(_ rate: Double, _ periods: Double, _ payment: Double, _ present: Double, _ kind: Double)
        -> Double
    {
        if rate == 0 { return -(present + payment * periods) }
        let growth = pow(1 + rate, periods)
        return -(present * growth + payment * (1 + rate * (kind != 0 ? 1 : 0)) * (growth - 1) / rate)
    }

    private static func inTerm(_ a: [Operand]) throws(Stop) {
        guard a.number(1) >= 1, a.number(1) < a.number(2) + 1 else { throw .error(.number) }
    }

    /// Of the period `a[1]`.
    private static func interest(_ a: [Operand]) throws(Stop) -> Double {
        let (rate, period, kind) = (a.number(0), a.number(1), a.number(5))
        let payment = try payment(rate, a.number(2), a.number(3), a.number(4), kind)
        if kind != 0, period == 1 { return 0 }
        let balance = future(rate, period - 1, payment, a.number(3), kind)
        let interest = kind != 0 ? (balance - payment) * rate : balance * rate
        return kind != 0 ? (future(rate, period - 2, payment, a.number(3), 1) - payment) * rate : interest
    }

    private static func cumulative(_ e: inout Evaluator, _ a: [Operand], isInterest: Bool) throws(Stop) -> Double {
        let (rate, periods, present) = (a.number(0), a.number(1), a.number(2))
        let (first, last, kind) = (a.integer(3), a.integer(4), a.number(5))
        guard rate > 0, periods > 0, periods < 1e6, present > 0, first >= 1, last >= first, Double(last) <= periods,
            kind == 0 || kind == 1
        else { throw e.fail(.number, "The loan's numbers do not fit each other.") }
        try e.charge(last - first)
        let whole = try payment(rate, periods, present, 0, kind)
        var sum = 0.0
        for period in first...last {
            let part = try interest([
                .number(rate), .number(Double(period)), .number(periods), .number(present), .number(0), .number(kind),
            ])
            sum += isInterest ? part : whole - part
        }
        return sum
    }

    private static func rate(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let (periods, payment, present, future, kind) = (
            a.number(0), a.number(1), a.number(2), a.number(3), a.number(4)
        )
        guard periods > 0 else { throw .error(.number) }
        let due = kind != 0 ? 1.0 : 0
        let found = Roots.solve(guess: a.has(5) ? a.number(5) : 0.1) { rate in
            if rate.magnitude < 1e-11 { return present + payment * periods + future }
            let growth = pow(1 + rate, periods)
            return present * growth + payment * (1 + rate * due) * (growth - 1) / rate + future
        }
        guard let found else { throw e.fail(.number, "No interest rate fits the payments.") }
        return .number(found)
    }
}

/// Rates of interest for which a value is zero.
enum Roots {
    /// Newton's method from the guess, then a search for a change of sign and bisection. Rates are above -1.
    static func solve(guess: Double, _ value: (Double) -> Double) -> Double? {
        newton(guess, value) ?? bisect(value)
    }

    private static func newton(_ guess: Double, _ value: (Double) -> Double) -> Double? {
        var rate = guess
        guard rate > -1 else { return nil }
        for _ in 0..<100 {
            let here = value(rate)
            let step = max(rate.magnitude, 1e-3) * 1e-6
            let slope = (value(rate + step) - value(rate - step)) / (2 * step)
            guard here.isFinite, slope.isFinite, slope != 0 else { return nil }
            let next = rate - here / slope
            guard next.isFinite, next > -1 else { return nil }
            if (next - rate).magnitude <= 1e-14 * max(1, next.magnitude) { return next }
            rate = next
        }
        let end = value(rate)
        return end.magnitude < 1e-6 ? rate : nil
    }

    private static func bisect(_ value: (Double) -> Double) -> Double? {
        var last = (-0.9999, value(-0.9999))
        var rate = -0.9999
        while rate < 1e6 {
            rate = rate < 1 ? rate + 0.01 : rate * 1.1
            let here = value(rate)
            if here == 0 { return rate }
            if last.1.isFinite, here.isFinite, (last.1 < 0) != (here < 0) {
                let isRising = last.1 < 0
                return Gamma.inverse(0, from: last.0, to: rate) { isRising ? value($0) : -value($0) }
            }
            last = (rate, here)
        }
        return nil
    }
}
