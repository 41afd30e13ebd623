import Glibc

enum InverseDistributionFunctions {
    static let all: [Function] = normal + gamma + student + tests

    private static func names(_ older: String, _ newer: String, _ make: (String, Function.Traits) -> Function)
        -> [Function]
    {
        [make(older, []), make(newer, .later)]
    }

    private static func require(_ condition: Bool) throws(Stop) { try DistributionFunctions.require(condition) }
    private static func probability(_ p: Double) throws(Stop) -> Double {
        try require(p > 0 && p < 1)
        return p
    }

    private static let normal: [Function] =
        names("NORMSINV", "NORM.S.INV") { name, traits in
            .one(name, traits) { p throws(Stop) in Gamma.normalInverse(try probability(p)) }
        }
        + names("NORMINV", "NORM.INV") { name, traits in
            .call(name, 3...3, "n", traits) { _, a throws(Stop) in
                try require(a.number(2) > 0)
                return .number(a.number(1) + a.number(2) * Gamma.normalInverse(try probability(a.number(0))))
            }
        }
        + names("LOGINV", "LOGNORM.INV") { name, traits in
            .call(name, 3...3, "n", traits) { _, a throws(Stop) in
                try require(a.number(2) > 0)
                return .number(exp(a.number(1) + a.number(2) * Gamma.normalInverse(try probability(a.number(0)))))
            }
        }

    private static let gamma: [Function] =
        names("GAMMAINV", "GAMMA.INV") { name, traits in
            .call(name, 3...3, "n", traits) { _, a throws(Stop) in
                let (p, alpha, beta) = (a.number(0), a.number(1), a.number(2))
                try require(p >= 0 && p < 1 && alpha > 0 && beta > 0)
                return .number(rising(p) { Gamma.lower(alpha, $0) } * beta)
            }
        }
        + names("CHIINV", "CHISQ.INV.RT") { name, traits in
            .two(name, traits) { p, free throws(Stop) in
                try require(p > 0 && p <= 1 && free >= 1)
                let half = free.rounded(.towardZero) / 2
                return p == 1 ? 0 : 2 * rising(-p) { -Gamma.upper(half, $0) }
            }
        }
        + names("BETAINV", "BETA.INV") { name, traits in
            .call(name, 3...5, "n", traits) { _, a throws(Stop) in
                let (low, high) = (a.number(3, 0), a.number(4, 1))
                try require(a.number(1) > 0 && a.number(2) > 0 && low < high)
                let p = try probability(a.number(0))
                let x = Gamma.inverse(p, from: 0, to: 1) { Gamma.beta($0, a.number(1), a.number(2)) }
                return .number(low + x * (high - low))
            }
        } + [
            .two("CHISQ.INV", .later) { p, free throws(Stop) in
                try require(p >= 0 && p < 1 && free >= 1)
                let half = free.rounded(.towardZero) / 2
                return 2 * rising(p) { Gamma.lower(half, $0) }
            }
        ]

    private static let student: [Function] =
        names("TINV", "T.INV.2T") { name, traits in
            .two(name, traits) { p, free throws(Stop) in
                try require(p > 0 && p <= 1 && free >= 1)
                return p == 1 ? 0 : studentInverse(1 - p / 2, p / 2, free.rounded(.towardZero))
            }
        }
        + names("FINV", "F.INV.RT") { name, traits in
            .call(name, 3...3, "n", traits) { _, a throws(Stop) in
                let (one, two) = (a.number(1).rounded(.towardZero), a.number(2).rounded(.towardZero))
                try require(a.number(0) > 0 && a.number(0) <= 1 && one >= 1 && two >= 1)
                if a.number(0) == 1 { return .number(0) }
                return .number(rising(-a.number(0)) { -Gamma.fisherRight($0, one, two) })
            }
        } + [
            .two("T.INV", .later) { p, free throws(Stop) in
                try require(free >= 1)
                return studentInverse(try probability(p), 1 - p, free.rounded(.towardZero))
            },
            .call("F.INV", 3...3, "n", .later) { _, a throws(Stop) in
                let (one, two) = (a.number(1).rounded(.towardZero), a.number(2).rounded(.towardZero))
                try require(a.number(0) >= 0 && a.number(0) < 1 && one >= 1 && two >= 1)
                return .number(rising(a.number(0)) { Gamma.fisher($0, one, two) })
            },
            .call("CONFIDENCE.T", 3...3, "n", .later) { _, a throws(Stop) in
                let size = a.number(2).rounded(.towardZero)
                try require(a.number(0) > 0 && a.number(0) < 1 && a.number(1) > 0 && size >= 2)
                return .number(
                    studentInverse(1 - a.number(0) / 2, a.number(0) / 2, size - 1) * a.number(1) / sqrt(size))
            },
        ]
        + names("CRITBINOM", "BINOM.INV") { name, traits in
            .call(name, 3...3, "n", traits) { e, a throws(Stop) in
                let (n, p, alpha) = (a.integer(0), a.number(1), a.number(2))
                try require(n >= 0 && p > 0 && p < 1 && alpha > 0 && alpha < 1)
                var (low, high) = (0, n)
                while low < high {
                    let middle = (low + high) / 2
                    let sum = middle >= n ? 1 : 1 - Gamma.beta(p, Double(middle) + 1, Double(n - middle))
                    if sum >= alpha { high = middle } else { low = middle + 1 }
                }
                return .number(Double(low))
            }
        }

    /// `q` is 1 - `p`, given so that small tails keep their digits.
    private static func studentInverse(_ p: Double, _ q: Double, _ free: Double) -> Double {
        if p == 0.5 { return 0 }
        if p < 0.5 { return -studentInverse(q, p, free) }
        return rising(-q) { -Gamma.studentRight($0, free) }
    }

    private static func rising(_ target: Double, _ body: (Double) -> Double) -> Double {
        Gamma.inverse(target, from: 0, to: Gamma.above(target, body), body)
    }

    private static let tests: [Function] =
        names("ZTEST", "Z.TEST") { name, traits in
            .call(name, 2...3, "rnn", traits) { e, a throws(Stop) in
                let values = try e.numbers([a[0]])
                guard !values.isEmpty else { throw .error(.notAvailable) }
                let deviation = a.has(2) ? a.number(2) : sqrt(try StatisticFunctions.variance(values, 1))
                guard deviation > 0 else { throw .error(.division) }
                let z = (StatisticFunctions.mean(values) - a.number(1)) / (deviation / sqrt(Double(values.count)))
                return .number(Gamma.normal(-z))
            }
        }
        + names("TTEST", "T.TEST") { name, traits in
            .call(name, 4...4, "aann", traits) { e, a throws(Stop) in try tTest(&e, a) }
        }
        + names("CHITEST", "CHISQ.TEST") { name, traits in
            .call(name, 2...2, "a", traits) { e, a throws(Stop) in
                let size = try e.matrix(a[0])
                let sum = try e.pairs(a[0], a[1]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) / $1.1 }
                let (rows, columns) = (size.rows, size.columns)
                let free = rows > 1 && columns > 1 ? (rows - 1) * (columns - 1) : max(rows, columns) - 1
                guard free >= 1 else { throw .error(.notAvailable) }
                return .number(Gamma.upper(Double(free) / 2, sum / 2))
            }
        }
        + names("FTEST", "F.TEST") { name, traits in
            .call(name, 2...2, "a", traits) { e, a throws(Stop) in
                let (one, two) = (try e.numbers([a[0]]), try e.numbers([a[1]]))
                let (first, second) = (try StatisticFunctions.variance(one, 1), try StatisticFunctions.variance(two, 1))
                guard first > 0, second > 0 else { throw .error(.division) }
                let right = Gamma.fisherRight(first / second, Double(one.count - 1), Double(two.count - 1))
                return .number(2 * min(right, 1 - right))
            }
        }

    private static func tTest(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let (tails, kind) = (a.integer(2), a.integer(3))
        try require((1...2).contains(tails) && (1...3).contains(kind))
        if kind == 1 {
            let differences = try e.pairs(a[0], a[1]).map { $0.0 - $0.1 }
            let deviation = sqrt(try StatisticFunctions.variance(differences, 1))
            guard deviation > 0 else { throw .error(.division) }
            let t = StatisticFunctions.mean(differences) / (deviation / sqrt(Double(differences.count)))
            return .number(Double(tails) * Gamma.studentRight(t.magnitude, Double(differences.count - 1)))
        }
        let (one, two) = (try e.numbers([a[0]]), try e.numbers([a[1]]))
        let (first, second) = (try StatisticFunctions.variance(one, 1), try StatisticFunctions.variance(two, 1))
        let (n, m) = (Double(one.count), Double(two.count))
        let distance = (StatisticFunctions.mean(one) - StatisticFunctions.mean(two)).magnitude
        guard first > 0 || second > 0 else { throw .error(.division) }
        if kind == 2 {
            let pooled = ((n - 1) * first + (m - 1) * second) / (n + m - 2)
            return .number(Double(tails) * Gamma.studentRight(distance / sqrt(pooled * (1 / n + 1 / m)), n + m - 2))
        }
        let (left, right) = (first / n, second / m)
        let free = (left + right) * (left + right) / (left * left / (n - 1) + right * right / (m - 1))
        return .number(Double(tails) * Gamma.studentRight(distance / sqrt(left + right), free))
    }
}
