import Domain
import Postgres
import ToolKit

/// Audit entries of a group, the chain's head locked once and last.
extension StepGroup {
    func audit() throws -> [PostgresStatement] {
        let entries = steps.enumerated().flatMap { index, step in
            step.auditEntries.map { (place: index + 1, entry: $0) }
        }
        guard !entries.isEmpty else { return [] }
        return [
            PostgresStatement(
                """
                SELECT audit_append_all(array_agg(e.actor ORDER BY e.number), array_agg(e.action ORDER BY e.number),
                    array_agg(e.subject ORDER BY e.number), array_agg(e.run_id ORDER BY e.number),
                    array_agg(e.detail ORDER BY e.number))
                FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::json[]) WITH ORDINALITY
                    AS e (place, actor, action, subject, run_id, detail, number)
                WHERE e.place = ANY ((SELECT current_setting('app.held')::bigint[])::bigint[])
                HAVING count(*) > 0
                """,
                [
                    .ints(entries.map(\.place)), .texts(entries.map(\.entry.actor)),
                    .texts(entries.map(\.entry.action)), .texts(entries.map(\.entry.subject)),
                    .uuids(entries.map(\.entry.run?.uuid)), .jsons(try entries.map { try $0.entry.detail.text() }),
                ])
        ]
    }
}

extension StepCommit {
    /// Effects that change something, decisions about them, and the run's own beginning and end; reads are in the steps.
    var auditEntries: [AuditEntry] {
        var entries: [AuditEntry] = []
        let actor = "persona:\(persona)"
        for order in orders {
            guard case .plan(let plan) = order, plan.effect != .read else { continue }
            let detail: JSONValue = [
                "tool": .string(plan.tool), "node": .string(plan.node), "effect_key": .string(plan.effectKey),
            ]
            entries.append(entry(actor, "effect.planned", plan.step, detail))
        }
        for event in allEvents {
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
        return entries
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
