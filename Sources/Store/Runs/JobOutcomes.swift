import Domain
import Failpoints
import Postgres
import Synchronization

/// Outcomes of reads commit together: while one transaction of a tenant is under way, what comes next gathers and goes
/// out as the next one. An outcome alone waits for nobody. Each is fenced by its own epoch and fails alone; where Postgres
/// refuses one of a group, each is tried by itself.
///
/// Effects and published files go singly: their audit entries and rows hang on their own fence.
final class OutcomeGroups: Sendable {
    /// Outcomes of one transaction: more only make it longer.
    static let largest = 64

    struct Outcome: Sendable {
        let job: ClaimedJob
        let state: JobState
        /// JSON texts.
        let result: String?
        let failure: String?
    }

    private struct Waiting {
        let outcome: Outcome
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What waits, by tenant; a tenant that has an entry is being committed for.
    private let waiting = Mutex<[TenantID: [Waiting]]>([:])

    /// Throws `LeaseError.fenced` where another has the job.
    func commit(_ outcome: Outcome, to database: Database) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let own = Waiting(outcome: outcome, continuation: continuation)
            let isFirst = waiting.withLock { waiting in
                let isFirst = waiting[outcome.job.tenant] == nil
                waiting[outcome.job.tenant, default: []].append(own)
                return isFirst
            }
            // Ends when nothing more has gathered; everybody in it waits for it.
            if isFirst { Task { await drain(outcome.job.tenant, to: database) } }
        }
    }

    private func drain(_ tenant: TenantID, to database: Database) async {
        while true {
            let group = waiting.withLock { waiting in
                let group = Array((waiting[tenant] ?? []).prefix(Self.largest))
                waiting[tenant]?.removeFirst(group.count)
                if group.isEmpty { waiting[tenant] = nil }
                return group
            }
            if group.isEmpty { return }
            await commit(group, tenant, to: database)
        }
    }

    private func commit(_ group: [Waiting], _ tenant: TenantID, to database: Database) async {
        do {
            let written = try await write(group.map(\.outcome), tenant, to: database)
            for entry in group {
                if written.held.contains(entry.outcome.job.id) {
                    entry.continuation.resume()
                } else if group.count == 1 || written.free.contains(entry.outcome.job.run) {
                    entry.continuation.resume(throwing: LeaseError.fenced)
                } else {
                    await commit([entry], tenant, to: database)
                }
            }
        } catch let error as PostgresError where error.sqlstate != nil && group.count > 1 {
            for entry in group { await commit([entry], tenant, to: database) }
        } catch {
            for entry in group { entry.continuation.resume(throwing: error) }
        }
    }

    /// The jobs that were still held, and the runs that were free to be woken. Whoever holds many runs must not wait for
    /// another who does: a group passes those that are locked over, and an outcome alone waits for its one.
    private func write(
        _ outcomes: [Outcome], _ tenant: TenantID, to database: Database
    ) async throws -> (held: Set<JobID>, free: Set<RunID>) {
        let rows = try await database.rows(
            tenant, outcomes.count == 1 ? Self.single : Self.several,
            [
                tenant.value, .uuids(outcomes.map(\.job.id.uuid)), .ints(outcomes.map(\.job.epoch)),
                .texts(outcomes.map(\.state.rawValue)), .jsons(outcomes.map(\.result)),
                .jsons(outcomes.map(\.failure)), .uuids(Array(Set(outcomes.map(\.job.run.uuid)))),
            ])
        return (
            Set(try rows.compactMap { try $0.optionalID("job_id") as JobID? }),
            Set(try rows.compactMap { try $0.optionalID("run_id") as RunID? })
        )
    }

    private static let single = statement("")
    private static let several = statement("SKIP LOCKED")

    /// Lock order: runs, then jobs, each by id.
    private static func statement(_ waiting: String) -> String {
        """
        WITH free AS (
            SELECT run_id FROM runs WHERE tenant_id = $1 AND run_id = ANY ($7) ORDER BY run_id
            FOR NO KEY UPDATE \(waiting)),
        mine AS (
            SELECT j.job_id, o.state, o.result, o.error
            FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::json[], $6::json[])
                AS o (job_id, epoch, state, result, error)
            JOIN jobs j ON j.tenant_id = $1 AND j.job_id = o.job_id AND j.epoch = o.epoch
            WHERE j.state = 'started' AND j.run_id IN (SELECT run_id FROM free)
            ORDER BY j.job_id FOR NO KEY UPDATE OF j),
        held AS (
            UPDATE jobs j SET state = m.state, result = m.result, error = m.error, finished_at = platform_now(),
                lease_until = NULL
            FROM mine m WHERE j.tenant_id = $1 AND j.job_id = m.job_id AND j.state = 'started'
            RETURNING j.job_id, j.run_id),
        woken AS (
            UPDATE runs r SET wakes = r.wakes + n.news, ready_at = platform_now()
            FROM (SELECT run_id, count(*) AS news FROM held GROUP BY run_id) n
            WHERE r.tenant_id = $1 AND r.run_id = n.run_id AND r.finished_at IS NULL)
        SELECT job_id, NULL::uuid AS run_id FROM held UNION ALL SELECT NULL, run_id FROM free
        """
    }
}
