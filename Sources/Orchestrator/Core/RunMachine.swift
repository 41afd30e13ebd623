package import Domain
import ToolKit

/// Who a run is and what it may call; constant over its life.
package struct RunIdentity: Sendable {
    package var run: RunID
    package var tenant: TenantID
    package var persona: PersonaID
    package var input: JSONValue
    /// What graphs may know of the persona: {name, model?}, at the version that the run keeps.
    package var profile: JSONValue
    package var effectKey: EffectKey
    package var tools: ToolCatalog

    package init(
        run: RunID, tenant: TenantID, persona: PersonaID, input: JSONValue, profile: JSONValue = [:],
        effectKey: EffectKey, tools: ToolCatalog
    ) {
        self.run = run
        self.tenant = tenant
        self.persona = persona
        self.input = input
        self.profile = profile
        self.effectKey = effectKey
        self.tools = tools
    }
}

/// A run's graph in motion: inputs in, one transition out. Pure: no I/O, no clock, no randomness, so that the same
/// inputs at the same times give the same transitions, and folding the changes gives the same state.
///
///     queued -> running <-> waiting -> succeeded | failed | cancelled
package struct RunMachine: Sendable {
    /// Visits of nodes in one transition; the rest follows in the next, so that one commit stays small.
    package static let visitsPerTransition = 100
    /// Signals kept for a wait that has not come yet.
    package static let earlySignals = 100

    package let graph: GraphDefinition
    package let identity: RunIdentity
    package private(set) var state: RunState
    /// Visits in one transition of this run: 1 makes each visit a durable checkpoint of its own.
    package var visitLimit = Self.visitsPerTransition
    var draft = Transition()
    var now: Int64 = 0

    package init(graph: GraphDefinition, identity: RunIdentity, state: RunState = RunState()) {
        self.graph = graph
        self.identity = identity
        self.state = state
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
        if !state.status.isFinal { fireTimers() }
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
            draft.takenJobs.append(step)
            guard let job = state.jobs[step], job.doubt == nil else { return }
            jobDone(job, output)
        case .jobFailed(let step, let failure):
            draft.takenJobs.append(step)
            guard let job = state.jobs[step], job.doubt == nil else { return }
            jobFailed(job, failure)
        case .jobUnknown(let step, let phase, let abandoned):
            draft.takenJobs.append(step)
            guard let job = state.jobs[step], job.doubt == nil else { return }
            doubt(job, Doubt(phase: phase, isAbandoned: abandoned))
        case .signal(let id, let name, let payload):
            draft.takenSignals.append(id)
            signal(EarlySignal(id: id, name: name, payload: payload))
        case .cancel(let reason):
            guard !state.status.isFinal else { return }
            let failure = RunFailure(code: "cancelled", message: reason)
            finish(.cancelled, output: nil, failure)
        }
    }

    private mutating func signal(_ signal: EarlySignal) {
        guard !state.status.isFinal else { return refuse(signal, "the run has ended") }
        if signal.name.hasPrefix(EffectDecision.signalPrefix) { return decide(signal) }
        let waiting = state.strands.sorted { $0.key < $1.key }.first { _, strand in
            guard case .waiting(let name, _) = strand.activity else { return false }
            return name == signal.name
        }
        if let (id, strand) = waiting {
            tell(.signalReceived, strand.node, ["name": .string(signal.name)])
            complete(id, output: signal.payload)
        } else if state.signals.count < Self.earlySignals {
            emit(.kept(signal))
        } else {
            refuse(signal, "\(Self.earlySignals) signals already wait to be taken")
        }
    }

    mutating func refuse(_ signal: EarlySignal, _ reason: String) {
        tell(.signalRefused, nil, ["name": .string(signal.name), "reason": .string(reason)])
    }

    private mutating func fireTimers() {
        for (id, strand) in state.strands.sorted(by: { $0.key < $1.key }) {
            guard case .waiting(let name, let due?) = strand.activity, due <= now else { continue }
            fail(id, RunFailure(code: "wait_timeout", message: "No signal '\(name)' came in time."))
        }
    }

    private var nextDue: Int64? {
        state.strands.values.compactMap { strand in
            guard case .waiting(_, let due) = strand.activity else { return nil }
            return due
        }.min()
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

    private var readyStrand: Int? { state.strands.filter { $0.value.activity == .ready }.keys.min() }

    /// Waiting is: no call is under way, and someone or some time has to come.
    private mutating func settleStatus(before: RunStatus) {
        guard state.status != .queued else { return }
        draft.waitingFor = waits
        let isBusy = readyStrand != nil || state.jobs.values.contains { $0.doubt == nil }
        let status: RunStatus = isBusy ? .running : .waiting
        if status != state.status { emit(.became(status)) }
        if status == .waiting, before != .waiting {
            tell(.runWaiting, nil, ["waiting_for": .array(waits)])
        } else if status == .running, before == .waiting {
            tell(.runResumed)
        }
    }

    private var waits: [JSONValue] {
        let signals = state.strands.sorted { $0.key < $1.key }.compactMap { _, strand -> JSONValue? in
            guard case .waiting(let name, let due) = strand.activity else { return nil }
            return [
                "kind": "signal", "name": .string(name), "node": .string(strand.node),
                "until_ms": due.map { .int($0) } ?? .null,
            ]
        }
        let decisions = state.jobs.values.sorted { $0.step < $1.step }.filter { $0.doubt?.isUndecided == true }
        return signals + decisions.map(decisionWanted)
    }

    mutating func finish(_ status: RunStatus, output: JSONValue?, _ failure: RunFailure?) {
        for job in state.jobs.values.sorted(by: { $0.step < $1.step }) {
            draft.orders.append(.cancel(step: job.step))
            close(job.step, job.node, .cancelled, attempt: job.failures + 1)
        }
        for strand in state.strands.values.sorted(by: { $0.step < $1.step }) where strand.activity != .ready {
            guard let step = draft.steps[strand.step], step.status != .running else {
                if strand.step > 0, state.jobs[strand.step] == nil { close(strand.step, strand.node, .cancelled) }
                continue
            }
        }
        emit(.finished(status, output: output, failure))
        switch status {
        case .succeeded: tell(.runSucceeded)
        case .cancelled: tell(.runCancelled, nil, failure?.json ?? [:])
        default: tell(.runFailed, failure?.node, failure?.json ?? [:])
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
        let number: [String: JSONValue] = ["step": .int(Int64(step)), "attempt": .int(Int64(attempt))]
        switch status {
        case .succeeded: tell(.stepSucceeded, node, .object(number))
        case .cancelled: tell(.stepCancelled, node, .object(number))
        default:
            let error = failure?.json ?? .null
            tell(.stepFailed, node, .object(number.merging(["error": error]) { first, _ in first }))
        }
    }

    /// What expressions see from `strand`, and in a for-each from one of its items.
    func scope(loop: ForEach? = nil, item: JSONValue? = nil, index: Int? = nil) -> ExpressionScope {
        var roots: [String: JSONValue] = [
            "state": state.values, "input": identity.input,
            "run": [
                "id": .string(identity.run.description), "tenant_id": .string(identity.tenant.description),
                "persona_id": .string(identity.persona.description), "persona": identity.profile,
            ],
        ]
        if let loop, let item, let index {
            roots["item"] = item
            roots[loop.itemName] = item
            roots["index"] = .int(Int64(index))
        }
        return ExpressionScope(roots)
    }
}
