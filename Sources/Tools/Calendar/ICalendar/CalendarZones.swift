package import Timetables

/// Time zones as a calendar names them: IANA's by name, others by the rules that the file brings (RFC 5545, section
/// 3.6.5).
package struct CalendarZones: Sendable {
    private struct Onset: Sendable {
        /// On the wall that goes.
        var wall: Int
        var before: Int
        var after: Int
    }

    private var clocks: [String: WallClock] = [:]
    private var rules: [String: [Onset]] = [:]

    /// Seconds of 1 January 2100: what is planned lies before it.
    private static let lastOnset = 4_102_444_800
    /// Onsets of one zone: 400 years of two a year.
    private static let mostOnsets = 1_000

    /// Names that Windows gives to zones of much mail (CLDR, windowsZones).
    private static let windows: [String: String] = [
        "W. Europe Standard Time": "Europe/Berlin", "Central Europe Standard Time": "Europe/Budapest",
        "Romance Standard Time": "Europe/Paris", "Central European Standard Time": "Europe/Warsaw",
        "GMT Standard Time": "Europe/London", "Greenwich Standard Time": "Atlantic/Reykjavik",
        "E. Europe Standard Time": "Europe/Chisinau", "FLE Standard Time": "Europe/Kiev",
        "GTB Standard Time": "Europe/Bucharest", "Russian Standard Time": "Europe/Moscow",
        "Turkey Standard Time": "Europe/Istanbul", "Eastern Standard Time": "America/New_York",
        "Central Standard Time": "America/Chicago", "Mountain Standard Time": "America/Denver",
        "Pacific Standard Time": "America/Los_Angeles", "India Standard Time": "Asia/Kolkata",
        "China Standard Time": "Asia/Shanghai", "Tokyo Standard Time": "Asia/Tokyo",
        "Singapore Standard Time": "Asia/Singapore", "Arab Standard Time": "Asia/Riyadh",
        "Arabian Standard Time": "Asia/Dubai", "AUS Eastern Standard Time": "Australia/Sydney",
        "E. South America Standard Time": "America/Sao_Paulo", "UTC": "UTC",
    ]

    package init(_ calendars: [CalendarComponent] = []) {
        for zone in calendars.flatMap(\.children) where zone.name == "VTIMEZONE" {
            guard let name = zone["TZID"]?.value, Self.clock(name) == nil else { continue }
            if let location = zone["X-LIC-LOCATION"]?.value, let clock = WallClock(location) {
                clocks[name] = clock
            } else {
                rules[name] = Self.onsets(zone)
            }
        }
    }

    /// The clock of an IANA name, however it is dressed up, or of a Windows name.
    package static func clock(_ name: String) -> WallClock? {
        if let clock = WallClock(name) { return clock }
        if let known = windows[name] { return WallClock(known) }
        // `/freeassociation.sourceforge.net/Europe/Berlin`
        let steps = name.split(separator: "/")
        return steps.count >= 3 ? WallClock(steps.suffix(2).joined(separator: "/")) : nil
    }

    package func knows(_ name: String) -> Bool { clocks[name] != nil || rules[name] != nil || Self.clock(name) != nil }

    func instant(of wall: Int, zone: String, default clock: WallClock) -> Int {
        if let clock = clocks[zone] ?? Self.clock(zone) { return clock.instant(of: wall) }
        guard let onsets = rules[zone], let first = onsets.first else { return clock.instant(of: wall) }
        let last = onsets.last { $0.wall <= wall }
        return wall - (last?.after ?? first.before)
    }

    private static func onsets(_ zone: CalendarComponent) -> [Onset] {
        var onsets: [Onset] = []
        for observance in zone.children where observance.name == "STANDARD" || observance.name == "DAYLIGHT" {
            guard let start = observance["DTSTART"].flatMap({ try? CalendarTime($0) }),  // not readable: left out
                let before = offset(observance["TZOFFSETFROM"]?.value),
                let after = offset(observance["TZOFFSETTO"]?.value)
            else { continue }
            var walls = [start.wall]
            // A rule that is not understood leaves the first onset alone.
            if let text = observance["RRULE"]?.value, let rule = try? RecurrenceRule(text) {
                var occurrences = RecurrenceIterator(rule, from: start.wall)
                while walls.count < mostOnsets, let next = occurrences.next(), next < lastOnset { walls.append(next) }
            }
            for line in observance.all("RDATE") {
                walls += line.value.split(separator: ",").compactMap { CalendarTime.parse($0, zone: nil)?.wall }
            }
            onsets += Set(walls).prefix(mostOnsets).map { Onset(wall: $0, before: before, after: after) }
        }
        return onsets.sorted { $0.wall < $1.wall }
    }

    /// `+0100`, `-053000`
    private static func offset(_ text: String?) -> Int? {
        guard let text, text.utf8.count == 5 || text.utf8.count == 7, let sign = text.first, sign == "+" || sign == "-",
            let digits = Int(text.dropFirst()), text.dropFirst().allSatisfy(\.isNumber)
        else { return nil }
        let (hours, minutes, seconds) =
            text.utf8.count == 5 ? (digits / 100, digits % 100, 0) : (digits / 10_000, digits / 100 % 100, digits % 100)
        let value = hours * 3_600 + minutes * 60 + seconds
        return sign == "-" ? -value : value
    }

    /// The rules of a zone around a time, as a component: every change of its clock from a year before to ten years
    /// after.
    package static func component(_ name: String, _ clock: WallClock, around wall: Int) -> CalendarComponent {
        var changes: [(wall: Int, before: Int, after: Int)] = []
        func offset(_ instant: Int) -> Int { clock.wallTime(at: instant) - instant }
        let start = wall - 400 * 86_400
        var low = start
        while low < wall + 3_660 * 86_400 {
            var left = low, right = low + 7 * 86_400
            if offset(left) != offset(right) {
                let before = offset(left)
                while right - left > 1 {
                    let middle = left + (right - left) / 2
                    if offset(middle) == before { left = middle } else { right = middle }
                }
                changes.append((right + before, before, offset(right)))
            }
            low += 7 * 86_400
        }
        var parts: [CalendarComponent] = []
        if changes.isEmpty { changes = [(start, offset(start), offset(start))] }
        for isDaylight in [false, true] {
            let own = changes.filter { ($0.after > $0.before) == isDaylight }
            for offsets in Set(own.map { [$0.before, $0.after] }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let walls = own.filter { [$0.before, $0.after] == offsets }.map { CalendarTime.floating($0.wall) }
                guard let first = walls.first else { continue }
                var lines = [
                    ContentLine("DTSTART", first.text), ContentLine("TZOFFSETFROM", text(offsets[0])),
                    ContentLine("TZOFFSETTO", text(offsets[1])),
                ]
                lines += walls.dropFirst().map { ContentLine("RDATE", $0.text) }
                parts.append(CalendarComponent(isDaylight ? "DAYLIGHT" : "STANDARD", lines))
            }
        }
        return CalendarComponent("VTIMEZONE", [ContentLine("TZID", name)], parts)
    }

    private static func text(_ offset: Int) -> String {
        let value = abs(offset)
        let digits = [value / 3_600, value / 60 % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined()
        return (offset < 0 ? "-" : "+") + digits
    }
}
