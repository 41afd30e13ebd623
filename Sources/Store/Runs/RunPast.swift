package import Domain
package import FoundationEssentials
import Postgres

/// A run as it stood at one of its checkpoints, to be folded by who knows the state's shape.
package struct RunMoment: Sendable {
    package let run: RunID
    package let persona: PersonaID
    package let personaVersion: Int
    package let graphID: GraphID?
    package let graphVersion: Int?
    package let graph: JSONValue
    package let input: JSONValue
    /// Number of the last event that the checkpoint covers.
    package let checkpoint: Int
    package let at: Date
    /// Whether the run has ended since.
    package let hasEnded: Bool
    /// JSON of the newest snapshot up to the checkpoint, and of the deltas after it.
    package let snapshot: [UInt8]?
    package let deltas: [[UInt8]]
    /// The database's clock, in milliseconds since 1970.
    package let now: Int64
}

/// Runs as they were, and what is begun from there.
package struct RunPast: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The run at checkpoint `seq`, or at its last one; `nil` where there is none such.
    package func moment(_ tenant: TenantID, _ run: RunID, at seq: Int? = nil) async throws -> RunMoment? {
        let key = [tenant.value, run.value, .optional(seq) { .int($0) }]
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    """
                    SELECT r.persona_id, r.persona_version, r.graph_id, r.graph_version, r.graph, r.input,
                        r.finished_at IS NOT NULL AS has_ended, c.seq, c.created_at,
                        (extract(epoch FROM platform_now()) * 1000)::bigint AS now
                    FROM runs r JOIN checkpoints c USING (tenant_id, run_id)
                    WHERE r.tenant_id = $1 AND r.run_id = $2 AND ($3::bigint IS NULL OR c.seq = $3)
                    ORDER BY c.seq DESC LIMIT 1
                    """, key),
                PostgresStatement(
                    """
                    SELECT seq, delta, snapshot FROM checkpoints
                    WHERE tenant_id = $1 AND run_id = $2 AND ($3::bigint IS NULL OR seq <= $3) AND seq >= coalesce((
                        SELECT max(seq) FROM checkpoints
                        WHERE tenant_id = $1 AND run_id = $2 AND snapshot IS NOT NULL
                            AND ($3::bigint IS NULL OR seq <= $3)), 0)
                    ORDER BY seq
                    """, key),
            ])
        guard let row = results[0].first else { return nil }
        let seq = try row.int("seq")
        // A step may have been committed between the two statements.
        let points = try results[1].filter { try $0.int("seq") <= seq }
        let snapshot = try points.first?.optionalJSON("snapshot")
        return RunMoment(
            run: run, persona: try row.id("persona_id"), personaVersion: try row.int("persona_version"),
            graphID: try row.optionalID("graph_id"), graphVersion: try row.optionalInt("graph_version"),
            graph: try row.value("graph"), input: try row.value("input"), checkpoint: seq,
            at: try row.timestamp("created_at"), hasEnded: try row.bool("has_ended"), snapshot: snapshot,
            deltas: try (snapshot == nil ? points[...] : points.dropFirst()).map { try $0.json("delta") },
            now: Int64(try row.int("now")))
    }

    /// The last checkpoint before the one that tells that a step failed: where its call was still open.
    package func checkpoint(_ tenant: TenantID, _ run: RunID, beforeFailureOf step: Int) async throws -> Int? {
        try await database.rows(
            tenant,
            """
            SELECT max(c.seq) AS seq FROM checkpoints c WHERE c.tenant_id = $1 AND c.run_id = $2 AND c.seq < (
                SELECT max(e.seq) FROM run_events e
                WHERE e.tenant_id = $1 AND e.run_id = $2 AND e.kind IN ('step.failed', 'step.cancelled')
                    AND (e.data ->> 'step')::bigint = $3)
            """, [tenant.value, run.value, .int(step)]
        ).first?.optionalInt("seq")
    }

    /// Commits a run that begins at another one's checkpoint: its row, its state, what that one had done by then, and
    /// the audit entry. With `letter` it is what a dead letter is tried again by; false where that has been done.
    /// Ring `.run` afterwards.
    package func fork(_ tenant: TenantID, _ run: NewRun, letter: JobID? = nil, actor: String) async throws -> Bool {
        try await RunAdmissions.refusingFullQueue {
            try await database.transaction(tenant) { connection in
                if let letter {
                    let open = try await connection.query(
                        """
                        SELECT 1 FROM jobs WHERE tenant_id = $1 AND job_id = $2 AND retried_as IS NULL FOR UPDATE
                        """, [tenant.value, letter.value])
                    guard !open.isEmpty else { return false }
                }
                var statements = try run.statements(tenant, actor: actor)
                if let letter {
                    statements.insert(
                        PostgresStatement(
                            "UPDATE jobs SET retried_as = $3 WHERE tenant_id = $1 AND job_id = $2",
                            [tenant.value, letter.value, run.id.value]), at: max(0, statements.count - 1))
                    statements.append(
                        try AuditEntry(
                            actor: actor, action: "dead_letter.retried", subject: "job:\(letter)", run: run.origin?.run,
                            detail: ["retried_as": .string(run.id.description)]
                        ).statement())
                }
                statements.append(RunAdmissions.room())
                for statement in statements { _ = try await connection.query(statement.sql, statement.values) }
                return true
            }
        }
    }

    /// Gives a run another version of its graph: its holder is fenced off, and whoever takes it up next reads the new
    /// one. False where the run has gone on since `moment`.
    package func migrate(
        _ tenant: TenantID, _ moment: RunMoment, to graph: GraphDefinition, version: Int, delta: [UInt8],
        event: RunEvent,
        actor: String
    ) async throws -> Bool {
        try await database.transaction(tenant) { connection in
            let seq = moment.checkpoint + 1
            let key = [tenant.value, moment.run.value]
            let hits = try await connection.execute(
                """
                UPDATE runs SET graph = $4, graph_version = $5, seq = $6, epoch = epoch + 1, owner = NULL, lease_until = NULL,
                    wakes = wakes + 1, ready_at = CASE WHEN NOT held THEN platform_now() END
                WHERE tenant_id = $1 AND run_id = $2 AND seq = $3 AND finished_at IS NULL
                """,
                key + [.int(moment.checkpoint), try .json(graph.source), .int(version), .int(seq)])
            guard hits > 0 else { return false }
            _ = try await connection.pipeline([
                PostgresStatement(
                    "INSERT INTO checkpoints (tenant_id, run_id, seq, delta) VALUES ($1, $2, $3, $4)",
                    key + [.int(seq), .json(String(decoding: delta, as: UTF8.self))]),
                try EventBatch.insertion(key, last: seq, [event]),
                PostgresStatement(
                    "INSERT INTO outbox (tenant_id, topic, subject_id) VALUES ($1, 'run', $2)", key),
                try AuditEntry(
                    actor: actor, action: "run.migrated", subject: "run:\(moment.run)", run: moment.run,
                    detail: event.data
                ).statement(),
            ])
            return true
        }
    }

    /// Unfinished runs of a graph that have begun, oldest first.
    package func live(_ tenant: TenantID, _ graph: GraphID, after: RunID?, limit: Int) async throws -> [RunID] {
        try await database.rows(
            tenant,
            """
            SELECT run_id FROM runs
            WHERE tenant_id = $1 AND graph_id = $2 AND status IN ('queued', 'running', 'waiting')
                AND ($3::uuid IS NULL OR run_id > $3) ORDER BY run_id LIMIT $4
            """, [tenant.value, graph.value, after?.value ?? .null, .int(limit)]
        ).map { try $0.id("run_id") }
    }
}
