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
    /// Higher goes first.
    package var priority: Int

    package init(
        id: RunID = .new(), persona: PersonaID, personaVersion: Int, graphID: GraphID? = nil, graphVersion: Int? = nil,
        graph: GraphDefinition, input: JSONValue, trigger: String = "api", traceID: String? = nil,
        createdBy: UserID? = nil, priority: Int = 0
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
        self.priority = priority
    }

    /// What starts the run, to be committed together with what triggered it (a mail's row, say); the audit entry is
    /// last. Afterwards ring `.run(tenant, id)`.
    package func statements(_ tenant: TenantID, actor: String) throws -> [PostgresStatement] {
        [
            PostgresStatement(
                """
                INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph_id, graph_version, graph, input,
                    trigger, trace_id, created_by, priority)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                """,
                [
                    tenant.value, id.value, persona.value, .int(personaVersion), graphID?.value ?? .null,
                    .optional(graphVersion) { .int($0) }, try .json(graph.source), try .json(input), .text(trigger),
                    .text(traceID), createdBy?.value ?? .null, .int(priority),
                ]),
            PostgresStatement(
                "INSERT INTO outbox (tenant_id, topic, subject_id) VALUES ($1, 'run', $2)", [tenant.value, id.value]),
            try AuditEntry(
                actor: actor, action: "run.created", subject: "run:\(id)", run: id,
                detail: ["persona_id": .string(persona.description), "trigger": .string(trigger)]
            ).statement(),
        ]
    }
}
