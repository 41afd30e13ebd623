package import Domain
import Failpoints
import FoundationEssentials
import Postgres
import Synchronization
import ToolKit

/// Whose turn it is next in this process.
final class ClaimTurn: Sendable {
    private let last = Mutex(TenantID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))))

    var tenant: TenantID { last.withLock { $0 } }

    func ended(with tenant: TenantID) { last.withLock { $0 = tenant } }
}

/// Claims in turn: each tenant's most urgent job first, then each tenant's second, from the tenant on that follows the
/// one served last. However much a tenant has planned, another's first job waits for one turn. Priorities order a
/// tenant's own jobs; they are set by its own graphs and say nothing to others.
extension JobQueue {
    /// Pairs of tenant and lane that one claim looks at: above it the rest has its turn at the next claims.
    static let lanesLooked = 256
    /// Candidates for each job wanted, so that those that another worker is just taking do not end a claim early.
    static let candidates = 4

    /// Begins up to `limit` due jobs. They are `started` when this returns. None while this owner's session is gone: they
    /// would count as a dead owner's, be rescued, and be charged for it.
    package func claim(limit: Int) async throws -> [ClaimedJob] { try await claim(ClaimRoom(limit: limit)) }

    package func claim(_ room: ClaimRoom) async throws -> [ClaimedJob] {
        guard room.limit > 0 else { return [] }
        let claims = try await database.dispatch.query(Self.claiming, parameters(room)).map(Claim.init).sorted {
            ($0.place, $0.turn, $0.tenant.description) < ($1.place, $1.turn, $1.tenant.description)
        }
        if let last = claims.last { turn.ended(with: last.tenant) }
        let jobs = try await load(claims)
        if !jobs.isEmpty { Failpoint.hit(.jobAfterStart) }
        owner.calls.begin(jobs)
        return jobs
    }

    /// Milliseconds until the next planned job is due; `nil` where none is planned. With `later`, of those that are not
    /// due yet: where what is due has no room.
    package func nextDue(later: Bool = false) async throws -> Int? {
        try await database.dispatch.query(
            """
            SELECT greatest(0, ceil(extract(epoch FROM min(run_after) - platform_now()) * 1000))::bigint AS due
            FROM jobs WHERE state = 'planned' AND (NOT $1 OR run_after > platform_now()) HAVING count(*) > 0
            """, [.bool(later)]
        ).first?.optionalInt("due")
    }

    private struct Claim {
        let tenant: TenantID
        let job: JobID
        let epoch: Int
        let place: Int
        let turn: Int

        init(_ row: PostgresRow) throws {
            tenant = try row.id("tenant_id")
            job = try row.id("job_id")
            epoch = try row.int("epoch")
            place = try row.int("place")
            turn = try row.int("turn")
        }
    }

    private func parameters(_ room: ClaimRoom) -> [PostgresValue] {
        let running = Array(room.running), lanes = Array(room.lanes)
        return [
            .int(owner.number), .int(room.limit), .int(ProcessOwner.leaseSeconds), turn.tenant.value,
            .int(Self.lanesLooked), .int(min(room.limit, 1_000) * Self.candidates),
            .int(min(room.perTenant, 1_000_000)),
            .uuids(running.map(\.key.uuid)), .ints(running.map(\.value)), .texts(lanes.map(\.key)),
            .ints(lanes.map(\.value)),
        ]
    }

    /// `lanes` goes from one pair of tenant and lane with planned jobs to the next by index alone (a loose scan), round
    /// from the tenant after $4; `heads` takes the most urgent due jobs of each, `ranked` gives them their places among
    /// their tenant's and their lane's.
    private static let claiming = """
        WITH RECURSIVE lanes (turn, tenant_id, lane) AS (
            SELECT 0, $4::uuid, U&'\\FFFD' COLLATE "C"
            UNION ALL
            SELECT n.turn, n.tenant_id, n.lane FROM lanes l, LATERAL (
                (SELECT l.turn AS turn, j.tenant_id, j.lane FROM jobs j
                WHERE j.state = 'planned' AND (j.tenant_id, j.lane) > (l.tenant_id, l.lane)
                    AND (l.turn = 0 OR j.tenant_id <= $4)
                ORDER BY j.tenant_id, j.lane LIMIT 1)
                UNION ALL
                (SELECT 1, j.tenant_id, j.lane FROM jobs j
                WHERE l.turn = 0 AND j.state = 'planned' AND j.tenant_id <= $4
                ORDER BY j.tenant_id, j.lane LIMIT 1)
                ORDER BY 1 LIMIT 1) n),
        heads AS (
            SELECT l.turn, j.tenant_id, j.job_id, j.lane, row_number() OVER (
                PARTITION BY j.tenant_id ORDER BY j.priority DESC, j.run_after, j.job_id) AS place
            FROM (SELECT * FROM lanes OFFSET 1 LIMIT $5) l CROSS JOIN LATERAL (
                SELECT tenant_id, job_id, lane, priority, run_after FROM jobs
                WHERE state = 'planned' AND tenant_id = l.tenant_id AND lane = l.lane
                    AND run_after <= platform_now()
                    AND l.lane <> ALL (SELECT q.lane FROM unnest($10::text[], $11::bigint[]) q (lane, room)
                        WHERE q.room <= 0)
                ORDER BY priority DESC, run_after LIMIT $6) j),
        ranked AS (
            SELECT h.*, row_number() OVER (PARTITION BY h.lane ORDER BY h.place, h.turn, h.tenant_id) AS lane_place
            FROM heads h LEFT JOIN unnest($8::uuid[], $9::bigint[]) r (tenant_id, running) USING (tenant_id)
            WHERE h.place + coalesce(r.running, 0) <= $7),
        due AS (
            SELECT j.tenant_id, j.job_id, r.place, r.turn FROM ranked r
            JOIN jobs j ON j.tenant_id = r.tenant_id AND j.job_id = r.job_id
            LEFT JOIN unnest($10::text[], $11::bigint[]) q (lane, room) ON q.lane = r.lane
            WHERE j.state = 'planned' AND (q.room IS NULL OR r.lane_place <= q.room)
                AND $1 IN (SELECT living_owners())
            ORDER BY r.place, r.turn, r.tenant_id LIMIT $2 FOR UPDATE OF j SKIP LOCKED)
        UPDATE jobs j SET state = 'started', attempt = j.attempt + 1, owner = $1, epoch = j.epoch + 1,
            started_at = platform_now(), lease_until = platform_now() + make_interval(secs => $3)
        FROM due WHERE j.tenant_id = due.tenant_id AND j.job_id = due.job_id
        RETURNING j.tenant_id, j.job_id, j.epoch, due.place, due.turn
        """

    /// In the order of `claims`; one transaction a tenant.
    private func load(_ claims: [Claim]) async throws -> [ClaimedJob] {
        var loaded: [JobID: ClaimedJob] = [:]
        for (tenant, own) in Dictionary(grouping: claims, by: \.tenant) {
            for job in try await load(tenant, own) { loaded[job.id] = job }
        }
        return claims.compactMap { loaded[$0.job] }
    }

    private func load(_ tenant: TenantID, _ claims: [Claim]) async throws -> [ClaimedJob] {
        // What was lost on the way back is rescued; most of these only read.
        try await database.transaction(tenant, isLookedUp: false) { connection in
            let rows = try await connection.query(
                """
                SELECT j.job_id, j.tenant_id, j.run_id, j.persona_id, j.epoch, j.kind, j.tool, j.input, j.effect,
                    j.effect_key, j.node, j.step, j.attempt, j.timeout_seconds
                FROM unnest($2::uuid[], $3::bigint[]) c (job_id, epoch)
                JOIN jobs j ON j.tenant_id = $1 AND j.job_id = c.job_id AND j.epoch = c.epoch
                WHERE j.state = 'started'
                """,
                [tenant.value, .uuids(claims.map(\.job.uuid)), .ints(claims.map(\.epoch))])
            let jobs = try rows.map(ClaimedJob.init)
            let entries = jobs.filter { $0.effect != .read }.map { $0.entry("effect.started") }
            if !entries.isEmpty { _ = try await connection.pipeline([try AuditEntry.statement(entries)]) }
            return jobs
        }
    }
}
