package import Domain
package import FoundationEssentials
import Postgres
package import Timetables

package enum ScheduleSubject {}
package typealias ScheduleID = Identifier<ScheduleSubject>

/// What a person sets up of a schedule.
package struct ScheduleSettings: Sendable, Hashable {
    /// When it is due.
    package enum Rule: Sendable, Hashable {
        case cron(String, timeZone: String)
        case interval(seconds: Int)
    }

    /// What a due time does while the run before it is not finished.
    package enum Overlap: String, Sendable, CaseIterable { case skip, queue }

    /// What a due time does that nobody was there for: the first of those missed starts one run, or none does.
    package enum Missed: String, Sendable, CaseIterable {
        case runOnce = "run_once"
        case skip
    }

    package enum Status: String, Sendable, CaseIterable { case active, paused }

    package var name: String
    package var persona: PersonaID
    package var graph: GraphID
    package var input: JSONValue
    package var rule: Rule
    package var overlap: Overlap
    package var missed: Missed
    package var status: Status

    package init(
        name: String, persona: PersonaID, graph: GraphID, input: JSONValue = [:], rule: Rule, overlap: Overlap = .skip,
        missed: Missed = .runOnce, status: Status = .active
    ) {
        self.name = name
        self.persona = persona
        self.graph = graph
        self.input = input
        self.rule = rule
        self.overlap = overlap
        self.missed = missed
        self.status = status
    }
}

/// Why a rule is none, and which member is at fault.
package struct ScheduleFault: Error, Sendable, Hashable {
    package let member: String
    package let detail: String
}

extension ScheduleSettings.Rule {
    /// The rule as arithmetic; `anchor` in seconds since 1970.
    package func timetable(anchor: Int) throws(ScheduleFault) -> Timetable {
        switch self {
        case .interval(let seconds):
            guard Timetable.intervals.contains(seconds) else {
                throw ScheduleFault(member: "interval_seconds", detail: "is not from 1 second to 366 days")
            }
            return .interval(seconds: seconds, anchor: anchor)
        case .cron(let line, let zone):
            guard let clock = WallClock(zone) else {
                throw ScheduleFault(member: "time_zone", detail: "is not a time zone's name, as Europe/Berlin or UTC")
            }
            do throws(CronFault) {
                return .cron(try CronExpression(line), clock)
            } catch {
                throw ScheduleFault(member: "cron", detail: error.detail)
            }
        }
    }
}

package struct Schedule: Sendable {
    package let id: ScheduleID
    package let settings: ScheduleSettings
    /// `nil` while paused, and where no time is left.
    package let nextAt: Date?
    /// Due times that wait for the run before them to end.
    package let queued: Int
    package let lastRun: RunID?
    /// Why the last due time started nothing.
    package let lastError: String?
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
    let anchorAt: Date
}

/// What became of one due time.
package struct ScheduleFiring: Sendable {
    package enum Outcome: String, Sendable, CaseIterable { case started, queued, skipped, refused }

    package let dueAt: Date
    package let outcome: Outcome
    package let reason: String?
    package let run: RunID?
    package let firedAt: Date
}

extension Schedule {
    static let columns = """
        schedule_id, name, persona_id, graph_id, input, cron, time_zone, interval_seconds, anchor_at, overlap, missed,
        status, next_at, queued, last_run_id, last_error, revision, created_at, updated_at
        """

    init(_ row: PostgresRow) throws {
        let rule: ScheduleSettings.Rule =
            if let line = try row.optionalText("cron") {
                .cron(line, timeZone: try row.text("time_zone"))
            } else {
                .interval(seconds: try row.int("interval_seconds"))
            }
        id = try row.id("schedule_id")
        settings = ScheduleSettings(
            name: try row.text("name"), persona: try row.id("persona_id"), graph: try row.id("graph_id"),
            input: try row.value("input"), rule: rule, overlap: try row.known("overlap"),
            missed: try row.known("missed"), status: try row.known("status"))
        nextAt = try row.optionalTimestamp("next_at")
        queued = try row.int("queued")
        lastRun = try row.optionalID("last_run_id")
        lastError = try row.optionalText("last_error")
        revision = try row.int("revision")
        createdAt = try row.timestamp("created_at")
        updatedAt = try row.timestamp("updated_at")
        anchorAt = try row.timestamp("anchor_at")
    }

    func timetable() throws(ScheduleFault) -> Timetable { try settings.rule.timetable(anchor: anchorAt.wholeSeconds) }
}

extension Date {
    /// Seconds since 1970, rounded down.
    var wholeSeconds: Int { Int(timeIntervalSince1970.rounded(.down)) }

    init(wholeSeconds: Int) { self.init(timeIntervalSince1970: TimeInterval(wholeSeconds)) }
}
