import Domain
import FoundationEssentials
import Postgres

/// What a group's steps ask people, and what needs no answer any more: rows of the runs' aggregates, before the audit.
extension StepGroup {
    func questions() throws -> [PostgresStatement] {
        let asked = steps.enumerated().flatMap { index, step in
            step.questions.map { (place: index + 1, run: step.lease.run, question: $0) }
        }
        let settled = steps.enumerated().flatMap { index, step in
            step.settledQuestions.sorted { $0.key.uuid < $1.key.uuid }
                .map { (place: index + 1, run: step.lease.run, id: $0.key, status: $0.value) }
        }
        var list: [PostgresStatement] = []
        if !asked.isEmpty { list.append(try Self.asked(tenant, asked)) }
        if !settled.isEmpty { list.append(Self.settled(tenant, settled)) }
        return list
    }

    private static func asked(
        _ tenant: TenantID, _ rows: [(place: Int, run: RunID, question: StepCommit.Question)]
    ) throws -> PostgresStatement {
        let questions = rows.map(\.question)
        return PostgresStatement(
            """
            INSERT INTO approvals (tenant_id, run_id, approval_id, step, node, title, detail, arguments, tool,
                arguments_hash, due_at)
            SELECT $1, q.run_id, q.id, q.step, q.node, q.title, q.detail, q.arguments, q.tool, q.hash,
                to_timestamp(q.due::double precision / 1000)
            FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[],
                    $9::json[], $10::text[], $11::text[], $12::bigint[])
                AS q (place, run_id, id, step, node, title, detail, arguments, tool, hash, due)
            WHERE q.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
            ON CONFLICT (tenant_id, approval_id) DO NOTHING
            """,
            [
                tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.run.uuid)), .uuids(questions.map(\.id.uuid)),
                .ints(questions.map(\.step)), .texts(questions.map(\.node)), .texts(questions.map(\.title)),
                .texts(questions.map(\.detail)), .jsons(try questions.map { try $0.arguments.text() }),
                .texts(questions.map(\.tool)), .texts(questions.map(\.argumentsHash)),
                .ints(questions.map { $0.due.map(Int.init) }),
            ])
    }

    private static func settled(
        _ tenant: TenantID, _ rows: [(place: Int, run: RunID, id: ApprovalID, status: StoredApproval.Status)]
    ) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE approvals a SET status = s.status
            FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[]) AS s (place, run_id, id, status)
            WHERE s.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
                AND a.tenant_id = $1 AND a.run_id = s.run_id AND a.approval_id = s.id AND a.status <> s.status
            """,
            [
                tenant.value, .ints(rows.map(\.place)), .uuids(rows.map(\.run.uuid)), .uuids(rows.map(\.id.uuid)),
                .texts(rows.map(\.status.rawValue)),
            ])
    }
}
