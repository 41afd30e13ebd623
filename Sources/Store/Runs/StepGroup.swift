import Domain
import Postgres

/// Steps of several runs of one tenant as statements of one transaction, in the platform's lock order: runs, jobs, rows
/// of the runs, audit head.
///
/// Each run is fenced on its own: the statement after the locks writes those whose lease, epoch and sequence hold, and
/// leaves their places in the group in `app.held`, by which the statements after it go. A fenced run writes nothing and
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

    /// Which statement's row tells the receipts.
    static let told = 1

    func statements() throws -> [PostgresStatement] {
        let later = try effects() + audit()
        return [locks(), try progress(hasMore: !later.isEmpty)] + later
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

    /// The runs in order: whoever locks several goes by their ids. What follows may then go by the rows' places, which
    /// nobody else can change.
    private func locks() -> PostgresStatement {
        PostgresStatement(
            """
            SELECT q.run_id FROM unnest($2::uuid[]) WITH ORDINALITY AS s (run_id, place)
            CROSS JOIN LATERAL (
                SELECT r.run_id FROM runs r WHERE r.tenant_id = $1 AND r.run_id >= s.run_id AND r.run_id <= s.run_id
                ORDER BY r.run_id OFFSET 0 FOR NO KEY UPDATE) q
            """, [tenant.value, .uuids(steps.map(\.lease.run.uuid))])
    }

    // MARK: The runs, their checkpoints, events and visits

    private func progress(hasMore: Bool) throws -> PostgresStatement {
        let points = steps.enumerated().flatMap { index, step in step.checkpoints.map { (place: index + 1, point: $0) }
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
            ] + (try EventBatch.values(steps.map(\.allEvents))) + [
                .ints(points.map(\.place)), .ints(points.map(\.point.seq)),
                .jsons(points.map { String(decoding: $0.point.checkpoint.delta, as: UTF8.self) }),
                .jsons(points.map { $0.point.checkpoint.snapshot.map { String(decoding: $0, as: UTF8.self) } }),
            ] + (try Self.values(visits.filter(\.visit.isNew))) + (try Self.values(visits.filter { !$0.visit.isNew }))
                + [.bool(hasMore)])
    }

    private static func values(_ visits: [(place: Int, visit: StepCommit.Visit)]) throws -> [PostgresValue] {
        [
            .ints(visits.map(\.place)), .ints(visits.map(\.visit.step)), .texts(visits.map(\.visit.node)),
            .texts(visits.map(\.visit.kind)), .texts(visits.map(\.visit.status.rawValue)),
            .ints(visits.map(\.visit.attempt)), .jsons(try visits.map { try $0.visit.input?.text() }),
            .jsons(try visits.map { try $0.visit.output?.text() }),
            .jsons(try visits.map { try $0.visit.failure?.json.text() }),
        ]
    }

    /// `holds` says by place whether the run's row was written. A visit that began in this transaction needs no look for
    /// a row of it.
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
                    $9::json[], $10::json[], $11::boolean[], $12::bigint[], $13::bigint[], $14::boolean[], $15::text[],
                    $16::text[], $17::json[]) WITH ORDINALITY
                AS s (run_id, epoch, seq, next_seq, status, steps, waiting_for, output, error, final, wakes, wake_at,
                    ends, kinds, nodes, data, place)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM runs q WHERE q.tenant_id = $1 AND q.run_id >= s.run_id AND q.run_id <= s.run_id
                ORDER BY q.run_id OFFSET 0) f, moment m
            WHERE r.ctid = f.row AND r.epoch = s.epoch AND r.seq = s.seq
                AND r.owner IS NOT NULL AND (NOT s.final OR r.wakes = s.wakes)
            RETURNING s.place, s.run_id, s.next_seq, s.kinds, s.nodes, s.data, r.wakes),
        places AS MATERIALIZED (
            SELECT array_agg(p.place = ANY (h.held) ORDER BY p.place) AS holds
            FROM (SELECT array_agg(place) AS held FROM held) h, generate_series(1, cardinality($2::uuid[])) AS p (place)),
        told AS (
            INSERT INTO run_event_batches (tenant_id, run_id, seq, at, kinds, nodes, data)
            SELECT $1, h.run_id, h.next_seq, m.now, h.kinds::text[], h.nodes::text[], h.data FROM held h, moment m),
        point AS (
            INSERT INTO checkpoints (tenant_id, run_id, seq, delta, snapshot, created_at)
            SELECT $1, ($2::uuid[])[p.place], p.seq, p.delta, p.snapshot, m.now
            FROM unnest($18::bigint[], $19::bigint[], $20::json[], $21::json[]) AS p (place, seq, delta, snapshot),
                moment m
            WHERE ((SELECT holds FROM places)::boolean[])[p.place]),
        begun AS (
            INSERT INTO steps (tenant_id, run_id, step, node, kind, status, attempt, input, output, error, started_at,
                finished_at)
            SELECT $1, ($2::uuid[])[v.place], v.step, v.node, v.kind, v.status, v.attempt, v.input, v.output, v.error,
                m.now, CASE WHEN v.status <> 'running' THEN m.now END
            FROM unnest($22::bigint[], $23::bigint[], $24::text[], $25::text[], $26::text[], $27::bigint[],
                    $28::json[], $29::json[], $30::json[])
                AS v (place, step, node, kind, status, attempt, input, output, error), moment m
            WHERE ((SELECT holds FROM places)::boolean[])[v.place]),
        visited AS (
            INSERT INTO steps (tenant_id, run_id, step, node, kind, status, attempt, input, output, error, started_at,
                finished_at)
            SELECT $1, ($2::uuid[])[v.place], v.step, v.node, v.kind, v.status, v.attempt, v.input, v.output, v.error,
                m.now, CASE WHEN v.status <> 'running' THEN m.now END
            FROM unnest($31::bigint[], $32::bigint[], $33::text[], $34::text[], $35::text[], $36::bigint[],
                    $37::json[], $38::json[], $39::json[])
                AS v (place, step, node, kind, status, attempt, input, output, error), moment m
            WHERE ((SELECT holds FROM places)::boolean[])[v.place]
            ON CONFLICT (tenant_id, run_id, step) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,
                output = excluded.output, error = excluded.error, finished_at = excluded.finished_at)
        SELECT array_agg(place) AS held, array_agg(wakes) AS wakes,
            (extract(epoch FROM (SELECT now FROM moment)) * 1000)::bigint AS now,
            CASE WHEN $40::boolean THEN set_config('app.held', coalesce(array_agg(place)::text, '{}'), true) END
        FROM held
        """
}
