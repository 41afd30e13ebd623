import Domain
import Postgres

extension JobQueue {
    /// Reports of one step that are taken; what it says after them is dropped.
    package static let mostReports = 10_000
    /// Characters of a message that are kept.
    package static let reportCharacters = 500

    /// Notes what a running call says of itself in place of what it said before; whoever follows the run sees it. Gives
    /// whether it was noted: a call that is no longer this owner's says nothing.
    package func report(_ job: ClaimedJob, _ message: String, fraction: Double?) async throws -> Bool {
        guard owner.isAlive else { return false }
        let rows = try await database.rows(
            job.tenant,
            """
            INSERT INTO step_progress (tenant_id, run_id, step, node, item, attempt, message, fraction)
            SELECT tenant_id, run_id, step, node, item, attempt, $4, $5 FROM jobs
            WHERE tenant_id = $1 AND job_id = $2 AND epoch = $3 AND state = 'started'
            ON CONFLICT (tenant_id, run_id, step) DO UPDATE SET number = excluded.number, at = excluded.at,
                attempt = excluded.attempt, message = excluded.message, fraction = excluded.fraction,
                reports = step_progress.reports + 1
            WHERE step_progress.reports < $6 RETURNING 1
            """,
            [
                job.tenant.value, job.id.value, .int(job.epoch), .text(Self.legible(message)),
                .optional(fraction.flatMap(Self.share), PostgresValue.double), .int(Self.mostReports),
            ])
        return !rows.isEmpty
    }

    /// A sandbox says what it likes: Postgres keeps no NUL, and people read no control characters.
    private static func legible(_ message: String) -> String {
        String(
            String.UnicodeScalarView(message.prefix(reportCharacters).unicodeScalars.map { $0.value < 32 ? " " : $0 }))
    }

    private static func share(_ fraction: Double) -> Double? {
        fraction.isFinite ? min(1, max(0, fraction)) : nil
    }
}
