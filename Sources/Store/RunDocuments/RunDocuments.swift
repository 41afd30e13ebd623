package import Domain
import Postgres

/// One row as the JSON that a client gets, made by Postgres: its JSON columns go through byte for byte and are never
/// decoded here.
package struct RowDocument<Key: Sendable>: Sendable {
    /// What a list goes on from.
    package let key: Key
    package let json: [UInt8]
}

/// An event's JSON with what its SSE frame says beside it.
package struct EventDocument: Sendable {
    package let seq: Int
    package let kind: String
    package let json: [UInt8]
}

/// What came after an event, and whether anything more can come.
package struct EventNews: Sendable {
    package let events: [EventDocument]
    /// What running steps last said of themselves; `seq` is the report's number. Empty once the run has ended.
    package let progress: [EventDocument]
    package let isFinished: Bool
}

/// Where the answer of a request with an Idempotency-Key is kept.
package struct IdempotencyReceipt: Sendable {
    let user: UserID
    let key: String
    let location: String

    package init(user: UserID, key: String, location: String) {
        self.user = user
        self.key = key
        self.location = location
    }
}

/// Runs as documents for reading.
package struct RunDocuments: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// RFC 3339 in UTC with milliseconds, or null.
    private static func time(_ column: String) -> String {
        "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    }

    private static let run = """
        json_build_object('id', run_id, 'persona_id', persona_id, 'persona_version', persona_version,
            'graph_id', graph_id, 'graph_version', graph_version, 'trigger', trigger, 'status', status, 'seq', seq,
            'steps', steps, 'waiting_for', waiting_for, 'input', input, 'output', output, 'error', error,
            'forked_from', forked_from, 'forked_checkpoint', forked_seq, 'cancel_requested', cancel_requested, 'trace_id', trace_id, 'created_by', created_by,
            'created_at', \(time("created_at")), 'started_at', \(time("started_at")),
            'finished_at', \(time("finished_at")))
        """

    static func find(_ tenant: TenantID, _ id: RunID) -> PostgresStatement {
        PostgresStatement(
            "SELECT \(run) AS document FROM runs WHERE tenant_id = $1 AND run_id = $2", [tenant.value, id.value])
    }

    /// Commits the run, its audit entry and, with `receipt`, the answer that a repeat of the request gets: a process that
    /// dies right after the commit cannot make a second run of it. Gives the new run.
    package func create(_ tenant: TenantID, _ run: NewRun, actor: String, receipt: IdempotencyReceipt?) async throws
        -> [UInt8]
    {
        try await RunAdmissions.refusingFullQueue {
            guard run.isPlain else { return try await createAlone(tenant, run, actor: actor, receipt: receipt) }
            let creation = RunCreation(
                tenant: tenant, run: run, actor: actor, isBounded: true, receipt: receipt, hasDocument: true)
            guard let document = try await database.create(creation) else { throw StoreError.notFound("run") }
            return document
        }
    }

    private func createAlone(_ tenant: TenantID, _ run: NewRun, actor: String, receipt: IdempotencyReceipt?)
        async throws -> [UInt8]
    {
        // The audit entry stays last: it locks the chain's head.
        var statements = try run.statements(tenant, actor: actor)
        let audit = statements.removeLast()
        if let receipt { statements.append(Self.answer(receipt, tenant, run.id)) }
        statements.append(Self.find(tenant, run.id))
        let place = statements.count - 1
        let results = try await database.batch(tenant, statements + [audit, RunAdmissions.room()])
        guard let row = results[place].first else { throw StoreError.notFound("run") }
        return try row.json("document")
    }

    /// Notes the run's document as what a repeat of the request gets.
    static func answer(_ receipt: IdempotencyReceipt, _ tenant: TenantID, _ id: RunID) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE idempotency_keys SET status = 201, headers = json_build_object('location', $4::text),
                body = convert_to((SELECT \(Self.run)::text FROM runs WHERE tenant_id = $1 AND run_id = $5), 'UTF8')
            WHERE tenant_id = $1 AND user_id = $2 AND key = $3
            """, [tenant.value, receipt.user.value, .text(receipt.key), .text(receipt.location), id.value])
    }

    package func find(_ tenant: TenantID, _ id: RunID) async throws -> [UInt8]? {
        try await database.batch(tenant, [Self.find(tenant, id)])[0].first?.json("document")
    }

    /// Newest first.
    package func list(
        _ tenant: TenantID, persona: PersonaID?, status: RunStatus?, trigger: String?, before: RunID?, limit: Int
    ) async throws -> [RowDocument<RunID>] {
        try await database.rows(
            tenant,
            """
            SELECT run_id, \(Self.run) AS document FROM runs
            WHERE tenant_id = $1 AND ($2::uuid IS NULL OR persona_id = $2) AND ($3::text IS NULL OR status = $3)
                AND ($4::text IS NULL OR trigger = $4) AND ($5::uuid IS NULL OR run_id < $5)
            ORDER BY run_id DESC LIMIT $6
            """,
            [
                tenant.value, persona?.value ?? .null, .optional(status) { .text($0.rawValue) },
                .optional(trigger) { .text($0) }, before?.value ?? .null, .int(limit),
            ]
        ).map { RowDocument(key: try $0.id("run_id"), json: try $0.json("document")) }
    }

    /// In order, from after step `after`; `nil` where there is no such run.
    package func steps(_ tenant: TenantID, _ id: RunID, after: Int, limit: Int) async throws -> [RowDocument<Int>]? {
        try await numbered(
            tenant, id,
            """
            SELECT step AS number, json_build_object('step', step, 'node', node, 'kind', kind, 'status', status,
                'attempt', attempt, 'input', input, 'output', output, 'error', error,
                'started_at', \(Self.time("started_at")), 'finished_at', \(Self.time("finished_at"))) AS document
            FROM steps WHERE tenant_id = $1 AND run_id = $2 AND step > $3 ORDER BY step LIMIT $4
            """, after, limit)
    }

    package func checkpoints(_ tenant: TenantID, _ id: RunID, after: Int, limit: Int) async throws
        -> [RowDocument<Int>]?
    {
        try await numbered(
            tenant, id,
            """
            SELECT seq AS number, json_build_object('checkpoint', seq, 'has_snapshot', snapshot IS NOT NULL,
                'created_at', \(Self.time("created_at"))) AS document
            FROM checkpoints WHERE tenant_id = $1 AND run_id = $2 AND seq > $3 ORDER BY seq LIMIT $4
            """, after, limit)
    }

    /// Events from after `after` and reports from after `report`, in order; `nil` where there is no such run. Whether it is
    /// finished is read before the events, so that a finished run's answer holds its last event.
    package func events(
        _ tenant: TenantID, _ id: RunID, after: Int, report: Int = 0, limit: Int
    ) async throws -> EventNews? {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "SELECT finished_at IS NOT NULL AS finished FROM runs WHERE tenant_id = $1 AND run_id = $2",
                    [tenant.value, id.value]),
                PostgresStatement(
                    """
                    SELECT seq, kind, json_build_object('seq', seq, 'at', \(Self.time("at")), 'kind', kind, 'node', node,
                        'data', data) AS document
                    FROM events_after($1, $2, $3, $4)
                    """, [tenant.value, id.value, .int(after), .int(limit)]),
                PostgresStatement(
                    """
                    SELECT number AS seq, 'step.progress' AS kind, json_build_object('at', \(Self.time("at")),
                        'kind', 'step.progress', 'node', node, 'data', json_build_object('step', step, 'item', item,
                        'attempt', attempt, 'message', message, 'fraction', fraction)) AS document
                    FROM step_progress WHERE tenant_id = $1 AND run_id = $2 AND number > $3
                        AND (SELECT finished_at IS NULL FROM runs WHERE tenant_id = $1 AND run_id = $2)
                    ORDER BY number LIMIT $4
                    """, [tenant.value, id.value, .int(report), .int(limit)]),
            ])
        guard let run = results[0].first else { return nil }
        func documents(_ rows: [PostgresRow]) throws -> [EventDocument] {
            try rows.map {
                EventDocument(seq: try $0.int("seq"), kind: try $0.text("kind"), json: try $0.json("document"))
            }
        }
        return EventNews(
            events: try documents(results[1]), progress: try documents(results[2]),
            isFinished: try run.bool("finished"))
    }

    /// How many of the tenant's runs have each status.
    package func counts(_ tenant: TenantID) async throws -> [RunStatus: Int] {
        try Self.counts(
            try await database.rows(
                tenant, "SELECT status, count(*) AS n FROM runs WHERE tenant_id = $1 GROUP BY status", [tenant.value]))
    }

    /// How many runs of all tenants have each status.
    package func counts() async throws -> [RunStatus: Int] {
        try Self.counts(try await database.dispatch.query("SELECT status, count(*) AS n FROM runs GROUP BY status"))
    }

    private static func counts(_ rows: [PostgresRow]) throws -> [RunStatus: Int] {
        try rows.reduce(into: [:]) { counts, row in
            if let status = RunStatus(rawValue: try row.text("status")) { counts[status] = try row.int("n") }
        }
    }

    private func numbered(_ tenant: TenantID, _ id: RunID, _ sql: String, _ after: Int, _ limit: Int) async throws
        -> [RowDocument<Int>]?
    {
        let results = try await database.batch(
            tenant,
            [
                PostgresStatement(
                    "SELECT 1 FROM runs WHERE tenant_id = $1 AND run_id = $2", [tenant.value, id.value]),
                PostgresStatement(sql, [tenant.value, id.value, .int(after), .int(limit)]),
            ])
        guard !results[0].isEmpty else { return nil }
        return try results[1].map { RowDocument(key: try $0.int("number"), json: try $0.json("document")) }
    }
}
