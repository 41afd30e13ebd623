import Domain
import ICalendar
import Timetables
import ToolKit

/// Times in a tool's input and output: RFC 3339 with an offset, or local with a zone's name.
enum ZonedText {
    static func clock(_ name: String?) throws(ToolFailure) -> WallClock {
        guard let clock = CalendarZones.clock(name ?? "UTC") else {
            throw ToolFailure(
                .invalidInput, code: "zone_unknown",
                "'\((name ?? "").prefix(60))' is no time zone; use a name of the IANA database such as Europe/Berlin, or UTC."
            )
        }
        return clock
    }

    /// `2026-03-01T10:00:00Z`, `2026-03-01T10:00+01:00`, or on the wall of `clock` `2026-03-01T10:00`, `2026-03-01`.
    static func instant(_ text: String, _ clock: WallClock, named name: String) throws(ToolFailure) -> Int {
        if let milliseconds = TimeText.milliseconds(text) ?? TimeText.milliseconds(withSeconds(text)) {
            return Int((Double(milliseconds) / 1_000).rounded(.down))
        }
        return clock.instant(of: try wall(text, named: name))
    }

    /// Seconds on a wall, of a local time or a date.
    static func wall(_ text: String, named name: String) throws(ToolFailure) -> Int {
        let full = text.utf8.count == 10 ? "\(text)T00:00:00Z" : withSeconds(text + "Z")
        guard let milliseconds = TimeText.milliseconds(full) else {
            throw ToolFailure(
                .invalidInput, code: "time_invalid",
                "'\(name)' must be a time such as 2026-03-01T10:00, 2026-03-01T10:00:00+01:00, or a date, not '\(text.prefix(40))'."
            )
        }
        return Int(milliseconds / 1_000)
    }

    static func isDate(_ text: String) -> Bool { text.utf8.count == 10 }

    /// Whether the text says its own offset.
    static func hasOffset(_ text: String) -> Bool {
        TimeText.milliseconds(text) != nil || TimeText.milliseconds(withSeconds(text)) != nil
    }

    /// `…T10:00Z` as `…T10:00:00Z`.
    private static func withSeconds(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count > 16, bytes[13] == 0x3A, bytes[16] != 0x3A else { return text }
        return String(decoding: bytes[..<16], as: UTF8.self) + ":00" + String(decoding: bytes[16...], as: UTF8.self)
    }

    /// RFC 3339 with the clock's offset.
    static func text(_ instant: Int, _ clock: WallClock) -> String {
        let wall = clock.wallTime(at: instant)
        let offset = wall - instant
        guard offset != 0 || clock.name != "UTC" else { return local(wall) + "Z" }
        // Offsets before 1900 have seconds, which RFC 3339 cannot say.
        let minutes = abs(offset) / 60
        return local(wall) + (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
    }

    static func local(_ wall: Int) -> String {
        let days = day(of: wall)
        let left = wall - days * 86_400
        return "\(date(days))T\(two(left / 3_600)):\(two(left / 60 % 60)):\(two(left % 60))"
    }

    static func day(of wall: Int) -> Int { wall >= 0 ? wall / 86_400 : (wall - 86_399) / 86_400 }

    static func date(_ days: Int) -> String {
        let date = CivilDate(days: days)
        let year = String(date.year)
        return String(repeating: "0", count: max(0, 4 - year.count)) + "\(year)-\(two(date.month))-\(two(date.day))"
    }

    static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    static let weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
}
