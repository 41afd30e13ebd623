package import Domain
package import FoundationEssentials
import Postgres
import ToolKit

/// A call of which nobody knows whether it took effect.
package struct Doubt: Sendable {
    package enum Stage: String, Sendable, Hashable, CaseIterable {
        /// A reconciler is being asked.
        case asked
        /// A person is to look at the far end and decide.
        case undecided
    }

    package let job: JobID
    package let run: RunID
    package let persona: PersonaID
    package let runStatus: RunStatus
    package let step: Int
    package let node: String
    package let tool: String
    package let effect: String
    package let effectKey: String
    package let input: JSONValue
    package let attempt: Int
    package let phase: String?
    package let stage: Stage
    /// Whether the run goes on, or has ended, without the outcome.
    package let isGivenUp: Bool
    package let since: Date
}

/// Effects in doubt as people see and decide them, whatever became of their runs.
package struct Doubts: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Whether nobody's run waits for the call `j` of the run `r` any more.
    static let isGivenUp = "(j.given_up OR r.finished_at IS NOT NULL)"

    private static let columns = """
        j.job_id, j.run_id, j.persona_id, r.status, j.step, j.node, j.tool, j.effect, j.effect_key, j.input, j.attempt,
        j.phase, \(isGivenUp) AS given_up, coalesce(j.finished_at, j.started_at, j.created_at) AS since,
        CASE WHEN \(isGivenUp) THEN EXISTS (
            SELECT 1 FROM jobs a WHERE a.tenant_id = j.tenant_id AND a.asks = j.job_id AND NOT a.applied)
        ELSE NOT EXISTS (
            SELECT 1 FROM json_array_elements(r.waiting_for) w WHERE w ->> 'job_id' = j.job_id::text) END AS asked
        """

    /// Newest first by id, which is the order of the runs.
    package func list(_ tenant: TenantID, run: RunID?, before: JobID?, limit: Int) async throws -> [Doubt] {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM jobs j JOIN runs r USING (tenant_id, run_id)
            WHERE j.tenant_id = $1 AND j.state = 'unknown' AND ($2::uuid IS NULL OR j.run_id = $2)
                AND ($3::uuid IS NULL OR j.job_id < $3)
            ORDER BY j.job_id DESC LIMIT $4
            """, [tenant.value, run?.value ?? .null, before?.value ?? .null, .int(limit)]
        ).map(Self.doubt)
    }

    package enum Decision: Sendable, Hashable {
        /// It is in the ledger and in the audit.
        case settled(RunID)
        /// The run waits for it: it is to be told by `EffectDecision.signal(for:)`.
        case wantedByRun(RunID)
        case absent
        /// Its outcome is known already.
        case over
        /// A reconciler is being asked on behalf of the run.
        case beingAsked
        /// The run does not wait for it any more: there is nothing to go on with.
        case noRetry
    }

    /// Records what a person found out about a call that its run does not wait for any more. Of two at the same time
    /// one is recorded.
    package func decide(
        _ tenant: TenantID, _ id: JobID, _ outcome: EffectDecision.Outcome, output: JSONValue?, comment: String?,
        actor: String
    ) async throws -> Decision {
        try await database.transaction(tenant) { connection in
            // Lock order: the run before its jobs.
            let runs = try await connection.query(
                """
                SELECT run_id FROM runs WHERE tenant_id = $1
                    AND run_id = (SELECT run_id FROM jobs WHERE tenant_id = $1 AND job_id = $2) FOR UPDATE
                """, [tenant.value, id.value])
            guard let run: RunID = try runs.first?.id("run_id") else { return .absent }
            let rows = try await connection.query(
                """
                SELECT \(Self.columns), j.state FROM jobs j JOIN runs r USING (tenant_id, run_id)
                WHERE j.tenant_id = $1 AND j.job_id = $2 FOR UPDATE OF j
                """, [tenant.value, id.value])
            guard let row = rows.first else { return .absent }
            guard try row.text("state") == JobState.unknown.rawValue else { return .over }
            guard try row.bool("given_up") else {
                return try row.bool("asked") ? .beingAsked : .wantedByRun(run)
            }
            guard outcome != .retry else { return .noRetry }
            let verdict = Verdict(
                job: id, run: run, tool: try row.text("tool"), how: "person",
                outcome: outcome == .done ? .done(output ?? .null) : .failed, comment: comment)
            _ = try await connection.pipeline(try verdict.statements(tenant, actor: actor))
            return .settled(run)
        }
    }

    private static func doubt(_ row: PostgresRow) throws -> Doubt {
        Doubt(
            job: try row.id("job_id"), run: try row.id("run_id"), persona: try row.id("persona_id"),
            runStatus: try row.known("status"), step: try row.int("step"), node: try row.text("node"),
            tool: try row.text("tool"), effect: try row.text("effect"), effectKey: try row.text("effect_key"),
            input: try row.value("input"), attempt: try row.int("attempt"), phase: try row.optionalText("phase"),
            stage: try row.bool("asked") ? .asked : .undecided, isGivenUp: try row.bool("given_up"),
            since: try row.timestamp("since"))
    }
}

/// What became of a call in doubt, as the ledger and the audit take it. The run and the job are locked already.
struct Verdict {
    enum Outcome {
        case done(JSONValue)
        /// It did not take effect.
        case failed
    }

    var job: JobID
    var run: RunID
    var tool: String
    /// Who says so: `person`, `reconciliation`, `acceptance`.
    var how: String
    var outcome: Outcome
    var comment: String?

    func statements(_ tenant: TenantID, actor: String) throws -> [PostgresStatement] {
        let result: PostgresValue, error: PostgresValue, word: String
        switch outcome {
        case .done(let output): (result, error, word) = (try .json(output), .null, "done")
        case .failed:
            let failure = ToolFailure(
                .permanent, code: "effect_failed", "'\(tool)' did not take effect, as was found out afterwards.")
            (result, error, word) = (.null, try .json(JSONValue(encoding: failure)), "failed")
        }
        return [
            PostgresStatement(
                """
                UPDATE jobs SET state = $3, result = $4, error = $5, applied = true, finished_at = platform_now()
                WHERE tenant_id = $1 AND job_id = $2 AND state = 'unknown'
                """, [tenant.value, job.value, .text(word), result, error]),
            // Whoever is still asked asks for nobody.
            PostgresStatement(
                """
                UPDATE jobs SET applied = true, state = CASE WHEN state = 'planned' THEN 'cancelled' ELSE state END,
                    finished_at = coalesce(finished_at, platform_now())
                WHERE tenant_id = $1 AND asks = $2 AND NOT applied
                """, [tenant.value, job.value]),
            try AuditEntry(
                actor: actor, action: "effect.decided", subject: "job:\(job)", run: run,
                detail: [
                    "tool": .string(tool), "outcome": .string(word), "by": .string(how),
                    "comment": comment.map { .string($0) } ?? .null,
                ]
            ).statement(),
        ]
    }
}
