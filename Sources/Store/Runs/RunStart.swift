package import Domain

/// What a trigger begins a run with: a persona and a graph at their newest versions, which the run then keeps.
package struct RunStart: Sendable {
    private let persona: Versioned<PersonaSubject>
    private let graph: Versioned<GraphSubject>
    private let definition: GraphDefinition

    /// Why a trigger can start nothing, in words for the trigger's record.
    package struct Refusal: Error, Sendable, Hashable {
        package let reason: String
    }

    /// Throws a `Refusal` where one of them is absent, archived or not to be read any more.
    package static func find(_ database: Database, _ tenant: TenantID, persona: PersonaID, graph: GraphID) async throws
        -> RunStart
    {
        guard let persona = try await Personas(database).find(tenant, persona), persona.status == "active" else {
            throw Refusal(reason: "The persona is archived.")
        }
        guard let graph = try await Graphs(database).find(tenant, graph), graph.status == "active" else {
            throw Refusal(reason: "The graph is archived.")
        }
        let definition: GraphDefinition
        do {
            definition = try await Graphs(database).pinned(tenant, try GraphDefinition(graph.definition))
        } catch let error as GraphFaults {
            throw Refusal(reason: "The graph is not valid any more: \(error.faults.first?.detail ?? "see validate").")
        }
        return RunStart(persona: persona, graph: graph, definition: definition)
    }

    package func run(input: JSONValue, trigger: String, traceID: String? = nil) -> NewRun {
        NewRun(
            persona: persona.id, personaVersion: persona.version, graphID: graph.id, graphVersion: graph.version,
            graph: definition, input: input, trigger: trigger, traceID: traceID)
    }
}
