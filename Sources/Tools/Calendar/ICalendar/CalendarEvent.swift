/// A VEVENT (RFC 5545, section 3.6.1), as far as people plan by it.
package struct CalendarEvent: Sendable, Hashable {
    package struct Person: Sendable, Hashable {
        /// Without `mailto:`.
        package var address: String
        package var name: String?
        /// PARTSTAT: `NEEDS-ACTION`, `ACCEPTED`, `DECLINED`, `TENTATIVE`.
        package var status: String?
        /// `REQ-PARTICIPANT`, `OPT-PARTICIPANT`, …
        package var role: String?
        package var rsvp: Bool

        package init(
            address: String, name: String? = nil, status: String? = nil, role: String? = nil, rsvp: Bool = false
        ) {
            self.address = address
            self.name = name
            self.status = status
            self.role = role
            self.rsvp = rsvp
        }

        init(_ line: ContentLine) {
            let value = line.value
            address = value.lowercased().hasPrefix("mailto:") ? String(value.dropFirst(7)) : value
            name = line.parameters["CN"]?.first
            status = line.parameters["PARTSTAT"]?.first?.uppercased()
            role = line.parameters["ROLE"]?.first?.uppercased()
            rsvp = line.parameters["RSVP"]?.first?.uppercased() == "TRUE"
        }

        func line(_ property: String) -> ContentLine {
            var parameters: [String: [String]] = [:]
            parameters["CN"] = name.map { [$0] }
            parameters["PARTSTAT"] = status.map { [$0] }
            parameters["ROLE"] = role.map { [$0] }
            if rsvp { parameters["RSVP"] = ["TRUE"] }
            // An address is not text: what could end the line cannot be in it.
            let clean = address.unicodeScalars.filter { $0.value > 0x20 && $0.value != 0x7F }
            return ContentLine(property, "mailto:" + String(String.UnicodeScalarView(clean)), parameters)
        }
    }

    package var uid: String
    package var summary: String
    package var start: CalendarTime
    /// Exclusive; a date's end is the day after.
    package var end: CalendarTime
    package var location: String?
    package var description: String?
    package var url: String?
    /// `CONFIRMED`, `TENTATIVE`, `CANCELLED`
    package var status: String?
    /// Whether it takes no time of its calendar's owner (TRANSP).
    package var isTransparent = false
    package var sequence = 0
    package var organizer: Person?
    package var attendees: [Person] = []
    /// As written.
    package var rule: String?
    package var excluded: [CalendarTime] = []
    package var added: [CalendarTime] = []
    /// Which occurrence of a series this one stands for.
    package var recurrence: CalendarTime?
    /// Minutes before the start.
    package var reminders: [Int] = []

    package init(uid: String, summary: String, start: CalendarTime, end: CalendarTime) {
        self.uid = uid
        self.summary = summary
        self.start = start
        self.end = end
    }

    /// Seconds by the wall.
    var duration: Int { max(0, end.wall - start.wall) }

    package init(_ component: CalendarComponent) throws(CalendarFault) {
        guard let line = component["DTSTART"] else { throw CalendarFault("an event has no DTSTART") }
        uid = component["UID"]?.text ?? ""
        summary = component["SUMMARY"]?.text ?? ""
        let start = try CalendarTime(line)
        self.start = start
        if let line = component["DTEND"] {
            end = try CalendarTime(line)
        } else if let seconds = component["DURATION"].flatMap({ CalendarTime.duration($0.value) }) {
            end = start.at(start.wall + seconds)
        } else {
            end = start.isDate ? start.at(start.wall + 86_400) : start
        }
        location = component["LOCATION"]?.text
        description = component["DESCRIPTION"]?.text
        url = component["URL"]?.value
        status = component["STATUS"]?.value.uppercased()
        isTransparent = component["TRANSP"]?.value.uppercased() == "TRANSPARENT"
        sequence = component["SEQUENCE"].flatMap { Int($0.value) } ?? 0
        organizer = component["ORGANIZER"].map { Person($0) }
        attendees = component.all("ATTENDEE").map { Person($0) }
        rule = component["RRULE"]?.value
        for line in component.all("EXDATE") {
            for value in line.value.split(separator: ",") { excluded.append(try CalendarTime(line, value: value)) }
        }
        for line in component.all("RDATE") where line.parameters["VALUE"]?.first != "PERIOD" {
            for value in line.value.split(separator: ",") { added.append(try CalendarTime(line, value: value)) }
        }
        if let line = component["RECURRENCE-ID"] { recurrence = try CalendarTime(line) }
        reminders = component.children.filter { $0.name == "VALARM" }.compactMap { alarm in
            alarm["TRIGGER"].flatMap { CalendarTime.duration($0.value) }.map { -$0 / 60 }
        }
    }

    /// `stamp` in seconds since 1970: when it was written.
    package func component(stamp: Int) -> CalendarComponent {
        var lines = [ContentLine("UID", uid), CalendarTime.utc(stamp).line("DTSTAMP"), start.line("DTSTART")]
        if start != end { lines.append(end.line("DTEND")) }
        if let recurrence { lines.append(recurrence.line("RECURRENCE-ID")) }
        lines.append(.text("SUMMARY", summary))
        if let location { lines.append(.text("LOCATION", location)) }
        if let description { lines.append(.text("DESCRIPTION", description)) }
        if let url { lines.append(ContentLine("URL", url)) }
        if let status { lines.append(ContentLine("STATUS", status)) }
        if isTransparent { lines.append(ContentLine("TRANSP", "TRANSPARENT")) }
        lines.append(ContentLine("SEQUENCE", "\(sequence)"))
        if let organizer { lines.append(organizer.line("ORGANIZER")) }
        lines += attendees.map { $0.line("ATTENDEE") }
        if let rule { lines.append(ContentLine("RRULE", rule)) }
        lines += excluded.map { $0.line("EXDATE") }
        let alarms = reminders.map { minutes in
            CalendarComponent(
                "VALARM",
                [
                    ContentLine("ACTION", "DISPLAY"), .text("DESCRIPTION", summary),
                    ContentLine("TRIGGER", minutes == 0 ? "PT0S" : "-PT\(minutes)M"),
                ])
        }
        return CalendarComponent("VEVENT", lines, alarms)
    }
}

/// A file's events and zones.
package struct CalendarFile: Sendable {
    /// `REQUEST`, `REPLY`, `CANCEL`, `PUBLISH`
    package var method: String?
    package var events: [CalendarEvent]
    package var zones: CalendarZones
    /// Events that could not be read, and why.
    package var faults: [String]

    package init(_ text: String) throws(CalendarFault) {
        let calendars = try CalendarComponent.parse(text)
        method = calendars.lazy.compactMap { $0["METHOD"]?.value.uppercased() }.first
        zones = CalendarZones(calendars)
        events = []
        faults = []
        for component in calendars.flatMap(\.children) where component.name == "VEVENT" {
            guard events.count < CalendarLimit.events else {
                throw CalendarFault("the calendar has more than \(CalendarLimit.events) events")
            }
            do {
                events.append(try CalendarEvent(component))
            } catch {
                if faults.count < 100 { faults.append(error.message) }
            }
        }
    }

    /// A whole file; the zones that its events name come with it.
    package static func written(_ events: [CalendarEvent], method: String?, stamp: Int) -> String {
        var lines = [ContentLine("VERSION", "2.0"), ContentLine("PRODID", "-//Persona Platform//EN")]
        if let method { lines.append(ContentLine("METHOD", method)) }
        var children: [CalendarComponent] = []
        var named: Set<String> = []
        for event in events {
            for time in [event.start, event.end] {
                guard case .zoned(let wall, let zone) = time, named.insert(zone).inserted,
                    let clock = CalendarZones.clock(zone)
                else { continue }
                children.append(CalendarZones.component(zone, clock, around: wall))
            }
        }
        children += events.map { $0.component(stamp: stamp) }
        return CalendarComponent("VCALENDAR", lines, children).written
    }
}
