import Foundation
import Testing
import Timetables

@Suite(.timeLimit(.minutes(2))) struct TimetableTests {
    private static func seconds(_ text: String) throws -> Int {
        Int(try Date(text, strategy: .iso8601).timeIntervalSince1970)
    }

    private static func text(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
    }

    private static func times(_ line: String, _ zone: String, after: String, _ count: Int) throws -> [String] {
        let table = Timetable.cron(try CronExpression(line), try #require(WallClock(zone)))
        var times: [String] = [], last = try seconds(after)
        while times.count < count, let next = table.next(after: last) {
            times.append(text(next))
            last = next
        }
        return times
    }

    @Test(arguments: [
        ("* * * * *", "2026-01-01T00:00:30Z", ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]),
        ("*/20 * * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z"]),
        ("5/20 3 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T03:05:00Z", "2026-01-01T03:25:00Z"]),
        ("0 9-17/4 * * MON-FRI", "2026-11-20T13:00:00Z", ["2026-11-20T17:00:00Z", "2026-11-23T09:00:00Z"]),
        ("30 6 1,15 * *", "2026-01-02T00:00:00Z", ["2026-01-15T06:30:00Z", "2026-02-01T06:30:00Z"]),
        ("0 0 * jan,JUL *", "2026-01-31T00:00:00Z", ["2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z"]),
        ("0 0 * * 7", "2026-11-21T00:00:00Z", ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"]),
        ("0 0 * * sun,3", "2026-11-21T00:00:00Z", ["2026-11-22T00:00:00Z", "2026-11-25T00:00:00Z"]),
        // Both day fields narrowed: either fits.
        ("0 0 13 * fri", "2026-11-08T00:00:00Z", ["2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"]),
        // One of them begins with a star: both must fit.
        ("0 0 */2 * mon", "2026-11-01T00:00:00Z", ["2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"]),
        ("0 12 31 * *", "2026-02-01T00:00:00Z", ["2026-03-31T12:00:00Z", "2026-05-31T12:00:00Z"]),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"]),
    ])
    func fieldsNameTimes(line: String, after: String, expected: [String]) throws {
        #expect(try Self.times(line, "UTC", after: after, expected.count) == expected)
    }

    @Test(arguments: [
        // Berlin jumps from 02:00 to 03:00 on 29 March 2026: 02:30 is put off until 03:00 (01:00 UTC).
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        // Both skipped times and 03:00 itself are the same moment: due once.
        ("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]),
        // Berlin shows 02:30 twice on 25 October 2026: only the first counts.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"]),
        ("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
        ("30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]),
        // Half an hour of summer time, and an offset that is no whole hour.
        (
            "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
            ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]
        ),
        ("0 9 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", ["2026-01-01T03:15:00Z", "2026-01-02T03:15:00Z"]),
        // Samoa had no 30 December 2011.
        ("0 8 30 12 *", "Pacific/Apia", "2011-12-29T12:00:00Z", ["2011-12-30T10:00:00Z", "2012-12-29T18:00:00Z"]),
        // Midnight itself is skipped: Cuba and Paraguay jump at 00:00.
        ("0 0 * * *", "America/Havana", "2026-03-07T12:00:00Z", ["2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"]),
    ])
    func wallClocksJump(line: String, zone: String, after: String, expected: [String]) throws {
        #expect(try Self.times(line, zone, after: after, expected.count) == expected)
    }

    @Test func timesNeverRepeatNorGoBack() throws {
        for zone in ["Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham", "UTC"] {
            let times = try Self.times("*/7 0-4 * * *", zone, after: "2026-03-01T00:00:00Z", 1_000)
            #expect(times.count == 1_000)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }, "\(zone)")
        }
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
        "5-1 * * * *", "*/0 * * * *", "*/100 * * * *", "1//2 * * * *", "1-2-3 * * * *", ", * * * *", "a * * * *",
        "* * * foo *", "-1 * * * *", "1.5 * * * *", "* * * * mon-", "１ * * * *", "* * * * \u{0}",
        "99999999999999999999 * * * *", String(repeating: "1,", count: 200) + "1 * * * *",
    ])
    func whatIsNoCronLineIsRefused(line: String) {
        #expect(throws: CronFault.self) { try CronExpression(line) }
    }

    @Test(arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *"])
    func aDayThatNeverComesHasNoNextTime(line: String) throws {
        #expect(try Self.times(line, "UTC", after: "2026-01-01T00:00:00Z", 1).isEmpty)
    }

    @Test(arguments: ["Mars/Olympus", "", "GMT+5", "Europe/", "../etc/passwd", "CET"])
    func whatIsNoZoneIsRefused(name: String) { #expect(WallClock(name) == nil) }

    @Test(arguments: [(60, 0, 0, 60), (60, 0, 59, 60), (60, 0, 60, 120), (7, 100, 3, 100), (7, 100, 100, 107)])
    func intervalsCountFromTheirAnchor(seconds: Int, anchor: Int, after: Int, expected: Int) {
        #expect(Timetable.interval(seconds: seconds, anchor: anchor).next(after: after) == expected)
    }
}
