import CalendarTool
import Domain
import Foundation
import ICalendar
import TestKit
import Testing
import Timetables
import ToolKit

/// Python of the tests' own environment, with what reads files independently.
enum Python {
    static let program = FileManager.default.currentDirectoryPath + "/.data/test-python/bin/python3"
}

@Suite(.timeLimit(.minutes(5))) struct CalendarTests {
    private let bench: Bench

    init() throws { bench = try Bench(CalendarTools.all) }

    @Test func timesAreConverted() async throws {
        let output = try await bench.call(
            "time.convert", ["time": "2026-07-01T10:00", "from_zone": "Europe/Berlin", "to_zone": "America/New_York"])
        #expect(output["time"] == "2026-07-01T04:00:00-04:00")
        #expect(output["utc"] == "2026-07-01T08:00:00Z")
        #expect(output["weekday"] == "wednesday")
        #expect(output["week"] == 27)
        let week = try await bench.call("time.convert", ["time": "2027-01-01T00:00:00Z", "to_zone": "UTC"])
        #expect(week["week"] == 53)
        #expect(week["week_year"] == 2026)
        for input in [
            ["time": "2026-02-30T10:00", "from_zone": "UTC", "to_zone": "UTC"],
            ["time": "2026-02-20T10:00", "to_zone": "UTC"], ["time": "2026-02-20T10:00Z", "to_zone": "Mars/Base"],
            ["time": "nope", "from_zone": "UTC", "to_zone": "UTC"],
        ] as [JSONValue] {
            #expect(await bench.failure("time.convert", input)?.kind == .invalidInput)
        }
        #expect(try await bench.call("time.now", ["zone": "Asia/Kolkata"])["time"]?.string?.hasSuffix("+05:30") == true)
    }

    @Test func differencesCountDays() async throws {
        let output = try await bench.call(
            "time.difference", ["from": "2026-03-27", "to": "2026-03-31T02:30", "zone": "Europe/Berlin"])
        // The clock is changed on 29 March.
        #expect(output["seconds"] == 351_000)
        #expect(output["text"] == "4 days 1 hour 30 minutes")
        #expect(output["calendar_days"] == 4)
        #expect(output["weekdays"] == 2)
    }

    @Test func nextTimesFollowCronAndRules() async throws {
        let cron = try await bench.call(
            "time.next", ["cron": "30 9 * * MON-FRI", "zone": "Europe/Berlin", "after": "2026-03-27T12:00", "count": 2])
        #expect(
            cron["times"]?.array?.compactMap { $0["time"]?.string } == [
                "2026-03-30T09:30:00+02:00", "2026-03-31T09:30:00+02:00",
            ])
        let rule = try await bench.call(
            "time.next",
            [
                "rrule": "FREQ=MONTHLY;BYDAY=-1FR", "start": "2026-01-30T09:00", "zone": "Europe/Berlin",
                "after": "2026-02-01", "count": 2,
            ])
        #expect(
            rule["times"]?.array?.compactMap { $0["time"]?.string } == [
                "2026-02-27T09:00:00+01:00", "2026-03-27T09:00:00+01:00",
            ])
        #expect(await bench.failure("time.next", ["rrule": "FREQ=SECONDLY"])?.code == "rrule_invalid")
        #expect(await bench.failure("time.next", ["cron": "* *"])?.code == "cron_invalid")
    }

    /// Against dateutil, which expands rules by code of its own.
    @Test(arguments: [
        "FREQ=DAILY;COUNT=10", "FREQ=DAILY;INTERVAL=10;COUNT=5", "FREQ=DAILY;UNTIL=20260601T000000;BYMONTH=3,5",
        "FREQ=WEEKLY;COUNT=10",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=8", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=10", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=6",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=5", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=6",
        "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "FREQ=YEARLY;BYDAY=20MO;COUNT=3", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=11",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3",
        "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2;COUNT=3", "FREQ=DAILY;BYHOUR=9,14;BYMINUTE=0,30;COUNT=10",
        "FREQ=YEARLY;COUNT=4",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYHOUR=8;COUNT=6", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12",
    ])
    func rulesUnfoldAsElsewhere(rule: String) async throws {
        let script =
            "import sys, datetime\nfrom dateutil.rrule import rrulestr\nfor d in list(rrulestr(sys.argv[1], dtstart=datetime.datetime(2026, 3, 2, 9, 0)))[:40]: print(d.strftime('%Y%m%dT%H%M%S'))"
        let expected = try await TestProgram.run([Python.program, "-c", script, rule])
        #expect(expected.status == 0, "\(expected.text)")
        let start = try #require(CivilDate(year: 2026, month: 3, day: 2)).days * 86_400 + 9 * 3_600
        let own = Array(RecurrenceIterator(try RecurrenceRule(rule), from: start).prefix(41)).map { wall in
            CalendarTime.floating(wall).line("X").value
        }
        let others = expected.text.split(separator: "\n").map(String.init)
        // An event's start always counts; dateutil gives it only where it fits the rule.
        let isFitting = others.first == own.first
        #expect(
            isFitting || rule.contains("COUNT")
                ? Array(own.dropFirst(isFitting ? 0 : 1).prefix(others.count - (isFitting ? 0 : 1)))
                    == Array(others.prefix(others.count - (isFitting ? 0 : 1)))
                : Array(own.dropFirst().prefix(40)) == others, "\(own) \(others)")
    }

    @Test(arguments: [
        "", "FREQ=HOURLY", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=1;UNTIL=20260101", "FREQ=DAILY;BYMONTH=13",
        "FREQ=WEEKLY;BYDAY=1MO", "FREQ=YEARLY;BYWEEKNO=3", "FREQ=DAILY;INTERVAL=-1", "COUNT=3", "FREQ",
    ])
    func rulesThatCannotBeAreRefused(rule: String) {
        #expect(throws: CalendarFault.self) { try RecurrenceRule(rule) }
    }

    @Test func rulesWithoutDaysEnd() throws {
        #expect(Array(RecurrenceIterator(try RecurrenceRule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), from: 0)) == [0])
        #expect(Array(RecurrenceIterator(try RecurrenceRule("FREQ=DAILY"), from: 0)).count == 100_000)
    }

    @Test func whatIsCreatedOthersRead() async throws {
        let long = String(repeating: "Ünïcödé, text; with\\ marks\nand lines ", count: 20)
        let output = try await bench.call(
            "calendar.create",
            [
                "method": "request", "to": "meeting.ics", "publish": true,
                "events": [
                    [
                        "summary": "Review, \"big\"; one", "start": "2026-03-02T10:00", "duration_minutes": 90,
                        "zone": "Europe/Berlin",
                        "description": .string(long), "location": "Room 1", "rrule": "FREQ=WEEKLY;COUNT=10",
                        "excluded": ["2026-03-16T10:00"],
                        "organizer": ["email": "o@example.org", "name": "Org: \"A\""], "reminder_minutes": [15],
                        "attendees": [
                            ["email": "a@example.org", "name": "Lee, Ann"],
                            ["email": "b@example.org", "optional": true],
                        ],
                    ],
                    [
                        "summary": "Away", "start": "2026-04-01", "end": "2026-04-03",
                        "organizer": ["email": "o@example.org"],
                        "attendees": [["email": "a@example.org"]],
                    ],
                ],
            ], key: "c")
        #expect(output["file"]?["media_type"] == "text/calendar; charset=utf-8; method=REQUEST")
        let text = try bench.text("meeting.ics")
        #expect(text.split(separator: "\r\n", omittingEmptySubsequences: false).allSatisfy { $0.utf8.count <= 75 })
        let script = """
            import icalendar, sys, json
            c = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
            e = c.walk('VEVENT'); o = c.walk('VTIMEZONE')[0].to_tz()
            print(json.dumps({'method': str(c['METHOD']), 'summary': str(e[0]['SUMMARY']), 'description': str(e[0]['DESCRIPTION']),
                'start': e[0].decoded('DTSTART').isoformat(), 'end': e[0].decoded('DTEND').isoformat(), 'cn': [a.params.get('CN') for a in e[0]['ATTENDEE']],
                'attendees': [str(a) for a in e[0]['ATTENDEE']], 'rule': e[0]['RRULE'].to_ical().decode(), 'day': str(e[1].decoded('DTSTART')), 'last': str(e[1].decoded('DTEND')),
                'uid': str(e[0]['UID']), 'alarm': str(e[0].walk('VALARM')[0].decoded('TRIGGER')), 'ex': e[0]['EXDATE'].dts[0].dt.isoformat()}))
            """
        let read = try await TestProgram.run([
            Python.program, "-c", script, bench.folder.appending(path: "meeting.ics").path,
        ])
        #expect(read.status == 0, "\(read.text)")
        let json = try JSONValue(parsing: Array(read.text.utf8))
        #expect(json["summary"] == "Review, \"big\"; one")
        #expect(json["description"] == .string(long))
        #expect(json["start"] == "2026-03-02T10:00:00+01:00")
        #expect(json["end"] == "2026-03-02T11:30:00+01:00")
        #expect(json["attendees"] == ["mailto:a@example.org", "mailto:b@example.org"])
        #expect(json["cn"] == ["Lee, Ann", nil])
        #expect(json["rule"] == "FREQ=WEEKLY;COUNT=10")
        #expect(json["day"] == "2026-04-01")
        #expect(json["last"] == "2026-04-04")
        #expect(json["alarm"] == "-1 day, 23:45:00")
        #expect(json["ex"] == "2026-03-16T10:00:00+01:00")
        #expect(json["uid"] == output["uids"]?[0])
    }

    @Test func seriesAreUnfoldedAcrossTheClocksChange() async throws {
        try bench.put(Self.series, "s.ics")
        let output = try await bench.call(
            "calendar.read", ["path": "s.ics", "from": "2026-03-20", "to": "2026-04-10", "zone": "Europe/Berlin"])
        #expect(
            output["events"]?.array?.compactMap { $0["start"]?.string } == [
                "2026-03-23T09:00:00+01:00", "2026-03-31T15:00:00+02:00", "2026-04-06T09:00:00+02:00",
            ])
        #expect(output["events"]?[1]?["summary"] == "Moved")
        #expect(output["faults"]?.array?.count == 1)
        let whole = try await bench.call("calendar.read", ["path": "s.ics"])
        #expect(whole["expanded"] == false)
        #expect(whole["events"]?.array?.count == 2)
    }

    /// Weekly on Mondays in a zone of the file's own; one occurrence moved, one left out, one event broken.
    private static let series = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VTIMEZONE", "TZID:Custom Zone", "BEGIN:STANDARD",
        "DTSTART:19701025T030000",
        "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700329T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "END:VTIMEZONE", "BEGIN:VEVENT", "UID:1", "DTSTART;TZID=\"Custom Zone\":20260302T090000", "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;COUNT=6", "SUMMARY:Wee", " kly", "EXDATE;TZID=Custom Zone:20260316T090000", "END:VEVENT",
        "BEGIN:VEVENT", "UID:1",
        "RECURRENCE-ID;TZID=Custom Zone:20260330T090000", "DTSTART;TZID=Custom Zone:20260331T150000",
        "DTEND;TZID=Custom Zone:20260331T160000",
        "SUMMARY:Moved", "END:VEVENT", "BEGIN:VEVENT", "UID:2", "DTSTART:nonsense", "END:VEVENT", "END:VCALENDAR", "",
    ].joined(separator: "\r\n")

    @Test func freeTimesSuitEverybody() async throws {
        try bench.put(Self.series, "s.ics")
        let output = try await bench.call(
            "calendar.find_free",
            [
                "calendars": [["path": "s.ics"]], "busy": [["start": "2026-03-23T11:00", "end": "2026-03-23T16:30"]],
                "from": "2026-03-21", "to": "2026-03-23", "zone": "Europe/Berlin", "duration_minutes": 30,
            ])
        #expect(
            output["slots"]?.array?.compactMap { $0["start"]?.string } == [
                "2026-03-23T10:00:00+01:00", "2026-03-23T10:30:00+01:00", "2026-03-23T16:30:00+01:00",
            ])
        let buffered = try await bench.call(
            "calendar.find_free",
            [
                "calendars": [["path": "s.ics"]], "from": "2026-03-23", "to": "2026-03-23", "zone": "Europe/Berlin",
                "duration_minutes": 60,
                "buffer_minutes": 30, "limit": 1,
            ])
        #expect(buffered["slots"]?[0]?["start"] == "2026-03-23T10:30:00+01:00")
    }

    @Test func invitationsAreAnswered() async throws {
        try await bench.call(
            "calendar.create",
            [
                "method": "request", "to": "in.ics",
                "events": [
                    [
                        "summary": "Talk", "start": "2026-03-02T10:00Z", "organizer": ["email": "o@example.org"],
                        "attendees": [["email": "A@example.org"]],
                    ]
                ],
            ])
        let reply = try await bench.call(
            "calendar.reply", ["path": "in.ics", "attendee": "a@example.org", "answer": "accepted", "to": "out.ics"])
        #expect(reply["organizer"] == "o@example.org")
        let read = try await bench.call("calendar.read", ["path": "out.ics"])
        #expect(read["method"] == "reply")
        #expect(read["events"]?[0]?["attendees"] == [["email": "A@example.org", "status": "accepted"]])
        #expect(read["events"]?[0]?["start"] == "2026-03-02T10:00:00Z")
        #expect(
            await bench.failure(
                "calendar.reply", ["path": "in.ics", "attendee": "x@example.org", "answer": "accepted", "to": "o.ics"])?
                .code == "not_invited")
        #expect(
            await bench.failure(
                "calendar.reply", ["path": "out.ics", "attendee": "a@example.org", "answer": "accepted", "to": "o.ics"])?
                .code == "no_invitation")
    }

    @Test func textsCannotEndTheirLine() async throws {
        let hostile = "x\r\nATTENDEE:mailto:evil@example.org\nEND:VEVENT"
        try await bench.call(
            "calendar.create",
            [
                "to": "h.ics",
                "events": [
                    [
                        "summary": .string(hostile), "start": "2026-03-02", "location": .string(hostile),
                        "uid": .string(hostile),
                    ]
                ],
            ])
        let read = try await bench.call("calendar.read", ["path": "h.ics"])
        #expect(read["events"]?.array?.count == 1)
        #expect(read["events"]?[0]?["attendees"] == [])
        for event in [
            ["summary": "x", "start": "2026-03-02", "rrule": "FREQ=DAILY\r\nX:1"],
            ["summary": "x", "start": "2026-03-02", "url": "http://x\r\nX:1"],
            ["summary": "x", "start": "2026-03-02", "organizer": ["email": "a@b\r\nX:1"]],
            ["summary": "x", "start": "2026-03-02T10:00"],
            ["summary": "x", "start": "2026-03-02", "end": "2026-03-01"],
        ] as [JSONValue] {
            #expect(
                await bench.failure("calendar.create", ["to": "h.ics", "events": [event]])?.kind == .invalidInput,
                "\(event)")
        }
    }

    @Test func hostileCalendarsEnd() async throws {
        let begin = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:19700101T000000Z\r\n",
            end = "END:VEVENT\r\nEND:VCALENDAR\r\n"
        let daily = try await bench.call(
            "calendar.read",
            [
                "text": .string(
                    begin + "RRULE:FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10;BYMINUTE=1,2,3,4,5,6,7,8,9\r\n" + end),
                "from": "2026-01-01", "to": "2026-12-31",
            ])
        #expect(daily["events"] == [] || daily["truncated"] == true)
        for text in [
            "", "BEGIN:VCALENDAR", String(repeating: "BEGIN:VEVENT\r\n", count: 100), begin + "END:VCALENDAR\r\n",
            String(repeating: " fold\r\n", count: 1_000), "\u{0}",
        ] {
            let output = try? await bench.call("calendar.read", ["text": .string(text)])
            #expect(output == nil || output?["events"] == [])
        }
        let bytes = Array(Self.series.utf8)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            // Never traps: it is read or refused.
            _ = try? await bench.call(
                "calendar.read",
                [
                    "text": .string(String(decoding: bytes[..<count], as: UTF8.self)), "from": "2026-03-01",
                    "to": "2026-04-01",
                ])
        }
    }
}
