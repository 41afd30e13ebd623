import Domain
import FoundationEssentials
import Postgres
import ToolKit

/// A step as statements, in the platform's lock order: run, jobs, rows of the run, audit head.
extension StepCommit {
    func statements() throws -> [PostgresStatement] {
        var list = [try fence(), checkpoint()]
        if !events.isEmpty { list.append(try history()) }
        if !visits.isEmpty { list.append(try visited()) }
        if !takenJobs.isEmpty { list.append(taken()) }
        list += try ledger()
        if !takenSignals.isEmpty { list.append(consumed()) }
        list += try questionStatements()
        list.append(doorbells())
        return list + (try audit())
    }

    private var key: [PostgresValue] { [lease.tenant.value, lease.run.value] }

    private func fence() throws -> PostgresStatement {
        PostgresStatement(
            """
            WITH held AS (
                UPDATE runs SET seq = $5, status = $6, steps = greatest(steps, $7), waiting_for = $8, output = $9, error = $10,
                    started_at = CASE WHEN $6 = 'queued' THEN NULL ELSE coalesce(started_at, platform_now()) END,
                    finished_at = CASE WHEN $11 THEN platform_now() END,
                    ready_at = CASE WHEN $11 THEN NULL WHEN wakes <> $12 THEN platform_now()
                        ELSE to_timestamp($13::double precision / 1000) END,
                    owner = CASE WHEN $14 THEN NULL ELSE owner END,
                    lease_until = CASE WHEN $14 THEN NULL ELSE lease_until END
                WHERE tenant_id = $1 AND run_id = $2 AND epoch = $3 AND seq = $4 AND owner IS NOT NULL RETURNING 1)
            SELECT require_fence(count(*)) FROM held
            """,
            key + [
                .int(lease.epoch), .int(seq), .int(nextSeq), .text(status.rawValue), .int(steps),
                waitingFor.isEmpty ? .null : try .json(.array(waitingFor)), try .optionalJSON(output),
                try .optionalJSON(failure?.json), .bool(status.isFinal), .int(wakes),
                .optional(wakeAt) { .int(Int($0)) }, .bool(endsLease),
            ])
    }

    private func checkpoint() -> PostgresStatement {
        PostgresStatement(
            "INSERT INTO checkpoints (tenant_id, run_id, seq, delta, snapshot) VALUES ($1, $2, $3, $4, $5)",
            key + [
                .int(nextSeq), .json(String(decoding: delta, as: UTF8.self)),
                .optional(snapshot) { .json(String(decoding: $0, as: UTF8.self)) },
            ])
    }

    private func history() throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO run_events (tenant_id, run_id, seq, kind, node, data)
            SELECT $1, $2, e.seq, e.kind, e.node, e.data
            FROM unnest($3::bigint[], $4::text[], $5::text[], $6::json[]) AS e (seq, kind, node, data)
            """,
            key + [
                .ints(events.indices.map { seq + 1 + $0 }), .texts(events.map(\.kind.rawValue)),
                .texts(events.map(\.node)), .jsons(try events.map { try $0.data.text() }),
            ])
    }

    private func visited() throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO steps (tenant_id, run_id, step, node, kind, status, attempt, input, output, error, finished_at)
            SELECT $1, $2, v.step, v.node, v.kind, v.status, v.attempt, v.input, v.output, v.error,
                CASE WHEN v.status <> 'running' THEN platform_now() END
            FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::json[], $9::json[], $10::json[])
                AS v (step, node, kind, status, attempt, input, output, error)
            ON CONFLICT (tenant_id, run_id, step) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,
                output = excluded.output, error = excluded.error, finished_at = excluded.finished_at
            """,
            key + [
                .ints(visits.map(\.step)), .texts(visits.map(\.node)), .texts(visits.map(\.kind)),
                .texts(visits.map(\.status.rawValue)), .ints(visits.map(\.attempt)),
                .jsons(try visits.map { try $0.input?.text() }), .jsons(try visits.map { try $0.output?.text() }),
                .jsons(try visits.map { try $0.failure?.json.text() }),
            ])
    }

    private func taken() -> PostgresStatement {
        PostgresStatement(
            "UPDATE jobs SET applied = true WHERE tenant_id = $1 AND run_id = $2 AND step = ANY ($3)",
            key + [.ints(takenJobs)])
    }

    private func consumed() -> PostgresStatement {
        PostgresStatement(
            "UPDATE signals SET consumed_seq = $3 WHERE tenant_id = $1 AND run_id = $2 AND signal_id = ANY ($4)",
            key + [.int(nextSeq), .uuids(takenSignals.map(\.uuid))])
    }

    private func doorbells() -> PostgresStatement {
        let jobs = orders.compactMap { order -> UUID? in
            switch order {
            case .plan(let plan): JobID(run: lease.run, step: plan.step).uuid
            case .again(let step, let delay): delay == 0 ? JobID(run: lease.run, step: step).uuid : nil
            default: nil
            }
        }
        return PostgresStatement(
            """
            INSERT INTO outbox (tenant_id, topic, subject_id)
            SELECT $1, 'event', $2::uuid UNION ALL SELECT $1, 'job', unnest($3::uuid[])
            """, key + [.uuids(jobs)])
    }

    // MARK: The effect ledger

    private func ledger() throws -> [PostgresStatement] {
        var list: [PostgresStatement] = []
        let plans = orders.compactMap { order -> Plan? in
            guard case .plan(let plan) = order else { return nil }
            return plan
        }
        if !plans.isEmpty { list.append(try planned(plans)) }
        var cancelled: [Int] = []
        for order in orders {
            switch order {
            case .plan: break
            case .again(let step, let delay): list.append(again(step, delay))
            case .settle(let step, let output, let failure): list.append(try settle(step, output, failure))
            case .cancel(let step): cancelled.append(step)
            }
        }
        if !cancelled.isEmpty { list.append(cancel(cancelled)) }
        return list
    }

    private func planned(_ plans: [Plan]) throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, item, kind, tool, input, effect,
                effect_key, timeout_seconds, priority)
            SELECT $1, p.job_id, $2, $3, p.step, p.node, p.item, p.kind, p.tool,
                CASE WHEN p.asked IS NULL THEN p.input ELSE (
                    SELECT json_build_object('effect_key', j.effect_key, 'input', j.input) FROM jobs j
                    WHERE j.tenant_id = $1 AND j.job_id = p.asked) END,
                p.effect, p.effect_key, p.timeout_seconds, (SELECT priority FROM runs WHERE tenant_id = $1 AND run_id = $2)
            FROM unnest($4::uuid[], $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::json[],
                    $11::text[], $12::text[], $13::bigint[], $14::uuid[])
                AS p (job_id, step, node, item, kind, tool, input, effect, effect_key, timeout_seconds, asked)
            """,
            key + [
                persona.value, .uuids(plans.map { JobID(run: lease.run, step: $0.step).uuid }),
                .ints(plans.map(\.step)), .texts(plans.map(\.node)), .ints(plans.map(\.item)),
                .texts(plans.map(\.kind.rawValue)), .texts(plans.map(\.tool)),
                .jsons(try plans.map { try $0.input.text() }), .texts(plans.map(\.effect.rawValue)),
                .texts(plans.map(\.effectKey)), .ints(plans.map(\.timeoutSeconds)),
                .uuids(plans.map { plan in plan.reconciles.map { JobID(run: lease.run, step: $0).uuid } }),
            ])
    }

    private func again(_ step: Int, _ delay: Int) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs SET state = 'planned', phase = NULL, applied = false, result = NULL, error = NULL,
                finished_at = NULL, owner = NULL, lease_until = NULL,
                run_after = platform_now() + make_interval(secs => $4::double precision / 1000)
            WHERE tenant_id = $1 AND run_id = $2 AND step = $3 AND state IN ('failed', 'unknown')
            """, key + [.int(step), .int(delay)])
    }

    private func settle(_ step: Int, _ output: JSONValue?, _ failure: RunFailure?) throws -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs SET state = CASE WHEN $5::json IS NULL THEN 'done' ELSE 'failed' END, result = $4, error = $5,
                applied = true, finished_at = platform_now()
            WHERE tenant_id = $1 AND run_id = $2 AND step = $3 AND state = 'unknown'
            """, key + [.int(step), try .optionalJSON(output), try .optionalJSON(failure?.json)])
    }

    private func cancel(_ steps: [Int]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE jobs SET applied = true,
                state = CASE WHEN state IN ('planned', 'started') AND phase IS NULL THEN 'cancelled' ELSE state END,
                finished_at = CASE WHEN state IN ('planned', 'started') AND phase IS NULL THEN platform_now()
                    ELSE finished_at END
            WHERE tenant_id = $1 AND run_id = $2 AND step = ANY ($3)
            """, key + [.ints(steps)])
    }

    // MARK: Audit

    /// Effects that change something, decisions about them, and the run's own beginning and end; reads are in the steps.
    private func audit() throws -> [PostgresStatement] {
        var entries: [AuditEntry] = []
        let actor = "persona:\(persona)"
        for order in orders {
            guard case .plan(let plan) = order, plan.effect != .read else { continue }
            let detail: JSONValue = [
                "tool": .string(plan.tool), "node": .string(plan.node), "effect_key": .string(plan.effectKey),
            ]
            entries.append(entry(actor, "effect.planned", plan.step, detail))
        }
        for event in events {
            switch event.kind {
            case .runStarted, .runSucceeded, .runFailed, .runCancelled:
                entries.append(
                    AuditEntry(
                        actor: actor, action: event.kind.rawValue, subject: "run:\(lease.run)", run: lease.run,
                        detail: event.data))
            case .approvalRequested, .approvalGranted, .approvalRejected, .approvalExpired, .approvalWithdrawn,
                .approvalRefused, .runCompensating, .compensationFailed, .runForked, .runMigrated:
                entries.append(
                    AuditEntry(
                        actor: actor, action: event.kind.rawValue, subject: "run:\(lease.run)", run: lease.run,
                        detail: event.data))
            case .effectUnknown, .effectReconciled, .effectUndecided, .effectDecided:
                let step = event.data["step"]?.int.flatMap { Int(exactly: $0) }
                entries.append(entry(actor, event.kind.rawValue, step ?? 0, event.data))
            default: break
            }
        }
        return try entries.map { try $0.statement() }
    }

    private func entry(_ actor: String, _ action: String, _ step: Int, _ detail: JSONValue) -> AuditEntry {
        AuditEntry(
            actor: actor, action: action, subject: "job:\(JobID(run: lease.run, step: step))", run: lease.run,
            detail: detail)
    }
}

extension JSONValue {
    func text() throws -> String { String(decoding: try canonicalBytes(), as: UTF8.self) }
}

extension PostgresValue {
    static func optionalJSON(_ value: JSONValue?) throws -> PostgresValue { try value.map { try .json($0) } ?? .null }
}
