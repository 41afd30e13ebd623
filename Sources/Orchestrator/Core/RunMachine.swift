package import Domain
import ToolKit

/// A run's graph in motion: inputs in, one transition out. Pure: no I/O, no clock, no randomness, so that the same
/// inputs at the same times give the same transitions, and folding the changes gives the same state.
///
///     queued -> running <-> waiting -> succeeded | failed | cancelled
///
/// A run that fails or is cancelled with compensations owed stays running until all are made.
package struct RunMachine: Sendable {
    /// Visits of nodes in one transition; the rest follows in the next, so that one commit stays small.
    package static let visitsPerTransition = 100
    /// Signals kept for a wait that has not come yet.
    package static let earlySignals = 100

    package let graph: GraphDefinition
    package let identity: RunIdentity
    package private(set) var state: RunState
    /// What expressions read as `run`, made once.
    let runValue: JSONValue
    /// Visits in one transition of this run: 1 makes each visit a checkpoint of its own.
    package var visitLimit = Self.visitsPerTransition
    var draft = Transition()
    var now: Int64 = 0

    package init(graph: GraphDefinition, identity: RunIdentity, state: RunState = RunState()) {
        self.graph = graph
        self.identity = identity
        self.state = state
        runValue = identity.json
    }

    /// Folds recorded changes in, as after a restart.
    package mutating func replay(_ changes: some Sequence<RunChange>) {
        for change in changes { state.apply(change) }
    }

    /// Takes `inputs` up in their order, fires what is due at `now` (milliseconds since 1970), and goes on as far as
    /// possible. An input that does not fit (a double, a stray) changes nothing and counts as taken.
    package mutating func advance(_ inputs: [RunInput], now: Int64) -> Transition {
        draft = Transition()
        self.now = now
        let before = state.status
        for input in inputs { take(input) }
        if !state.status.isFinal {
            beginForkedItems()
            fireTimers()
        }
        let isDone = run()
        if !state.status.isFinal { settleStatus(before: before) }
        draft.status = state.status
        draft.output = state.output
        draft.failure = state.failure
        draft.wakeAt = state.status.isFinal ? nil : (isDone ? nextDue : now)
        defer { draft = Transition() }
        return draft
    }

    mutating func emit(_ change: RunChange) {
        state.apply(change)
        draft.changes.append(change)
    }

    mutating func tell(_ kind: RunEvent.Kind, _ node: String? = nil, _ data: JSONValue = [:]) {
        draft.events.append(RunEvent(kind, node: node, data: data))
    }

    // MARK: Inputs

    private mutating func take(_ input: RunInput) {
        switch input {
        case .begin:
            guard state.status == .queued else { return }
            emit(.began)
            tell(.runStarted)
            emit(.opened(strand: 1, Strand(node: graph.start)))
        case .jobDone(let step, let output):
            if let job = taken(step) { jobDone(job, output) }
        case .jobFailed(let step, let failure):
            if let job = taken(step) { jobFailed(job, failure) }
        case .jobUnknown(let step, let phase, let abandoned):
            if let job = taken(step) { doubt(job, Doubt(phase: phase, isAbandoned: abandoned)) }
        case .signal(let id, let name, let payload, let wait):
            draft.takenSignals.append(id)
            signal(EarlySignal(id: id, name: name, payload: payload), to: wait)
        case .approval(let id, let decision, let hash, let by, let comment):
            draft.takenApprovals.append(id)
            answer(id, ApprovalAnswer(decision: decision, argumentsHash: hash, by: by, comment: comment))
        case .cancel(let reason):
            guard !state.status.isFinal, state.unwinding == nil else { return }
            finish(.cancelled, output: nil, RunFailure(code: "cancelled", message: reason))
        }
    }

    private mutating func taken(_ step: Int) -> OpenJob? {
        draft.takenJobs.append(step)
        guard let job = state.jobs[step], job.doubt == nil else { return nil }
        return job
    }

    // MARK: The run as a whole

    /// Visits nodes until every strand waits for something; false where the transition grew too long before.
    private mutating func run() -> Bool {
        for _ in 0..<visitLimit {
            guard !state.status.isFinal, let id = readyStrand else { return true }
            visit(id)
        }
        return state.status.isFinal || readyStrand == nil
    }

    /// Whether there is a node to visit although nothing comes from outside.
    package var canGoOn: Bool { !state.status.isFinal && readyStrand != nil }

    private var readyStrand: Int? {
        var least: Int?
        for (id, strand) in state.strands {
            guard case .ready = strand.activity else { continue }
            if let found = least, found < id { continue }
            least = id
        }
        return least
    }

    /// Waiting is: no call is under way, and someone or some time has to come.
    private mutating func settleStatus(before: RunStatus) {
        guard state.status != .queued else { return }
        draft.waitingFor = waits
        let isBusy = readyStrand != nil || state.jobs.values.contains { $0.doubt == nil }
        let status: RunStatus = isBusy ? .running : .waiting
        if status != state.status { emit(.became(status)) }
        if status == .waiting, before != .waiting {
            tell(.runWaiting, nil, ["waiting_for": .array(draft.waitingFor)])
        } else if status == .running, before == .waiting {
            tell(.runResumed)
        }
    }

    mutating func finish(_ status: RunStatus, output: JSONValue?, _ failure: RunFailure?) {
        stopEverything()
        if status != .succeeded, !state.owed.isEmpty, state.unwinding == nil { return unwind(status, failure) }
        emit(.finished(status, output: output, failure))
        switch status {
        case .succeeded: tell(.runSucceeded)
        case .cancelled: tell(.runCancelled, nil, failure?.json ?? [:])
        default: tell(.runFailed, failure?.node, failure?.json ?? [:])
        }
    }

    /// Cancels every call and question, and says of every visit under way that it was cancelled.
    private mutating func stopEverything() {
        for job in state.jobs.values.sorted(by: { $0.step < $1.step }) {
            draft.orders.append(.cancel(step: job.step))
            close(job.step, job.node, .cancelled, attempt: job.failures + 1)
        }
        for (id, strand) in state.strands.sorted(by: { $0.value.step < $1.value.step }) {
            withdraw(id)
            guard strand.activity != .ready, strand.step > 0, state.jobs[strand.step] == nil else { continue }
            if let step = draft.steps[strand.step], step.status != .running { continue }
            close(strand.step, strand.node, .cancelled)
        }
    }

    // MARK: Steps

    mutating func open(_ step: Int, _ node: String, _ kind: String, input: JSONValue? = nil, item: Int? = nil) {
        draft.steps[step] = StepRecord(
            step: step, node: node, kind: kind, status: .running, attempt: 1, input: input, output: nil, failure: nil,
            isNew: true)
        var data: [String: JSONValue] = ["step": .int(Int64(step)), "kind": .string(kind)]
        if let item { data["item"] = .int(Int64(item)) }
        tell(.stepStarted, node, .object(data))
    }

    mutating func close(
        _ step: Int, _ node: String, _ status: StepStatus, attempt: Int = 1, output: JSONValue? = nil,
        failure: RunFailure? = nil
    ) {
        var record =
            draft.steps[step]
            ?? StepRecord(
                step: step, node: node, kind: graph.nodes[node]?.kind ?? "", status: status, attempt: attempt,
                input: nil, output: nil, failure: nil, isNew: false)
        record.status = status
        record.attempt = attempt
        record.output = output
        record.failure = failure
        draft.steps[step] = record
        var data: [String: JSONValue] = ["step": .int(Int64(step)), "attempt": .int(Int64(attempt))]
        switch status {
        case .succeeded: tell(.stepSucceeded, node, .object(data))
        case .cancelled: tell(.stepCancelled, node, .object(data))
        default:
            data["error"] = failure?.json ?? .null
            tell(.stepFailed, node, .object(data))
        }
    }
}
