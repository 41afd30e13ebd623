import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// What was done, by whom: one hash chain a tenant.
struct AuditRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list] }

    private static let entry = Schema.named(
        "AuditEntry",
        .object([
            Schema.required("seq", .integer(1...Int64.max)), Schema.required("at", .time),
            Schema.required("actor", .string()), Schema.required("action", .string()),
            Schema.required("subject", .string()), Schema.optional("run_id", .id),
            Schema.required("detail", .any), Schema.required("previous_hash", .string()),
            Schema.required("hash", .string(), "SHA-256 of previous hash, seq (8 bytes) and the stored entry"),
        ]))

    private var list: Endpoint {
        Endpoint(
            method: .get, path: "/api/audit", name: "listAudit", tag: "audit", summary: "The audit log, newest first.",
            access: .audit,
            query: [
                .init(name: "actor", schema: .string(), note: "As user:<id>, persona:<id> or system."),
                .init(name: "action", schema: .string(), note: "As run.created."),
                .init(name: "run_id", schema: .id, note: "One run's entries."),
                .init(name: "from", schema: .time, note: "At or after."),
                .init(name: "to", schema: .time, note: "Before."),
            ] + PageRequest.parameters,
            answer: .init(.ok, .page(of: Self.entry))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let filter = AuditFilter(
                actor: call.query["actor"], action: call.query["action"], run: try call.queryID("run_id"),
                from: try call.queryTime("from"), to: try call.queryTime("to"))
            let records = try await services.audit.list(
                caller.tenant, filter, before: page.after { Int($0) }, limit: page.limit + 1)
            return try .json(Page(records.map { AuditBody($0) }, limit: page.limit) { String($0.seq) })
        }
    }
}

private struct AuditBody: Encodable {
    let seq: Int
    let at: Date
    let actor: String
    let action: String
    let subject: String
    let runID: RunID?
    let detail: JSONValue
    let previousHash: String
    let hash: String

    init(_ record: AuditRecord) {
        seq = record.seq
        at = record.at
        actor = record.actor
        action = record.action
        subject = record.subject
        runID = record.run
        // The entry is JSON that audit_append wrote; one that was tampered with is shown without detail.
        detail = (try? JSONValue(parsing: record.entry))?["detail"] ?? .null
        previousHash = record.previousHash.hex
        hash = record.hash.hex
    }

    enum CodingKeys: String, CodingKey {
        case seq, at, actor, action, subject, detail, hash
        case runID = "run_id"
        case previousHash = "previous_hash"
    }
}
