package import Domain
package import FoundationEssentials
import Postgres

/// A call that was given up for good, and why.
package struct DeadLetter: Sendable {
    package let job: JobID
    package let run: RunID
    package let persona: PersonaID
    package let step: Int
    package let node: String
    package let tool: String
    package let effect: String
    /// Attempts begun.
    package let attempt: Int
    /// {kind, code, message}
    package let error: JSONValue
    package let failedAt: Date
    package let runStatus: RunStatus
    /// The run that tries it again.
    package let retriedAs: RunID?
}

package struct DeadLetters: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    private static let columns = """
        j.job_id, j.run_id, j.persona_id, j.step, j.node, j.tool, j.effect, j.attempt, j.error, j.finished_at, r.status,
        j.retried_as
        """

    /// Newest first by id, which is the order of the runs.
    package func list(_ tenant: TenantID, run: RunID?, isOpen: Bool?, before: JobID?, limit: Int) async throws
        -> [DeadLetter]
    {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM jobs j JOIN runs r USING (tenant_id, run_id)
            WHERE j.tenant_id = $1 AND j.state = 'failed' AND j.applied AND j.kind <> 'reconcile'
                AND ($2::uuid IS NULL OR j.run_id = $2) AND ($3::boolean IS NULL OR (j.retried_as IS NULL) = $3)
                AND ($4::uuid IS NULL OR j.job_id < $4)
            ORDER BY j.job_id DESC LIMIT $5
            """,
            [
                tenant.value, run?.value ?? .null, .optional(isOpen) { .bool($0) }, before?.value ?? .null, .int(limit),
            ]
        ).map(Self.letter)
    }

    package func find(_ tenant: TenantID, _ id: JobID) async throws -> DeadLetter? {
        try await database.rows(
            tenant,
            """
            SELECT \(Self.columns) FROM jobs j JOIN runs r USING (tenant_id, run_id)
            WHERE j.tenant_id = $1 AND j.job_id = $2 AND j.state = 'failed' AND j.applied AND j.kind <> 'reconcile'
            """, [tenant.value, id.value]
        ).first.map(Self.letter)
    }

    private static func letter(_ row: PostgresRow) throws -> DeadLetter {
        DeadLetter(
            job: try row.id("job_id"), run: try row.id("run_id"), persona: try row.id("persona_id"),
            step: try row.int("step"), node: try row.text("node"), tool: try row.text("tool"),
            effect: try row.text("effect"), attempt: try row.int("attempt"),
            error: try row.optionalValue("error") ?? .null, failedAt: try row.timestamp("finished_at"),
            runStatus: try row.known("status"), retriedAs: try row.optionalID("retried_as"))
    }
}
