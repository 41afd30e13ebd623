package import Domain
import FoundationEssentials
import Postgres
import Timetables

/// Fires schedules by the database's clock. Any number of processes may sweep: the row of a due time is what holds it
/// to one run, and the run, that row and the next time commit together.
package struct ScheduleClock: Sendable {
    /// Schedules looked at in one sweep.
    package static let batch = 100
    /// Due times of one schedule that wait for a run to end; later ones are skipped.
    static let mostQueued = 100
    /// Seconds after which a due time counts as missed: the sweep of a busy platform is late by less.
    static let missedAfter = 60
    /// Firings are forgotten after so many days.
    static let rememberedDays = 90

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Fires what is due and says whom to ring.
    package func sweep() async throws -> [DoorbellRing] {
        let due = try await database.dispatch.query(
            """
            SELECT tenant_id, schedule_id FROM schedules
            WHERE status = 'active' AND (next_at <= platform_now() OR queued > 0)
            ORDER BY next_at NULLS LAST LIMIT $1
            """, [.int(Self.batch)])
        var rings: [DoorbellRing] = []
        for row in due {
            let (tenant, id): (TenantID, ScheduleID) = (try row.id("tenant_id"), try row.id("schedule_id"))
            if let run = try await fire(tenant, id) { rings.append(.run(tenant, run)) }
        }
        return rings
    }

    private func fire(_ tenant: TenantID, _ id: ScheduleID) async throws -> RunID? {
        guard let known = try await Schedules(database).find(tenant, id) else { return nil }
        let start: Result<RunStart, RunStart.Refusal>
        do {
            start = .success(
                try await RunStart.find(
                    database, tenant, persona: known.settings.persona, graph: known.settings.graph))
        } catch let refusal as RunStart.Refusal {
            start = .failure(refusal)
        }
        return try await database.transaction(tenant) { connection in
            let rows = try await connection.query(
                """
                SELECT \(Schedule.columns), coalesce((
                    SELECT r.finished_at IS NULL FROM runs r
                    WHERE r.tenant_id = s.tenant_id AND r.run_id = s.last_run_id), false) AS is_busy
                FROM schedules s WHERE tenant_id = $1 AND schedule_id = $2 AND status = 'active' AND revision = $3
                FOR UPDATE OF s SKIP LOCKED
                """, [tenant.value, id.value, .int(known.revision)])
            // Another process is at it, or a person has changed it: the next sweep sees what is left to do.
            guard let row = rows.first else { return nil }
            let firing = Firing(
                tenant: tenant, schedule: try Schedule(row), isBusy: try row.bool("is_busy"), start: start,
                now: try await Schedules.now(connection))
            return try await firing.run(on: connection)
        }
    }
}

/// One schedule under its row's lock.
private struct Firing {
    let tenant: TenantID
    let schedule: Schedule
    let isBusy: Bool
    let start: Result<RunStart, RunStart.Refusal>
    let now: Date

    private enum Verdict {
        case start
        case queue
        case drop(ScheduleFiring.Outcome, String)
    }

    func run(on connection: PostgresConnection) async throws -> RunID? {
        if let due = schedule.nextAt, due <= now {
            return try await take(due, on: connection)
        }
        guard schedule.queued > 0, !isBusy else { return nil }
        return try await startQueued(on: connection)
    }

    private func take(_ due: Date, on connection: PostgresConnection) async throws -> RunID? {
        // However many times were missed, the first of them stands for all.
        let next = try schedule.timetable().next(after: now.wholeSeconds)
        let verdict = verdict(due)
        let taken = try await connection.query(
            """
            INSERT INTO schedule_firings (tenant_id, schedule_id, due_at, outcome, reason)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1
            """,
            key + [.timestamp(due)]
                + {
                    switch verdict {
                    case .start, .queue: [.text("queued"), .null]
                    case .drop(let outcome, let reason): [.text(outcome.rawValue), .text(reason)]
                    }
                }())
        var isNew = false
        var reason: PostgresValue = .null
        switch verdict {
        case .start, .queue: isNew = !taken.isEmpty
        case .drop(_, let text): reason = .text(text)
        }
        try await connection.execute(
            """
            UPDATE schedules SET next_at = $3, queued = queued + $4, last_error = $5
            WHERE tenant_id = $1 AND schedule_id = $2
            """, key + [.optional(next) { .timestamp(Date(wholeSeconds: $0)) }, .int(isNew ? 1 : 0), reason])
        try await connection.execute(
            """
            DELETE FROM schedule_firings WHERE tenant_id = $1 AND schedule_id = $2 AND outcome <> 'queued'
                AND due_at < $3::timestamptz - make_interval(days => $4)
            """, key + [.timestamp(now), .int(ScheduleClock.rememberedDays)])
        guard case .start = verdict, isNew else { return nil }
        return try await startQueued(on: connection)
    }

    private func verdict(_ due: Date) -> Verdict {
        if schedule.settings.missed == .skip, now.timeIntervalSince(due) > TimeInterval(ScheduleClock.missedAfter) {
            return .drop(.skipped, "Nobody was there at that time.")
        }
        if case .failure(let refusal) = start { return .drop(.refused, refusal.reason) }
        if schedule.queued >= ScheduleClock.mostQueued {
            return .drop(.skipped, "\(ScheduleClock.mostQueued) due times wait already.")
        }
        guard isBusy else { return .start }
        return schedule.settings.overlap == .queue ? .queue : .drop(.skipped, "The run before it was not finished.")
    }

    /// Starts the oldest due time that waits.
    private func startQueued(on connection: PostgresConnection) async throws -> RunID? {
        let waiting = try await connection.query(
            """
            SELECT due_at FROM schedule_firings
            WHERE tenant_id = $1 AND schedule_id = $2 AND outcome = 'queued' ORDER BY due_at LIMIT 1
            """, key)
        guard let due = try waiting.first?.timestamp("due_at") else { return nil }
        guard case .success(let start) = start else {
            try await refuseQueued(on: connection)
            return nil
        }
        var input = schedule.settings.input.object ?? [:]
        input["schedule"] = ["schedule_id": .string(schedule.id.description), "due_at": .string(due.rfc3339)]
        let run = start.run(input: .object(input), trigger: "schedule")
        for statement in try run.statements(tenant, actor: "system").dropLast() {
            _ = try await connection.query(statement.sql, statement.values)
        }
        try await connection.execute(
            """
            UPDATE schedule_firings SET outcome = 'started', run_id = $4
            WHERE tenant_id = $1 AND schedule_id = $2 AND due_at = $3
            """, key + [.timestamp(due), run.id.value])
        try await connection.execute(
            """
            UPDATE schedules SET queued = queued - 1, last_run_id = $3, last_error = NULL
            WHERE tenant_id = $1 AND schedule_id = $2
            """, key + [run.id.value])
        let entry = try AuditEntry(
            actor: "system", action: "run.created", subject: "run:\(run.id)", run: run.id,
            detail: [
                "persona_id": .string(run.persona.description), "trigger": "schedule",
                "schedule_id": .string(schedule.id.description), "due_at": .string(due.rfc3339),
            ]
        ).statement()
        _ = try await connection.query(entry.sql, entry.values)
        return run.id
    }

    private func refuseQueued(on connection: PostgresConnection) async throws {
        guard case .failure(let refusal) = start else { return }
        try await connection.execute(
            """
            UPDATE schedule_firings SET outcome = 'refused', reason = $3
            WHERE tenant_id = $1 AND schedule_id = $2 AND outcome = 'queued'
            """, key + [.text(refusal.reason)])
        try await connection.execute(
            "UPDATE schedules SET queued = 0, last_error = $3 WHERE tenant_id = $1 AND schedule_id = $2",
            key + [.text(refusal.reason)])
    }

    private var key: [PostgresValue] { [tenant.value, schedule.id.value] }
}

extension Date {
    /// RFC 3339 in UTC with milliseconds.
    package var rfc3339: String { formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
