package import Domain
import FoundationEssentials
import Postgres
package import ToolKit

/// Asks about effects in doubt whose run does not wait for them any more, where their tool has a reconciler, and takes
/// the answers. What is left is for a person (`Doubts`).
///
/// The rules are those of a run (`RunMachine`): what is found is done; "not done" is believed where nobody can still be
/// carrying the call out; what the far end took is done. Nothing is ever repeated: nobody waits for it.
package struct DoubtSweep: Sendable {
    /// Doubts taken up in one sweep.
    static let batch = 50
    /// Attempts of one reconciliation, and seconds between them.
    static let attempts = 5
    static let pause = 15

    let database: Database
    /// By tool: who finds out what became of its calls.
    let reconcilers: [String: ToolDescriptor]

    package init(_ database: Database, reconcilers: [String: ToolDescriptor]) {
        self.database = database
        self.reconcilers = reconcilers
    }

    /// Gives whom to ring.
    package func sweep() async throws -> [DoorbellRing] {
        let answered = try await database.dispatch.query(
            """
            SELECT tenant_id, asks AS job_id, run_id FROM jobs
            WHERE asks IS NOT NULL AND NOT applied AND state IN ('done', 'failed') LIMIT $1
            """, [.int(Self.batch)])
        for row in answered { try await take(try row.id("tenant_id"), try row.id("run_id"), try row.id("job_id")) }
        let open = try await database.dispatch.query(
            """
            SELECT j.tenant_id, j.job_id, j.run_id, j.tool FROM jobs j JOIN runs r USING (tenant_id, run_id)
            WHERE j.state = 'unknown' AND (j.given_up OR r.status IN ('succeeded', 'failed', 'cancelled'))
                AND (j.phase = 'accepted' OR j.tool = ANY ($2))
                AND NOT EXISTS (SELECT 1 FROM jobs a WHERE a.tenant_id = j.tenant_id AND a.asks = j.job_id)
            LIMIT $1
            """, [.int(Self.batch), .texts(Array(reconcilers.keys))])
        var rings: [DoorbellRing] = []
        for row in open {
            let tenant: TenantID = try row.id("tenant_id")
            let asking = try await ask(
                tenant, try row.id("run_id"), try row.id("job_id"), reconcilers[try row.text("tool")])
            if let asking { rings.append(.job(tenant, asking)) }
        }
        return rings
    }

    /// Plans the reconciliation; without a reconciler what was accepted is done.
    private func ask(_ tenant: TenantID, _ run: RunID, _ job: JobID, _ reconciler: ToolDescriptor?) async throws
        -> JobID?
    {
        try await database.transaction(tenant) { connection in
            guard let doubt = try await Held(tenant, run, job, on: connection), !doubt.isAsked else { return nil }
            guard let reconciler else {
                try await settle(doubt, .done(.null), by: "acceptance", on: connection)
                return nil
            }
            let id = JobID.new()
            _ = try await connection.pipeline([
                PostgresStatement(
                    """
                    INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                        timeout_seconds, priority, asks)
                    SELECT tenant_id, $3, run_id, persona_id, step, node, 'reconcile', $4,
                        json_build_object('effect_key', effect_key, 'input', input), 'read', 'asks:' || effect_key, $5,
                        priority, job_id
                    FROM jobs WHERE tenant_id = $1 AND job_id = $2
                    """,
                    [
                        tenant.value, job.value, id.value, .text(reconciler.name), .int(reconciler.timeoutSeconds),
                    ]),
                PostgresStatement(
                    "INSERT INTO outbox (tenant_id, topic, subject_id) VALUES ($1, 'job', $2)",
                    [tenant.value, id.value]),
                try doubt.entry("effect.asked", ["reconciler": .string(reconciler.name)]),
            ])
            return id
        }
    }

    private func take(_ tenant: TenantID, _ run: RunID, _ job: JobID) async throws {
        try await database.transaction(tenant) { connection in
            guard let doubt = try await Held(tenant, run, job, on: connection) else { return }
            let rows = try await connection.query(
                """
                SELECT job_id, state, result, error, attempt FROM jobs
                WHERE tenant_id = $1 AND asks = $2 AND NOT applied AND state IN ('done', 'failed') FOR UPDATE
                """, [tenant.value, job.value])
            guard let row = rows.first else { return }
            let asking: JobID = try row.id("job_id")
            // A failure that cannot be read is not known to pass.
            let failure = try row.optionalValue("error").flatMap { try? $0.decode(ToolFailure.self) }
            if failure?.kind == .transient, try row.int("attempt") < Self.attempts {
                try await connection.execute(
                    """
                    UPDATE jobs SET state = 'planned', error = NULL, finished_at = NULL, owner = NULL, lease_until = NULL,
                        run_after = platform_now() + make_interval(secs => $3)
                    WHERE tenant_id = $1 AND job_id = $2
                    """, [tenant.value, asking.value, .int(Self.pause)])
                return
            }
            try await connection.execute(
                "UPDATE jobs SET applied = true WHERE tenant_id = $1 AND job_id = $2", [tenant.value, asking.value])
            // A tool that answers outside of its contract has found out nothing.
            let found =
                try row.optionalValue("result").flatMap { try? $0.decode(ReconcileOutput.self) }
                ?? ReconcileOutput(outcome: .unknown)
            let told = try doubt.entry("effect.reconciled", ["outcome": .string(found.outcome.rawValue)])
            switch found.outcome {
            case .done:
                try await settle(doubt, .done(found.output ?? .null), by: "reconciliation", told, on: connection)
            case _ where doubt.isAccepted:
                try await settle(doubt, .done(.null), by: "acceptance", told, on: connection)
            case .notDone where doubt.isAbandoned:
                try await settle(doubt, .failed, by: "reconciliation", told, on: connection)
            case .notDone, .unknown:
                _ = try await connection.pipeline([told, try doubt.entry("effect.undecided", [:])])
            }
        }
    }

    private func settle(
        _ doubt: Held, _ outcome: Verdict.Outcome, by how: String, _ told: PostgresStatement? = nil,
        on connection: PostgresConnection
    ) async throws {
        let verdict = Verdict(job: doubt.job, run: doubt.run, tool: doubt.tool, how: how, outcome: outcome)
        var statements = try verdict.statements(doubt.tenant, actor: "system")
        if let told { statements.insert(told, at: statements.count - 1) }
        _ = try await connection.pipeline(statements)
    }
}

/// A call in doubt that nobody's run waits for, locked after its run.
private struct Held {
    let tenant: TenantID
    let run: RunID
    let job: JobID
    let tool: String
    let isAccepted: Bool
    /// Whether nobody can still be carrying it out.
    let isAbandoned: Bool
    let isAsked: Bool

    init?(_ tenant: TenantID, _ run: RunID, _ job: JobID, on connection: PostgresConnection) async throws {
        _ = try await connection.query(
            "SELECT 1 FROM runs WHERE tenant_id = $1 AND run_id = $2 FOR UPDATE", [tenant.value, run.value])
        let rows = try await connection.query(
            """
            SELECT j.tool, j.phase, j.owner IS NULL OR j.owner NOT IN (SELECT living_owners()) AS abandoned,
                EXISTS (SELECT 1 FROM jobs a WHERE a.tenant_id = j.tenant_id AND a.asks = j.job_id) AS asked
            FROM jobs j JOIN runs r USING (tenant_id, run_id)
            WHERE j.tenant_id = $1 AND j.job_id = $2 AND j.state = 'unknown' AND \(Doubts.isGivenUp) FOR UPDATE OF j
            """, [tenant.value, job.value])
        guard let row = rows.first else { return nil }
        self.tenant = tenant
        self.run = run
        self.job = job
        tool = try row.text("tool")
        isAccepted = try row.optionalText("phase") == EffectPhase.accepted.rawValue
        isAbandoned = try row.bool("abandoned")
        isAsked = try row.bool("asked")
    }

    func entry(_ action: String, _ detail: [String: JSONValue]) throws -> PostgresStatement {
        try AuditEntry(
            actor: "system", action: action, subject: "job:\(job)", run: run,
            detail: .object(detail.merging(["tool": .string(tool)]) { first, _ in first })
        ).statement()
    }
}
