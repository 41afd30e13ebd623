/// A day of the proleptic Gregorian calendar, by its distance from 1970-01-01.
struct CivilDate: Sendable, Hashable {
    let days: Int
    let month: Int
    let day: Int

    /// Howard Hinnant's civil_from_days: years begin in March, so that the leap day is the last.
    init(days: Int) {
        self.days = days
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    }

    /// 0 is Sunday; 1970-01-01 was a Thursday.
    var dayOfWeek: Int { ((days + 4) % 7 + 7) % 7 }
}
