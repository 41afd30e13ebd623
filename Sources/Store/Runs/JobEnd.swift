import Domain
import Postgres
import ToolKit

/// The outcome of one call, written together with whichever others end at the same time.
struct JobEnd: Sendable, Hashable {
    /// Outcomes of one transaction; each may bring a large result.
    static let largestGroup = 64

    let job: ClaimedJob
    let state: JobState
    let result: JSONValue?
    let failure: JSONValue?
    let also: [PostgresStatement]

    static func == (left: JobEnd, right: JobEnd) -> Bool {
        left.job.id == right.job.id && left.job.epoch == right.job.epoch
    }

    func hash(into hasher: inout Hasher) { hasher.combine(job.id) }

    /// Where the server refuses something, one that is fenced off say, each stands alone.
    static func commit(_ ends: [JobEnd], _ pool: PostgresPool) async -> [JobEnd: Result<Void, any Error>] {
        do {
            _ = try await pool.batch(settings: [], try statements(ends))
            return Dictionary(uniqueKeysWithValues: ends.map { ($0, .success(())) })
        } catch let error as PostgresError where ends.count > 1 && error.code == .server {
            var results: [JobEnd: Result<Void, any Error>] = [:]
            for end in ends { results.merge(await commit([end], pool)) { first, _ in first } }
            return results
        } catch {
            return Dictionary(uniqueKeysWithValues: ends.map { ($0, .failure(error)) })
        }
    }

    /// In lock order: runs by their ids, jobs, what else is to be written, audit; tenants by their ids.
    private static func statements(_ ends: [JobEnd]) throws -> [PostgresStatement] {
        var list: [PostgresStatement] = []
        for (tenant, group) in Dictionary(grouping: ends, by: \.job.tenant).sorted(by: { $0.key.uuid < $1.key.uuid }) {
            let ends = group.sorted { ($0.job.run.uuid, $0.job.id.uuid) < ($1.job.run.uuid, $1.job.id.uuid) }
            list.append(PostgresStatement("SELECT set_config('app.tenant', $1, true)", [.text(tenant.description)]))
            list += ends.map { JobQueue.wake(tenant, $0.job.run) }
            list += try ends.map { try $0.statement() }
            list += ends.flatMap(\.also)
            let entries = ends.filter { $0.job.effect != .read }.map { $0.job.entry("effect.\($0.state.rawValue)") }
            if !entries.isEmpty { list.append(try AuditEntry.statement(entries)) }
        }
        return list
    }

    private func statement() throws -> PostgresStatement {
        PostgresStatement(
            """
            WITH held AS (
                UPDATE jobs SET state = $4, result = $5, error = $6, finished_at = platform_now(), lease_until = NULL
                WHERE tenant_id = $1 AND job_id = $2 AND epoch = $3 AND state = 'started' RETURNING 1)
            SELECT require_fence(count(*)) FROM held
            """,
            [
                job.tenant.value, job.id.value, .int(job.epoch), .text(state.rawValue), try .optionalJSON(result),
                try .optionalJSON(failure),
            ])
    }
}

extension Database {
    /// Writes a call's outcome. Throws the server's refusal, that of `require_fence` included.
    func end(_ end: JobEnd) async throws {
        guard let result = try await ends.value(of: end) else { throw LeaseError.fenced }
        try result.get()
    }
}
