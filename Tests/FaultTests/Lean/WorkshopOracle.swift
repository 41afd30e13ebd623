import Domain
import PlatformKit
import Postgres
import Store
import TestKit
import Testing

/// What must hold in a workshop once every run is over, whatever happened to its processes.
struct WorkshopOracle {
    let workshop: Workshop

    /// `cuts`: how often a worker was ended or its outcome lost; only then may anybody be in doubt. `inSandboxes`: they
    /// were of sandboxes, whose worker lived and knew.
    func holds(cuts: Int, inSandboxes: Bool = false) async throws {
        try await effectsHappenedOnce()
        try await doubtsHaveReasons(cuts: cuts, inSandboxes: inSandboxes)
        try await historiesHaveNoGaps()
        try await auditTellsTheSame()
        try await nothingIsHeld()
        try await until("no process of the workshop is left") { Processes.about(workshop.data).isEmpty }
    }

    /// A key arrives at most once; done means once, failed and cancelled mean never.
    private func effectsHappenedOnce() async throws {
        let counts = try await wait(for: "the sink is at rest") { workshop.sink.settledCounts }
        var planned: Set<String> = []
        for effect in try await effects() {
            planned.insert(effect.key)
            let count = counts[effect.key] ?? 0
            #expect(count <= 1, "\(effect) happened \(count) times")
            switch effect.state {
            case .done: #expect(count == 1, "\(effect) is done and never happened")
            case .failed, .cancelled: #expect(count == 0, "\(effect) happened all the same")
            // A run that failed or was cancelled meanwhile leaves the doubt as it is.
            case .unknown: #expect(effect.isOfAnUnfinishedRun, "\(effect) is not settled")
            case .planned, .started: Issue.record("\(effect) is not settled")
            }
        }
        #expect(Set(counts.keys).isSubset(of: planned), "something happened that nobody planned")
    }

    private func doubtsHaveReasons(cuts: Int, inSandboxes: Bool) async throws {
        let doubts = try await rows("SELECT count(*) AS n FROM run_events WHERE kind = 'effect.unknown'")
        let undoubted = try doubts.first?.int("n") ?? 0
        #expect(undoubted <= cuts * Self.callsAtOnce, "\(undoubted) doubts of \(cuts) cuts")
        if inSandboxes { return }
        // No doubt without a death: each job in doubt had an owner that died or fell silent.
        let baseless = try await rows(
            """
            SELECT count(*) AS n FROM run_events e JOIN jobs j ON j.run_id = e.run_id
                AND j.step = (e.data ->> 'step')::int
            WHERE e.kind = 'effect.unknown' AND j.rescues = 0 AND e.data ->> 'reason' IS NULL
            """)
        #expect(try baseless.first?.int("n") == 0)
    }

    /// Calls of one persona that a worker runs at the same time.
    private static let callsAtOnce = 8

    struct Effect: CustomStringConvertible {
        let key: String
        let state: JobState
        /// Of a run that did not come to its end: failed or cancelled.
        let isOfAnUnfinishedRun: Bool
        let description: String
    }

    private func effects() async throws -> [Effect] {
        try await rows(
            """
            SELECT run_id::text AS run, step, tool, effect_key, state, attempt, rescues, phase, r.status FROM jobs
            JOIN runs r USING (tenant_id, run_id) WHERE effect <> 'read' ORDER BY run_id, step
            """
        ).map { row in
            let text =
                "step \(try row.int("step")) of run \(try row.text("run")) (\(try row.text("state")), "
                + "attempt \(try row.int("attempt")), rescues \(try row.int("rescues")), "
                + "phase \(try row.optionalText("phase") ?? "none"))"
            return Effect(
                key: try row.text("effect_key"), state: try #require(JobState(rawValue: row.text("state"))),
                isOfAnUnfinishedRun: try ["failed", "cancelled"].contains(row.text("status")),
                description: text)
        }
    }

    /// Events from 1 without a gap to where the run says that it is, and a checkpoint for each of its steps.
    private func historiesHaveNoGaps() async throws {
        let gaps = try await rows(
            """
            SELECT r.run_id::text AS run FROM runs r LEFT JOIN run_events e USING (tenant_id, run_id)
            GROUP BY r.run_id, r.seq HAVING count(e.seq) <> r.seq OR max(e.seq) <> r.seq OR min(e.seq) <> 1
            """)
        let incomplete = try gaps.map { try $0.text("run") }
        #expect(incomplete.isEmpty, "events are missing")
        let ends = try await rows(
            """
            SELECT run_id::text AS run, count(*) AS n FROM run_events
            WHERE kind IN ('run.succeeded', 'run.failed', 'run.cancelled') GROUP BY run_id HAVING count(*) <> 1
            """)
        let unclear = try ends.map { try $0.text("run") }
        #expect(unclear.isEmpty, "ended more than once")
        let twice = try await rows(
            """
            SELECT run_id::text AS run, data ->> 'step' AS step FROM run_events
            WHERE kind = 'step.succeeded' AND data ->> 'step' IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1
            """)
        #expect(twice.isEmpty, "a step was finished twice")
    }

    /// The chain holds, and each effect is in it: planned once, begun at most as often as counted, ended once.
    private func auditTellsTheSame() async throws {
        if case .broken(let seq, let reason) = try await AuditLog(workshop.database).verify(workshop.tenant) {
            Issue.record("the audit chain is broken at \(seq): \(reason)")
        }
        let wrong = try await rows(
            """
            SELECT j.job_id::text AS job, j.state, j.attempt, a.* FROM jobs j CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE t.action = 'effect.planned') AS planned,
                    count(*) FILTER (WHERE t.action = 'effect.started') AS started,
                    count(*) FILTER (WHERE t.action = 'effect.done'
                        OR (t.action = 'effect.decided' AND t.outcome = 'done')) AS done
                FROM (SELECT e ->> 'action' AS action, e -> 'detail' ->> 'outcome' AS outcome
                    FROM (SELECT convert_from(entry, 'UTF8')::json AS e FROM audit_log) l
                    WHERE e ->> 'subject' = 'job:' || j.job_id) t) a
            WHERE j.effect <> 'read' AND (a.planned <> 1 OR a.started > j.attempt
                OR (j.state = 'done') <> (a.done = 1) OR (j.state = 'done' AND a.started = 0))
            """)
        for row in wrong {
            let job = try row.text("job"), state = try row.text("state"), attempt = try row.int("attempt")
            let planned = try row.int("planned"), started = try row.int("started"), done = try row.int("done")
            Issue.record(
                "job \(job) is \(state) after \(attempt) attempts; audit: \(planned) planned, \(started) started, \(done) done"
            )
        }
    }

    private func nothingIsHeld() async throws {
        let held = try await rows(
            """
            SELECT count(*) AS n FROM runs WHERE owner IS NOT NULL OR (ready_at IS NOT NULL AND finished_at IS NOT NULL)
            """)
        #expect(try held.first?.int("n") == 0)
    }

    /// As the superuser: over all that there is.
    func rows(_ sql: String) async throws -> [PostgresRow] {
        let owner = try await PostgresConnection.connect(PostgresConfiguration(dsn: workshop.databaseURL))
        do {
            let rows = try await owner.query(sql)
            await owner.close()
            return rows
        } catch {
            await owner.close()
            throw error
        }
    }
}
