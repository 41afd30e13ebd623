package import Domain
import Failpoints
package import Postgres
package import ToolKit

/// One call that this process has begun: `started` is committed, the attempt is counted. Only this epoch may write.
package struct ClaimedJob: Sendable {
    package let id: JobID
    package let tenant: TenantID
    package let run: RunID
    package let persona: PersonaID
    package let epoch: Int
    package let kind: JobKind
    /// A tool's name; `model.chat` for `kind == .model`.
    package let tool: String
    /// For `kind == .reconcile` a `ReconcileInput`, whose inner `input` still names its resources by id.
    package let input: JSONValue
    package let effect: EffectClass
    package let effectKey: String
    package let node: String
    package let step: Int
    /// 1 for the first.
    package let attempt: Int
    package let timeoutSeconds: Int
}

/// The work queue and effect ledger, as workers use it.
///
/// A worker loops: `claim` → run the tool, calling `mark` when it asks → `complete` or `fail`; meanwhile `heartbeat`
/// every `ProcessOwner.renewalInterval`, idle or not: an owner that is not renewed fences itself. Every write is fenced by the job's epoch and throws `LeaseError.fenced` once
/// another owner (or a cancellation) has the job: then stop the call and write nothing more. After `complete` and
/// `fail` ring `.run(job.tenant, job.run)`.
package struct JobQueue: Sendable {
    /// Times that a job is begun again after its owner died: then it is a dead letter.
    package static let rescueLimit = 3

    let database: Database
    let owner: ProcessOwner
    let turn = ClaimTurn()

    package init(_ database: Database, owner: ProcessOwner) {
        self.database = database
        self.owner = owner
    }

    /// Commits that the call reached `phase`. Returns only once it is committed; on any error the effect must not go on.
    package func mark(_ job: ClaimedJob, _ phase: EffectPhase) async throws {
        Failpoint.hit(.jobBeforeMark)
        try await fenced(job) {
            let rows = try await database.rows(
                job.tenant,
                """
                UPDATE jobs SET phase = $4
                WHERE tenant_id = $1 AND job_id = $2 AND epoch = $3 AND state = 'started' RETURNING 1
                """, [job.tenant.value, job.id.value, .int(job.epoch), .text(phase.rawValue)])
            if rows.isEmpty { throw LeaseError.fenced }
        }
        Failpoint.hit(.jobAfterMark)
    }

    /// Commits the call's output, and in the same transaction `also` (rows of published files, say).
    package func complete(_ job: ClaimedJob, output: JSONValue, also: [PostgresStatement] = []) async throws {
        try await end(job, .done, result: output, failure: nil, also: also)
    }

    /// Commits the call's failure. `unknownOutcome` makes the effect `unknown`: it will be reconciled, not repeated.
    package func fail(_ job: ClaimedJob, _ failure: ToolFailure) async throws {
        let state: JobState = failure.kind == .unknownOutcome && job.kind == .tool ? .unknown : .failed
        try await end(job, state, result: nil, failure: failure, also: [])
    }

    /// Gives a job back that has not begun to transmit, without charging the attempt: for a drain.
    package func handBack(_ job: ClaimedJob) async throws {
        defer { owner.calls.end(job) }
        try await fenced(job) {
            let rows = try await database.rows(
                job.tenant,
                """
                UPDATE jobs SET state = 'planned', attempt = attempt - 1, owner = NULL, lease_until = NULL
                WHERE tenant_id = $1 AND job_id = $2 AND epoch = $3 AND state = 'started' AND phase IS NULL RETURNING 1
                """, [job.tenant.value, job.id.value, .int(job.epoch)])
            if rows.isEmpty { throw LeaseError.fenced }
        }
    }

    /// Prolongs the calls that run here, over this owner's own session; gives the ids that it still holds. Any other
    /// call was taken away or cancelled and must be stopped. The owner prolongs them at every beat by itself, too.
    package func heartbeat() async throws -> Set<JobID> {
        let asked = owner.calls.all
        let held = Set(
            try await owner.renew(Self.renewal(of: owner.number, asked)).map { try $0.id("job_id") as JobID })
        owner.calls.keep(held, of: asked)
        return held
    }

    /// Of what runs here only: a job whose claim or whose outcome was lost on the way runs nowhere, and is rescued once
    /// its lease has run out.
    static func renewal(of owner: Int, _ calls: Set<RunningCalls.Call>) -> PostgresStatement {
        let calls = Array(calls)
        return PostgresStatement(
            """
            WITH mine AS (
                SELECT j.tenant_id, j.job_id FROM jobs j
                JOIN unnest($3::uuid[], $4::bigint[]) AS c (job_id, epoch) ON j.job_id = c.job_id AND j.epoch = c.epoch
                WHERE j.owner = $1 AND j.state = 'started'
                ORDER BY j.tenant_id, j.job_id FOR NO KEY UPDATE OF j)
            UPDATE jobs j SET lease_until = platform_now() + make_interval(secs => $2) FROM mine
            WHERE j.tenant_id = mine.tenant_id AND j.job_id = mine.job_id
            RETURNING j.job_id
            """,
            [
                .int(owner), .int(ProcessOwner.leaseSeconds), .uuids(calls.map(\.job.uuid)), .ints(calls.map(\.epoch)),
            ])
    }

    private func end(
        _ job: ClaimedJob, _ state: JobState, result: JSONValue?, failure: ToolFailure?, also: [PostgresStatement]
    ) async throws {
        // Also where the outcome cannot be written: nobody runs the call any more.
        defer { owner.calls.end(job) }
        let end = JobEnd(
            job: job, state: state, result: result, failure: try failure.map { try JSONValue(encoding: $0) }, also: also
        )
        Failpoint.hit(.jobBeforeCompletion)
        try await fenced(job) { try await database.end(end) }
        Failpoint.hit(.jobAfterCompletion)
    }

    /// The run has news: it becomes ready, and a step that has not seen the news leaves it so.
    static func wake(_ tenant: TenantID, _ run: RunID) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE runs SET wakes = wakes + 1, ready_at = platform_now()
            WHERE tenant_id = $1 AND run_id = $2 AND finished_at IS NULL
            """, [tenant.value, run.value])
    }

    private func fenced(_ job: ClaimedJob, _ body: () async throws -> Void) async throws {
        guard owner.isAlive else { throw LeaseError.fenced }
        do {
            try await body()
        } catch let error as PostgresError where error.sqlstate == RunSteps.fencedState {
            throw LeaseError.fenced
        }
    }
}

extension ClaimedJob {
    func entry(_ action: String) -> AuditEntry {
        AuditEntry(
            actor: "persona:\(persona)", action: action, subject: "job:\(id)", run: run,
            detail: [
                "tool": .string(tool), "attempt": .int(Int64(attempt)), "effect_key": .string(effectKey),
            ])
    }

    init(_ row: PostgresRow) throws {
        id = try row.id("job_id")
        tenant = try row.id("tenant_id")
        run = try row.id("run_id")
        persona = try row.id("persona_id")
        epoch = try row.int("epoch")
        kind = try row.known("kind")
        tool = try row.text("tool")
        input = try row.value("input")
        effect = try row.known("effect")
        effectKey = try row.text("effect_key")
        node = try row.text("node")
        step = try row.int("step")
        attempt = try row.int("attempt")
        timeoutSeconds = try row.int("timeout_seconds")
    }
}
