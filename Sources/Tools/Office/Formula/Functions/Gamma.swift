import Glibc

/// Gamma and beta functions and their incomplete forms, to about 14 digits.
enum Gamma {
    private static let mostSteps = 100_000
    private static let precision = 1e-16
    private static let tiny = 1e-300

    static func logarithm(_ x: Double) -> Double { lgamma(x) }

    /// Regularised lower incomplete gamma P(a, x).
    static func lower(_ a: Double, _ x: Double) -> Double {
        if x <= 0 { return 0 }
        return x < a + 1 ? series(a, x) : 1 - fraction(a, x)
    }

    /// Q(a, x) = 1 - P(a, x), without cancellation.
    static func upper(_ a: Double, _ x: Double) -> Double {
        if x <= 0 { return 1 }
        return x < a + 1 ? 1 - series(a, x) : fraction(a, x)
    }

    private static func series(_ a: Double, _ x: Double) -> Double {
        var term = 1 / a
        var sum = term
        for step in 1...mostSteps {
            term *= x / (a + Double(step))
            sum += term
            if term.magnitude < sum.magnitude * precision { break }
        }
        return sum * exp(-x + a * log(x) - lgamma(a))
    }

    /// Lentz's continued fraction.
    private static func fraction(_ a: Double, _ x: Double) -> Double {
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var h = d
        for step in 1...mostSteps {
            let an = -Double(step) * (Double(step) - a)
            b += 2
            d = an * d + b
            if d.magnitude < tiny { d = tiny }
            c = b + an / c
            if c.magnitude < tiny { c = tiny }
            d = 1 / d
            let change = d * c
            h *= change
            if (change - 1).magnitude < precision { break }
        }
        return exp(-x + a * log(x) - lgamma(a)) * h
    }

    /// Regularised incomplete beta I_x(a, b).
    static func beta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
        return x < (a + 1) / (a + b + 2) ? front * betaFraction(x, a, b) / a : 1 - front * betaFraction(1 - x, b, a) / b
    }

    private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        if d.magnitude < tiny { d = tiny }
        d = 1 / d
        var h = d
        for step in 1...mostSteps {
            let m = Double(step)
            var factor = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 + factor * d
            if d.magnitude < tiny { d = tiny }
            c = 1 + factor / c
            if c.magnitude < tiny { c = tiny }
            d = 1 / d
            h *= d * c
            factor = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 + factor * d
            if d.magnitude < tiny { d = tiny }
            c = 1 + factor / c
            if c.magnitude < tiny { c = tiny }
            d = 1 / d
            let change = d * c
            h *= change
            if (change - 1).magnitude < precision { break }
        }
        return h
    }

    /// Where a rising function meets a value, by halving the bracket until doubles end.
    static func inverse(_ target: Double, from low: Double, to high: Double, _ body: (Double) -> Double) -> Double {
        var (low, high) = (low, high)
        for _ in 0..<2000 {
            let middle = low + (high - low) / 2
            if middle == low || middle == high { break }
            if body(middle) < target { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// A bracket's upper end for `inverse`.
    static func above(_ target: Double, _ body: (Double) -> Double) -> Double {
        var high = 1.0
        while high < 1e300, body(high) < target { high *= 2 }
        return high
    }

    // MARK: Normal distribution

    static func normal(_ z: Double) -> Double { erfc(-z / 2.0.squareRoot()) / 2 }
    static func density(_ z: Double) -> Double { exp(-z * z / 2) / (2 * Double.pi).squareRoot() }

    /// Acklam's approximation and two steps of Newton's method.
    static func normalInverse(_ p: Double) -> Double {
        guard p > 0, p < 1 else { return p == 0.5 ? 0 : p <= 0 ? -.infinity : .infinity }
        var z = p < 0.5 ? -tail(p) : tail(1 - p)
        for _ in 0..<4 {
            let slope = density(z)
            guard slope > 0 else { break }
            // The smaller tail keeps its digits.
            let error = z < 0 ? normal(z) - p : (1 - p) - normal(-z)
            z -= error / slope
        }
        return z
    }

    /// Rough: Abramowitz and Stegun 26.2.23.
    private static func tail(_ p: Double) -> Double {
        let t = (-2 * log(p)).squareRoot()
        return t - (2.515517 + 0.802853 * t + 0.010328 * t * t)
            / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
    }

    // MARK: Student's and Fisher's distributions

    /// The right tail of Student's t.
    static func studentRight(_ t: Double, _ free: Double) -> Double {
        let tail = beta(free / (free + t * t), free / 2, 0.5) / 2
        return t >= 0 ? tail : 1 - tail
    }

    static func fisher(_ x: Double, _ one: Double, _ two: Double) -> Double {
        x <= 0 ? 0 : beta(one * x / (one * x + two), one / 2, two / 2)
    }

    static func fisherRight(_ x: Double, _ one: Double, _ two: Double) -> Double {
        x <= 0 ? 1 : beta(two / (one * x + two), two / 2, one / 2)
    }
}
