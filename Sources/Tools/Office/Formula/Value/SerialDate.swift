/// Where day 1 of a workbook's dates lies.
package enum DateSystem: Sendable, Hashable, Codable {
    /// Day 1 is 1900-01-01, and 1900-02-29 exists as day 60.
    case year1900
    /// Day 0 is 1904-01-01.
    case year1904

    /// The last day, 9999-12-31.
    var last: Double { self == .year1900 ? 2_958_465 : 2_957_003 }
}

/// A calendar day and the serial numbers that stand for it.
package struct CalendarDay: Sendable, Hashable {
    package var year: Int
    /// 1...12
    package var month: Int
    /// 1...31; 0 is the day before 1900-01-01.
    package var day: Int

    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// `nil` outside of 1900 (or 1904) to 9999.
    package init?(serial: Double, _ system: DateSystem) {
        guard serial.isFinite, serial >= 0, serial < system.last + 1 else { return nil }
        self.init(day: Int(serial), system)
    }

    init(day serial: Int, _ system: DateSystem) {
        switch system {
        case .year1904: self.init(epochDay: serial + Self.start1904)
        case .year1900 where serial == 0: self.init(year: 1900, month: 1, day: 0)
        case .year1900 where serial == 60: self.init(year: 1900, month: 2, day: 29)
        case .year1900: self.init(epochDay: serial + (serial < 60 ? Self.start1900 + 1 : Self.start1900))
        }
    }

    /// Days since 1970-01-01 of 1899-12-30 and of 1904-01-01.
    private static let start1900 = -25_569
    private static let start1904 = -24_107

    /// Days since 1970-01-01 in the proleptic Gregorian calendar.
    init(epochDay days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var epochDay: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Months and days may lie outside of their ranges and carry over.
    static func carrying(year: Int, month: Int, day: Int) -> CalendarDay {
        let months = year * 12 + month - 1
        let wholeYear = months >= 0 ? months / 12 : (months - 11) / 12
        return CalendarDay(year: wholeYear, month: months - wholeYear * 12 + 1, day: day)
    }

    /// The serial number; `nil` before the first day or after 9999.
    package func serial(_ system: DateSystem) -> Double? {
        switch system {
        case .year1904:
            let days = epochDay - Self.start1904
            return days >= 0 && Double(days) <= system.last ? Double(days) : nil
        case .year1900:
            if year == 1900, month == 2, day == 29 { return 60 }
            let days = epochDay - Self.start1900
            let serial = days <= 60 ? days - 1 : days
            return serial >= 0 && Double(serial) <= system.last ? Double(serial) : nil
        }
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    var isLastOfMonth: Bool { day == Self.days(inMonth: month, of: year) }

    /// 1 is Sunday. By the serial number, as spreadsheets count: the days before 1900-03-01 are one off.
    static func weekday(serial: Int, _ system: DateSystem) -> Int {
        let shift = system == .year1900 ? serial + 6 : serial + 5
        return (shift % 7 + 7) % 7 + 1
    }

    /// Clock time of the fraction of a day, to the millisecond.
    static func clock(_ serial: Double) -> (hour: Int, minute: Int, second: Int, millisecond: Int) {
        let fraction = serial - serial.rounded(.down)
        let total = Int((fraction * 86_400_000).rounded()) % 86_400_000
        return (total / 3_600_000, total / 60_000 % 60, total / 1000 % 60, total % 1000)
    }
}
