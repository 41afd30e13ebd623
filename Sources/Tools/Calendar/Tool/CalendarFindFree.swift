import ICalendar
import Timetables
package import ToolKit
import Workspaces

/// Finds times that suit everybody.
package struct CalendarFindFree: Tool {
    package struct Calendar: Codable, Sendable {
        package var path: String?
        package var text: String?
    }

    package struct Busy: Codable, Sendable {
        package var start: String
        package var end: String
    }

    package struct Input: Codable, Sendable {
        package var calendars: [Calendar]
        /// Further times that are taken.
        package var busy: [Busy]?
        package var from: String
        package var to: String
        package var zone: String?
        package var durationMinutes: Int
        package var bufferMinutes: Int?
        /// Starts are multiples of this.
        package var stepMinutes: Int?
        /// `09:00` and `17:00` by default.
        package var dayStart: String?
        package var dayEnd: String?
        /// `monday`, …; Monday to Friday by default.
        package var days: [String]?
        package var limit: Int?

        enum CodingKeys: String, CodingKey {
            case calendars, busy, from, to, zone, days, limit
            case durationMinutes = "duration_minutes"
            case bufferMinutes = "buffer_minutes"
            case stepMinutes = "step_minutes"
            case dayStart = "day_start"
            case dayEnd = "day_end"
        }
    }

    package struct Output: Codable, Sendable {
        package struct Slot: Codable, Sendable, Hashable {
            package var start: String
            package var end: String
            package var weekday: String
        }

        package var slots: [Slot]
        /// Events that took time within the window.
        package var busyCount: Int
        package var faults: [String]

        enum CodingKeys: String, CodingKey {
            case slots, faults
            case busyCount = "busy_count"
        }
    }

    static let mostCalendars = 50
    static let mostSlots = 200

    package static let descriptor = ToolDescriptor(
        name: "calendar.find_free",
        summary: """
            Finds free slots of 'duration_minutes' between 'from' and 'to' that suit every one of 'calendars' (.ics \
            files), within working hours (09:00 to 17:00, Monday to Friday by default) of a 'zone'.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let clock = try ZonedText.clock(input.zone)
        let window = try CalendarSource.window(input.from, input.to, clock)
        let search = try Self.search(input, clock)
        let limit = input.limit ?? 10
        guard (0...Self.mostCalendars).contains(input.calendars.count), (1...Self.mostSlots).contains(limit),
            window.count <= 366 * 86_400
        else {
            throw Self.invalid(
                "At most \(Self.mostCalendars) 'calendars', a 'limit' from 1 to \(Self.mostSlots), and a window of at most a year."
            )
        }
        return try await BlockingWork.run(until: context.deadline) { work in
            var busy: [Range<Int>] = []
            var faults: [String] = []
            for calendar in input.calendars {
                let file = try CalendarSource.read(calendar.text, calendar.path, in: context)
                faults += file.faults
                let (found, isCut) = file.occurrences(in: window, clock, faults: &faults) { work.isOver }
                try work.check()
                guard !isCut else { throw Self.invalid("A calendar has too many events in this window; narrow it.") }
                busy += found.filter {
                    !$0.event.isTransparent && $0.event.status != "CANCELLED" && !$0.instants.isEmpty
                }
                .map(\.instants)
            }
            for taken in input.busy ?? [] {
                let start = try ZonedText.instant(taken.start, clock, named: "busy.start")
                let end = try ZonedText.instant(taken.end, clock, named: "busy.end")
                guard start < end else { throw Self.invalid("A 'busy' time ends before it starts.") }
                busy.append(start..<end)
            }
            let slots = search.slots(in: window, busy: busy, limit: limit).map { slot in
                let day = ZonedText.day(of: clock.wallTime(at: slot.lowerBound))
                return Output.Slot(
                    start: ZonedText.text(slot.lowerBound, clock), end: ZonedText.text(slot.upperBound, clock),
                    weekday: ZonedText.weekdays[CivilDate(days: day).dayOfWeek])
            }
            return Output(slots: slots, busyCount: busy.count, faults: Array(faults.prefix(50)))
        }
    }

    private static func search(_ input: Input, _ clock: WallClock) throws(ToolFailure) -> FreeTime {
        let start = try minutes(input.dayStart ?? "09:00"), end = try minutes(input.dayEnd ?? "17:00")
        let step = input.stepMinutes ?? 15, buffer = input.bufferMinutes ?? 0
        guard start < end, (5...1_440).contains(input.durationMinutes), (5...1_440).contains(step),
            (0...1_440).contains(buffer)
        else {
            throw invalid("'day_start' comes before 'day_end'; durations and steps are from 5 to 1440 minutes.")
        }
        var days: Set<Int> = []
        for name in input.days ?? ["monday", "tuesday", "wednesday", "thursday", "friday"] {
            guard
                let day = ZonedText.weekdays.firstIndex(where: {
                    $0 == name.lowercased() || $0.prefix(3) == name.lowercased()
                })
            else {
                throw invalid("'\(name.prefix(20))' is no day of the week.")
            }
            days.insert(day)
        }
        return FreeTime(
            duration: input.durationMinutes * 60, buffer: buffer * 60, step: step * 60,
            hours: (start * 60)..<(end * 60),
            days: days, clock: clock)
    }

    /// Of `09:30`; `24:00` is the day's end.
    private static func minutes(_ text: String) throws(ToolFailure) -> Int {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let hour = Int(parts[0]), let minute = Int(parts[1]), (0...24).contains(hour),
            (0..<60).contains(minute), hour * 60 + minute <= 1_440
        else { throw invalid("'\(text.prefix(20))' is no time of day such as 09:00.") }
        return hour * 60 + minute
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }
}

package enum CalendarTools {
    package static let all: [any Tool] = [
        TimeNow(), TimeConvert(), TimeDifference(), TimeNext(), CalendarRead(), CalendarCreate(), CalendarReply(),
        CalendarFindFree(),
    ]
}
