package import Domain
import Postgres

/// Doorbells that were committed with what they tell of. A row is taken when it is rung; a process that dies in
/// between costs a sweep's time and nothing else.
package struct Outbox: Sendable {
    /// Rows taken at once.
    package static let batch = 500

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Takes rows that nobody else is taking.
    package func take(limit: Int = Outbox.batch) async throws -> [DoorbellRing] {
        try await database.dispatch.query(
            """
            DELETE FROM outbox o USING (
                SELECT tenant_id, outbox_id FROM outbox ORDER BY outbox_id LIMIT $1 FOR UPDATE SKIP LOCKED) due
            WHERE o.tenant_id = due.tenant_id AND o.outbox_id = due.outbox_id
            RETURNING o.tenant_id, o.topic, o.subject_id
            """, [.int(limit)]
        ).map { row in
            switch try row.text("topic") {
            case "run": .run(try row.id("tenant_id"), try row.id("subject_id"))
            case "job": .job(try row.id("tenant_id"), try row.id("subject_id"))
            default: .event(try row.id("tenant_id"), try row.id("subject_id"))
            }
        }
    }
}
