import Glibc

enum StatisticFunctions {
    static let all: [Function] =
        ["VAR", "VAR.S"].map { name in
            .call(name, 1...255, "r", later(name)) { e, a throws(Stop) in .number(try variance(try e.numbers(a), 1)) }
        }
        + ["VARP", "VAR.P"].map { name in
            .call(name, 1...255, "r", later(name)) { e, a throws(Stop) in .number(try variance(try e.numbers(a), 0)) }
        }
        + ["STDEV", "STDEV.S"].map { name in
            .call(name, 1...255, "r", later(name)) { e, a throws(Stop) in
                .number(sqrt(try variance(try e.numbers(a), 1)))
            }
        }
        + ["STDEVP", "STDEV.P"].map { name in
            .call(name, 1...255, "r", later(name)) { e, a throws(Stop) in
                .number(sqrt(try variance(try e.numbers(a), 0)))
            }
        }
        + ["MODE", "MODE.SNGL"].map { name in
            .call(name, 1...255, "r", later(name)) { e, a throws(Stop) in
                guard let mode = modes(try e.numbers(a)).first else {
                    throw e.fail(.notAvailable, "No number occurs twice.")
                }
                return .number(mode)
            }
        } + others

    private static func later(_ name: String) -> Function.Traits { name.contains(".") ? .later : [] }

    private static let others: [Function] = [
        .call("VARA", 1...255, "r") { e, a throws(Stop) in .number(try variance(try e.numbers(a, .all), 1)) },
        .call("VARPA", 1...255, "r") { e, a throws(Stop) in .number(try variance(try e.numbers(a, .all), 0)) },
        .call("STDEVA", 1...255, "r") { e, a throws(Stop) in .number(sqrt(try variance(try e.numbers(a, .all), 1))) },
        .call("STDEVPA", 1...255, "r") { e, a throws(Stop) in .number(sqrt(try variance(try e.numbers(a, .all), 0))) },
        .call("DEVSQ", 1...255, "r") { e, a throws(Stop) in .number(squares(try filled(&e, a))) },
        .call("AVEDEV", 1...255, "r") { e, a throws(Stop) in
            let values = try filled(&e, a)
            let mean = mean(values)
            return .number(AggregateFunctions.total(values.map { ($0 - mean).magnitude }) / Double(values.count))
        },
        .call("GEOMEAN", 1...255, "r") { e, a throws(Stop) in
            let values = try filled(&e, a)
            guard values.allSatisfy({ $0 > 0 }) else { throw e.fail(.number, "GEOMEAN takes numbers above zero.") }
            return .number(exp(AggregateFunctions.total(values.map { log($0) }) / Double(values.count)))
        },
        .call("HARMEAN", 1...255, "r") { e, a throws(Stop) in
            let values = try filled(&e, a)
            guard values.allSatisfy({ $0 > 0 }) else { throw e.fail(.number, "HARMEAN takes numbers above zero.") }
            return .number(Double(values.count) / AggregateFunctions.total(values.map { 1 / $0 }))
        },
        .call("MEDIAN", 1...255, "r") { e, a throws(Stop) in
            let values = try filled(&e, a).sorted()
            let middle = values.count / 2
            return .number(values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2)
        },
        .call("MODE.MULT", 1...255, "r", [.array, .later]) { e, a throws(Stop) in
            let found = modes(try e.numbers(a))
            guard !found.isEmpty else { throw e.fail(.notAvailable, "No number occurs twice.") }
            return .matrix(Matrix(column: found.map { .number($0) }))
        },
        .call("SKEW", 1...255, "r") { e, a throws(Stop) in
            let values = try e.numbers(a)
            let count = Double(values.count)
            guard count >= 3 else { throw e.fail(.division, "SKEW needs three numbers.") }
            let (mean, deviation) = (mean(values), sqrt(try variance(values, 1)))
            guard deviation > 0 else { throw e.fail(.division, "All numbers are the same.") }
            let sum = AggregateFunctions.total(values.map { pow(($0 - mean) / deviation, 3) })
            return .number(sum * count / ((count - 1) * (count - 2)))
        },
        .call("SKEW.P", 1...255, "r", .later) { e, a throws(Stop) in
            let values = try e.numbers(a)
            guard values.count >= 3 else { throw e.fail(.division, "SKEW.P needs three numbers.") }
            let (mean, deviation) = (mean(values), sqrt(try variance(values, 0)))
            guard deviation > 0 else { throw e.fail(.division, "All numbers are the same.") }
            return .number(
                AggregateFunctions.total(values.map { pow(($0 - mean) / deviation, 3) }) / Double(values.count))
        },
        .call("KURT", 1...255, "r") { e, a throws(Stop) in
            let values = try e.numbers(a)
            let n = Double(values.count)
            guard n >= 4 else { throw e.fail(.division, "KURT needs four numbers.") }
            let (mean, deviation) = (mean(values), sqrt(try variance(values, 1)))
            guard deviation > 0 else { throw e.fail(.division, "All numbers are the same.") }
            let sum = AggregateFunctions.total(values.map { pow(($0 - mean) / deviation, 4) })
            let factor = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3))
            return .number(factor * sum - 3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3)))
        },
        .call("STANDARDIZE", 3...3, "n") { _, a throws(Stop) in
            guard a.number(2) > 0 else { throw .error(.number) }
            return .number((a.number(0) - a.number(1)) / a.number(2))
        },
        .call("TRIMMEAN", 2...2, "rn") { e, a throws(Stop) in
            let values = try filled(&e, [a[0]]).sorted()
            guard (0..<1).contains(a.number(1)) else { throw .error(.number) }
            let cut = Int(Double(values.count) * a.number(1) / 2)
            return .number(mean(Array(values[cut..<(values.count - cut)])))
        },
    ]

    private static func filled(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> [Double] {
        let values = try e.numbers(a)
        guard !values.isEmpty else { throw e.fail(.number, "There are no numbers.") }
        return values
    }

    static func mean(_ values: [Double]) -> Double { AggregateFunctions.total(values) / Double(max(1, values.count)) }

    static func squares(_ values: [Double]) -> Double {
        let mean = mean(values)
        return AggregateFunctions.total(values.map { ($0 - mean) * ($0 - mean) })
    }

    /// `free` is 1 for a sample and 0 for the population.
    static func variance(_ values: [Double], _ free: Int) throws(Stop) -> Double {
        guard values.count > free else { throw .error(.division) }
        return squares(values) / Double(values.count - free)
    }

    /// The most frequent numbers that occur twice, in the order of their first appearance.
    private static func modes(_ values: [Double]) -> [Double] {
        var counts: [Double: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        guard let most = counts.values.max(), most > 1 else { return [] }
        var seen: Set<Double> = []
        return values.filter { counts[$0] == most && seen.insert($0).inserted }
    }
}
