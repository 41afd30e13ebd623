import Timetables

/// RRULE (RFC 5545, section 3.3.10) by days, weeks, months and years.
package struct RecurrenceRule: Sendable, Hashable {
    package enum Frequency: String, Sendable, Hashable {
        case daily = "DAILY", weekly = "WEEKLY", monthly = "MONTHLY", yearly = "YEARLY"
    }

    struct Weekday: Sendable, Hashable {
        /// 0 is Sunday.
        var day: Int
        /// The n-th of the period, from its end where negative; 0 for each.
        var ordinal: Int
    }

    package private(set) var frequency = Frequency.daily
    private(set) var interval = 1
    private(set) var count: Int?
    private(set) var until: CalendarTime?
    private(set) var months: Set<Int> = []
    private(set) var monthDays: Set<Int> = []
    private(set) var yearDays: Set<Int> = []
    private(set) var weekdays: [Weekday] = []
    private(set) var hours: [Int] = []
    private(set) var minutes: [Int] = []
    private(set) var positions: Set<Int> = []
    /// 0 is Sunday.
    private(set) var weekStart = 1

    private static let dayNames = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]

    /// Throws for what is malformed, and for what is not supported: times within a day as frequency, weeks by number,
    /// seconds.
    package init(_ text: String) throws(CalendarFault) {
        guard text.utf8.count <= 1_000 else { throw CalendarFault("the recurrence rule is too long") }
        var hasFrequency = false
        for part in text.uppercased().split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw CalendarFault("the recurrence rule '\(text.prefix(80))' is malformed") }
            if sides[0] == "FREQ" { hasFrequency = true }
            try read(String(sides[0]), sides[1])
        }
        guard hasFrequency else { throw CalendarFault("the recurrence rule names no FREQ") }
        guard count == nil || until == nil else { throw CalendarFault("COUNT and UNTIL exclude each other") }
        guard frequency == .monthly || frequency == .yearly || weekdays.allSatisfy({ $0.ordinal == 0 }) else {
            throw CalendarFault("BYDAY has numbers in monthly and yearly rules alone")
        }
    }

    /// The last wall time that counts.
    mutating func end(at wall: Int) { until = .floating(wall) }

    private mutating func read(_ name: String, _ value: Substring) throws(CalendarFault) {
        switch name {
        case "FREQ":
            guard let known = Frequency(rawValue: String(value)) else {
                throw CalendarFault("the frequency '\(value.prefix(20))' is not supported")
            }
            frequency = known
        case "INTERVAL": interval = try Self.number(value, 1...10_000)
        case "COUNT": count = try Self.number(value, 1...100_000)
        case "UNTIL":
            until = CalendarTime.parse(value, zone: nil)
            guard until != nil else { throw CalendarFault("UNTIL is no date") }
        case "BYMONTH": months = Set(try Self.numbers(value, 1...12))
        case "BYMONTHDAY": monthDays = Set(try Self.numbers(value, 1...31, signed: true))
        case "BYYEARDAY": yearDays = Set(try Self.numbers(value, 1...366, signed: true))
        case "BYHOUR": hours = try Self.numbers(value, 0...23).sorted()
        case "BYMINUTE": minutes = try Self.numbers(value, 0...59).sorted()
        case "BYSETPOS": positions = Set(try Self.numbers(value, 1...366, signed: true))
        case "WKST": weekStart = try Self.weekday(value).day
        case "BYDAY":
            weekdays = []
            for item in value.split(separator: ",") { weekdays.append(try Self.weekday(item)) }
        case "BYSECOND": guard value == "0" else { throw CalendarFault("BYSECOND is not supported") }
        default:
            if name.hasPrefix("BY") || name == "RSCALE" { throw CalendarFault("\(name.prefix(20)) is not supported") }
        }
    }

    private static func weekday(_ text: Substring) throws(CalendarFault) -> Weekday {
        guard let day = dayNames.firstIndex(of: String(text.suffix(2))) else {
            throw CalendarFault("'\(text.prefix(20))' is no day of the week")
        }
        let number = text.dropLast(2)
        guard !number.isEmpty else { return Weekday(day: day, ordinal: 0) }
        guard let ordinal = Int(number), ordinal != 0, abs(ordinal) <= 53 else {
            throw CalendarFault("'\(text.prefix(20))' is no day of the week")
        }
        return Weekday(day: day, ordinal: ordinal)
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) throws(CalendarFault) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw CalendarFault("'\(text.prefix(20))' is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func numbers(_ text: Substring, _ range: ClosedRange<Int>, signed: Bool = false)
        throws(CalendarFault) -> [Int]
    {
        var values: [Int] = []
        for item in text.split(separator: ",") {
            guard let value = Int(item), range.contains(signed ? abs(value) : value) else {
                throw CalendarFault("'\(item.prefix(20))' is not from \(range.lowerBound) to \(range.upperBound)")
            }
            values.append(value)
        }
        return values
    }
}
