/// A cron line: minute, hour, day of month, month, day of week.
///
/// Each field takes `*`, values, names (`JAN`, `MON`), lists, ranges and steps. Where both day fields are narrowed, a
/// day that fits either of them fits, as in Vixie's cron.
package struct CronExpression: Sendable, Hashable {
    /// As it was written.
    package let text: String
    private let minutes: CronField
    private let hours: CronField
    private let daysOfMonth: CronField
    private let months: CronField
    private let daysOfWeek: CronField
    /// Seconds after midnight, ascending.
    let timesOfDay: [Int]

    /// Longest line taken.
    package static let longest = 200

    package init(_ text: String) throws(CronFault) {
        guard text.utf8.count <= Self.longest else {
            throw CronFault(detail: "is longer than \(Self.longest) characters")
        }
        let fields = text.split { $0 == " " || $0 == "\t" }
        guard fields.count == 5 else {
            throw CronFault(detail: "needs five fields: minute, hour, day of month, month, day of week")
        }
        self.text = text
        minutes = try CronField(fields[0], .minute)
        hours = try CronField(fields[1], .hour)
        daysOfMonth = try CronField(fields[2], .dayOfMonth)
        months = try CronField(fields[3], .month)
        daysOfWeek = try CronField(fields[4], .dayOfWeek)
        let minutes = minutes.values
        timesOfDay = hours.values.flatMap { hour in minutes.map { hour * 3_600 + $0 * 60 } }
    }

    func includes(_ date: CivilDate) -> Bool {
        guard months.contains(date.month) else { return false }
        let ofMonth = daysOfMonth.contains(date.day), ofWeek = daysOfWeek.contains(date.dayOfWeek)
        return daysOfMonth.isOpen || daysOfWeek.isOpen ? ofMonth && ofWeek : ofMonth || ofWeek
    }
}
