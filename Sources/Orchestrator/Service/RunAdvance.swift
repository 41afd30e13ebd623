import Domain
import Failpoints
import FoundationEssentials
import OrchestratorCore
import Store
import ToolKit

/// One leased run in memory: its machine, and what the next commit needs.
struct HotRun: Sendable {
    let lease: RunLease
    let persona: PersonaID
    var machine: RunMachine
    var seq: Int
    /// Visits that the tables may hold: what is numbered above is new to them.
    var steps: Int
    var snapshots: SnapshotPolicy
    /// What is known to have come without asking: for a new run, to which nothing has come yet.
    var inbox: RunInbox?
}

/// How a pass over a run ended.
enum AdvanceResult: Sendable {
    /// Calls are under way: the lease is kept.
    case resting(HotRun)
    /// The lease was given back with the last commit.
    case ended
}

/// Loads runs and takes them forward, step by step, until they wait for something.
struct RunAdvance: Sendable {
    let steps: RunSteps
    let committer: any StepCommitter
    let tools: ToolCatalog
    let keys: TenantKeys
    let graphs = CompiledGraphs()
    let visitsPerCheckpoint: Int
    /// Bytes of deltas and snapshots beyond which a chain is not prolonged, so that a large state holds up no group.
    static let chainBytes = 256 << 10
    /// Rings for what has been committed.
    let afterCommit: @Sendable (StepCommit) -> Void
    let owner: ProcessOwner
    /// Loads that runs ask for at the same time go together.
    let loads: Gathering<RunLease, StoredRun>
    /// So do looks at what has come.
    let inboxes: Gathering<RunLease, RunInbox>

    /// Loads a run. One that cannot be read (its graph or its deltas fit this program no more) fails for good instead
    /// of being claimed again and again.
    func load(_ lease: RunLease) async throws -> HotRun {
        guard let stored = try await loads.value(of: lease) else { throw LeaseError.fenced }
        Failpoint.hit(.runAfterLoad)
        let key = try await keys.key(of: lease.tenant)
        do {
            return try restore(stored, lease, key)
        } catch {
            try await giveUp(stored, lease, error)
            throw error
        }
    }

    private func restore(_ stored: StoredRun, _ lease: RunLease, _ key: EffectKey) throws -> HotRun {
        let graph = try graphs.definition(stored.graph)
        let identity = RunIdentity(
            run: lease.run, tenant: lease.tenant, persona: stored.persona, input: stored.input,
            profile: stored.profile, effectKey: key, tools: tools)
        let decoder = JSONDecoder()
        let state = try stored.snapshot.map { try decoder.decode(RunState.self, from: Data($0)) } ?? RunState()
        var machine = RunMachine(graph: graph, identity: identity, state: state)
        machine.visitLimit = visitsPerCheckpoint
        for delta in stored.deltas { machine.replay(try RunChange.decode(delta)) }
        let snapshots = SnapshotPolicy(
            stepsSince: stored.deltas.count, bytesSince: stored.deltas.reduce(0) { $0 + $1.count },
            lastSnapshot: stored.snapshot?.count ?? 0)
        // Whatever comes to a run wakes it, so that one never woken has an empty inbox.
        let isNew = stored.seq == 0 && stored.wakes == 0
        return HotRun(
            lease: lease, persona: stored.persona, machine: machine, seq: stored.seq, steps: machine.state.steps,
            snapshots: snapshots,
            inbox: isNew ? RunInbox(seq: 0, wakes: 0, now: stored.now) : nil)
    }

    private func giveUp(_ stored: StoredRun, _ lease: RunLease, _ error: any Error) async throws {
        let failure = RunFailure(
            code: "run_unreadable", message: "The run's graph or history cannot be read by this version: \(error)")
        let step = StepCommit(
            lease: lease, persona: stored.persona, seq: stored.seq, wakes: stored.wakes,
            events: [RunEvent(.runFailed, data: failure.json)], status: .failed, steps: 0, delta: Array("[]".utf8),
            snapshot: nil, waitingFor: [], wakeAt: nil, output: nil, failure: failure, visits: [], orders: [],
            takenJobs: [], takenSignals: [])
        try await committer.commit(step)
        afterCommit(step)
    }

    /// Takes up what came until nothing is left. Throws `LeaseError.fenced` where the lease is lost; whatever it
    /// throws, the caller forgets the machine and loads again.
    func run(_ start: HotRun) async throws -> AdvanceResult {
        var hot = start
        var known = hot.inbox
        hot.inbox = nil
        /// What the row says already of when to look again, where this pass has committed a step.
        var noted: StepCommit?
        while true {
            let inbox: RunInbox
            if let known { inbox = known } else { inbox = try await look(hot.lease) }
            guard inbox.seq == hot.seq else { throw LeaseError.fenced }
            let transition = hot.machine.advance(Self.inputs(inbox, hot.machine.state), now: inbox.now)
            guard !transition.isEmpty else { return try await rest(hot, transition, inbox, noted: noted) }
            let commit = try chain(transition, inbox, &hot)
            guard owner.isAlive else { throw LeaseError.fenced }
            let receipt = try await committer.committed(commit)
            Failpoint.hit(.stepAfterCommit)
            afterCommit(commit)
            if commit.endsLease { return .ended }
            noted = commit
            known = receipt.flatMap { Self.inbox(after: inbox, $0, seq: commit.nextSeq) }
        }
    }

    private func look(_ lease: RunLease) async throws -> RunInbox {
        guard let inbox = try await inboxes.value(of: lease) else { throw LeaseError.fenced }
        return inbox
    }

    /// The first step and those that follow from it alone, each with its own checkpoint, to be committed together: the
    /// machine runs ahead of its commits while nobody outside has to hear of a step, for where the commit fails, whoever
    /// asked forgets the machine and loads what is durable. Throws what `RunMachine` or its JSON throw.
    private func chain(_ first: Transition, _ inbox: RunInbox, _ hot: inout HotRun) throws -> StepCommit {
        var transition = first
        var chain = try step(transition, inbox, &hot)
        var bytes = chain.bytes
        while !transition.isOutward, hot.machine.canGoOn, chain.earlier.count + 1 < StepCommit.mostCheckpoints,
            bytes < Self.chainBytes
        {
            transition = hot.machine.advance([], now: inbox.now)
            guard !transition.isEmpty else { break }
            let next = try step(transition, inbox, &hot)
            bytes += next.bytes
            chain.follow(by: next)
        }
        return chain
    }

    /// A step about to be committed; the run in memory is past it.
    private func step(_ transition: Transition, _ inbox: RunInbox, _ hot: inout HotRun) throws -> StepCommit {
        let commit = try Self.commit(transition, inbox, hot)
        hot.seq = commit.nextSeq
        hot.steps = commit.steps
        hot.snapshots.committed(delta: commit.delta.count, snapshot: commit.snapshot?.count)
        Failpoint.hit(.stepBeforeCommit)
        return commit
    }

    /// Where a commit of this pass has set the time already, and nothing has come since, there is nothing to write.
    private func rest(
        _ hot: HotRun, _ transition: Transition, _ inbox: RunInbox, noted: StepCommit?
    ) async throws -> AdvanceResult {
        let isIdle = transition.status.isFinal || transition.status == .waiting
        if let noted, !isIdle, noted.wakeAt == transition.wakeAt, noted.wakes == inbox.wakes { return .resting(hot) }
        try await steps.rest(hot.lease, wakes: inbox.wakes, wakeAt: transition.wakeAt, release: isIdle)
        return isIdle ? .ended : .resting(hot)
    }

    /// The inbox as a commit's answer tells it: empty where nothing has come since the last one was read, and unknown
    /// where something has or where that one was full.
    private static func inbox(after last: RunInbox, _ receipt: StepReceipt, seq: Int) -> RunInbox? {
        guard receipt.wakes == last.wakes, last.isComplete, !last.cancelRequested else { return nil }
        return RunInbox(seq: seq, wakes: receipt.wakes, now: receipt.now)
    }

    private static func inputs(_ inbox: RunInbox, _ state: RunState) -> [RunInput] {
        var inputs: [RunInput] = state.status == .queued ? [.begin] : []
        for outcome in inbox.outcomes {
            switch outcome.result {
            case .done(let output): inputs.append(.jobDone(step: outcome.step, output: output))
            case .failed(let failure): inputs.append(.jobFailed(step: outcome.step, failure))
            case .unknown(let phase, let abandoned):
                inputs.append(.jobUnknown(step: outcome.step, phase: phase, abandoned: abandoned))
            }
        }
        inputs += inbox.signals.map(Self.input)
        if inbox.cancelRequested { inputs.append(.cancel(reason: "The run was cancelled on request.")) }
        return inputs
    }

    private static func commit(_ transition: Transition, _ inbox: RunInbox, _ hot: HotRun) throws -> StepCommit {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let delta = try RunChange.encode(transition.changes)
        let isDue = hot.snapshots.isDue(adding: delta.count)
        let snapshot = isDue ? Array(try encoder.encode(hot.machine.state)) : nil
        // Every checkpoint has a number of its own, so a step that tells nothing tells of its signals or resumes.
        var events = transition.events
        if events.isEmpty { events.append(RunEvent(.stepTaken)) }
        return StepCommit(
            lease: hot.lease, persona: hot.persona, seq: hot.seq, wakes: inbox.wakes, events: events,
            status: transition.status, steps: hot.machine.state.steps, delta: delta, snapshot: snapshot,
            waitingFor: transition.waitingFor, wakeAt: transition.wakeAt, output: transition.output,
            failure: transition.failure,
            visits: transition.steps.sorted { $0.key < $1.key }.map {
                StepCommit.Visit($0.value, isNew: $0.key > hot.steps)
            },
            orders: transition.orders.map(StepCommit.Order.init), takenJobs: transition.takenJobs,
            takenSignals: transition.takenSignals + transition.takenApprovals.map { SignalID($0.uuid) }
        )
        .asking(transition)
    }

    /// A person's answer comes as a signal of its own kind.
    private static func input(_ signal: RunInbox.Signal) -> RunInput {
        guard signal.name.hasPrefix(Approvals.signalPrefix),
            let decision = signal.payload["decision"]?.string.flatMap({ ApprovalDecision(rawValue: $0) }),
            let hash = signal.payload["arguments_hash"]?.string, let by = signal.payload["by"]?.string
        else { return .signal(signal.id, name: signal.name, payload: signal.payload, wait: signal.wait) }
        return .approval(
            ApprovalID(signal.id.uuid), decision, argumentsHash: hash, by: by,
            comment: signal.payload["comment"]?.string)
    }
}

extension StepCommit {
    /// With the questions that the transition puts and ends.
    fileprivate func asking(_ transition: Transition) -> StepCommit {
        var commit = self
        commit.questions = transition.approvals.map {
            Question(
                id: $0.id, step: $0.step, node: $0.node, title: $0.title, detail: $0.detail, arguments: $0.arguments,
                tool: $0.tool, argumentsHash: $0.argumentsHash, due: $0.due)
        }
        for settlement in transition.settledApprovals {
            commit.settledQuestions[settlement.id] = StoredApproval.Status(settlement.outcome)
        }
        return commit
    }
}

extension StoredApproval.Status {
    fileprivate init(_ outcome: ApprovalSettlement.Outcome) {
        self =
            switch outcome {
            case .approved: .approved
            case .rejected: .rejected
            case .expired: .expired
            case .withdrawn: .withdrawn
            }
    }
}

extension StepCommit.Visit {
    fileprivate init(_ record: StepRecord, isNew: Bool) {
        self.init(
            step: record.step, node: record.node, kind: record.kind, status: record.status, attempt: record.attempt,
            input: record.input, output: record.output, failure: record.failure, isNew: isNew)
    }
}

extension StepCommit.Order {
    fileprivate init(_ order: JobOrder) {
        switch order {
        case .plan(let plan):
            self = .plan(
                StepCommit.Plan(
                    step: plan.step, node: plan.node, item: plan.item, kind: plan.kind, tool: plan.tool,
                    input: plan.input, effect: plan.effect, effectKey: plan.effectKey,
                    timeoutSeconds: plan.timeoutSeconds, reconciles: plan.reconciles))
        case .again(let step, let delay): self = .again(step: step, delay: delay)
        case .settle(let step, let output, let failure): self = .settle(step: step, output: output, failure: failure)
        case .cancel(let step): self = .cancel(step: step)
        }
    }
}
