import Domain
import FoundationEssentials
import OrchestratorCore
import ToolKit

/// Between the machine's values and the store's rows, as `RunAdvance` does it: everything goes through JSON.
enum Checkpoint {
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
    private static let decoder = JSONDecoder()

    static func changes(_ delta: [UInt8]) throws -> [RunChange] {
        try decoder.decode([RunChange].self, from: Data(delta))
    }

    static func state(_ snapshot: [UInt8]) throws -> RunState {
        try decoder.decode(RunState.self, from: Data(snapshot))
    }

    static func machine(_ history: ModelHistory, _ run: SimulatedRun) throws -> RunMachine {
        let state = try history.snapshot.map(state) ?? RunState()
        var machine = RunMachine(graph: run.graph.definition, identity: run.identity, state: state)
        machine.visitLimit = 1
        for delta in history.deltas { machine.replay(try changes(delta)) }
        return machine
    }

    static func inputs(_ inbox: ModelInbox, _ state: RunState) -> [RunInput] {
        var inputs: [RunInput] = state.status == .queued ? [.begin] : []
        for outcome in inbox.outcomes {
            switch outcome.state {
            case .done: inputs.append(.jobDone(step: outcome.step, output: outcome.result ?? .null))
            case .failed: inputs.append(.jobFailed(step: outcome.step, failure(outcome.failure)))
            default:
                inputs.append(
                    .jobUnknown(step: outcome.step, phase: outcome.phase, abandoned: outcome.isAbandoned))
            }
        }
        inputs += inbox.signals.map { .signal($0.id, name: $0.name, payload: $0.payload) }
        if inbox.cancelRequested { inputs.append(.cancel(reason: "The run was cancelled on request.")) }
        return inputs
    }

    private static func failure(_ json: JSONValue?) -> ToolFailure {
        ToolFailure(
            json?["kind"]?.string.flatMap(ToolFailure.Kind.init) ?? .permanent, code: json?["code"]?.string ?? "failed",
            json?["message"]?.string ?? "The call failed without a reason.")
    }

    /// The step that `inbox` brings, and those that follow from it alone, at most `most`, as `RunAdvance` makes a chain of
    /// them; with the machine's state after each. Empty where there is nothing to commit.
    static func chain(
        _ inbox: ModelInbox, _ lease: ModelLease, _ machine: inout RunMachine, most: Int,
        hasSnapshot: () -> Bool
    ) throws -> (chain: [ModelStep], states: [RunState], rest: Transition) {
        var transition = machine.advance(inputs(inbox, machine.state), now: Int64(inbox.now))
        guard !transition.isEmpty else { return ([], [], transition) }
        var chain: [ModelStep] = []
        var states: [RunState] = []
        var seq = inbox.seq
        while !transition.isEmpty {
            let step = try step(transition, seq, inbox.wakes, lease, machine.state, hasSnapshot: hasSnapshot())
            chain.append(step)
            states.append(machine.state)
            seq = step.nextSeq
            guard chain.count < most, !transition.isOutward, machine.canGoOn else { break }
            transition = machine.advance([], now: Int64(inbox.now))
        }
        return (chain, states, transition)
    }

    private static func step(
        _ transition: Transition, _ seq: Int, _ wakes: Int, _ lease: ModelLease, _ state: RunState, hasSnapshot: Bool
    ) throws -> ModelStep {
        var events = transition.events
        if events.isEmpty { events.append(RunEvent(.stepTaken)) }
        return ModelStep(
            lease: lease, seq: seq, wakes: wakes, steps: state.steps, transition: transition,
            events: events, delta: Array(try encoder.encode(transition.changes)),
            snapshot: hasSnapshot ? Array(try encoder.encode(state)) : nil)
    }
}
