enum WorkdayFunctions {
    static let all: [Function] = [
        .call("NETWORKDAYS", 2...3, "nnr") { e, a throws(Stop) in try count(&e, a, Week(), holidays: 2) },
        .call("NETWORKDAYS.INTL", 2...4, "nnsr") { e, a throws(Stop) in
            try count(&e, a, try Week(&e, a, 2), holidays: 3)
        },
        .call("WORKDAY", 2...3, "nnr") { e, a throws(Stop) in try move(&e, a, Week(), holidays: 2) },
        .call("WORKDAY.INTL", 2...4, "nnsr") { e, a throws(Stop) in
            try move(&e, a, try Week(&e, a, 2), holidays: 3)
        },
    ]

    /// Which days are free.
    private struct Week {
        /// From Monday on.
        var free = [false, false, false, false, false, true, true]

        init() {}

        /// A number (1...7 two days, 11...17 one) or seven digits, from Monday on.
        init(_ e: inout Evaluator, _ a: [Operand], _ index: Int) throws(Stop) {
            guard a.has(index) else { return }
            if case .text(let text) = a.scalar(index) {
                guard text.utf8.count == 7, text.allSatisfy({ $0 == "0" || $0 == "1" }), text.contains("0") else {
                    throw e.fail(.value, "A week has seven digits, 0 or 1.")
                }
                free = text.map { $0 == "1" }
                return
            }
            let kind = Int(min(max(try e.number(a.scalar(index)), 0), 99))
            free = [Bool](repeating: false, count: 7)
            switch kind {
            case 1...7:
                free[(kind + 4) % 7] = true
                free[(kind + 5) % 7] = true
            case 11...17: free[(kind - 11 + 6) % 7] = true
            default: throw e.fail(.number, "There is no such weekend.")
            }
        }

        func isFree(_ serial: Int, _ system: DateSystem) -> Bool {
            free[(CalendarDay.weekday(serial: serial, system) + 5) % 7]
        }

        var workdays: Int { free.filter { !$0 }.count }
    }

    private static func holidays(_ e: inout Evaluator, _ a: [Operand], _ index: Int) throws(Stop) -> Set<Int> {
        guard a.has(index) else { return [] }
        var days: Set<Int> = []
        for value in try e.values(a[index]) where !value.isBlank {
            days.insert(try DateFunctions.serial(&e, try e.number(value)))
        }
        return days
    }

    private static func count(_ e: inout Evaluator, _ a: [Operand], _ week: Week, holidays index: Int) throws(Stop)
        -> Operand
    {
        let (one, two) = (try DateFunctions.serial(&e, a.number(0)), try DateFunctions.serial(&e, a.number(1)))
        let (first, last) = (min(one, two), max(one, two))
        let holidays = try holidays(&e, a, index)
        let weeks = (last - first + 1) / 7
        var total = weeks * week.workdays
        for day in stride(from: first + weeks * 7, through: last, by: 1) where !week.isFree(day, e.system) {
            total += 1
        }
        for day in holidays where (first...last).contains(day) && !week.isFree(day, e.system) { total -= 1 }
        return .number(Double(one <= two ? total : -total))
    }

    private static func move(_ e: inout Evaluator, _ a: [Operand], _ week: Week, holidays index: Int) throws(Stop)
        -> Operand
    {
        var day = try DateFunctions.serial(&e, a.number(0))
        let holidays = try holidays(&e, a, index)
        var rest = DateFunctions.whole(a, 1)
        guard rest.magnitude < 3_000_000 else { throw e.fail(.number, "There is no such date.") }
        let step = rest < 0 ? -1 : 1
        try e.charge(Int(rest.magnitude))
        while rest != 0 {
            day += step
            guard day >= 0, Double(day) <= e.system.last else { throw e.fail(.number, "There is no such date.") }
            if !week.isFree(day, e.system), !holidays.contains(day) { rest -= step }
        }
        return .number(Double(day))
    }
}
