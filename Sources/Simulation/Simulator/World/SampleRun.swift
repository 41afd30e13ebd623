package import Domain
import OrchestratorCore

/// A run of a random graph whose steps are asked for one by one: what the conformance tests commit to both stores.
package struct SampleRun {
    private let run: SimulatedRun

    package init(_ random: inout SeededGenerator) throws(GraphFaults) { run = try SimulatedRun(&random) }

    package var id: RunID { run.id }
    package var graph: GraphDefinition { run.graph.definition }
    package var input: JSONValue { run.identity.input }

    /// The step that follows `history` once `inbox` has come; nil where there is nothing to commit.
    package func step(
        _ history: ModelHistory, _ inbox: ModelInbox, _ lease: ModelLease, hasSnapshot: Bool
    ) throws -> ModelStep? {
        var machine = try Checkpoint.machine(history, run)
        let inputs = Checkpoint.inputs(inbox, machine.state)
        let transition = machine.advance(inputs, now: Int64(inbox.now))
        guard !transition.isEmpty else { return nil }
        return try Checkpoint.step(transition, inbox, lease, machine.state, hasSnapshot: hasSnapshot)
    }
}
