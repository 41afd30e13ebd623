package import Domain
import OrchestratorCore

/// A run of a random graph whose steps are asked for one by one: what the conformance tests commit to both stores.
package struct SampleRun {
    private let run: SimulatedRun

    package init(_ random: inout SeededGenerator) throws(GraphFaults) { run = try SimulatedRun(&random) }

    package var id: RunID { run.id }
    package var graph: GraphDefinition { run.graph.definition }
    package var input: JSONValue { run.identity.input }

    /// The step that follows `history` once `inbox` has come and those that follow from it alone, at most `most`; empty
    /// where there is nothing to commit.
    package func chain(
        _ history: ModelHistory, _ inbox: ModelInbox, _ lease: ModelLease, most: Int, hasSnapshot: () -> Bool
    ) throws -> [ModelStep] {
        var machine = try Checkpoint.machine(history, run)
        return try Checkpoint.chain(inbox, lease, &machine, most: most, hasSnapshot: hasSnapshot).chain
    }
}
