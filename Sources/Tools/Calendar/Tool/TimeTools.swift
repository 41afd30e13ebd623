import FoundationEssentials
import Timetables
package import ToolKit

/// One moment, as people and programs name it.
package struct MomentOutput: Codable, Sendable, Hashable {
    /// RFC 3339 with the zone's offset.
    package var time: String
    package var zone: String
    package var utc: String
    package var weekday: String
    /// ISO 8601: the week and the year that it belongs to.
    package var week: Int
    package var weekYear: Int
    /// From 1.
    package var dayOfYear: Int
    /// Seconds since 1970.
    package var unix: Int

    enum CodingKeys: String, CodingKey {
        case time, zone, utc, weekday, week, unix
        case weekYear = "week_year"
        case dayOfYear = "day_of_year"
    }

    init(_ instant: Int, _ clock: WallClock) throws(ToolFailure) {
        let utc = try ZonedText.clock("UTC")
        let day = ZonedText.day(of: clock.wallTime(at: instant))
        let date = CivilDate(days: day)
        // The week belongs to the year that its Thursday is in.
        let thursday = CivilDate(days: day - (date.dayOfWeek + 6) % 7 + 3)
        time = ZonedText.text(instant, clock)
        zone = clock.name
        self.utc = ZonedText.text(instant, utc)
        weekday = ZonedText.weekdays[date.dayOfWeek]
        weekYear = thursday.year
        week = (thursday.days - (CivilDate(year: thursday.year, month: 1, day: 1)?.days ?? thursday.days)) / 7 + 1
        dayOfYear = day - (CivilDate(year: date.year, month: 1, day: 1)?.days ?? day) + 1
        unix = instant
    }
}

/// What time it is.
package struct TimeNow: Tool {
    package struct Input: Codable, Sendable { package var zone: String? }

    package static let descriptor = ToolDescriptor(
        name: "time.now",
        summary:
            "Tells the current date and time, weekday and week, in a 'zone' such as Europe/Berlin; UTC by default.",
        effect: .read, timeoutSeconds: 10)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> MomentOutput {
        try MomentOutput(Int(Date().timeIntervalSince1970.rounded(.down)), try ZonedText.clock(input.zone))
    }
}

/// A time in another zone.
package struct TimeConvert: Tool {
    package struct Input: Codable, Sendable {
        package var time: String
        /// Of a time without an offset.
        package var fromZone: String?
        package var toZone: String

        enum CodingKeys: String, CodingKey {
            case time
            case fromZone = "from_zone"
            case toZone = "to_zone"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "time.convert",
        summary: """
            Converts a 'time' (2026-03-01T10:00 with 'from_zone', or with an offset) to 'to_zone', daylight saving \
            counted; with weekday and week.
            """,
        effect: .read, timeoutSeconds: 10)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> MomentOutput {
        guard input.fromZone != nil || ZonedText.hasOffset(input.time) else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "A time without an offset needs 'from_zone'.")
        }
        let instant = try ZonedText.instant(input.time, try ZonedText.clock(input.fromZone), named: "time")
        return try MomentOutput(instant, try ZonedText.clock(input.toZone))
    }
}

/// How far two times are apart.
package struct TimeDifference: Tool {
    package struct Input: Codable, Sendable {
        package var from: String
        package var to: String
        package var zone: String?
    }

    package struct Output: Codable, Sendable, Hashable {
        /// Negative where `to` comes first.
        package var seconds: Int
        /// In words: `3 days 4 hours 5 minutes`.
        package var text: String
        /// Midnights between them, in the zone.
        package var calendarDays: Int
        /// Mondays to Fridays from the first day to before the last.
        package var weekdays: Int

        enum CodingKeys: String, CodingKey {
            case seconds, text, weekdays
            case calendarDays = "calendar_days"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "time.difference",
        summary:
            "Tells how far 'to' is from 'from': seconds, words, calendar days and weekdays in a 'zone' (UTC by default).",
        effect: .read, timeoutSeconds: 10)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let clock = try ZonedText.clock(input.zone)
        let from = try ZonedText.instant(input.from, clock, named: "from")
        let to = try ZonedText.instant(input.to, clock, named: "to")
        let first = ZonedText.day(of: clock.wallTime(at: from)), last = ZonedText.day(of: clock.wallTime(at: to))
        let sign = last < first ? -1 : 1
        return Output(
            seconds: to - from, text: Self.words(abs(to - from)), calendarDays: last - first,
            weekdays: sign * Self.weekdays(min(first, last), max(first, last)))
    }

    private static func weekdays(_ first: Int, _ last: Int) -> Int {
        let weeks = (last - first) / 7
        return weeks * 5 + ((first + weeks * 7)..<last).count { (1...5).contains(CivilDate(days: $0).dayOfWeek) }
    }

    private static func words(_ seconds: Int) -> String {
        let parts = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")]
        var left = seconds
        var words: [String] = []
        for (unit, name) in parts {
            let count = left / unit
            left %= unit
            if count > 0 { words.append("\(count) \(name)\(count == 1 ? "" : "s")") }
        }
        return words.isEmpty ? "0 seconds" : words.joined(separator: " ")
    }
}

/// When something is due next.
package struct TimeNext: Tool {
    package struct Input: Codable, Sendable {
        /// Minute, hour, day of month, month, day of week.
        package var cron: String?
        /// Or a recurrence rule, from `start` on.
        package var rrule: String?
        package var start: String?
        package var zone: String?
        /// The current time by default.
        package var after: String?
        package var count: Int?
    }

    package struct Output: Codable, Sendable { package var times: [MomentOutput] }

    static let mostTimes = 100

    package static let descriptor = ToolDescriptor(
        name: "time.next",
        summary: """
            Lists the next times of a 'cron' line (30 9 * * MON-FRI) or of an 'rrule' (FREQ=MONTHLY;BYDAY=-1FR) that \
            begins at 'start', in a 'zone', 'after' a time (now by default); 'count' of them.
            """,
        effect: .read, timeoutSeconds: 10)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let clock = try ZonedText.clock(input.zone)
        let now = Int(Date().timeIntervalSince1970.rounded(.down))
        let after =
            try input.after.map { text throws(ToolFailure) in try ZonedText.instant(text, clock, named: "after") }
            ?? now
        let count = input.count ?? 1
        guard (1...Self.mostTimes).contains(count), (input.cron == nil) != (input.rrule == nil) else {
            throw ToolFailure(
                .invalidInput, code: "input_invalid",
                "Give either 'cron' or 'rrule', and 'count' from 1 to \(Self.mostTimes).")
        }
        let instants =
            if let cron = input.cron {
                try Self.times(cron: cron, clock, after, count)
            } else {
                try RuleTimes.next(input.rrule ?? "", start: input.start, clock, after: after, count: count)
            }
        return Output(times: try instants.map { try MomentOutput($0, clock) })
    }

    private static func times(cron: String, _ clock: WallClock, _ after: Int, _ count: Int) throws(ToolFailure) -> [Int]
    {
        let timetable: Timetable
        do {
            timetable = .cron(try CronExpression(cron), clock)
        } catch {
            throw ToolFailure(.invalidInput, code: "cron_invalid", "The cron line \(error.detail).")
        }
        var times: [Int] = []
        while times.count < count, let next = timetable.next(after: times.last ?? after) { times.append(next) }
        return times
    }
}
