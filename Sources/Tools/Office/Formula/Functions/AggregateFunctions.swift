import Glibc

enum AggregateFunctions {
    static let all: [Function] = [
        .call("SUM", 1...255, "r") { e, a throws(Stop) in .number(try e.sum(a).total) },
        .call("AVERAGE", 1...255, "r") { e, a throws(Stop) in
            let sum = try e.sum(a)
            guard sum.numbers > 0 else { throw e.fail(.division, "There are no numbers to average.") }
            return .number(sum.total / Double(sum.numbers))
        },
        .call("MIN", 1...255, "r") { e, a throws(Stop) in
            let sum = try e.sum(a)
            return .number(sum.numbers > 0 ? sum.least : 0)
        },
        .call("MAX", 1...255, "r") { e, a throws(Stop) in
            let sum = try e.sum(a)
            return .number(sum.numbers > 0 ? sum.most : 0)
        },
        .call("COUNT", 1...255, "r", .takesErrors) { e, a throws(Stop) in .number(Double(try count(&e, a))) },
        .call("COUNTA", 1...255, "r", .takesErrors) { e, a throws(Stop) in .number(Double(try countFilled(&e, a))) },
        .call("COUNTBLANK", 1...1, "r") { e, a throws(Stop) in
            var filled = 0
            var total = 0
            for area in try e.areas(a[0]) {
                try e.prepare(area)
                total += area.count
                filled += e.store.sum(area, &e.steps).filled
                for column in e.store.columnNumbers(area) {
                    let store = e.store
                    store.eachUsed(column: column, Int(area.top), Int(area.bottom)) { slot in
                        if store.tags[slot] == CellStore.Tag.text, store.texts[Int(store.payloads[slot])].isEmpty {
                            filled -= 1
                        }
                    }
                }
            }
            return .number(Double(total - filled))
        },
        .call("AVERAGEA", 1...255, "r") { e, a throws(Stop) in
            let values = try e.numbers(a, .all)
            guard !values.isEmpty else { throw e.fail(.division, "There are no values to average.") }
            return .number(total(values) / Double(values.count))
        },
        .call("MINA", 1...255, "r") { e, a throws(Stop) in .number(try e.numbers(a, .all).min() ?? 0) },
        .call("MAXA", 1...255, "r") { e, a throws(Stop) in .number(try e.numbers(a, .all).max() ?? 0) },
        .call("PRODUCT", 1...255, "r") { e, a throws(Stop) in .number(product(try e.numbers(a))) },
        .call("SUMSQ", 1...255, "r") { e, a throws(Stop) in .number(total(try e.numbers(a).map { $0 * $0 })) },
    ]

    static func total(_ values: some Sequence<Double>) -> Double {
        var sum = AreaSum()
        for value in values { sum.add(value) }
        return sum.total
    }

    static func product(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(1, *) }

    /// Numbers; of the formula's own values also what reads as one.
    static func count(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Int {
        var count = 0
        for operand in a {
            switch operand {
            case .value(.text(let text)): count += NumberText.parse(text, e.system) != nil ? 1 : 0
            case .value(.error): break
            case .value, .missing: count += 1
            case .area(let area):
                try e.prepare(area)
                count += e.store.sum(area, &e.steps).numbers
            case .areas(let areas): count += try self.count(&e, areas.map { .area($0) })
            case .matrix(let matrix):
                count += matrix.values.reduce(0) { $0 + ($1.isNumber ? 1 : 0) }
                if matrix.tail.isNumber { count += Evaluator.tailCount(matrix) }
            }
        }
        return count
    }

    static func countFilled(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Int {
        var count = 0
        for operand in a {
            switch operand {
            case .value, .missing: count += 1
            case .area(let area):
                try e.prepare(area)
                count += e.store.sum(area, &e.steps).filled
            case .areas(let areas): count += try countFilled(&e, areas.map { .area($0) })
            case .matrix(let matrix):
                count += matrix.values.reduce(0) { $0 + ($1.isBlank ? 0 : 1) } + Evaluator.tailCount(matrix)
            }
        }
        return count
    }
}
