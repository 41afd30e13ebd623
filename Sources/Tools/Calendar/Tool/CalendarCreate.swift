import FoundationEssentials
import ICalendar
import Timetables
package import ToolKit
import Workspaces

/// Writes calendar files and invitations.
package struct CalendarCreate: Tool {
    package struct Person: Codable, Sendable {
        package var email: String
        package var name: String?
        package var optional: Bool?
    }

    package struct Event: Codable, Sendable {
        package var summary: String
        /// Local to the zone, or with an offset; a date for a whole day.
        package var start: String
        package var end: String?
        package var durationMinutes: Int?
        package var zone: String?
        package var location: String?
        package var description: String?
        package var url: String?
        package var organizer: Person?
        package var attendees: [Person]?
        package var rrule: String?
        /// Starts of occurrences that do not take place.
        package var excluded: [String]?
        package var reminderMinutes: [Int]?
        /// Of the event that is changed or cancelled; made here by default.
        package var uid: String?
        /// Raised with each change of an event.
        package var sequence: Int?
        package var transparent: Bool?

        enum CodingKeys: String, CodingKey {
            case summary, start, end, zone, location, description, url, organizer, attendees, rrule, excluded, uid,
                sequence, transparent
            case durationMinutes = "duration_minutes"
            case reminderMinutes = "reminder_minutes"
        }
    }

    package struct Input: Codable, Sendable {
        package var events: [Event]
        /// `publish` (the default), `request` for an invitation, or `cancel`.
        package var method: String?
        /// `meeting.ics`
        package var to: String
        package var publish: Bool?
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
        package var uids: [String]
    }

    static let mostEvents = 1_000

    package static let descriptor = ToolDescriptor(
        name: "calendar.create",
        summary: """
            Writes events as an iCalendar file at 'to': summary, start, end or duration_minutes, zone, attendees, rrule, \
            reminders. Method 'request' makes an invitation to attach to a mail, 'cancel' takes one back by its uid.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let method = (input.method ?? "publish").uppercased()
        guard (1...Self.mostEvents).contains(input.events.count), ["PUBLISH", "REQUEST", "CANCEL"].contains(method)
        else {
            throw Self.invalid("Give from 1 to \(Self.mostEvents) 'events', and 'method' publish, request or cancel.")
        }
        var events: [CalendarEvent] = []
        for (number, event) in input.events.enumerated() {
            let uid = "\(EffectName.of("\(context.effectKey) \(number)"))@persona"
            events.append(try Self.event(event, uid: uid, method: method))
        }
        let file = try CalendarOutput.write(events, method: method, to: input.to, in: context)
        if input.publish == true { context.publish(file) }
        return Output(file: file, uids: events.map(\.uid))
    }

    private static func event(_ input: Event, uid: String, method: String) throws(ToolFailure) -> CalendarEvent {
        let (start, end) = try times(input)
        let given = input.uid?.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        var event = CalendarEvent(
            uid: given.map { String(String.UnicodeScalarView($0)) } ?? uid, summary: input.summary, start: start,
            end: end)
        event.location = input.location
        event.description = input.description
        if let url = input.url {
            guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw invalid("'url' is no address.") }
            event.url = url
        }
        event.organizer = try input.organizer.map { person throws(ToolFailure) in try Self.person(person, rsvp: false) }
        for person in input.attendees ?? [] { event.attendees.append(try Self.person(person, rsvp: true)) }
        guard method == "PUBLISH" || event.organizer != nil, method != "REQUEST" || !event.attendees.isEmpty else {
            throw invalid("An invitation needs an 'organizer' and 'attendees'; a cancellation an 'organizer'.")
        }
        guard method != "CANCEL" || input.uid != nil else {
            throw invalid("A cancellation needs the 'uid' of its event.")
        }
        event.status = method == "CANCEL" ? "CANCELLED" : "CONFIRMED"
        event.sequence = input.sequence ?? (method == "CANCEL" ? 1 : 0)
        event.isTransparent = input.transparent ?? false
        if let rule = input.rrule {
            _ = try RuleTimes.parsed(rule)
            event.rule = rule.uppercased()
        }
        for text in input.excluded ?? [] { event.excluded.append(try time(text, input, named: "excluded")) }
        event.reminders = input.reminderMinutes ?? []
        guard event.reminders.count <= 10, event.reminders.allSatisfy({ (0...40_320).contains($0) }) else {
            throw invalid("'reminder_minutes' holds at most 10 numbers from 0 to 40320.")
        }
        return event
    }

    private static func times(_ input: Event) throws(ToolFailure) -> (CalendarTime, CalendarTime) {
        guard input.end == nil || input.durationMinutes == nil else {
            throw invalid("Give 'end' or 'duration_minutes', not both.")
        }
        let start = try time(input.start, input, named: "start")
        if let text = input.end {
            let end = try time(text, input, named: "end")
            guard end.isDate == start.isDate else { throw invalid("'start' and 'end' are both dates or both times.") }
            guard end.wall >= start.wall else { throw invalid("'end' comes before 'start'.") }
            // People name the last day; the file names the day after it.
            return (start, end.isDate ? end.at(end.wall + 86_400) : end)
        }
        guard let minutes = input.durationMinutes else {
            return (start, start.at(start.wall + (start.isDate ? 86_400 : 3_600)))
        }
        guard !start.isDate, (1...525_600).contains(minutes) else {
            throw invalid("'duration_minutes' is from 1 to 525600, for an event with a time.")
        }
        return (start, start.at(start.wall + minutes * 60))
    }

    private static func time(_ text: String, _ input: Event, named name: String) throws(ToolFailure) -> CalendarTime {
        if ZonedText.isDate(text) { return .date(ZonedText.day(of: try ZonedText.wall(text, named: name))) }
        guard let zone = input.zone else {
            guard ZonedText.hasOffset(text) else { throw invalid("A time without an offset needs a 'zone'.") }
            return .utc(try ZonedText.instant(text, try ZonedText.clock("UTC"), named: name))
        }
        let clock = try ZonedText.clock(zone)
        let instant = try ZonedText.instant(text, clock, named: name)
        return clock.name == "UTC" ? .utc(instant) : .zoned(clock.wallTime(at: instant), zone: clock.name)
    }

    private static func person(_ person: Person, rsvp: Bool) throws(ToolFailure) -> CalendarEvent.Person {
        let parts = person.email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), person.email.utf8.count <= 320,
            person.email.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !",;:<>\"".utf8.contains($0) })
        else { throw invalid("'\(person.email.prefix(60))' is no e-mail address.") }
        let name = person.name.map { $0.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F } }
        return CalendarEvent.Person(
            address: person.email, name: name.map { String(String.UnicodeScalarView($0)) },
            status: rsvp ? "NEEDS-ACTION" : nil,
            role: rsvp ? (person.optional == true ? "OPT-PARTICIPANT" : "REQ-PARTICIPANT") : nil, rsvp: rsvp)
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }
}

/// Calendar files that tools write.
enum CalendarOutput {
    static func write(
        _ events: [CalendarEvent], method: String, to: String, in context: ToolContext
    ) throws(ToolFailure) -> WorkspaceFile {
        let path = try WorkspacePath(to)
        guard path.name.lowercased().hasSuffix(".ics") else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "'to' must end in .ics.")
        }
        let stamp = Int(Date().timeIntervalSince1970.rounded(.down))
        let bytes = Array(CalendarFile.written(events, method: method, stamp: stamp).utf8)
        try Workspace(directory: context.directory).write(bytes, to: path)
        // Mail programs know an invitation by the method beside the type (RFC 6047, section 2.4).
        return WorkspaceFile(
            path: path.description, name: path.name, mediaType: "text/calendar; charset=utf-8; method=\(method)",
            size: bytes.count)
    }
}
