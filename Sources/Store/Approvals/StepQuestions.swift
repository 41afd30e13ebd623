import Domain
import FoundationEssentials
import Postgres

/// What a step asks people, and what needs no answer any more: rows of the run's aggregate, before the audit.
extension StepCommit {
    func questionStatements() throws -> [PostgresStatement] {
        let key = [lease.tenant.value, lease.run.value]
        var list: [PostgresStatement] = []
        if !questions.isEmpty {
            list.append(
                PostgresStatement(
                    """
                    INSERT INTO approvals (tenant_id, run_id, approval_id, step, node, title, detail, arguments, tool,
                        arguments_hash, due_at)
                    SELECT $1, $2, q.id, q.step, q.node, q.title, q.detail, q.arguments, q.tool, q.hash,
                        to_timestamp(q.due::double precision / 1000)
                    FROM unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::json[], $9::text[],
                            $10::text[], $11::bigint[])
                        AS q (id, step, node, title, detail, arguments, tool, hash, due)
                    ON CONFLICT (tenant_id, approval_id) DO NOTHING
                    """,
                    key + [
                        .uuids(questions.map(\.id.uuid)), .ints(questions.map(\.step)), .texts(questions.map(\.node)),
                        .texts(questions.map(\.title)), .texts(questions.map(\.detail)),
                        .jsons(try questions.map { try $0.arguments.text() }), .texts(questions.map(\.tool)),
                        .texts(questions.map(\.argumentsHash)), .ints(questions.map { $0.due.map(Int.init) }),
                    ]))
        }
        if !settledQuestions.isEmpty {
            let settled = settledQuestions.sorted { $0.key.uuid < $1.key.uuid }
            list.append(
                PostgresStatement(
                    """
                    UPDATE approvals a SET status = s.status
                    FROM unnest($3::uuid[], $4::text[]) AS s (id, status)
                    WHERE a.tenant_id = $1 AND a.run_id = $2 AND a.approval_id = s.id AND a.status <> s.status
                    """,
                    key + [.uuids(settled.map(\.key.uuid)), .texts(settled.map(\.value.rawValue))]))
        }
        return list
    }
}
