import Domain
import Postgres

/// What the steps of a group ask people, and what needs no answer any more: rows of the runs' aggregates, before the
/// audit, and only for the runs that hold their lease.
extension StepGroup {
    func questions() throws -> [PostgresStatement] {
        let asked = steps.enumerated().flatMap { index, step in
            step.questions.map { (place: index + 1, run: step.lease.run, question: $0) }
        }
        let settled = steps.enumerated().flatMap { index, step in
            step.settledQuestions.map { (place: index + 1, id: $0.key, status: $0.value) }
        }
        return (asked.isEmpty ? [] : [try put(asked)]) + (settled.isEmpty ? [] : [end(settled)])
    }

    private func put(_ rows: [(place: Int, run: RunID, question: StepCommit.Question)]) throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO approvals (tenant_id, run_id, approval_id, step, node, title, detail, arguments, tool,
                arguments_hash, due_at)
            SELECT $1, q.run_id, q.id, q.step, q.node, q.title, q.detail, q.arguments, q.tool, q.hash,
                to_timestamp(q.due::double precision / 1000)
            FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::json[],
                    $10::text[], $11::text[], $12::bigint[])
                AS q (place, run_id, id, step, node, title, detail, arguments, tool, hash, due)
            WHERE q.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
            ON CONFLICT (tenant_id, approval_id) DO NOTHING
            """,
            [
                tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.run.uuid)),
                .uuids(rows.map(\.question.id.uuid)), .ints(rows.map(\.question.step)),
                .texts(rows.map(\.question.node)), .texts(rows.map(\.question.title)),
                .texts(rows.map(\.question.detail)), .jsons(try rows.map { try $0.question.arguments.text() }),
                .texts(rows.map(\.question.tool)), .texts(rows.map(\.question.argumentsHash)),
                .ints(rows.map { $0.question.due.map(Int.init) }),
            ])
    }

    private func end(_ rows: [(place: Int, id: ApprovalID, status: StoredApproval.Status)]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE approvals a SET status = s.status
            FROM unnest($2::bigint[], $3::uuid[], $4::text[]) AS s (place, id, status)
            CROSS JOIN LATERAL (
                SELECT q.ctid AS row FROM approvals q
                WHERE q.tenant_id = $1 AND q.approval_id >= s.id AND q.approval_id <= s.id
                ORDER BY q.approval_id OFFSET 0) f
            WHERE s.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
                AND a.ctid = f.row AND a.status <> s.status
            """,
            [
                tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.id.uuid)),
                .texts(rows.map(\.status.rawValue)),
            ])
    }
}
