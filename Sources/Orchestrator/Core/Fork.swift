package import Domain

/// A new run that begins where another one stood at a checkpoint, with its state changed if wanted.
///
/// What had been done before is served from the state: no node that had ended is visited again. What was under way is
/// begun anew by the new run, under new steps and so new effect keys; results that came in after the checkpoint are not
/// applied, and every question is asked again. What the first run would have to undo stays its own affair.
package struct Fork: Sendable, Hashable {
    /// A value put at a path of the run's state, whatever is there.
    package struct Edit: Sendable, Hashable, Codable {
        package var path: StatePath
        package var value: JSONValue

        package init(path: StatePath, value: JSONValue) {
            self.path = path
            self.value = value
        }
    }

    package enum Refusal: String, Error, Sendable, Hashable, Codable {
        /// The run had ended at that checkpoint: nothing is left to do.
        case ended
        /// The run was being undone.
        case compensating
    }

    /// The new run's first changes, to be stored as its first checkpoint.
    package let changes: [RunChange]
    package let events: [RunEvent]

    /// `state`: of `run` at checkpoint `seq`. `now`: in milliseconds since 1970, for the time-outs of what goes on.
    package init(
        of run: RunID, at seq: Int, state: RunState, graph: GraphDefinition, edits: [Edit] = [], now: Int64
    ) throws(Refusal) {
        guard !state.status.isFinal else { throw .ended }
        guard state.unwinding == nil else { throw .compensating }
        var state = state
        for edit in edits { state.values.write(edit.value, at: edit.path) }
        if state.status == .waiting { state.status = .running }
        let items = Dictionary(grouping: state.jobs.values.filter { $0.item != nil }, by: \.strand)
        state.strands = state.strands.reduce(into: [:]) { strands, entry in
            var strand = entry.value
            strand.beginAgain(items[entry.key]?.compactMap(\.item) ?? [])
            if strand.due != nil { strand.due = graph.due(strand, now) }
            strands[entry.key] = strand
        }
        state.jobs = [:]
        state.owed = []
        changes = [.forked(state)]
        var data: [String: JSONValue] = ["run_id": .string(run.description), "checkpoint": .int(Int64(seq))]
        if !edits.isEmpty { data["edited"] = .array(edits.map { .string($0.path.description) }) }
        events = [RunEvent(.runForked, data: .object(data))]
    }

    /// The state at a checkpoint: the newest snapshot up to it with the deltas after.
    package static func state(
        snapshot: RunState?, changes: some Sequence<RunChange>
    ) -> RunState {
        var state = snapshot ?? RunState()
        for change in changes { state.apply(change) }
        return state
    }
}

extension Strand {
    /// `items`: of its loop, under way as calls.
    fileprivate mutating func beginAgain(_ items: [Int]) {
        switch activity {
        case .ready, .joining: break
        case .calling, .waiting, .sleeping, .asking, .pausing: activity = .ready
        case .looping(var loop):
            loop.again = items.isEmpty ? nil : items.sorted()
            loop.active -= items.count
            activity = .looping(loop)
        }
    }
}

extension GraphDefinition {
    fileprivate func due(_ strand: Strand, _ now: Int64) -> Int64? {
        nodes[strand.node]?.timeoutSeconds.map { now + Int64($0) * 1_000 }
    }
}
