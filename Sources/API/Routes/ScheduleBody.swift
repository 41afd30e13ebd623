import Domain
import FoundationEssentials
import Store

/// A schedule as a client sends it.
struct ScheduleInput: Decodable {
    let name: String
    let personaID: PersonaID
    let graphID: GraphID
    let input: JSONValue?
    let cron: String?
    let timeZone: String?
    let intervalSeconds: Int?
    let overlap: String?
    let missed: String?
    let status: String?

    enum CodingKeys: String, CodingKey {
        case name, input, cron, overlap, missed, status
        case personaID = "persona_id"
        case graphID = "graph_id"
        case timeZone = "time_zone"
        case intervalSeconds = "interval_seconds"
    }

    /// Throws where it has no rule or two.
    func settings() throws -> ScheduleSettings {
        let rule: ScheduleSettings.Rule
        switch (cron, intervalSeconds) {
        case (let line?, nil): rule = .cron(line, timeZone: timeZone ?? "UTC")
        case (nil, let seconds?): rule = .interval(seconds: seconds)
        default:
            throw Problem.invalid([SchemaFault(pointer: "/cron", detail: "give either cron or interval_seconds")])
        }
        // The schema has held the choices to their cases.
        return ScheduleSettings(
            name: name, persona: personaID, graph: graphID, input: input ?? [:], rule: rule,
            overlap: overlap.flatMap { .init(rawValue: $0) } ?? .skip,
            missed: missed.flatMap { .init(rawValue: $0) } ?? .runOnce,
            status: status.flatMap { .init(rawValue: $0) } ?? .active)
    }
}

struct ScheduleBody: Encodable {
    let id: ScheduleID
    let name: String
    let personaID: PersonaID
    let graphID: GraphID
    let input: JSONValue
    let cron: String?
    let timeZone: String?
    let intervalSeconds: Int?
    let overlap: String
    let missed: String
    let status: String
    let nextAt: Date?
    let queued: Int
    let lastRunID: RunID?
    let lastError: String?
    let createdAt: Date
    let updatedAt: Date

    init(_ schedule: Schedule) {
        let settings = schedule.settings
        id = schedule.id
        name = settings.name
        personaID = settings.persona
        graphID = settings.graph
        input = settings.input
        switch settings.rule {
        case .cron(let line, let zone): (cron, timeZone, intervalSeconds) = (line, zone, nil)
        case .interval(let seconds): (cron, timeZone, intervalSeconds) = (nil, nil, seconds)
        }
        overlap = settings.overlap.rawValue
        missed = settings.missed.rawValue
        status = settings.status.rawValue
        nextAt = schedule.nextAt
        queued = schedule.queued
        lastRunID = schedule.lastRun
        lastError = schedule.lastError
        createdAt = schedule.createdAt
        updatedAt = schedule.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, input, cron, overlap, missed, status, queued
        case personaID = "persona_id"
        case graphID = "graph_id"
        case timeZone = "time_zone"
        case intervalSeconds = "interval_seconds"
        case nextAt = "next_at"
        case lastRunID = "last_run_id"
        case lastError = "last_error"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    static let settings = [
        Schema.required("name", .text(1...200)), Schema.required("persona_id", .id),
        Schema.required("graph_id", .id),
        Schema.optional("input", .map(of: .any), "the run's input; its member schedule says which due time it is for"),
        Schema.optional(
            "cron", .text(1...200),
            "minute, hour, day of month, month, day of week; a time that the clock jumps over is due at the jump, one "
                + "that it shows twice is due once"),
        Schema.optional("time_zone", .text(1...60), "of cron, by its IANA name; UTC by default"),
        Schema.optional("interval_seconds", .integer(1...31_622_400), "in place of cron"),
        Schema.optional(
            "overlap", .choice(ScheduleSettings.Overlap.allCases.map(\.rawValue)),
            "what a due time does while the run before it is not finished; skip by default"),
        Schema.optional(
            "missed", .choice(ScheduleSettings.Missed.allCases.map(\.rawValue)),
            "what due times do that the platform was down for: one run for all of them by default"),
        Schema.optional("status", .choice(ScheduleSettings.Status.allCases.map(\.rawValue))),
    ]

    static let schema = Schema.named(
        "Schedule",
        .object(
            settings + [
                Schema.required("id", .id), Schema.optional("next_at", .time, "absent while paused"),
                Schema.required("queued", .integer(0...Int64.max), "due times that wait for a run to end"),
                Schema.optional("last_run_id", .id),
                Schema.optional("last_error", .string(), "why the last due time started nothing"),
                Schema.required("created_at", .time), Schema.required("updated_at", .time),
            ]))
}

struct ScheduleFiringBody: Encodable {
    let dueAt: Date
    let outcome: String
    let reason: String?
    let runID: RunID?
    let firedAt: Date

    init(_ firing: ScheduleFiring) {
        dueAt = firing.dueAt
        outcome = firing.outcome.rawValue
        reason = firing.reason
        runID = firing.run
        firedAt = firing.firedAt
    }

    enum CodingKeys: String, CodingKey {
        case outcome, reason
        case dueAt = "due_at"
        case runID = "run_id"
        case firedAt = "fired_at"
    }

    static let schema = Schema.named(
        "ScheduleFiring",
        .object([
            Schema.required("due_at", .time),
            Schema.required("outcome", .choice(ScheduleFiring.Outcome.allCases.map(\.rawValue))),
            Schema.optional("reason", .string()), Schema.optional("run_id", .id), Schema.required("fired_at", .time),
        ]))
}
