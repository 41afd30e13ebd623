import Glibc

/// Aggregates over the rows of a list that fit a table of conditions.
enum DatabaseFunctions {
    static let all: [Function] = [
        make("DSUM") { _, values throws(Stop) in AggregateFunctions.total(values) },
        make("DAVERAGE") { e, values throws(Stop) in
            guard !values.isEmpty else { throw e.fail(.division, "No row fits the conditions.") }
            return StatisticFunctions.mean(values)
        },
        make("DMAX") { _, values throws(Stop) in values.max() ?? 0 },
        make("DMIN") { _, values throws(Stop) in values.min() ?? 0 },
        make("DPRODUCT") { _, values throws(Stop) in AggregateFunctions.product(values) },
        make("DSTDEV") { _, values throws(Stop) in sqrt(try StatisticFunctions.variance(values, 1)) },
        make("DSTDEVP") { _, values throws(Stop) in sqrt(try StatisticFunctions.variance(values, 0)) },
        make("DVAR") { _, values throws(Stop) in try StatisticFunctions.variance(values, 1) },
        make("DVARP") { _, values throws(Stop) in try StatisticFunctions.variance(values, 0) },
        .call("DCOUNT", 3...3, "asa") { e, a throws(Stop) in
            .number(Double(try found(&e, a).filter { $0.isNumber }.count))
        },
        .call("DCOUNTA", 3...3, "asa") { e, a throws(Stop) in
            .number(Double(try found(&e, a).filter { !$0.isBlank }.count))
        },
        .call("DGET", 3...3, "asa") { e, a throws(Stop) in
            let values = try found(&e, a)
            guard let first = values.first else { throw e.fail(.value, "No row fits the conditions.") }
            guard values.count == 1 else { throw e.fail(.number, "\(values.count) rows fit the conditions.") }
            return .value(first)
        },
    ]

    private static func make(
        _ name: String, _ body: @escaping @Sendable (inout Evaluator, [Double]) throws(Stop) -> Double
    ) -> Function {
        .call(name, 3...3, "asa") { e, a throws(Stop) in
            var numbers: [Double] = []
            for value in try found(&e, a) {
                if case .number(let number) = value { numbers.append(number) }
                if case .error(let error) = value { throw .error(error) }
            }
            return .number(try body(&e, numbers))
        }
    }

    /// The field's values of the rows that fit.
    private static func found(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> [CellValue] {
        let (list, conditions) = (try e.matrix(a[0]), try e.matrix(a[2]))
        let field = try field(&e, a.scalar(1), list)
        var tests: [(column: Int, condition: Int)] = []
        for index in 0..<conditions.columns {
            guard let column = place(conditions[0, index], list) else { continue }
            tests.append((column, index))
        }
        try e.charge(list.stored * max(1, tests.count) * max(1, conditions.stored))
        let system = e.system
        // Each row of conditions is one way to fit; a blank one fits everything.
        let ways = (1..<max(2, conditions.rows)).map { row in
            tests.compactMap { test -> (Int, Criterion)? in
                let wanted = conditions[row, test.condition]
                return wanted.isBlank ? nil : (test.column, Criterion(prefixed(wanted), system))
            }
        }
        return (1..<max(1, list.stored)).compactMap { row in
            let fits = ways.contains { way in way.allSatisfy { $0.1.fits(list[row, $0.0]) } }
            return fits ? list[row, field] : nil
        }
    }

    /// A bare text fits what starts with it.
    private static func prefixed(_ value: CellValue) -> CellValue {
        guard case .text(let text) = value, let first = text.first, !"<>=".contains(first),
            NumberText.parse(text) == nil
        else { return value }
        return .text(text + "*")
    }

    private static func place(_ name: CellValue, _ list: Matrix) -> Int? {
        guard case .text = name else { return nil }
        return (0..<list.columns).first { Ordering.compare(list[0, $0], name) == 0 }
    }

    private static func field(_ e: inout Evaluator, _ value: CellValue, _ list: Matrix) throws(Stop) -> Int {
        if case .number(let number) = value {
            let place = [Operand].integer(number) - 1
            guard (0..<list.columns).contains(place) else { throw e.fail(.value, "The list has no such column.") }
            return place
        }
        guard let place = place(value, list) else {
            throw e.fail(.value, "The list has no column \(value.text.prefix(40)).")
        }
        return place
    }
}
