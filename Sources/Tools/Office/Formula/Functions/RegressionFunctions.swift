import Glibc

enum RegressionFunctions {
    static let all: [Function] =
        ["CORREL", "PEARSON"].map { name in
            .call(name, 2...2, "a") { e, a throws(Stop) in .number(try Fit(&e, a[0], a[1]).correlation()) }
        }
        + ["FORECAST", "FORECAST.LINEAR"].map { name in
            .call(name, 3...3, "naa", name.contains(".") ? .later : []) { e, a throws(Stop) in
                let fit = try Fit(&e, a[2], a[1])
                return .number(try fit.intercept() + (try fit.slope()) * a.number(0))
            }
        }
        + ["COVAR", "COVARIANCE.P"].map { name in
            .call(name, 2...2, "a", name.contains(".") ? .later : []) { e, a throws(Stop) in
                let fit = try Fit(&e, a[0], a[1])
                return .number(fit.xy / fit.count)
            }
        } + others

    private static let others: [Function] = [
        .call("COVARIANCE.S", 2...2, "a", .later) { e, a throws(Stop) in
            let fit = try Fit(&e, a[0], a[1])
            guard fit.count > 1 else { throw .error(.division) }
            return .number(fit.xy / (fit.count - 1))
        },
        .call("RSQ", 2...2, "a") { e, a throws(Stop) in
            let correlation = try Fit(&e, a[1], a[0]).correlation()
            return .number(correlation * correlation)
        },
        .call("SLOPE", 2...2, "a") { e, a throws(Stop) in .number(try Fit(&e, a[1], a[0]).slope()) },
        .call("INTERCEPT", 2...2, "a") { e, a throws(Stop) in .number(try Fit(&e, a[1], a[0]).intercept()) },
        .call("STEYX", 2...2, "a") { e, a throws(Stop) in
            let fit = try Fit(&e, a[1], a[0])
            guard fit.count > 2, fit.xx > 0 else { throw .error(.division) }
            return .number(sqrt(max(0, fit.yy - fit.xy * fit.xy / fit.xx) / (fit.count - 2)))
        },
        .call("LINEST", 1...4, "aabb", .array) { e, a throws(Stop) in
            let fit = try line(&e, a, isThroughZero: a.has(2) && !a.flag(2))
            guard a.flag(3) else { return e.array(1, 2, [.finite(fit.slope), .finite(fit.intercept)]) }
            return e.array(5, 2, fit.statistics.map { $0.map { .finite($0) } ?? .error(.notAvailable) })
        },
        .call("LOGEST", 1...3, "aab", .array) { e, a throws(Stop) in
            let fit = try line(&e, a, isThroughZero: a.has(2) && !a.flag(2), isLogarithmic: true)
            return e.array(1, 2, [.finite(exp(fit.slope)), .finite(exp(fit.intercept))])
        },
        .call("TREND", 1...4, "aaab", .array) { e, a throws(Stop) in try extend(&e, a, isLogarithmic: false) },
        .call("GROWTH", 1...4, "aaab", .array) { e, a throws(Stop) in try extend(&e, a, isLogarithmic: true) },
    ]

    /// Sums of squares of x and y about their means.
    private struct Fit {
        let count: Double
        private let meanX: Double
        private let meanY: Double
        let xx: Double
        let yy: Double
        let xy: Double

        init(_ e: inout Evaluator, _ x: Operand, _ y: Operand) throws(Stop) {
            let pairs = try e.pairs(x, y)
            guard !pairs.isEmpty else { throw e.fail(.division, "The ranges have no pair of numbers.") }
            count = Double(pairs.count)
            let (meanX, meanY) = (
                AggregateFunctions.total(pairs.map(\.0)) / count, AggregateFunctions.total(pairs.map(\.1)) / count
            )
            (self.meanX, self.meanY) = (meanX, meanY)
            xx = AggregateFunctions.total(pairs.map { ($0.0 - meanX) * ($0.0 - meanX) })
            yy = AggregateFunctions.total(pairs.map { ($0.1 - meanY) * ($0.1 - meanY) })
            xy = AggregateFunctions.total(pairs.map { ($0.0 - meanX) * ($0.1 - meanY) })
        }

        func correlation() throws(Stop) -> Double {
            guard xx > 0, yy > 0 else { throw .error(.division) }
            return xy / sqrt(xx * yy)
        }

        func slope() throws(Stop) -> Double {
            guard xx > 0 else { throw .error(.division) }
            return xy / xx
        }

        func intercept() throws(Stop) -> Double { meanY - (try slope()) * meanX }
    }

    private struct Line {
        var slope = 0.0
        var intercept = 0.0
        /// As LINEST lists them, row by row.
        var statistics: [Double?] = []
    }

    /// The straight line through the points; x counts 1, 2, 3 where there is none.
    private static func line(
        _ e: inout Evaluator, _ a: [Operand], isThroughZero: Bool, isLogarithmic: Bool = false
    ) throws(Stop) -> Line {
        var y = try e.numbers([a[0]])
        if isLogarithmic {
            guard y.allSatisfy({ $0 > 0 }) else { throw e.fail(.number, "The values must be above zero.") }
            y = y.map { log($0) }
        }
        let x = a.has(1) ? try e.numbers([a[1]]) : y.indices.map { Double($0 + 1) }
        guard x.count == y.count else { throw e.fail(.reference, "The two ranges are not equally large.") }
        guard x.count > 1 else { throw e.fail(.number, "Two points make a line.") }
        let n = Double(x.count)
        let meanX = isThroughZero ? 0 : StatisticFunctions.mean(x)
        let meanY = isThroughZero ? 0 : StatisticFunctions.mean(y)
        let xx = AggregateFunctions.total(x.map { ($0 - meanX) * ($0 - meanX) })
        let xy = AggregateFunctions.total(zip(x, y).map { ($0 - meanX) * ($1 - meanY) })
        let yy = AggregateFunctions.total(y.map { ($0 - meanY) * ($0 - meanY) })
        guard xx > 0 else { throw e.fail(.number, "All x are the same.") }
        var line = Line(slope: xy / xx)
        line.intercept = meanY - line.slope * meanX
        let free = n - (isThroughZero ? 1 : 2)
        let residual = max(0, yy - line.slope * xy)
        let error = free > 0 ? sqrt(residual / free) : 0
        let squares = AggregateFunctions.total(x.map { $0 * $0 })
        line.statistics = [
            line.slope, line.intercept, error / sqrt(xx), isThroughZero ? nil : error * sqrt(squares / (n * xx)),
            yy > 0 ? 1 - residual / yy : 1, error, residual > 0 && free > 0 ? (yy - residual) / (residual / free) : nil,
            free, yy - residual, residual,
        ]
        return line
    }

    private static func extend(_ e: inout Evaluator, _ a: [Operand], isLogarithmic: Bool) throws(Stop) -> Operand {
        let line = try line(&e, a, isThroughZero: a.has(3) && !a.flag(3), isLogarithmic: isLogarithmic)
        let target: Operand
        if a.has(2) {
            target = a[2]
        } else if a.has(1) {
            target = a[1]
        } else {
            let known = try e.matrix(a[0])
            target = e.array(known.rows, known.columns, (1...known.count).map { .number(Double($0)) })
        }
        return try e.each(target) { evaluator, value throws(Stop) in
            let result = line.intercept + line.slope * (try evaluator.number(value))
            return .finite(isLogarithmic ? exp(result) : result)
        }
    }
}
