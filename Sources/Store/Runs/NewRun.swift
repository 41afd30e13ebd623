package import Domain
import FoundationEssentials
package import Postgres

/// A run about to begin, with the graph and the persona's version that it keeps for good.
package struct NewRun: Sendable {
    package var id: RunID
    package var persona: PersonaID
    package var personaVersion: Int
    package var graphID: GraphID?
    package var graphVersion: Int?
    package var graph: GraphDefinition
    package var input: JSONValue
    /// `api`, `mail`, `schedule`, …
    package var trigger: String
    /// 32 lower-case hexadecimal digits (W3C Trace Context).
    package var traceID: String
    package var createdBy: UserID?
    /// Higher goes first; what the graph says where nothing else is said.
    package var priority: Int
    /// At most `concurrency.limit` runs of this key are under way at once; the others are held.
    package var concurrency: (key: String, limit: Int)?
    /// Begun so many seconds from now, and not at all where a later run of the graph and this key comes meanwhile.
    package var debounce: (key: String, seconds: Int)?

    /// The run and the checkpoint where this one begins; `nil`: at the graph's start.
    package var origin: Origin?

    package struct Origin: Sendable {
        package let run: RunID
        package let checkpoint: Int
        /// JSON of the first changes.
        package let delta: [UInt8]
        package let steps: Int
        package let events: [RunEvent]

        package init(run: RunID, checkpoint: Int, delta: [UInt8], steps: Int, events: [RunEvent]) {
            self.run = run
            self.checkpoint = checkpoint
            self.delta = delta
            self.steps = steps
            self.events = events
        }
    }

    /// Reads `graph`'s admission for `input`: its priority, concurrency key and debounce.
    package init(
        id: RunID = .new(), persona: PersonaID, personaVersion: Int, graphID: GraphID? = nil, graphVersion: Int? = nil,
        graph: GraphDefinition, input: JSONValue, trigger: String = "api", traceID: String? = nil,
        createdBy: UserID? = nil, priority: Int? = nil
    ) {
        self.id = id
        self.persona = persona
        self.personaVersion = personaVersion
        self.graphID = graphID
        self.graphVersion = graphVersion
        self.graph = graph
        self.input = input
        self.trigger = trigger
        self.traceID = traceID ?? id.uuid.uuidString.lowercased().filter { $0 != "-" }
        self.createdBy = createdBy
        let admission = graph.admission(input: input)
        self.priority = priority ?? admission.priority
        if let key = admission.concurrencyKey, let limit = admission.concurrencyLimit { concurrency = (key, limit) }
        if let key = admission.debounceKey, let seconds = admission.debounceSeconds { debounce = (key, seconds) }
    }

    /// What starts the run, to be committed together with what triggered it (a mail's row, say); the audit entry is
    /// last. Afterwards ring `.run(tenant, id)`: a ring that is lost costs a sweep's time.
    package func statements(_ tenant: TenantID, actor: String) throws -> [PostgresStatement] {
        var list = RunAdmissions.locks(tenant, self)
        list.append(
            PostgresStatement(
                """
                INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph_id, graph_version, graph, input,
                    trigger, trace_id, created_by, priority, concurrency_key, concurrency_limit, debounce_key, not_before,
                    held, ready_at, status, seq, steps, started_at, forked_from, forked_seq)
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, a.not_before, a.held,
                    CASE WHEN a.held THEN NULL ELSE coalesce(a.not_before, platform_now()) END,
                    CASE WHEN $17::uuid IS NULL THEN 'queued' ELSE 'running' END, $18, $19,
                    CASE WHEN $17::uuid IS NOT NULL THEN platform_now() END, $17, $20
                FROM (SELECT platform_now() + make_interval(secs => $16) AS not_before,
                    $13::text IS NOT NULL AND $14::bigint <= (
                        SELECT count(*) FROM runs r
                        WHERE r.tenant_id = $1 AND r.concurrency_key = $13 AND r.finished_at IS NULL AND NOT r.held) AS held
                    ) a
                """,
                [
                    tenant.value, id.value, persona.value, .int(personaVersion), graphID?.value ?? .null,
                    .optional(graphVersion) { .int($0) }, try .json(graph.source), try .json(input), .text(trigger),
                    .text(traceID), createdBy?.value ?? .null, .int(priority),
                    .optional(concurrency) { .text($0.key) }, .optional(concurrency) { .int($0.limit) },
                    .optional(debounce) { .text($0.key) }, .optional(debounce) { .double(Double($0.seconds)) },
                    origin?.run.value ?? .null, .int(origin?.events.count ?? 0), .int(origin?.steps ?? 0),
                    .optional(origin) { .int($0.checkpoint) },
                ]))
        if let origin { list += try begin(tenant, at: origin) }
        list += try RunAdmissions.superseding(tenant, self)
        list.append(try entry(actor).statement())
        return list
    }

    func entry(_ actor: String) -> AuditEntry {
        AuditEntry(
            actor: actor, action: "run.created", subject: "run:\(id)", run: id,
            detail: ["persona_id": .string(persona.description), "trigger": .string(trigger)])
    }

    /// Whether its creation concerns no other run.
    var isPlain: Bool { concurrency == nil && debounce == nil && origin == nil }

    /// The first checkpoint and its events, and the steps that the other run had ended by then.
    private func begin(_ tenant: TenantID, at origin: Origin) throws -> [PostgresStatement] {
        let key = [tenant.value, id.value]
        return [
            PostgresStatement(
                "INSERT INTO checkpoints (tenant_id, run_id, seq, delta) VALUES ($1, $2, $3, $4)",
                key + [.int(origin.events.count), .json(String(decoding: origin.delta, as: UTF8.self))]),
            try EventBatch.insertion(key, last: origin.events.count, origin.events),
            PostgresStatement(
                """
                INSERT INTO steps (tenant_id, run_id, step, node, kind, status, attempt, input, output, error, started_at,
                    finished_at)
                SELECT tenant_id, $2, step, node, kind, status, attempt, input, output, error, started_at, finished_at
                FROM steps
                WHERE tenant_id = $1 AND run_id = $3 AND step IN (
                    SELECT (data ->> 'step')::integer FROM run_events
                    WHERE tenant_id = $1 AND run_id = $3 AND seq <= $4
                        AND kind IN ('step.succeeded', 'step.failed', 'step.cancelled'))
                """, key + [origin.run.value, .int(origin.checkpoint)]),
        ]
    }
}
