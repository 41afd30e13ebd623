import Domain
import FoundationEssentials
import Postgres
import ToolKit

/// The effect ledger, signals and doorbells of a group: only what some step of it asks for, and only for the runs
/// that hold their lease.
extension StepGroup {
    func effects() throws -> [PostgresStatement] {
        var ledger = Ledger()
        for (index, step) in steps.enumerated() { ledger.add(step, place: index + 1) }
        var list: [PostgresStatement] = []
        if !ledger.changed.isEmpty { list.append(locks(ledger.changed)) }
        if !ledger.taken.isEmpty { list.append(taken(ledger.taken)) }
        if !ledger.plans.isEmpty { list.append(try planned(ledger.plans)) }
        if !ledger.again.isEmpty { list.append(again(ledger.again)) }
        if !ledger.settled.isEmpty { list.append(try settled(ledger.settled)) }
        if !ledger.cancelled.isEmpty { list.append(cancelled(ledger.cancelled)) }
        if !ledger.signals.isEmpty { list.append(consumed(ledger.signals)) }
        list += try questions()
        if !ledger.bells.isEmpty { list.append(doorbells(ledger.bells)) }
        return list
    }

    /// The group's orders by kind; `place` is the step's, from 1.
    private struct Ledger {
        typealias Row = (place: Int, job: UUID)
        var taken: [Row] = []
        var plans: [(place: Int, step: StepCommit, plan: StepCommit.Plan)] = []
        var again: [(row: Row, delay: Int)] = []
        var settled: [(row: Row, output: JSONValue?, failure: RunFailure?)] = []
        var cancelled: [Row] = []
        var signals: [(place: Int, run: RunID, signal: SignalID, seq: Int)] = []
        var bells: [Row] = []

        /// Rows that are there already.
        var changed: [UUID] {
            Set((taken + again.map(\.row) + settled.map(\.row) + cancelled).map(\.job)).sorted()
        }

        mutating func add(_ step: StepCommit, place: Int) {
            func row(_ number: Int) -> Row { (place, JobID(run: step.lease.run, step: number).uuid) }
            taken += step.takenJobs.map(row)
            signals += step.takenSignals.map { (place, step.lease.run, $0, step.signalSeq) }
            for order in step.orders {
                switch order {
                case .plan(let plan):
                    plans.append((place, step, plan))
                    bells.append(row(plan.step))
                case .again(let number, let delay):
                    again.append((row(number), delay))
                    if delay == 0 { bells.append(row(number)) }
                case .settle(let number, let output, let failure): settled.append((row(number), output, failure))
                case .cancel(let number): cancelled.append(row(number))
                }
            }
        }
    }

    /// Workers change jobs without their runs' locks; what follows may go by the rows' places.
    private func locks(_ jobs: [UUID]) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT q.job_id FROM unnest($2::uuid[]) AS s (job_id)
            CROSS JOIN LATERAL (
                SELECT j.job_id FROM jobs j WHERE j.tenant_id = $1 AND j.job_id >= s.job_id AND j.job_id <= s.job_id
                ORDER BY j.job_id OFFSET 0 FOR NO KEY UPDATE) q
            """, [tenant.value, .uuids(jobs)])
    }

    private func taken(_ rows: [Ledger.Row]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs j SET applied = true FROM unnest($2::bigint[], $3::uuid[]) AS t (place, job_id)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM jobs q WHERE q.tenant_id = $1 AND q.job_id >= t.job_id AND q.job_id <= t.job_id
                ORDER BY q.job_id OFFSET 0) f
            WHERE t.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[]) AND j.ctid = f.row
            """, [tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.job))])
    }

    private func planned(
        _ plans: [(place: Int, step: StepCommit, plan: StepCommit.Plan)]
    ) throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, item, kind, tool, input, effect,
                effect_key, timeout_seconds, priority)
            SELECT $1, p.job_id, p.run_id, p.persona_id, p.step, p.node, p.item, p.kind, p.tool,
                CASE WHEN p.asked IS NULL THEN p.input ELSE (
                    SELECT json_build_object('effect_key', j.effect_key, 'input', j.input) FROM jobs j
                    WHERE j.tenant_id = $1 AND j.job_id >= p.asked AND j.job_id <= p.asked
                    ORDER BY j.job_id LIMIT 1) END,
                p.effect, p.effect_key, p.timeout_seconds,
                (SELECT r.priority FROM runs r WHERE r.tenant_id = $1 AND r.run_id >= p.run_id AND r.run_id <= p.run_id
                    ORDER BY r.run_id LIMIT 1)
            FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::bigint[],
                    $9::text[], $10::text[], $11::json[], $12::text[], $13::text[], $14::bigint[], $15::uuid[])
                AS p (place, job_id, run_id, persona_id, step, node, item, kind, tool, input, effect, effect_key,
                    timeout_seconds, asked)
            WHERE p.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
            """,
            [
                tenant.value, .ints(plans.map(\.place)),
                .uuids(plans.map { JobID(run: $0.step.lease.run, step: $0.plan.step).uuid }),
                .uuids(plans.map(\.step.lease.run.uuid)), .uuids(plans.map(\.step.persona.uuid)),
                .ints(plans.map(\.plan.step)), .texts(plans.map(\.plan.node)), .ints(plans.map(\.plan.item)),
                .texts(plans.map(\.plan.kind.rawValue)), .texts(plans.map(\.plan.tool)),
                .jsons(try plans.map { try $0.plan.input.text() }), .texts(plans.map(\.plan.effect.rawValue)),
                .texts(plans.map(\.plan.effectKey)), .ints(plans.map(\.plan.timeoutSeconds)),
                .uuids(
                    plans.map { entry in
                        entry.plan.reconciles.map { JobID(run: entry.step.lease.run, step: $0).uuid }
                    }),
            ])
    }

    private func again(_ rows: [(row: Ledger.Row, delay: Int)]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs j SET state = 'planned', phase = NULL, applied = false, result = NULL, error = NULL,
                finished_at = NULL, owner = NULL, lease_until = NULL,
                run_after = platform_now() + make_interval(secs => t.delay::double precision / 1000)
            FROM unnest($2::bigint[], $3::uuid[], $4::bigint[]) AS t (place, job_id, delay)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM jobs q WHERE q.tenant_id = $1 AND q.job_id >= t.job_id AND q.job_id <= t.job_id
                ORDER BY q.job_id OFFSET 0) f
            WHERE t.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[]) AND j.ctid = f.row
                AND j.state IN ('failed', 'unknown')
            """,
            [tenant.value, .ints(rows.map(\.row.place)), .uuids(rows.map(\.row.job)), .ints(rows.map(\.delay))])
    }

    private func settled(
        _ rows: [(row: Ledger.Row, output: JSONValue?, failure: RunFailure?)]
    ) throws -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs j SET state = CASE WHEN t.error IS NULL THEN 'done' ELSE 'failed' END, result = t.result,
                error = t.error, applied = true, finished_at = platform_now()
            FROM unnest($2::bigint[], $3::uuid[], $4::json[], $5::json[]) AS t (place, job_id, result, error)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM jobs q WHERE q.tenant_id = $1 AND q.job_id >= t.job_id AND q.job_id <= t.job_id
                ORDER BY q.job_id OFFSET 0) f
            WHERE t.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[]) AND j.ctid = f.row
                AND j.state = 'unknown'
            """,
            [
                tenant.value, .ints(rows.map(\.row.place)), .uuids(rows.map(\.row.job)),
                .jsons(try rows.map { try $0.output?.text() }), .jsons(try rows.map { try $0.failure?.json.text() }),
            ])
    }

    private func cancelled(_ rows: [Ledger.Row]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs j SET applied = true, given_up = true,
                state = CASE WHEN state IN ('planned', 'started') AND phase IS NULL THEN 'cancelled' ELSE state END,
                finished_at = CASE WHEN state IN ('planned', 'started') AND phase IS NULL THEN platform_now()
                    ELSE finished_at END
            FROM unnest($2::bigint[], $3::uuid[]) AS t (place, job_id)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM jobs q WHERE q.tenant_id = $1 AND q.job_id >= t.job_id AND q.job_id <= t.job_id
                ORDER BY q.job_id OFFSET 0) f
            WHERE t.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[]) AND j.ctid = f.row
            """, [tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.job))])
    }

    private func consumed(_ rows: [(place: Int, run: RunID, signal: SignalID, seq: Int)]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE signals s SET consumed_seq = t.seq
            FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[]) AS t (place, run_id, signal_id, seq)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM signals q
                WHERE q.tenant_id = $1 AND q.run_id = t.run_id AND q.signal_id = t.signal_id OFFSET 0) f
            WHERE t.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[]) AND s.ctid = f.row
            """,
            [
                tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.run.uuid)), .uuids(rows.map(\.signal.uuid)),
                .ints(rows.map(\.seq)),
            ])
    }

    /// For jobs only: whoever follows a run's events finds them by their numbers.
    private func doorbells(_ rows: [Ledger.Row]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO outbox (tenant_id, topic, subject_id, created_at)
            SELECT $1, 'job', t.job_id, (SELECT platform_now())
            FROM unnest($2::bigint[], $3::uuid[]) AS t (place, job_id)
            WHERE t.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
            """, [tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.job))])
    }
}
