import Domain
import FoundationEssentials
import OrchestratorCore
import ToolKit

/// A run with its graph, and what the world knows of it beside the store.
final class SimulatedRun {
    let id: RunID
    let graph: SimulatedGraph
    let identity: RunIdentity
    /// The machine's state at each committed step: what folding the checkpoints has to give.
    var committed: [(seq: Int, state: RunState)] = []

    init(_ random: inout SeededGenerator) throws(GraphFaults) {
        id = RunID(milliseconds: UInt64(World.start), using: &random)
        graph = try SimulatedGraph.pool(random.below(SimulatedGraph.poolSize))
        let items = (0..<random.below(4)).map { JSONValue.int(Int64($0)) }
        identity = RunIdentity(
            run: id, tenant: TenantID(id.uuid), persona: PersonaID(id.uuid),
            input: ["items": .array(items), "n": .int(Int64(random.below(3)))], effectKey: Self.effectKey,
            tools: Self.tools)
    }

    var machine: RunMachine { RunMachine(graph: graph.definition, identity: identity) }

    private static let effectKey = EffectKey(secret: Data(repeating: 5, count: 32))

    /// One tool of each class of effect, with and without somebody to ask about it.
    static let tools = ToolCatalog([
        ToolDescriptor(name: "look", summary: "Reads.", effect: .read, timeoutSeconds: 8),
        ToolDescriptor(name: "put", summary: "Writes by key.", effect: .idempotentByKey, timeoutSeconds: 8),
        ToolDescriptor(
            name: "book", summary: "Can be recognised.", effect: .deduplicable, timeoutSeconds: 8, reconciler: "find"),
        ToolDescriptor(
            name: "send", summary: "Sends.", effect: .nonIdempotent, timeoutSeconds: 8, reconciler: "find"),
        ToolDescriptor(name: "post", summary: "Sends, cannot be asked.", effect: .nonIdempotent, timeoutSeconds: 8),
        ToolDescriptor(name: "find", summary: "Looks for an effect.", effect: .read, timeoutSeconds: 8),
    ])
}
