package import Timetables

/// One time at which an event takes place.
package struct Occurrence: Sendable, Hashable {
    package var event: CalendarEvent
    /// Of this occurrence.
    package var start: CalendarTime
    package var end: CalendarTime
    /// Seconds since 1970.
    package var instants: Range<Int>
}

extension CalendarFile {
    /// Occurrences that are looked at, whatever rules say.
    package static let mostOccurrences = 20_000

    /// What takes place between two instants, in order: series unfolded, changed occurrences in the place of those that
    /// they change, excluded ones left out. Floating times and whole days count in `clock`.
    ///
    /// `faults` names series whose rules are not understood; of these the first occurrence stands.
    package func occurrences(
        in window: Range<Int>, _ clock: WallClock, faults: inout [String], isOver: () -> Bool = { false }
    ) -> (found: [Occurrence], isTruncated: Bool) {
        var found: [Occurrence] = []
        var changed: Set<String> = []
        for event in events {
            if let recurrence = event.recurrence {
                changed.insert("\(event.uid) \(recurrence.instant(in: zones, clock))")
            }
        }
        for event in events {
            guard !isOver() else { return (found, true) }
            let excluded = Set(event.excluded.map { $0.instant(in: zones, clock) })
            for start in starts(of: event, until: window.upperBound, clock, &faults) {
                let instant = start.instant(in: zones, clock)
                guard instant < window.upperBound else { break }
                if event.recurrence == nil, changed.contains("\(event.uid) \(instant)") { continue }
                guard !excluded.contains(instant), !event.excluded.contains(.date(start.wall / 86_400)) else {
                    continue
                }
                let end = event.rule == nil && event.added.isEmpty ? event.end : start.at(start.wall + event.duration)
                let until = max(instant, end.instant(in: zones, clock))
                // What takes no time is there at its moment.
                guard until > window.lowerBound || until == instant && instant >= window.lowerBound else { continue }
                guard found.count < Self.mostOccurrences else { return (sorted(found), true) }
                found.append(Occurrence(event: event, start: start, end: end, instants: instant..<until))
            }
        }
        return (sorted(found), false)
    }

    private func sorted(_ found: [Occurrence]) -> [Occurrence] {
        found.sorted { ($0.instants.lowerBound, $0.event.uid) < ($1.instants.lowerBound, $1.event.uid) }
    }

    private func starts(
        of event: CalendarEvent, until limit: Int, _ clock: WallClock, _ faults: inout [String]
    ) -> [CalendarTime] {
        var walls: [Int] = [event.start.wall]
        if let text = event.rule, event.recurrence == nil {
            do {
                var rule = RecurrenceIterator(
                    try RecurrenceRule(text, of: event.start, zones, clock), from: event.start.wall)
                walls = []
                // A wall is at most a day off its instant.
                while walls.count < Self.mostOccurrences * 5, let wall = rule.next(), wall < limit + 2 * 86_400 {
                    walls.append(wall)
                }
            } catch {
                if faults.count < 100 { faults.append("'\(event.summary.prefix(60))': \(error.message)") }
            }
        }
        walls += event.added.map(\.wall)
        return Set(walls).sorted().map { event.start.at($0) }
    }
}

extension RecurrenceRule {
    /// With UNTIL, which is written in UTC, on the wall of the event's start.
    init(_ text: String, of start: CalendarTime, _ zones: CalendarZones, _ clock: WallClock) throws(CalendarFault) {
        try self.init(text)
        guard case .utc(let instant)? = until, case .zoned(let wall, let zone) = start else { return }
        // For zones of the file's own the offset of the start has to do: an hour off where the clock changes on the way.
        let offset = wall - start.instant(in: zones, clock)
        end(at: CalendarZones.clock(zone)?.wallTime(at: instant) ?? instant + offset)
    }
}
