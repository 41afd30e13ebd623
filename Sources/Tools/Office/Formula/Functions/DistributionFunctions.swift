import Glibc

enum DistributionFunctions {
    static let all: [Function] = normal + others + discrete

    /// Refuses arguments that a distribution does not have.
    static func require(_ condition: Bool) throws(Stop) { if !condition { throw .error(.number) } }

    private static func names(_ older: String, _ newer: String, _ make: (String, Function.Traits) -> Function)
        -> [Function]
    {
        [make(older, []), make(newer, .later)]
    }

    private static let normal: [Function] =
        names("NORMDIST", "NORM.DIST") { name, traits in
            .call(name, 4...4, "nnnb", traits) { _, a throws(Stop) in
                try require(a.number(2) > 0)
                let z = (a.number(0) - a.number(1)) / a.number(2)
                return .number(a.flag(3) ? Gamma.normal(z) : Gamma.density(z) / a.number(2))
            }
        }
        + names("CONFIDENCE", "CONFIDENCE.NORM") { name, traits in
            .call(name, 3...3, "n", traits) { _, a throws(Stop) in
                try require(a.number(0) > 0 && a.number(0) < 1 && a.number(1) > 0 && a.number(2) >= 1)
                return .number(
                    -Gamma.normalInverse(a.number(0) / 2) * a.number(1) / sqrt(a.number(2).rounded(.towardZero)))
            }
        }
        + names("LOGNORMDIST", "LOGNORM.DIST") { name, traits in
            .call(name, name.contains(".") ? 4...4 : 3...3, "nnnb", traits) { _, a throws(Stop) in
                try require(a.number(0) > 0 && a.number(2) > 0)
                let z = (log(a.number(0)) - a.number(1)) / a.number(2)
                if a.flag(3, true) { return .number(Gamma.normal(z)) }
                return .number(Gamma.density(z) / (a.number(2) * a.number(0)))
            }
        } + [
            .one("NORMSDIST") { Gamma.normal($0) },
            .call("NORM.S.DIST", 2...2, "nb", .later) { _, a in
                .number(a.flag(1) ? Gamma.normal(a.number(0)) : Gamma.density(a.number(0)))
            },
            .one("PHI", .later) { Gamma.density($0) },
            .one("GAUSS", .later) { Gamma.normal($0) - 0.5 },
            .one("FISHER") { x throws(Stop) in
                try require(x.magnitude < 1)
                return atanh(x)
            },
            .one("FISHERINV") { tanh($0) },
        ]

    private static let others: [Function] =
        names("GAMMADIST", "GAMMA.DIST") { name, traits in
            .call(name, 4...4, "nnnb", traits) { _, a throws(Stop) in
                let (x, alpha, beta) = (a.number(0), a.number(1), a.number(2))
                try require(x >= 0 && alpha > 0 && beta > 0)
                if a.flag(3) { return .number(Gamma.lower(alpha, x / beta)) }
                return .number(exp((alpha - 1) * log(x) - x / beta - alpha * log(beta) - lgamma(alpha)))
            }
        }
        + names("EXPONDIST", "EXPON.DIST") { name, traits in
            .call(name, 3...3, "nnb", traits) { _, a throws(Stop) in
                let (x, rate) = (a.number(0), a.number(1))
                try require(x >= 0 && rate > 0)
                return .number(a.flag(2) ? -expm1(-rate * x) : rate * exp(-rate * x))
            }
        }
        + names("WEIBULL", "WEIBULL.DIST") { name, traits in
            .call(name, 4...4, "nnnb", traits) { _, a throws(Stop) in
                let (x, alpha, beta) = (a.number(0), a.number(1), a.number(2))
                try require(x >= 0 && alpha > 0 && beta > 0)
                let part = pow(x / beta, alpha)
                return .number(a.flag(3) ? -expm1(-part) : alpha / beta * pow(x / beta, alpha - 1) * exp(-part))
            }
        } + [
            .call("BETA.DIST", 4...6, "nnnbnn", .later) { _, a throws(Stop) in
                let (low, high) = (a.number(4, 0), a.number(5, 1))
                try require(
                    a.number(1) > 0 && a.number(2) > 0 && a.number(0) >= low && a.number(0) <= high && low < high)
                let x = (a.number(0) - low) / (high - low)
                let (alpha, beta) = (a.number(1), a.number(2))
                if a.flag(3) { return .number(Gamma.beta(x, alpha, beta)) }
                let logarithm = lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta)
                return .number(exp(logarithm) * pow(x, alpha - 1) * pow(1 - x, beta - 1) / (high - low))
            },
            .call("BETADIST", 3...5, "n") { _, a throws(Stop) in
                let (low, high) = (a.number(3, 0), a.number(4, 1))
                try require(
                    a.number(1) > 0 && a.number(2) > 0 && a.number(0) >= low && a.number(0) <= high && low < high)
                return .number(Gamma.beta((a.number(0) - low) / (high - low), a.number(1), a.number(2)))
            },
            .call("CHISQ.DIST", 3...3, "nnb", .later) { _, a throws(Stop) in
                let (x, free) = (a.number(0), a.number(1).rounded(.towardZero))
                try require(x >= 0 && free >= 1)
                if a.flag(2) { return .number(Gamma.lower(free / 2, x / 2)) }
                return .number(exp((free / 2 - 1) * log(x) - x / 2 - free / 2 * log(2) - lgamma(free / 2)))
            },
            .call("T.DIST", 3...3, "nnb", .later) { _, a throws(Stop) in
                let (t, free) = (a.number(0), a.number(1).rounded(.towardZero))
                try require(free >= 1)
                if a.flag(2) { return .number(1 - Gamma.studentRight(t, free)) }
                let front = lgamma((free + 1) / 2) - lgamma(free / 2)
                return .number(exp(front) / sqrt(free * .pi) * pow(1 + t * t / free, -(free + 1) / 2))
            },
            .two("T.DIST.RT", .later) { t, free throws(Stop) in
                try require(free >= 1)
                return Gamma.studentRight(t, free.rounded(.towardZero))
            },
            .two("T.DIST.2T", .later) { t, free throws(Stop) in
                try require(free >= 1 && t >= 0)
                return 2 * Gamma.studentRight(t, free.rounded(.towardZero))
            },
            .call("TDIST", 3...3, "n") { _, a throws(Stop) in
                try require(a.number(0) >= 0 && a.number(1) >= 1 && (1...2).contains(a.integer(2)))
                return .number(Double(a.integer(2)) * Gamma.studentRight(a.number(0), a.number(1).rounded(.towardZero)))
            },
            .call("F.DIST", 4...4, "nnnb", .later) { _, a throws(Stop) in
                let (x, one, two) = (a.number(0), a.number(1).rounded(.towardZero), a.number(2).rounded(.towardZero))
                try require(x >= 0 && one >= 1 && two >= 1)
                if a.flag(3) { return .number(Gamma.fisher(x, one, two)) }
                let front = lgamma((one + two) / 2) - lgamma(one / 2) - lgamma(two / 2)
                let power = one / 2 * log(one / two) + (one / 2 - 1) * log(x)
                return .number(exp(front + power - (one + two) / 2 * log1p(one * x / two)))
            },
            .one("GAMMA", .later) { x throws(Stop) in
                try require(x > 0 || x != x.rounded())
                return tgamma(x)
            },
        ]
        + names("GAMMALN", "GAMMALN.PRECISE") { name, traits in
            .one(name, traits) { x throws(Stop) in
                try require(x > 0)
                return lgamma(x)
            }
        }
        + names("CHIDIST", "CHISQ.DIST.RT") { name, traits in
            .two(name, traits) { x, free throws(Stop) in
                try require(x >= 0 && free >= 1)
                return Gamma.upper(free.rounded(.towardZero) / 2, x / 2)
            }
        }
        + names("FDIST", "F.DIST.RT") { name, traits in
            .call(name, 3...3, "n", traits) { _, a throws(Stop) in
                try require(a.number(0) >= 0 && a.number(1) >= 1 && a.number(2) >= 1)
                return .number(
                    Gamma.fisherRight(a.number(0), a.number(1).rounded(.towardZero), a.number(2).rounded(.towardZero)))
            }
        }

    private static let discrete: [Function] =
        names("BINOMDIST", "BINOM.DIST") { name, traits in
            .call(name, 4...4, "nnnb", traits) { _, a throws(Stop) in
                let (k, n, p) = (a.number(0).rounded(.towardZero), a.number(1).rounded(.towardZero), a.number(2))
                try require(k >= 0 && k <= n && (0...1).contains(p))
                if a.flag(3) { return .number(k >= n ? 1 : 1 - Gamma.beta(p, k + 1, n - k)) }
                return .number(binomial(k, n, p))
            }
        }
        + names("POISSON", "POISSON.DIST") { name, traits in
            .call(name, 3...3, "nnb", traits) { _, a throws(Stop) in
                let (k, mean) = (a.number(0).rounded(.towardZero), a.number(1))
                try require(k >= 0 && mean >= 0)
                if a.flag(2) { return .number(Gamma.upper(k + 1, mean)) }
                if mean == 0 { return .number(k == 0 ? 1 : 0) }
                return .number(exp(k * log(mean) - mean - lgamma(k + 1)))
            }
        } + [
            .call("NEGBINOM.DIST", 4...4, "nnnb", .later) { _, a throws(Stop) in
                let (f, s, p) = (a.number(0).rounded(.towardZero), a.number(1).rounded(.towardZero), a.number(2))
                try require(f >= 0 && s >= 1 && p > 0 && p <= 1)
                if a.flag(3) { return .number(Gamma.beta(p, s, f + 1)) }
                return .number(exp(lgamma(f + s) - lgamma(f + 1) - lgamma(s) + s * log(p)) * pow(1 - p, f))
            },
            .call("NEGBINOMDIST", 3...3, "n") { _, a throws(Stop) in
                let (f, s, p) = (a.number(0).rounded(.towardZero), a.number(1).rounded(.towardZero), a.number(2))
                try require(f >= 0 && s >= 1 && p > 0 && p <= 1)
                return .number(exp(lgamma(f + s) - lgamma(f + 1) - lgamma(s) + s * log(p)) * pow(1 - p, f))
            },
            .call("HYPGEOM.DIST", 5...5, "nnnnb", .later) { e, a throws(Stop) in
                guard a.flag(4) else { return .number(try hypergeometric(a, a.number(0).rounded(.towardZero))) }
                var sum = 0.0
                let last = a.integer(0)
                guard (0...10_000_000).contains(last) else { throw .error(.number) }
                try e.charge(last)
                for k in 0...last { sum += (try? hypergeometric(a, Double(k))) ?? 0 }  // fewer than possible are 0
                return .number(sum)
            },
            .call("HYPGEOMDIST", 4...4, "n") { _, a throws(Stop) in
                .number(try hypergeometric(a, a.number(0).rounded(.towardZero)))
            },
        ]

    private static func binomial(_ k: Double, _ n: Double, _ p: Double) -> Double {
        if p == 0 { return k == 0 ? 1 : 0 }
        if p == 1 { return k == n ? 1 : 0 }
        if n < 1000, let ways = try? NumberTheoryFunctions.combinations(n, k) {  // k was checked
            return ways * pow(p, k) * pow(1 - p, n - k)
        }
        return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p))
    }

    private static func hypergeometric(_ a: [Operand], _ k: Double) throws(Stop) -> Double {
        let (n, success, total) = (
            a.number(1).rounded(.towardZero), a.number(2).rounded(.towardZero), a.number(3).rounded(.towardZero)
        )
        try require(k >= max(0, n - total + success) && k <= min(n, success) && n <= total && success <= total)
        return try NumberTheoryFunctions.combinations(success, k)
            * NumberTheoryFunctions.combinations(total - success, n - k) / NumberTheoryFunctions.combinations(total, n)
    }
}
