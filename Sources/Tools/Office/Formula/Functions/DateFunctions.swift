enum DateFunctions {
    static let all: [Function] = [
        .call("TODAY", 0...0, "n", .volatile) { e, _ in .number(e.surroundings.now.rounded(.down)) },
        .call("NOW", 0...0, "n", .volatile) { e, _ in .number(e.surroundings.now) },
        .call("DATE", 3...3, "n") { e, a throws(Stop) in
            var year = a.integer(0)
            if (0...1899).contains(year), e.system == .year1900 || year < 1904 { year += 1900 }
            guard (1900...9999).contains(year), a.number(1).magnitude < 1e6, a.number(2).magnitude < 1e7 else {
                throw e.fail(.number, "There is no such date.")
            }
            // Days are counted on from the month's first by serial numbers, the day 60 included.
            let first = CalendarDay.carrying(year: year, month: whole(a, 1), day: 1)
            let base = e.system == .year1900 ? first.epochDay + 25_569 : first.epochDay + 24_107
            let serial = Double((e.system == .year1900 && base <= 60 ? base - 1 : base) + whole(a, 2) - 1)
            guard serial >= 0, serial <= e.system.last else { throw e.fail(.number, "There is no such date.") }
            return .number(serial)
        },
        .call("TIME", 3...3, "n") { e, a throws(Stop) in
            let seconds = Double(a.integer(0) * 3600 + a.integer(1) * 60 + a.integer(2))
            guard seconds >= 0, a.number(0) <= 32_767, a.number(1) <= 32_767, a.number(2) <= 32_767 else {
                throw e.fail(.number, "There is no such time.")
            }
            return .number(seconds.truncatingRemainder(dividingBy: 86_400) / 86_400)
        },
        .call("DATEVALUE", 1...1, "t") { e, a throws(Stop) in
            guard let value = DateText.parse(a.text(0), e.system), value >= 1 || e.system == .year1904 else {
                throw e.fail(.value, "The text \"\(a.text(0).prefix(40))\" is no date.")
            }
            return .number(value.rounded(.down))
        },
        .call("TIMEVALUE", 1...1, "t") { e, a throws(Stop) in
            guard let value = DateText.parse(a.text(0), e.system) else {
                throw e.fail(.value, "The text \"\(a.text(0).prefix(40))\" is no time.")
            }
            return .number(value - value.rounded(.down))
        },
        part("YEAR") { $0.year },
        part("MONTH") { $0.month },
        part("DAY") { $0.day },
        clock("HOUR") { $0.hour },
        clock("MINUTE") { $0.minute },
        clock("SECOND") { $0.second },
        .call("WEEKDAY", 1...2, "n") { e, a throws(Stop) in
            let day = CalendarDay.weekday(serial: try serial(&e, a.number(0)), e.system)
            switch a.integer(1, 1) {
            case 1: return .number(Double(day))
            case 2: return .number(Double((day + 5) % 7 + 1))
            case 3: return .number(Double((day + 5) % 7))
            case let kind where (11...17).contains(kind): return .number(Double((day + 23 - kind) % 7 + 1))
            default: throw e.fail(.number, "WEEKDAY has no such kind of week.")
            }
        },
        .call("WEEKNUM", 1...2, "n") { e, a throws(Stop) in
            let kind = a.integer(1, 1)
            let serial = try serial(&e, a.number(0))
            if kind == 21 { return .number(Double(isoWeek(serial, e.system))) }
            let starts = [1: 1, 2: 2, 11: 2, 12: 3, 13: 4, 14: 5, 15: 6, 16: 7, 17: 1]
            guard let start = starts[kind] else { throw e.fail(.number, "WEEKNUM has no such kind of week.") }
            let day = CalendarDay(day: serial, e.system)
            let first = Int(CalendarDay(year: day.year, month: 1, day: 1).serial(e.system) ?? 0)
            let offset = (CalendarDay.weekday(serial: first, e.system) - start + 7) % 7
            return .number(Double((serial - first + offset) / 7 + 1))
        },
        .call("ISOWEEKNUM", 1...1, "n", .later) { e, a throws(Stop) in
            .number(Double(isoWeek(try serial(&e, a.number(0)), e.system)))
        },
        .call("EDATE", 2...2, "n") { e, a throws(Stop) in
            let day = try DateFunctions.day(&e, a.number(0))
            let first = CalendarDay.carrying(year: day.year, month: day.month + whole(a, 1), day: 1)
            let last = CalendarDay.days(inMonth: first.month, of: first.year)
            return try number(&e, CalendarDay(year: first.year, month: first.month, day: min(max(day.day, 1), last)))
        },
        .call("EOMONTH", 2...2, "n") { e, a throws(Stop) in
            let day = try DateFunctions.day(&e, a.number(0))
            let first = CalendarDay.carrying(year: day.year, month: day.month + whole(a, 1), day: 1)
            let last = CalendarDay.days(inMonth: first.month, of: first.year)
            return try number(&e, CalendarDay(year: first.year, month: first.month, day: last))
        },
        .two("DAYS", .later) { $0.rounded(.down) - $1.rounded(.down) },
        .call("DAYS360", 2...3, "nnb") { e, a throws(Stop) in
            let (one, two) = (try day(&e, a.number(0)), try day(&e, a.number(1)))
            return .number(Double(YearFraction.days360(one, two, isEuropean: a.flag(2))))
        },
        .call("YEARFRAC", 2...3, "n") { e, a throws(Stop) in
            let ends = [try serial(&e, a.number(0)), try serial(&e, a.number(1))].sorted()
            guard (0...4).contains(a.integer(2)) else { throw e.fail(.number, "The basis is 0 to 4.") }
            return .number(YearFraction.value(ends[0], ends[1], basis: a.integer(2), e.system))
        },
        .call("DATEDIF", 3...3, "nnt") { e, a throws(Stop) in try difference(&e, a) },
    ]

    /// An argument towards zero; far outside of the calendar it is cut to what overflows nothing.
    static func whole(_ a: [Operand], _ index: Int) -> Int { min(max(a.integer(index), -10_000_000), 10_000_000) }

    static func serial(_ e: inout Evaluator, _ value: Double) throws(Stop) -> Int {
        guard value >= 0, value < e.system.last + 1 else {
            throw e.fail(.number, "\(NumberText.general(value)) is no date.")
        }
        return Int(value)
    }

    static func day(_ e: inout Evaluator, _ value: Double) throws(Stop) -> CalendarDay {
        CalendarDay(day: try serial(&e, value), e.system)
    }

    private static func number(_ e: inout Evaluator, _ day: CalendarDay) throws(Stop) -> Operand {
        guard let serial = day.serial(e.system) else { throw e.fail(.number, "There is no such date.") }
        return .number(serial)
    }

    private static func part(_ name: String, _ body: @escaping @Sendable (CalendarDay) -> Int) -> Function {
        .call(name, 1...1, "n") { e, a throws(Stop) in .number(Double(body(try day(&e, a.number(0))))) }
    }

    private static func clock(
        _ name: String, _ body: @escaping @Sendable ((hour: Int, minute: Int, second: Int, millisecond: Int)) -> Int
    ) -> Function {
        .call(name, 1...1, "n") { e, a throws(Stop) in
            _ = try serial(&e, a.number(0))
            // To the second, as it would be shown.
            let seconds = (a.number(0) * 86_400).rounded() / 86_400
            return .number(Double(body(CalendarDay.clock(seconds))))
        }
    }

    private static func isoWeek(_ serial: Int, _ system: DateSystem) -> Int {
        let weekday = (CalendarDay.weekday(serial: serial, system) + 5) % 7
        let thursday = CalendarDay(day: max(0, serial - weekday + 3), system)
        let first = Int(CalendarDay(year: thursday.year, month: 1, day: 1).serial(system) ?? 0)
        return (serial - weekday + 3 - first) / 7 + 1
    }

    private static func difference(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let (first, last) = (try serial(&e, a.number(0)), try serial(&e, a.number(1)))
        guard first <= last else { throw e.fail(.number, "DATEDIF's first date is after its second.") }
        let (one, two) = (CalendarDay(day: first, e.system), CalendarDay(day: last, e.system))
        var months = (two.year - one.year) * 12 + two.month - one.month
        if two.day < one.day { months -= 1 }
        switch a.text(2).uppercased() {
        case "D": return .number(Double(last - first))
        case "M": return .number(Double(months))
        case "Y": return .number(Double(months / 12))
        case "YM": return .number(Double(months % 12))
        case "MD":
            if two.day >= one.day { return .number(Double(two.day - one.day)) }
            let before = CalendarDay.carrying(year: two.year, month: two.month - 1, day: one.day)
            return .number(Double(two.epochDay - before.epochDay))
        case "YD":
            let isLater = (two.month, two.day) >= (one.month, one.day)
            let start = CalendarDay(year: isLater ? two.year : two.year - 1, month: one.month, day: one.day)
            return .number(Double(two.epochDay - start.epochDay))
        default: throw e.fail(.number, "DATEDIF knows Y, M, D, YM, YD and MD.")
        }
    }
}
