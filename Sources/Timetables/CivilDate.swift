/// A day of the proleptic Gregorian calendar, by its distance from 1970-01-01.
package struct CivilDate: Sendable, Hashable {
    package let days: Int
    package let year: Int
    package let month: Int
    package let day: Int

    /// Howard Hinnant's civil_from_days: years begin in March, so that the leap day is the last.
    package init(days: Int) {
        self.days = days
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `nil` for a day that the calendar does not have, such as 30 February, and for years outside of 1 to 9999.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9_999).contains(year), (1...12).contains(month), (1...Self.days(of: month, in: year)).contains(day)
        else { return nil }
        let years = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        // Year 0 in March and later years alone come here, so that no division is of a negative number.
        let days = years * 365 + years / 4 - years / 100 + years / 400 + dayOfYear - 719_468
        self.init(days: days)
    }

    package static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 0 is Sunday; 1970-01-01 was a Thursday.
    package var dayOfWeek: Int { ((days + 4) % 7 + 7) % 7 }
}
