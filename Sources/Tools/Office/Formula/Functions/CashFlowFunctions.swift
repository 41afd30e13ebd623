import Glibc

enum CashFlowFunctions {
    static let all: [Function] = [
        .call("NPV", 2...255, "nr") { e, a throws(Stop) in
            let rate = a.number(0)
            guard rate != -1 else { throw .error(.division) }
            var (sum, period) = (0.0, 1.0)
            for value in try e.numbers(a.dropFirst()) {
                sum += value / pow(1 + rate, period)
                period += 1
            }
            return .number(sum)
        },
        .call("IRR", 1...2, "rn") { e, a throws(Stop) in
            let flows = try e.numbers([a[0]])
            guard flows.contains(where: { $0 > 0 }), flows.contains(where: { $0 < 0 }) else {
                throw e.fail(.number, "IRR needs a payment out and one in.")
            }
            try e.charge(flows.count * 200)
            let found = Roots.solve(guess: a.has(1) ? a.number(1) : 0.1) { rate in
                flows.reversed().reduce(0) { $0 / (1 + rate) + $1 }
            }
            guard let found else { throw e.fail(.number, "No interest rate fits the payments.") }
            return .number(found)
        },
        .call("MIRR", 3...3, "rnn") { e, a throws(Stop) in
            let flows = try e.numbers([a[0]])
            let (finance, reinvest) = (a.number(1), a.number(2))
            var (paid, gained) = (0.0, 0.0)
            for (period, flow) in flows.enumerated() {
                if flow < 0 {
                    paid += flow / pow(1 + finance, Double(period))
                } else {
                    gained += flow * pow(1 + reinvest, Double(flows.count - 1 - period))
                }
            }
            guard paid < 0, gained > 0, flows.count > 1 else {
                throw e.fail(.division, "MIRR needs a payment out and one in.")
            }
            return .number(pow(gained / -paid, 1 / Double(flows.count - 1)) - 1)
        },
        .call("XNPV", 3...3, "naa") { e, a throws(Stop) in
            let flows = try dated(&e, a[1], a[2])
            guard a.number(0) > -1 else { throw .error(.number) }
            return .number(present(flows, a.number(0)))
        },
        .call("XIRR", 2...3, "aan") { e, a throws(Stop) in
            let flows = try dated(&e, a[0], a[1])
            guard flows.contains(where: { $0.value > 0 }), flows.contains(where: { $0.value < 0 }) else {
                throw e.fail(.number, "XIRR needs a payment out and one in.")
            }
            try e.charge(flows.count * 200)
            guard let found = Roots.solve(guess: a.has(2) ? a.number(2) : 0.1, { present(flows, $0) }) else {
                throw e.fail(.number, "No interest rate fits the payments.")
            }
            return .number(found)
        },
        .call("FVSCHEDULE", 2...2, "na") { e, a throws(Stop) in
            .number(try e.numbers([a[1]]).reduce(a.number(0)) { $0 * (1 + $1) })
        },
    ]

    private struct Flow {
        var value: Double
        /// Since the first.
        var years: Double
    }

    private static func dated(_ e: inout Evaluator, _ values: Operand, _ days: Operand) throws(Stop) -> [Flow] {
        let (amounts, dates) = (try e.numbers([values]), try e.numbers([days]).map { $0.rounded(.down) })
        guard amounts.count == dates.count, let first = dates.first else {
            throw e.fail(.number, "Each payment needs its date.")
        }
        guard dates.allSatisfy({ $0 >= first }) else { throw e.fail(.number, "A date is before the first one.") }
        return zip(amounts, dates).map { Flow(value: $0, years: ($1 - first) / 365) }
    }

    private static func present(_ flows: [Flow], _ rate: Double) -> Double {
        flows.reduce(0) { $0 + $1.value / pow(1 + rate, $1.years) }
    }
}
