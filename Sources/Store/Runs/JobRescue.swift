package import Domain
import Postgres
import ToolKit

/// Takes up calls whose owner died or fell silent, by what is known of each effect:
///
/// - read, idempotent, or nothing transmitted yet: planned again, at most `JobQueue.rescueLimit` times, then a dead
///   letter (`failed`, code `worker_lost`);
/// - transmitting or accepted: `unknown`; the run reconciles it or asks a person. Never planned again from here. Such a
///   call is left alone until its lease has run out as well: a process whose session was cut, and which is no more seen
///   to live, may still be transmitting until it fences itself.
package struct JobRescue: Sendable {
    /// Jobs rescued in one sweep.
    package static let batch = 100

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Rescues what is due and says whom to ring. `trustsLeases`: whether the calls of a living owner whose lease has run
    /// out are; not just after the clock was set.
    package func sweep(trustsLeases: Bool = true) async throws -> [DoorbellRing] {
        let lost = try await database.dispatch.query(
            """
            SELECT tenant_id, job_id, run_id, epoch FROM jobs
            WHERE \(Self.isLost(trustsLeases: "$2")) LIMIT $1
            """, [.int(Self.batch), .bool(trustsLeases)])
        var rings: [DoorbellRing] = []
        for row in lost {
            rings += try await rescue(
                try row.id("tenant_id"), try row.id("job_id"), try row.id("run_id"), try row.int("epoch"), trustsLeases)
        }
        return rings
    }

    private static let isDoubtful = "(phase IS NOT NULL AND effect IN ('non_idempotent', 'deduplicable'))"

    /// `trustsLeases`: the parameter that tells it.
    private static func isLost(trustsLeases: String) -> String {
        """
        state = 'started' AND ((\(trustsLeases) AND lease_until < platform_now())
            OR (NOT \(isDoubtful) AND owner NOT IN (SELECT living_owners())))
        """
    }

    /// Fenced by the epoch that was seen: of two rescuers, or of a rescuer and a late completion, one wins. Whether the
    /// job is lost is asked again of the locked row: a process whose session was cut may have marked its call since then,
    /// and one that was slow may have prolonged it.
    private func rescue(
        _ tenant: TenantID, _ job: JobID, _ run: RunID, _ epoch: Int, _ trustsLeases: Bool
    ) async throws -> [DoorbellRing] {
        try await database.transaction(tenant) { connection in
            // Lock order: the run before its jobs.
            _ = try await connection.query(
                "SELECT 1 FROM runs WHERE tenant_id = $1 AND run_id = $2 FOR UPDATE", [tenant.value, run.value])
            let rows = try await connection.query(
                """
                UPDATE jobs SET
                    state = CASE WHEN doubtful THEN 'unknown' WHEN spent THEN 'failed' ELSE 'planned' END,
                    phase = CASE WHEN doubtful THEN phase END,
                    error = CASE WHEN spent AND NOT doubtful THEN $5::json END,
                    finished_at = CASE WHEN doubtful OR spent THEN platform_now() END,
                    rescues = rescues + 1, epoch = epoch + 1, lease_until = NULL, run_after = platform_now()
                FROM (SELECT tenant_id AS t, job_id AS j, rescues + 1 >= $4 AS spent,
                        \(Self.isDoubtful) AS doubtful
                    FROM jobs WHERE tenant_id = $1 AND job_id = $2 AND \(Self.isLost(trustsLeases: "$6"))
                    FOR UPDATE) verdict
                WHERE t = tenant_id AND j = job_id AND epoch = $3 AND state = 'started'
                RETURNING state, persona_id, tool, attempt
                """,
                [
                    tenant.value, job.value, .int(epoch), .int(JobQueue.rescueLimit), .text(try Self.deadLetter()),
                    .bool(trustsLeases),
                ])
            guard let row = rows.first else { return [] }
            let state: JobState = try row.known("state")
            let entry = AuditEntry(
                actor: "system", action: "effect.rescued", subject: "job:\(job)", run: run,
                detail: [
                    "state": .string(state.rawValue), "tool": .string(try row.text("tool")),
                    "attempt": .int(Int64(try row.int("attempt"))),
                ])
            let wake = state == .planned ? [] : [JobQueue.wake(tenant, run)]
            _ = try await connection.pipeline(wake + [try entry.statement()])
            return [state == .planned ? .job(tenant, job) : .run(tenant, run)]
        }
    }

    private static func deadLetter() throws -> String {
        try JSONValue(
            encoding: ToolFailure(
                .permanent, code: "worker_lost",
                "The worker ended \(JobQueue.rescueLimit) times in the middle of this call; it is not tried again.")
        ).text()
    }
}
