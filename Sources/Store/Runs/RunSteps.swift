package import Domain
import Postgres
package import ToolKit

/// What a run is made of when it is taken up again.
package struct StoredRun: Sendable {
    package let persona: PersonaID
    /// JSON text.
    package let graph: [UInt8]
    package let input: JSONValue
    /// The persona as graphs see it: {name, model}.
    package let profile: JSONValue
    package let seq: Int
    /// As `RunInbox` has them, seen together with `seq`.
    package let wakes: Int
    package let now: Int64
    /// JSON of the last snapshot, if there is one.
    package let snapshot: [UInt8]?
    /// JSON of each step's changes since then, in order.
    package let deltas: [[UInt8]]
}

/// What has come to a run since its last step.
package struct RunInbox: Sendable {
    package struct Outcome: Sendable {
        package enum Result: Sendable {
            case done(JSONValue)
            case failed(ToolFailure)
            /// `abandoned`: the owner that began the call is dead beyond doubt.
            case unknown(phase: EffectPhase?, abandoned: Bool)
        }
        package let step: Int
        package let result: Result
    }

    package struct Signal: Sendable {
        package let id: SignalID
        package let name: String
        package let payload: JSONValue
        /// The wait that it answers; `nil`: whichever waits for its name.
        package var wait: WaitID?
    }

    package let seq: Int
    package let wakes: Int
    package let cancelRequested: Bool
    /// The database's clock, in milliseconds since 1970.
    package let now: Int64
    package let outcomes: [Outcome]
    package let signals: [Signal]

    /// Whether it holds all that had come, and not only as much as one step takes up.
    package var isComplete: Bool { outcomes.count < RunSteps.inboxLimit && signals.count < RunSteps.inboxLimit }

    package init(
        seq: Int, wakes: Int, cancelRequested: Bool = false, now: Int64, outcomes: [Outcome] = [],
        signals: [Signal] = []
    ) {
        self.seq = seq
        self.wakes = wakes
        self.cancelRequested = cancelRequested
        self.now = now
        self.outcomes = outcomes
        self.signals = signals
    }
}

/// Why a write of a holder was refused.
package enum LeaseError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another epoch holds the row: whoever gets this is a zombie for that row and must let go of it.
    case fenced

    package var description: String { "the lease is held by another owner by now" }
}

/// Commits steps. Where several runs' steps could share one transaction, another implementation may do so.
package protocol StepCommitter: Sendable {
    /// Commits all of `step` or nothing. Throws `LeaseError.fenced` where the lease or the sequence has moved on, and
    /// a `PostgresError`; after `commitOutcomeUnknown` the run must be loaded again, never committed again.
    func commit(_ step: StepCommit) async throws

    /// Commits as `commit` does, and gives what the run's row told with it; `nil` from a committer that does not look.
    func committed(_ step: StepCommit) async throws -> StepReceipt?
}

extension StepCommitter {
    package func committed(_ step: StepCommit) async throws -> StepReceipt? {
        try await commit(step)
        return nil
    }
}

/// What a committed step's own statement saw of the run, so that nothing need be asked where nothing came.
package struct StepReceipt: Sendable, Hashable {
    /// Equal to the step's own `wakes`: no news have come since its inbox was read.
    package let wakes: Int
    /// The database's clock, in milliseconds since 1970.
    package let now: Int64

    package init(wakes: Int, now: Int64) {
        self.wakes = wakes
        self.now = now
    }
}

/// The tables of one run at a time: what it was, what came, what it becomes.
package struct RunSteps: StepCommitter {
    /// Outcomes and signals taken up in one step.
    package static let inboxLimit = 200
    /// SQLSTATE of `require_fence`.
    static let fencedState = "PF001"

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Loads a run for `lease`. Throws `LeaseError.fenced` where that epoch no longer holds it.
    package func load(_ lease: RunLease) async throws -> StoredRun {
        guard let run = try await load([lease])[lease] else { throw LeaseError.fenced }
        return run
    }

    /// Loads runs of any tenants, in one round trip a tenant. Those are missing whose epoch no longer holds them.
    package func load(_ leases: [RunLease]) async throws -> [RunLease: StoredRun] {
        var runs: [RunLease: StoredRun] = [:]
        for (tenant, leases) in Dictionary(grouping: leases, by: \.tenant) {
            runs.merge(try await load(tenant, leases)) { first, _ in first }
        }
        return runs
    }

    private func load(_ tenant: TenantID, _ leases: [RunLease]) async throws -> [RunLease: StoredRun] {
        let ids = PostgresValue.uuids(leases.map(\.run.uuid))
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    SELECT r.run_id, r.persona_id, r.graph, r.input, r.seq, r.wakes, p.name, r.epoch,
                        v.definition ->> 'model' AS model, (extract(epoch FROM platform_now()) * 1000)::bigint AS now
                    FROM unnest($2::uuid[], $3::bigint[]) AS l (run_id, epoch)
                    JOIN runs r ON r.tenant_id = $1 AND r.run_id = l.run_id AND r.epoch = l.epoch
                    JOIN personas p ON p.tenant_id = r.tenant_id AND p.persona_id = r.persona_id
                    JOIN persona_versions v
                        ON v.tenant_id = r.tenant_id AND v.persona_id = r.persona_id AND v.version = r.persona_version
                    WHERE r.owner IS NOT NULL
                    """, [tenant.value, ids, .ints(leases.map(\.epoch))]),
                PostgresStatement(
                    """
                    SELECT c.run_id, c.delta, c.snapshot FROM unnest($2::uuid[]) AS l (run_id)
                    CROSS JOIN LATERAL (
                        SELECT coalesce(max(seq), 0) AS seq FROM checkpoints
                        WHERE tenant_id = $1 AND run_id = l.run_id AND snapshot IS NOT NULL) AS last
                    JOIN checkpoints c ON c.tenant_id = $1 AND c.run_id = l.run_id AND c.seq >= last.seq
                    ORDER BY c.run_id, c.seq
                    """, [tenant.value, ids]),
            ])
        let points = try Dictionary(grouping: results[1]) { row -> RunID in try row.id("run_id") }
        var runs: [RunLease: StoredRun] = [:]
        for row in results[0] {
            let lease = RunLease(tenant: tenant, run: try row.id("run_id"), epoch: try row.int("epoch"))
            runs[lease] = try StoredRun(row, points[lease.run] ?? [])
        }
        return runs
    }

    /// What came in. `wakes` is read before the rest, so that news in between shows as a difference at the commit.
    package func inbox(_ lease: RunLease) async throws -> RunInbox {
        guard let inbox = try await inboxes([lease])[lease] else { throw LeaseError.fenced }
        return inbox
    }

    /// What came to runs of any tenants, in one round trip a tenant. Those are missing whose epoch no longer holds them.
    package func inboxes(_ leases: [RunLease]) async throws -> [RunLease: RunInbox] {
        var inboxes: [RunLease: RunInbox] = [:]
        for (tenant, leases) in Dictionary(grouping: leases, by: \.tenant) {
            let results = try await database.batch(tenant, Self.inbox(tenant, leases))
            let outcomes = try Dictionary(grouping: results[1]) { row -> RunID in try row.id("run_id") }
            let signals = try Dictionary(grouping: results[2]) { row -> RunID in try row.id("run_id") }
            for row in results[0] {
                let lease = RunLease(tenant: tenant, run: try row.id("run_id"), epoch: try row.int("epoch"))
                inboxes[lease] = RunInbox(
                    seq: try row.int("seq"), wakes: try row.int("wakes"),
                    cancelRequested: try row.bool("cancel_requested"), now: Int64(try row.int("now")),
                    outcomes: try (outcomes[lease.run] ?? []).map(Self.outcome),
                    signals: try (signals[lease.run] ?? []).map(Self.signal))
            }
        }
        return inboxes
    }

    private static func inbox(_ tenant: TenantID, _ leases: [RunLease]) -> [PostgresStatement] {
        let ids = PostgresValue.uuids(leases.map(\.run.uuid))
        return [
            PostgresStatement(
                """
                SELECT r.run_id, r.epoch, r.seq, r.wakes, r.cancel_requested,
                    (extract(epoch FROM platform_now()) * 1000)::bigint AS now
                FROM unnest($2::uuid[], $3::bigint[]) AS l (run_id, epoch)
                CROSS JOIN LATERAL (
                    SELECT * FROM runs WHERE tenant_id = $1 AND run_id = l.run_id AND epoch = l.epoch
                        AND owner IS NOT NULL OFFSET 0) r
                """, [tenant.value, ids, .ints(leases.map(\.epoch))]),
            PostgresStatement(
                """
                SELECT l.run_id, j.* FROM unnest($2::uuid[]) AS l (run_id)
                CROSS JOIN LATERAL (
                    SELECT step, state, phase, result, error, finished_at, CASE WHEN state = 'unknown'
                        THEN owner IS NULL OR owner NOT IN (SELECT living_owners()) ELSE false END AS abandoned
                    FROM jobs WHERE tenant_id = $1 AND run_id = l.run_id AND NOT applied AND asks IS NULL
                        AND state IN ('done', 'failed', 'unknown')
                    ORDER BY finished_at, step LIMIT $3) j
                ORDER BY j.finished_at, j.step
                """, [tenant.value, ids, .int(inboxLimit)]),
            PostgresStatement(
                """
                SELECT l.run_id, s.* FROM unnest($2::uuid[]) AS l (run_id)
                CROSS JOIN LATERAL (
                    SELECT signal_id, name, payload, wait_id, created_at FROM signals
                    WHERE tenant_id = $1 AND run_id = l.run_id AND consumed_seq IS NULL
                    ORDER BY created_at, signal_id LIMIT $3) s
                ORDER BY s.created_at, s.signal_id
                """, [tenant.value, ids, .int(inboxLimit)]),
        ]
    }

    package func commit(_ step: StepCommit) async throws { _ = try await committed(step) }

    package func committed(_ step: StepCommit) async throws -> StepReceipt? {
        let group = StepGroup(step.lease.tenant, [step])
        let results = try await database.app.batch(
            settings: [("app.tenant", step.lease.tenant.description)], try group.statements())
        guard let receipt = try group.receipts(results[StepGroup.told]).first ?? nil else { throw LeaseError.fenced }
        return receipt
    }

    /// Nothing is to be done: takes the run off the list of ready ones until `wakeAt`, unless news came meanwhile.
    package func rest(_ lease: RunLease, wakes: Int, wakeAt: Int64?, release: Bool) async throws {
        _ = try await database.rows(
            lease.tenant,
            """
            UPDATE runs SET
                ready_at = CASE WHEN wakes <> $4 THEN ready_at ELSE to_timestamp($5::double precision / 1000) END,
                owner = CASE WHEN $6 THEN NULL ELSE owner END,
                lease_until = CASE WHEN $6 THEN NULL ELSE lease_until END
            WHERE tenant_id = $1 AND run_id = $2 AND epoch = $3
            """,
            [
                lease.tenant.value, lease.run.value, .int(lease.epoch), .int(wakes),
                .optional(wakeAt) { .int(Int($0)) }, .bool(release),
            ])
    }

    private static func signal(_ row: PostgresRow) throws -> RunInbox.Signal {
        RunInbox.Signal(
            id: try row.id("signal_id"), name: try row.text("name"), payload: try row.value("payload"),
            wait: try row.optionalID("wait_id"))
    }

    private static func outcome(_ row: PostgresRow) throws -> RunInbox.Outcome {
        let state: JobState = try row.known("state")
        let result: RunInbox.Outcome.Result =
            switch state {
            case .done: .done(try row.optionalValue("result") ?? .null)
            case .failed:
                .failed(
                    try row.optionalValue("error")?.decode(ToolFailure.self)
                        ?? ToolFailure(.permanent, code: "failed", "The call failed without a reason."))
            default:
                .unknown(
                    phase: try row.optionalText("phase").flatMap(EffectPhase.init), abandoned: try row.bool("abandoned")
                )
            }
        return RunInbox.Outcome(step: try row.int("step"), result: result)
    }
}

extension StoredRun {
    /// From the run's row and its checkpoints since the last snapshot, that one included.
    init(_ row: PostgresRow, _ points: [PostgresRow]) throws {
        persona = try row.id("persona_id")
        graph = try row.json("graph")
        input = try row.value("input")
        profile = [
            "name": .string(try row.text("name")),
            "model": try row.optionalText("model").map { .string($0) } ?? .null,
        ]
        seq = try row.int("seq")
        wakes = try row.int("wakes")
        now = Int64(try row.int("now"))
        snapshot = try points.first?.optionalJSON("snapshot")
        deltas = try (snapshot == nil ? points[...] : points.dropFirst()).map { try $0.json("delta") }
    }
}
