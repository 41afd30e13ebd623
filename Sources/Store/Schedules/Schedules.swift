package import Domain
package import FoundationEssentials
import Postgres
import Timetables

/// Schedules as people set them up; firing them is `ScheduleClock`'s matter.
package struct Schedules: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Throws `ScheduleFault` for a rule that is none or never due, and `StoreError.notFound` for its persona or graph.
    package func create(_ tenant: TenantID, id: ScheduleID, _ settings: ScheduleSettings, actor: String) async throws
        -> Schedule
    {
        try await knowing {
            try await database.transaction(tenant) { connection in
                let now = try await Self.now(connection)
                // Intervals count from whole seconds, as due times are shown.
                let next = try Self.next(settings, anchor: now.wholeSeconds, after: now)
                let rows = try await connection.query(
                    """
                    INSERT INTO schedules (tenant_id, schedule_id, anchor_at, next_at, name, persona_id, graph_id, input, cron,
                        time_zone, interval_seconds, overlap, missed, status)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING \(Schedule.columns)
                    """,
                    [
                        tenant.value, id.value, .timestamp(Date(wholeSeconds: now.wholeSeconds)),
                        .optional(next) { .timestamp($0) },
                    ] + Self.values(settings))
                try await Self.audit(connection, actor, "schedule.created", id)
                return try Self.one(rows)
            }
        }
    }

    package func find(_ tenant: TenantID, _ id: ScheduleID) async throws -> Schedule? {
        try await database.rows(
            tenant, "SELECT \(Schedule.columns) FROM schedules WHERE tenant_id = $1 AND schedule_id = $2",
            [tenant.value, id.value]
        ).first.map(Schedule.init)
    }

    package func list(_ tenant: TenantID, after: ScheduleID?, limit: Int) async throws -> [Schedule] {
        try await database.rows(
            tenant,
            """
            SELECT \(Schedule.columns) FROM schedules
            WHERE tenant_id = $1 AND ($2::uuid IS NULL OR schedule_id > $2) ORDER BY schedule_id LIMIT $3
            """, [tenant.value, after?.value ?? .null, .int(limit)]
        ).map(Schedule.init)
    }

    /// Replaces the settings; the next time is counted from now. Due times that were queued stay queued.
    package func update(
        _ tenant: TenantID, _ id: ScheduleID, revision: Int?, _ settings: ScheduleSettings, actor: String
    ) async throws -> Schedule {
        try await knowing {
            try await database.transaction(tenant) { connection in
                let known = try await connection.query(
                    """
                    SELECT \(Schedule.columns) FROM schedules WHERE tenant_id = $1 AND schedule_id = $2 FOR UPDATE
                    """, [tenant.value, id.value])
                guard let before = try known.first.map(Schedule.init) else { throw StoreError.notFound("schedule") }
                guard revision == nil || revision == before.revision else { throw StoreError.stale }
                let now = try await Self.now(connection)
                let next = try Self.next(settings, anchor: before.anchorAt.wholeSeconds, after: now)
                let rows = try await connection.query(
                    """
                    UPDATE schedules SET next_at = $3, name = $4, persona_id = $5, graph_id = $6, input = $7, cron = $8,
                        time_zone = $9, interval_seconds = $10, overlap = $11, missed = $12, status = $13,
                        last_error = NULL, revision = revision + 1, updated_at = platform_now()
                    WHERE tenant_id = $1 AND schedule_id = $2 RETURNING \(Schedule.columns)
                    """, [tenant.value, id.value, .optional(next) { .timestamp($0) }] + Self.values(settings))
                try await Self.audit(connection, actor, "schedule.changed", id)
                return try Self.one(rows)
            }
        }
    }

    /// The runs that it started stay. False where there is no such schedule.
    package func delete(_ tenant: TenantID, _ id: ScheduleID, actor: String) async throws -> Bool {
        try await database.transaction(tenant) { connection in
            let hits = try await connection.execute(
                "DELETE FROM schedules WHERE tenant_id = $1 AND schedule_id = $2", [tenant.value, id.value])
            guard hits > 0 else { return false }
            try await Self.audit(connection, actor, "schedule.deleted", id)
            return true
        }
    }

    /// Newest due time first.
    package func firings(_ tenant: TenantID, _ id: ScheduleID, before: Date?, limit: Int) async throws
        -> [ScheduleFiring]
    {
        try await database.rows(
            tenant,
            """
            SELECT due_at, outcome, reason, run_id, fired_at FROM schedule_firings
            WHERE tenant_id = $1 AND schedule_id = $2 AND ($3::timestamptz IS NULL OR due_at < $3)
            ORDER BY due_at DESC LIMIT $4
            """, [tenant.value, id.value, .optional(before) { .timestamp($0) }, .int(limit)]
        ).map {
            ScheduleFiring(
                dueAt: try $0.timestamp("due_at"), outcome: try $0.known("outcome"),
                reason: try $0.optionalText("reason"), run: try $0.optionalID("run_id"),
                firedAt: try $0.timestamp("fired_at"))
        }
    }

    /// Throws where the rule is none, or has no time left although it is to be active.
    private static func next(_ settings: ScheduleSettings, anchor: Int, after now: Date) throws(ScheduleFault) -> Date?
    {
        let next = try settings.rule.timetable(anchor: anchor).next(after: now.wholeSeconds)
        guard let next else { throw ScheduleFault(member: "cron", detail: "names a day that never comes") }
        return settings.status == .active ? Date(wholeSeconds: next) : nil
    }

    private func knowing<Value>(_ write: () async throws -> Value) async throws -> Value {
        do {
            return try await write()
        } catch let error as PostgresError where error.isForeignKeyViolation {
            throw StoreError.notFound("persona or graph")
        }
    }

    static func now(_ connection: PostgresConnection) async throws -> Date {
        guard let row = try await connection.query("SELECT platform_now() AS now").first else {
            throw StoreError.notFound("clock")
        }
        return try row.timestamp("now")
    }

    private static func one(_ rows: [PostgresRow]) throws -> Schedule {
        guard let row = rows.first else { throw StoreError.notFound("schedule") }
        return try Schedule(row)
    }

    private static func audit(_ connection: PostgresConnection, _ actor: String, _ action: String, _ id: ScheduleID)
        async throws
    {
        let entry = try AuditEntry(actor: actor, action: action, subject: "schedule:\(id)").statement()
        _ = try await connection.query(entry.sql, entry.values)
    }

    private static func values(_ settings: ScheduleSettings) throws -> [PostgresValue] {
        var cron: String?, zone = "UTC", interval: Int?
        switch settings.rule {
        case .cron(let line, let timeZone): (cron, zone) = (line, timeZone)
        case .interval(let seconds): interval = seconds
        }
        return [
            .text(settings.name), settings.persona.value, settings.graph.value, try .json(settings.input),
            .optional(cron) { .text($0) }, .text(zone), .optional(interval) { .int($0) },
            .text(settings.overlap.rawValue), .text(settings.missed.rawValue), .text(settings.status.rawValue),
        ]
    }
}
