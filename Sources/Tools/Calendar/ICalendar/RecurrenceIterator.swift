import Timetables

/// Wall times at which a rule has something happen, in order, the first one included where it fits the rule or not: an
/// event's start always counts (RFC 5545, section 3.8.5.3).
package struct RecurrenceIterator: Sequence, IteratorProtocol, Sendable {
    private let rule: RecurrenceRule
    private let start: Int
    private let first: CivilDate
    private let timeOfDay: Int
    private var period = 0
    private var ready: ArraySlice<Int> = []
    private var given = 0
    private var isOver = false
    private var emptyPeriods = 0

    /// Periods in a row without a day, after which there is none: 29 February on a Monday comes within 40 years.
    private static let mostEmpty = 2_000
    /// Times of one rule.
    private static let mostGiven = 100_000

    package init(_ rule: RecurrenceRule, from start: Int) {
        self.rule = rule
        self.start = start
        let days = start >= 0 ? start / 86_400 : (start - 86_399) / 86_400
        first = CivilDate(days: days)
        timeOfDay = start - days * 86_400
        ready = [start]
    }

    package mutating func next() -> Int? {
        while !isOver {
            if let wall = ready.popFirst() {
                if let until = rule.until, wall > (until.isDate ? until.wall + 86_399 : until.wall) { break }
                given += 1
                if let count = rule.count, given > count { break }
                guard given <= Self.mostGiven else { break }
                return wall
            }
            guard emptyPeriods < Self.mostEmpty else { break }
            let times = times(of: period)
            period += 1
            emptyPeriods = times.isEmpty ? emptyPeriods + 1 : 0
            // The start itself was given first.
            ready = times.filter { $0 > start }[...]
        }
        isOver = true
        return nil
    }

    private func times(of period: Int) -> [Int] {
        var days = days(of: period).sorted()
        let hours = rule.hours.isEmpty ? [timeOfDay / 3_600] : rule.hours
        let minutes = rule.minutes.isEmpty ? [timeOfDay / 60 % 60] : rule.minutes
        days = days.filter { (-719_162...2_932_896).contains($0) }
        var walls = days.flatMap { day in
            hours.flatMap { hour in minutes.map { day * 86_400 + hour * 3_600 + $0 * 60 + timeOfDay % 60 } }
        }
        if !rule.positions.isEmpty {
            let count = walls.count
            walls = walls.enumerated().filter {
                rule.positions.contains($0.offset + 1) || rule.positions.contains($0.offset - count)
            }
            .map(\.element)
        }
        return walls
    }

    private func days(of period: Int) -> [Int] {
        let step = period * rule.interval
        switch rule.frequency {
        case .daily: return [first.days + step].filter { fits($0) }
        case .weekly:
            let week = first.days - (first.dayOfWeek - rule.weekStart + 7) % 7 + step * 7
            let wanted = rule.weekdays.isEmpty ? [first.dayOfWeek] : rule.weekdays.map(\.day)
            return (week..<(week + 7)).filter { wanted.contains(CivilDate(days: $0).dayOfWeek) && fitsMonth($0) }
        case .monthly:
            let months = first.year * 12 + first.month - 1 + step
            return month(months / 12, months % 12 + 1)
        case .yearly: return year(first.year + step)
        }
    }

    private func fitsMonth(_ day: Int) -> Bool {
        rule.months.isEmpty || rule.months.contains(CivilDate(days: day).month)
    }

    /// For daily rules every part narrows.
    private func fits(_ day: Int) -> Bool {
        let date = CivilDate(days: day)
        let length = CivilDate.days(of: date.month, in: date.year)
        return fitsMonth(day)
            && (rule.monthDays.isEmpty || rule.monthDays.contains(date.day)
                || rule.monthDays.contains(date.day - length - 1))
            && (rule.weekdays.isEmpty || rule.weekdays.contains { $0.day == date.dayOfWeek })
    }

    private func month(_ year: Int, _ month: Int) -> [Int] {
        guard rule.months.isEmpty || rule.months.contains(month),
            let first = CivilDate(year: year, month: month, day: 1)
        else {
            return []
        }
        let length = CivilDate.days(of: month, in: year)
        let all = first.days..<(first.days + length)
        return narrowed(all, byDefault: self.first.day)
    }

    /// Days of a month by BYMONTHDAY and BYDAY, which narrow each other; without both the start's own day.
    private func narrowed(_ all: Range<Int>, byDefault day: Int) -> [Int] {
        if rule.monthDays.isEmpty, rule.weekdays.isEmpty {
            return all.count >= day ? [all.lowerBound + day - 1] : []
        }
        let weekdays = weekdays(in: all)
        return all.filter { candidate in
            let place = candidate - all.lowerBound + 1
            let fitsDay =
                rule.monthDays.isEmpty || rule.monthDays.contains(place)
                || rule.monthDays.contains(place - all.count - 1)
            return fitsDay && (rule.weekdays.isEmpty || weekdays.contains(candidate))
        }
    }

    private func weekdays(in all: Range<Int>) -> Set<Int> {
        var found: Set<Int> = []
        for weekday in rule.weekdays {
            let firstOne = all.lowerBound + (weekday.day - CivilDate(days: all.lowerBound).dayOfWeek + 7) % 7
            let own = Array(stride(from: firstOne, to: all.upperBound, by: 7))
            if weekday.ordinal == 0 {
                found.formUnion(own)
            } else {
                let place = weekday.ordinal > 0 ? weekday.ordinal - 1 : own.count + weekday.ordinal
                if own.indices.contains(place) { found.insert(own[place]) }
            }
        }
        return found
    }

    private func year(_ year: Int) -> [Int] {
        guard let first = CivilDate(year: year, month: 1, day: 1), let last = CivilDate(year: year, month: 12, day: 31)
        else { return [] }
        let all = first.days..<(last.days + 1)
        if !rule.yearDays.isEmpty {
            return all.filter { candidate in
                let place = candidate - all.lowerBound + 1
                let fitsDay = rule.yearDays.contains(place) || rule.yearDays.contains(place - all.count - 1)
                return fitsDay && fits(candidate)
            }
        }
        // Days of the week count in the year, or in the months that are named.
        if !rule.weekdays.isEmpty, rule.months.isEmpty, rule.monthDays.isEmpty { return weekdays(in: all).sorted() }
        let months =
            rule.months.isEmpty ? (rule.monthDays.isEmpty ? [self.first.month] : Array(1...12)) : rule.months.sorted()
        return months.flatMap { month(year, $0) }
    }
}
