package import FoundationEssentials
import Postgres

extension JobQueue {
    /// Gives back a job that has not begun to transmit and may not begin before `time`, without charging the attempt.
    /// Its row says why until it begins, and its run tells it as an event.
    package func postpone(_ job: ClaimedJob, until time: Date, reason: String) async throws {
        defer { owner.calls.end(job) }
        try await fenced(job) {
            let rows = try await database.rows(
                job.tenant,
                """
                UPDATE jobs SET state = 'planned', attempt = attempt - 1, owner = NULL, lease_until = NULL,
                    run_after = greatest($4, platform_now()), postponed = $5
                WHERE tenant_id = $1 AND job_id = $2 AND epoch = $3 AND state = 'started' AND phase IS NULL RETURNING 1
                """, [job.tenant.value, job.id.value, .int(job.epoch), .timestamp(time), .text(reason)])
            if rows.isEmpty { throw LeaseError.fenced }
        }
    }
}
