import Domain
import Postgres

/// Steps of several runs of one tenant as statements of one transaction, in the platform's lock order: runs, jobs, rows
/// of the runs, audit head.
///
/// Each run is fenced on its own: the first statement writes those whose lease, epoch and sequence hold, and leaves
/// their places in the group in `app.held`, by which the statements after it go. A fenced run writes nothing and
/// disturbs no other. A run may occur once.
///
/// A step that ends its run is fenced off by news as well: a signal that has been accepted is taken up or refused in
/// words, so the run is looked at once more.
struct StepGroup {
    let tenant: TenantID
    let steps: [StepCommit]

    /// The same order in every group, so that two holders of the same runs cannot wait for each other.
    init(_ tenant: TenantID, _ steps: [StepCommit]) {
        self.tenant = tenant
        self.steps = steps.sorted { $0.lease.run.uuid < $1.lease.run.uuid }
    }

    /// The first statement's row tells the receipts.
    func statements() throws -> [PostgresStatement] {
        let later = try effects() + audit()
        return [try progress(hasMore: !later.isEmpty)] + later
    }

    /// What became of each step, in the order of `steps`: `nil` for one that was fenced off.
    func receipts(_ result: PostgresResult?) throws -> [StepReceipt?] {
        guard let row = result?.rows.first else { return steps.map { _ in nil } }
        var receipts: [StepReceipt?] = steps.map { _ in nil }
        let now = Int64(try row.int("now"))
        guard !(try row.isNull("held")) else { return receipts }
        for (place, wakes) in zip(try row.ints("held"), try row.ints("wakes")) where steps.indices.contains(place - 1) {
            receipts[place - 1] = StepReceipt(wakes: wakes, now: now)
        }
        return receipts
    }

    // MARK: The runs, their checkpoints, events and visits

    private func progress(hasMore: Bool) throws -> PostgresStatement {
        let events = steps.enumerated().flatMap { index, step in
            step.events.enumerated().map { (place: index + 1, seq: step.seq + 1 + $0.offset, event: $0.element) }
        }
        let visits = steps.enumerated().flatMap { index, step in step.visits.map { (place: index + 1, visit: $0) } }
        return PostgresStatement(
            Self.progressSQL,
            [
                tenant.value, .uuids(steps.map(\.lease.run.uuid)), .ints(steps.map(\.lease.epoch)),
                .ints(steps.map(\.seq)), .ints(steps.map(\.nextSeq)), .texts(steps.map(\.status.rawValue)),
                .ints(steps.map(\.steps)),
                .jsons(try steps.map { $0.waitingFor.isEmpty ? nil : try JSONValue.array($0.waitingFor).text() }),
                .jsons(try steps.map { try $0.output?.text() }), .jsons(try steps.map { try $0.failure?.json.text() }),
                .bools(steps.map(\.status.isFinal)), .ints(steps.map(\.wakes)),
                .ints(steps.map { $0.wakeAt.map(Int.init) }), .bools(steps.map(\.endsLease)),
                .jsons(steps.map { String(decoding: $0.delta, as: UTF8.self) }),
                .jsons(steps.map { $0.snapshot.map { String(decoding: $0, as: UTF8.self) } }),
                .ints(events.map(\.place)), .ints(events.map(\.seq)), .texts(events.map(\.event.kind.rawValue)),
                .texts(events.map(\.event.node)), .jsons(try events.map { try $0.event.data.text() }),
                .ints(visits.map(\.place)), .ints(visits.map(\.visit.step)), .texts(visits.map(\.visit.node)),
                .texts(visits.map(\.visit.kind)), .texts(visits.map(\.visit.status.rawValue)),
                .ints(visits.map(\.visit.attempt)), .jsons(try visits.map { try $0.visit.input?.text() }),
                .jsons(try visits.map { try $0.visit.output?.text() }),
                .jsons(try visits.map { try $0.visit.failure?.json.text() }), .bool(hasMore),
            ])
    }

    private static let progressSQL = """
        WITH moment AS MATERIALIZED (SELECT platform_now() AS now),
        held AS (
            UPDATE runs r SET seq = s.next_seq, status = s.status, steps = greatest(r.steps, s.steps),
                waiting_for = s.waiting_for, output = s.output, error = s.error,
                started_at = CASE WHEN s.status = 'queued' THEN NULL ELSE coalesce(r.started_at, m.now) END,
                finished_at = CASE WHEN s.final THEN m.now END,
                ready_at = CASE WHEN s.final THEN NULL
                    WHEN r.wakes <> s.wakes OR to_timestamp(s.wake_at::double precision / 1000) <= m.now
                        THEN least(r.ready_at, m.now)
                    ELSE to_timestamp(s.wake_at::double precision / 1000) END,
                owner = CASE WHEN s.ends THEN NULL ELSE r.owner END,
                lease_until = CASE WHEN s.ends THEN NULL ELSE r.lease_until END
            FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::json[],
                    $9::json[], $10::json[], $11::boolean[], $12::bigint[], $13::bigint[], $14::boolean[], $15::json[],
                    $16::json[]) WITH ORDINALITY
                AS s (run_id, epoch, seq, next_seq, status, steps, waiting_for, output, error, final, wakes, wake_at,
                    ends, delta, snapshot, place), moment m
            WHERE r.tenant_id = $1 AND r.run_id = s.run_id AND r.epoch = s.epoch AND r.seq = s.seq
                AND r.owner IS NOT NULL AND (NOT s.final OR r.wakes = s.wakes)
            RETURNING s.place, s.run_id, s.next_seq, s.delta, s.snapshot, r.wakes),
        places AS MATERIALIZED (SELECT array_agg(place) AS held FROM held),
        point AS (
            INSERT INTO checkpoints (tenant_id, run_id, seq, delta, snapshot, created_at)
            SELECT $1, h.run_id, h.next_seq, h.delta, h.snapshot, m.now FROM held h, moment m),
        told AS (
            INSERT INTO run_events (tenant_id, run_id, seq, at, kind, node, data)
            SELECT $1, ($2::uuid[])[e.place], e.seq, m.now, e.kind, e.node, e.data
            FROM unnest($17::bigint[], $18::bigint[], $19::text[], $20::text[], $21::json[])
                AS e (place, seq, kind, node, data), moment m
            WHERE e.place = ANY ((SELECT held FROM places)::bigint[])),
        visited AS (
            INSERT INTO steps (tenant_id, run_id, step, node, kind, status, attempt, input, output, error, started_at,
                finished_at)
            SELECT $1, ($2::uuid[])[v.place], v.step, v.node, v.kind, v.status, v.attempt, v.input, v.output, v.error,
                m.now, CASE WHEN v.status <> 'running' THEN m.now END
            FROM unnest($22::bigint[], $23::bigint[], $24::text[], $25::text[], $26::text[], $27::bigint[],
                    $28::json[], $29::json[], $30::json[])
                AS v (place, step, node, kind, status, attempt, input, output, error), moment m
            WHERE v.place = ANY ((SELECT held FROM places)::bigint[])
            ON CONFLICT (tenant_id, run_id, step) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,
                output = excluded.output, error = excluded.error, finished_at = excluded.finished_at)
        SELECT array_agg(place) AS held, array_agg(wakes) AS wakes,
            (extract(epoch FROM (SELECT now FROM moment)) * 1000)::bigint AS now,
            CASE WHEN $31::boolean THEN set_config('app.held', coalesce(array_agg(place)::text, '{}'), true) END
        FROM held
        """
}
