/// Parts of years between two days, by the conventions of bonds.
enum YearFraction {
    /// `basis`: 0 US 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European 30/360.
    static func value(_ first: Int, _ last: Int, basis: Int, _ system: DateSystem) -> Double {
        let (one, two) = (CalendarDay(day: first, system), CalendarDay(day: last, system))
        let days = Double(last - first)
        switch basis {
        case 0: return Double(days360(one, two, isEuropean: false, isFraction: true)) / 360
        case 1: return days / average(one, two)
        case 2: return days / 360
        case 3: return days / 365
        default: return Double(days360(one, two, isEuropean: true)) / 360
        }
    }

    /// Days of the year, on average over the years from `one` to `two`.
    private static func average(_ one: CalendarDay, _ two: CalendarDay) -> Double {
        let isWithinYear =
            two.year == one.year || two.year == one.year + 1 && (one.month, one.day) >= (two.month, two.day)
        if isWithinYear {
            if one.year == two.year { return CalendarDay.isLeap(one.year) ? 366 : 365 }
            let hasLeapDay =
                CalendarDay.isLeap(one.year) && (one.month, one.day) <= (2, 29)
                || CalendarDay.isLeap(two.year) && (two.month, two.day) >= (2, 29)
            return hasLeapDay ? 366 : 365
        }
        let years = (one.year...two.year).map { CalendarDay.isLeap($0) ? 366.0 : 365.0 }
        return years.reduce(0, +) / Double(years.count)
    }

    /// Days between two dates where each month has 30. `isFraction`: by the rule of YEARFRAC, which treats the end of
    /// February as the 30th.
    static func days360(_ one: CalendarDay, _ two: CalendarDay, isEuropean: Bool, isFraction: Bool = false) -> Int {
        var (first, last) = (one.day, two.day)
        var (lastMonth, lastYear) = (two.month, two.year)
        if isEuropean {
            (first, last) = (min(first, 30), min(last, 30))
        } else if isFraction {
            if one.month == 2, one.isLastOfMonth {
                if two.month == 2, two.isLastOfMonth { last = 30 }
                first = 30
            }
            if last == 31, first >= 30 { last = 30 }
            first = min(first, 30)
        } else {
            if one.isLastOfMonth { first = 30 }
            if last == 31 {
                if first < 30 {
                    last = 1
                    lastMonth += 1
                    if lastMonth > 12 { (lastMonth, lastYear) = (1, lastYear + 1) }
                } else {
                    last = 30
                }
            }
        }
        return (lastYear - one.year) * 360 + (lastMonth - one.month) * 30 + last - first
    }
}
