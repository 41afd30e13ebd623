import Glibc

/// Aggregates that leave other subtotals out.
enum SubtotalFunctions {
    static let all: [Function] = [
        .call("SUBTOTAL", 2...255, "nr", [.subtotal, .takesErrors]) { e, a throws(Stop) in
            if let error = a.scalar(0).error { throw .error(error) }
            let number = a.integer(0)
            guard let kind = (number > 100 ? number - 100 : number) as Int?, (1...11).contains(kind) else {
                throw e.fail(.value, "SUBTOTAL has no function \(number).")
            }
            var cells = Cells()
            for operand in a.dropFirst() { try cells.add(&e, operand, skipsSubtotals: true, skipsErrors: false) }
            return .number(try aggregate(&e, kind, cells, nil))
        },
        .call("AGGREGATE", 3...253, "nnr", [.subtotal, .later, .takesErrors]) { e, a throws(Stop) in
            if let error = a.scalar(0).error ?? a.scalar(1).error { throw .error(error) }
            let (kind, option) = (a.integer(0), a.integer(1))
            guard (1...19).contains(kind), (0...7).contains(option) else {
                throw e.fail(.value, "AGGREGATE has no function \(kind) with option \(option).")
            }
            let needsPlace = kind >= 14
            guard !needsPlace || a.count == 4 else { throw e.fail(.value, "AGGREGATE lacks its fourth argument.") }
            var cells = Cells()
            for operand in needsPlace ? a[2...2] : a[2...] {
                try cells.add(
                    &e, operand, skipsSubtotals: option <= 3, skipsErrors: [2, 3, 6, 7].contains(option))
            }
            let place = needsPlace ? try e.number(try e.first(a[3])) : nil
            return .number(try aggregate(&e, kind, cells, place))
        },
    ]

    private struct Cells {
        var numbers: [Double] = []
        var filled = 0

        mutating func add(_ e: inout Evaluator, _ operand: Operand, skipsSubtotals: Bool, skipsErrors: Bool)
            throws(Stop)
        {
            guard case .area(let area) = operand else {
                for value in try e.values(operand) { try add(value, skipsErrors) }
                return
            }
            try e.prepare(area)
            for column in e.store.columnNumbers(area) {
                var slots: [Int] = []
                e.store.eachUsed(column: column, Int(area.top), Int(area.bottom)) { slots.append($0) }
                try e.charge(slots.count / 8)
                for slot in slots {
                    if skipsSubtotals, let place = e.store.formula(slot), e.expressions[place].isSubtotal { continue }
                    let value = e.store.value(slot)
                    if value.error != nil, !skipsErrors { throw e.source(slot) }
                    try add(value, skipsErrors)
                }
            }
        }

        private mutating func add(_ value: CellValue, _ skipsErrors: Bool) throws(Stop) {
            switch value {
            case .number(let number):
                numbers.append(number)
                filled += 1
            case .error(let error): if !skipsErrors { throw .error(error) }
            case .text, .boolean: filled += 1
            case .blank: break
            }
        }
    }

    private static func aggregate(_ e: inout Evaluator, _ kind: Int, _ cells: Cells, _ place: Double?) throws(Stop)
        -> Double
    {
        let values = cells.numbers
        switch kind {
        case 1:
            guard !values.isEmpty else { throw e.fail(.division, "There are no numbers to average.") }
            return StatisticFunctions.mean(values)
        case 2: return Double(values.count)
        case 3: return Double(cells.filled)
        case 4: return values.max() ?? 0
        case 5: return values.min() ?? 0
        case 6: return AggregateFunctions.product(values)
        case 7: return sqrt(try StatisticFunctions.variance(values, 1))
        case 8: return sqrt(try StatisticFunctions.variance(values, 0))
        case 9: return AggregateFunctions.total(values)
        case 10: return try StatisticFunctions.variance(values, 1)
        case 11: return try StatisticFunctions.variance(values, 0)
        default: return try ranked(&e, kind, values.sorted(), place ?? 0)
        }
    }

    private static func ranked(_ e: inout Evaluator, _ kind: Int, _ sorted: [Double], _ place: Double) throws(Stop)
        -> Double
    {
        guard !sorted.isEmpty else { throw e.fail(.number, "There are no numbers.") }
        let number = [Operand].integer(place)
        switch kind {
        case 12: return try RankFunctions.inclusive(sorted, 0.5)
        case 13:
            var best: (value: Double, count: Int) = (0, 1)
            var (index, last) = (0, sorted.count)
            while index < last {
                let end = sorted[index...].firstIndex { $0 != sorted[index] } ?? last
                if end - index > best.count { best = (sorted[index], end - index) }
                index = end
            }
            last = best.count
            guard last > 1 else { throw e.fail(.notAvailable, "No number occurs twice.") }
            return best.value
        case 14, 15:
            guard number >= 1, number <= sorted.count else { throw e.fail(.number, "There is no number \(number).") }
            return kind == 14 ? sorted[sorted.count - number] : sorted[number - 1]
        case 16: return try RankFunctions.inclusive(sorted, place)
        case 17: return try RankFunctions.inclusive(sorted, place.rounded(.towardZero) / 4)
        case 18: return try RankFunctions.exclusive(sorted, place)
        default: return try RankFunctions.exclusive(sorted, place.rounded(.towardZero) / 4)
        }
    }
}
