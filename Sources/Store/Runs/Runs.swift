package import Domain
import Postgres

/// Runs as the API and triggers use them; advancing them is `RunSteps`' matter.
package struct Runs: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Commits the run and its audit entry. Ring `.run(tenant, run.id)` afterwards.
    package func create(_ tenant: TenantID, _ run: NewRun, actor: String) async throws {
        guard run.isPlain else {
            _ = try await database.batch(tenant, try run.statements(tenant, actor: actor))
            return
        }
        _ = try await database.create(RunCreation(tenant: tenant, run: run, actor: actor))
    }

    package func find(_ tenant: TenantID, _ id: RunID) async throws -> Run? {
        try await database.rows(
            tenant, "SELECT \(Run.columns) FROM runs WHERE tenant_id = $1 AND run_id = $2", [tenant.value, id.value]
        ).first.map(Run.init)
    }

    /// Newest first; `before` is the last id of the page before.
    package func list(
        _ tenant: TenantID, persona: PersonaID? = nil, status: RunStatus? = nil, trigger: String? = nil,
        before: RunID? = nil, limit: Int
    ) async throws -> [Run] {
        try await database.rows(
            tenant,
            """
            SELECT \(Run.columns) FROM runs
            WHERE tenant_id = $1 AND ($2::uuid IS NULL OR persona_id = $2) AND ($3::text IS NULL OR status = $3)
                AND ($4::text IS NULL OR trigger = $4) AND ($5::uuid IS NULL OR run_id < $5)
            ORDER BY run_id DESC LIMIT $6
            """,
            [
                tenant.value, persona?.value ?? .null, .optional(status) { .text($0.rawValue) },
                .optional(trigger) { .text($0) }, before?.value ?? .null, .int(limit),
            ]
        ).map(Run.init)
    }

    /// In order, from after step `after`.
    package func steps(_ tenant: TenantID, _ id: RunID, after: Int = 0, limit: Int) async throws -> [RunStep] {
        try await database.rows(
            tenant,
            """
            SELECT step, node, kind, status, attempt, input, output, error, started_at, finished_at FROM steps
            WHERE tenant_id = $1 AND run_id = $2 AND step > $3 ORDER BY step LIMIT $4
            """, [tenant.value, id.value, .int(after), .int(limit)]
        ).map { row in
            RunStep(
                step: try row.int("step"), node: try row.text("node"), kind: try row.text("kind"),
                status: try row.known("status"), attempt: try row.int("attempt"),
                input: try row.optionalValue("input"), output: try row.optionalValue("output"),
                error: try row.optionalValue("error"), startedAt: try row.timestamp("started_at"),
                finishedAt: try row.optionalTimestamp("finished_at"))
        }
    }

    /// In order, from after event `after`.
    package func events(_ tenant: TenantID, _ id: RunID, after: Int = 0, limit: Int) async throws -> [StoredRunEvent] {
        try await database.rows(
            tenant,
            "SELECT seq, at, kind, node, data FROM events_after($1, $2, $3, $4)",
            [tenant.value, id.value, .int(after), .int(limit)]
        ).map { row in
            StoredRunEvent(
                seq: try row.int("seq"), at: try row.timestamp("at"), kind: try row.text("kind"),
                node: try row.optionalText("node"), data: try row.value("data"))
        }
    }

    package func checkpoints(_ tenant: TenantID, _ id: RunID, after: Int = 0, limit: Int) async throws
        -> [RunCheckpoint]
    {
        try await database.rows(
            tenant,
            """
            SELECT seq, created_at, snapshot IS NOT NULL AS has_snapshot FROM checkpoints
            WHERE tenant_id = $1 AND run_id = $2 AND seq > $3 ORDER BY seq LIMIT $4
            """, [tenant.value, id.value, .int(after), .int(limit)]
        ).map {
            RunCheckpoint(
                seq: try $0.int("seq"), at: try $0.timestamp("created_at"), hasSnapshot: try $0.bool("has_snapshot"))
        }
    }

    /// The run's rows of the effect ledger, in order.
    package func effects(_ tenant: TenantID, _ id: RunID) async throws -> [RunEffect] {
        try await database.rows(
            tenant,
            """
            SELECT job_id, step, node, tool, effect, effect_key, state, phase, attempt FROM jobs
            WHERE tenant_id = $1 AND run_id = $2 ORDER BY step
            """, [tenant.value, id.value]
        ).map { row in
            RunEffect(
                job: try row.id("job_id"), step: try row.int("step"), node: try row.text("node"),
                tool: try row.text("tool"), effect: try row.text("effect"), effectKey: try row.text("effect_key"),
                state: try row.known("state"), phase: try row.optionalText("phase"), attempt: try row.int("attempt"))
        }
    }

    /// Asks a run to stop. False where there is no such run, or it has ended. Ring `.run` afterwards.
    package func cancel(_ tenant: TenantID, _ id: RunID, actor: String) async throws -> Bool {
        try await database.transaction(tenant) { connection in
            let hits = try await connection.execute(
                """
                UPDATE runs SET cancel_requested = true, wakes = wakes + 1, ready_at = platform_now()
                WHERE tenant_id = $1 AND run_id = $2 AND finished_at IS NULL
                """, [tenant.value, id.value])
            guard hits > 0 else { return false }
            let entry = AuditEntry(actor: actor, action: "run.cancel_requested", subject: "run:\(id)", run: id)
            _ = try await connection.pipeline([try entry.statement()])
            return true
        }
    }

    package enum SignalOutcome: Sendable, Hashable {
        case accepted
        /// No such run, or it has ended.
        case noRun
        /// `effect.<job id>` of a job that waits for no decision: refused, never ignored.
        case noDecisionPending
        /// The run does not wait for `wait`, or not any more: refused, never ignored.
        case noSuchWait
        /// `pendingSignals` wait to be taken.
        case tooMany
    }

    /// Signals that may wait to be taken by one run.
    package static let pendingSignals = 100

    /// Stores a signal; the same `signal` id twice is one signal. With `wait` it answers that wait alone, and is the
    /// only one that does. Ring `.run` afterwards.
    package func signal(
        _ tenant: TenantID, _ id: RunID, signal: SignalID = .new(), name: String, payload: JSONValue,
        wait: WaitID? = nil, user: UserID?, actor: String
    ) async throws -> SignalOutcome {
        try await database.transaction(tenant) { connection in
            let run = try await connection.query(
                """
                SELECT finished_at IS NULL AS open, EXISTS (
                    SELECT 1 FROM signals WHERE tenant_id = $1 AND run_id = $2 AND signal_id = $3) AS is_known
                FROM runs WHERE tenant_id = $1 AND run_id = $2 FOR UPDATE
                """, [tenant.value, id.value, signal.value])
            // Whoever did not hear that it was taken says it once more, also to a run that it has ended.
            if try run.first?.bool("is_known") == true { return .accepted }
            guard try run.first?.bool("open") == true else { return .noRun }
            // An approval's answer comes by POST /api/approvals, under its hash and its roles.
            if name.hasPrefix(Approvals.signalPrefix) { return .noDecisionPending }
            if name.hasPrefix(EffectDecision.signalPrefix) {
                let job = JobID(name.dropFirst(EffectDecision.signalPrefix.count))
                let pending = try await connection.query(
                    "SELECT 1 FROM jobs WHERE tenant_id = $1 AND job_id = $2 AND run_id = $3 AND state = 'unknown'",
                    [tenant.value, job?.value ?? .null, id.value])
                guard !pending.isEmpty else { return .noDecisionPending }
            }
            if let wait {
                let pending = try await connection.query(
                    """
                    SELECT 1 FROM runs r, json_array_elements(r.waiting_for) w
                    WHERE r.tenant_id = $1 AND r.run_id = $2 AND w ->> 'id' = $3 AND w ->> 'kind' = 'signal'
                        AND NOT EXISTS (SELECT 1 FROM signals s
                            WHERE s.tenant_id = $1 AND s.run_id = $2 AND s.wait_id = $4)
                    """, [tenant.value, id.value, .text(wait.description), wait.value])
                guard !pending.isEmpty else { return .noSuchWait }
            }
            let waiting = try await connection.query(
                "SELECT count(*) AS n FROM signals WHERE tenant_id = $1 AND run_id = $2 AND consumed_seq IS NULL",
                [tenant.value, id.value])
            guard try (waiting.first?.int("n") ?? 0) < Self.pendingSignals else { return .tooMany }
            let entry = AuditEntry(
                actor: actor, action: "run.signalled", subject: "run:\(id)", run: id, detail: ["name": .string(name)])
            _ = try await connection.pipeline([
                PostgresStatement(
                    """
                    INSERT INTO signals (tenant_id, run_id, signal_id, name, payload, created_by, wait_id)
                    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
                    """,
                    [
                        tenant.value, id.value, signal.value, .text(name), try .json(payload), user?.value ?? .null,
                        wait?.value ?? .null,
                    ]),
                PostgresStatement(
                    """
                    UPDATE runs SET wakes = wakes + 1, ready_at = CASE WHEN NOT held THEN platform_now() END
                    WHERE tenant_id = $1 AND run_id = $2
                    """, [tenant.value, id.value]),
                try entry.statement(),
            ])
            return .accepted
        }
    }
}
