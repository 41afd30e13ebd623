package import Domain
import Postgres
package import ToolKit

/// What a run is made of when it is taken up again.
package struct StoredRun: Sendable {
    package let persona: PersonaID
    package let graph: JSONValue
    package let input: JSONValue
    /// The persona as graphs see it: {name, model}.
    package let profile: JSONValue
    package let seq: Int
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
        let key = [lease.tenant.value, lease.run.value]
        let results = try await database.batch(
            lease.tenant,
            [
                PostgresStatement(
                    """
                    SELECT r.persona_id, r.graph, r.input, r.seq, p.name, v.definition ->> 'model' AS model
                    FROM runs r
                    JOIN personas p USING (tenant_id, persona_id)
                    JOIN persona_versions v
                        ON v.tenant_id = r.tenant_id AND v.persona_id = r.persona_id AND v.version = r.persona_version
                    WHERE r.tenant_id = $1 AND r.run_id = $2 AND r.epoch = $3 AND r.owner IS NOT NULL
                    """, key + [.int(lease.epoch)]),
                PostgresStatement(
                    """
                    SELECT seq, delta, snapshot FROM checkpoints
                    WHERE tenant_id = $1 AND run_id = $2 AND seq >= coalesce((
                        SELECT max(seq) FROM checkpoints
                        WHERE tenant_id = $1 AND run_id = $2 AND snapshot IS NOT NULL), 0)
                    ORDER BY seq
                    """, key),
            ])
        guard let row = results[0].first else { throw LeaseError.fenced }
        let snapshot = try results[1].first?.optionalJSON("snapshot")
        let later = snapshot == nil ? results[1][...] : results[1].dropFirst()
        return StoredRun(
            persona: try row.id("persona_id"), graph: try row.value("graph"), input: try row.value("input"),
            profile: [
                "name": .string(try row.text("name")),
                "model": try row.optionalText("model").map { .string($0) } ?? .null,
            ],
            seq: try row.int("seq"), snapshot: snapshot, deltas: try later.map { try $0.json("delta") })
    }

    /// What came in. `wakes` is read before the rest, so that news in between shows as a difference at the commit.
    package func inbox(_ lease: RunLease) async throws -> RunInbox {
        let key = [lease.tenant.value, lease.run.value]
        let results = try await database.batch(
            lease.tenant,
            [
                PostgresStatement(
                    """
                    SELECT seq, wakes, cancel_requested, (extract(epoch FROM platform_now()) * 1000)::bigint AS now
                    FROM runs WHERE tenant_id = $1 AND run_id = $2 AND epoch = $3 AND owner IS NOT NULL
                    """, key + [.int(lease.epoch)]),
                PostgresStatement(
                    """
                    SELECT step, state, phase, result, error,
                        owner IS NULL OR owner NOT IN (SELECT living_owners()) AS abandoned
                    FROM jobs WHERE tenant_id = $1 AND run_id = $2 AND NOT applied
                        AND state IN ('done', 'failed', 'unknown')
                    ORDER BY finished_at, step LIMIT $3
                    """, key + [.int(Self.inboxLimit)]),
                PostgresStatement(
                    """
                    SELECT signal_id, name, payload, wait_id FROM signals
                    WHERE tenant_id = $1 AND run_id = $2 AND consumed_seq IS NULL ORDER BY created_at, signal_id LIMIT $3
                    """, key + [.int(Self.inboxLimit)]),
            ])
        guard let row = results[0].first else { throw LeaseError.fenced }
        return RunInbox(
            seq: try row.int("seq"), wakes: try row.int("wakes"), cancelRequested: try row.bool("cancel_requested"),
            now: Int64(try row.int("now")), outcomes: try results[1].map(Self.outcome),
            signals: try results[2].map {
                RunInbox.Signal(
                    id: try $0.id("signal_id"), name: try $0.text("name"), payload: try $0.value("payload"),
                    wait: try $0.optionalID("wait_id"))
            })
    }

    package func commit(_ step: StepCommit) async throws {
        let statements = try step.statements()
        do {
            _ = try await database.batch(step.lease.tenant, statements)
        } catch let error as PostgresError where error.sqlstate == Self.fencedState {
            throw LeaseError.fenced
        }
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
