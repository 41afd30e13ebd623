import ICalendar
import Timetables
import ToolKit

/// Times of a recurrence rule by itself.
enum RuleTimes {
    /// Times that are passed over before the first that is wanted.
    private static let mostPassed = 100_000

    static func next(_ rule: String, start: String?, _ clock: WallClock, after: Int, count: Int) throws(ToolFailure)
        -> [Int]
    {
        let first: Int
        if let start {
            first = clock.wallTime(at: try ZonedText.instant(start, clock, named: "start"))
        } else {
            first = clock.wallTime(at: after)
        }
        var times = RecurrenceIterator(try parsed(rule), from: first)
        var found: [Int] = []
        var passed = 0
        while found.count < count, passed < mostPassed, let wall = times.next() {
            let instant = clock.instant(of: wall)
            if instant > after { found.append(instant) } else { passed += 1 }
        }
        return found
    }

    static func parsed(_ rule: String) throws(ToolFailure) -> RecurrenceRule {
        do {
            return try RecurrenceRule(rule)
        } catch {
            throw ToolFailure(.invalidInput, code: "rrule_invalid", "The rule cannot be used: \(error).")
        }
    }
}
