package import Domain
import Postgres

/// The right to advance a run, good for writes of `epoch` only.
package struct RunLease: Sendable, Hashable {
    package let tenant: TenantID
    package let run: RunID
    package let epoch: Int
}

/// Which process advances which run. Sees ids and lease columns of every tenant (`persona_dispatch`), nothing else.
package struct RunLeases: Sendable {
    /// Runs claimed at once.
    package static let batch = 64

    let database: Database
    let owner: ProcessOwner

    package init(_ database: Database, owner: ProcessOwner) {
        self.database = database
        self.owner = owner
    }

    /// Takes runs that have something to do and that nobody holds, the most urgent first; each claim raises the epoch.
    /// `only` narrows it to one run that a doorbell named and that is not in memory here: then also a lease of this
    /// owner's own is raised, which a claim that crossed the doorbell may have left.
    ///
    /// `trustsLeases`: whether one that has run out is free; not just after the clock was set.
    package func claim(only run: RunID? = nil, limit: Int = RunLeases.batch, trustsLeases: Bool = true) async throws
        -> [RunLease]
    {
        try await database.dispatch.query(
            """
            WITH ready AS (
                SELECT tenant_id, run_id FROM runs
                WHERE ready_at <= platform_now() AND ($4::uuid IS NULL OR run_id = $4)
                    AND (owner IS NULL OR ($5 AND lease_until < platform_now()) OR ($4 IS NOT NULL AND owner = $1))
                ORDER BY priority DESC, ready_at LIMIT $2 FOR UPDATE SKIP LOCKED)
            UPDATE runs r SET owner = $1, epoch = r.epoch + 1, lease_until = platform_now() + make_interval(secs => $3)
            FROM ready WHERE r.tenant_id = ready.tenant_id AND r.run_id = ready.run_id
            RETURNING r.tenant_id, r.run_id, r.epoch
            """,
            [
                .int(owner.number), .int(limit), .int(ProcessOwner.leaseSeconds), run?.value ?? .null,
                .bool(trustsLeases),
            ]
        ).map(Self.lease)
    }

    /// Takes those of `runs` that have something to do and that nobody else holds, in one round trip. A lease of this
    /// owner's own is raised too: a claim that crossed the doorbell may have left one. Ask only for runs that are not
    /// in memory here.
    package func claim(_ runs: [(tenant: TenantID, run: RunID)]) async throws -> [RunLease] {
        try await database.dispatch.query(
            """
            WITH ready AS (
                SELECT r.tenant_id, r.run_id
                FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, run_id)
                JOIN runs r ON r.tenant_id = asked.tenant_id AND r.run_id = asked.run_id
                WHERE r.ready_at <= (SELECT platform_now())
                    AND (r.owner IS NULL OR r.owner = $3 OR r.lease_until < (SELECT platform_now()))
                FOR NO KEY UPDATE OF r SKIP LOCKED)
            UPDATE runs r SET owner = $3, epoch = r.epoch + 1, lease_until = platform_now() + make_interval(secs => $4)
            FROM ready WHERE r.tenant_id = ready.tenant_id AND r.run_id = ready.run_id
            RETURNING r.tenant_id, r.run_id, r.epoch
            """,
            [
                .uuids(runs.map(\.tenant.uuid)), .uuids(runs.map(\.run.uuid)), .int(owner.number),
                .int(ProcessOwner.leaseSeconds),
            ]
        ).map(Self.lease)
    }

    /// Runs held here that have something to do: what a lost doorbell would have said.
    package func ready(limit: Int = RunLeases.batch) async throws -> [RunLease] {
        try await database.dispatch.query(
            """
            SELECT tenant_id, run_id, epoch FROM runs WHERE owner = $1 AND ready_at <= platform_now()
            ORDER BY priority DESC, ready_at LIMIT $2
            """, [.int(owner.number), .int(limit)]
        ).map(Self.lease)
    }

    /// Prolongs every lease of this owner, over its own session, and says which runs it still holds. The owner does so
    /// by itself at every beat; this is for whoever wants to know.
    package func renew() async throws -> Set<RunLease> {
        Set(try await owner.renew(Self.renewal(of: owner.number)).map(Self.lease))
    }

    /// Locks in the order in which groups of steps do (`StepGroup`).
    static func renewal(of owner: Int) -> PostgresStatement {
        PostgresStatement(
            """
            WITH mine AS (
                SELECT tenant_id, run_id FROM runs WHERE owner = $1 ORDER BY tenant_id, run_id FOR NO KEY UPDATE)
            UPDATE runs r SET lease_until = platform_now() + make_interval(secs => $2) FROM mine
            WHERE r.tenant_id = mine.tenant_id AND r.run_id = mine.run_id
            RETURNING r.tenant_id, r.run_id, r.epoch
            """, [.int(owner), .int(ProcessOwner.leaseSeconds)])
    }

    /// Frees the runs of owners whose session is gone; returns how many.
    @discardableResult
    package func releaseDead() async throws -> Int {
        try await database.dispatch.execute(
            """
            UPDATE runs SET owner = NULL, lease_until = NULL
            WHERE owner IS NOT NULL AND owner <> $1 AND owner NOT IN (SELECT living_owners())
            """, [.int(owner.number)])
    }

    /// Gives one run back.
    package func release(_ lease: RunLease) async throws {
        try await database.dispatch.execute(
            """
            UPDATE runs SET owner = NULL, lease_until = NULL
            WHERE tenant_id = $1 AND run_id = $2 AND owner = $3 AND epoch = $4
            """, [lease.tenant.value, lease.run.value, .int(owner.number), .int(lease.epoch)])
    }

    /// Gives everything back, at the end of a drain.
    package func releaseAll() async throws {
        try await database.dispatch.execute(
            "UPDATE runs SET owner = NULL, lease_until = NULL WHERE owner = $1", [.int(owner.number)])
    }

    private static func lease(_ row: PostgresRow) throws -> RunLease {
        RunLease(tenant: try row.id("tenant_id"), run: try row.id("run_id"), epoch: try row.int("epoch"))
    }
}
