package import Domain
import OrchestratorCore
import ToolKit

/// `RunSteps`.
extension ModelStore {
    /// `RunSteps.load`.
    package func load(_ lease: ModelLease) throws(ModelError) -> ModelHistory {
        guard let run = run(lease.run), run.epoch == lease.epoch, run.owner != nil else { throw .fenced }
        let rows = checkpoints.filter { $0.run == lease.run }
        let first = rows.lastIndex { $0.snapshot != nil }
        return ModelHistory(
            seq: run.seq, wakes: run.wakes, now: now, snapshot: first.flatMap { rows[$0].snapshot },
            deltas: rows[(first.map { $0 + 1 } ?? 0)...].map(\.delta))
    }

    /// The first statement of `RunSteps.inbox`. Statements of one transaction see what others commit between them, so
    /// `outcomes` and `pendingSignals` may be asked for later.
    package func inboxHead(_ lease: ModelLease) throws(ModelError) -> ModelInbox {
        guard let run = run(lease.run), run.epoch == lease.epoch, run.owner != nil else { throw .fenced }
        return ModelInbox(
            seq: run.seq, wakes: run.wakes, cancelRequested: run.cancelRequested, now: now, outcomes: [], signals: [])
    }

    package func outcomes(_ id: RunID) -> [ModelInbox.Outcome] {
        jobs.filter { $0.run == id && !$0.isApplied && [.done, .failed, .unknown].contains($0.state) }
            .sorted { ($0.finishedAt ?? 0, $0.step) < ($1.finishedAt ?? 0, $1.step) }.prefix(Self.inboxLimit).map {
                job in
                ModelInbox.Outcome(
                    step: job.step, state: job.state, result: job.result, failure: job.failure, phase: job.phase,
                    isAbandoned: mutation == .alwaysAbandoned || (job.owner.map { !living.contains($0) } ?? true))
            }
    }

    package func pendingSignals(_ id: RunID) -> [SignalRow] {
        let waiting = signals.filter { $0.run == id && $0.consumedSeq == nil }
        guard waiting.count > 1 else { return waiting }
        return Array(
            waiting.sorted { ($0.createdAt, $0.id.description) < ($1.createdAt, $1.id.description) }
                .prefix(Self.inboxLimit))
    }

    /// `RunSteps.inbox`, as one look.
    package func inbox(_ lease: ModelLease) throws(ModelError) -> ModelInbox {
        var inbox = try inboxHead(lease)
        inbox.outcomes = outcomes(lease.run)
        inbox.signals = pendingSignals(lease.run)
        return inbox
    }

    /// `RunSteps.rest`.
    package mutating func rest(_ lease: ModelLease, wakes: Int, wakeAt: Int?, release: Bool) {
        guard let index = index(lease.run), runs[index].epoch == lease.epoch else { return }
        if runs[index].wakes == wakes || mutation == .newsForgotten { runs[index].readyAt = wakeAt }
        if release { free(index) }
    }

    /// `RunSteps.committed` of a chain of one run's steps; gives the run's `wakes`. The first step's fence is the chain's.
    /// `torn`: the connection breaks in the middle, which only a broken store lets show.
    @discardableResult
    package mutating func commit(_ chain: [ModelStep], torn: Bool = false) throws(ModelError) -> Int {
        guard let first = chain.first, let last = chain.last, let index = index(first.lease.run) else { throw .fenced }
        let isHeld = runs[index].epoch == first.lease.epoch && runs[index].seq == first.seq && runs[index].owner != nil
        guard isHeld || mutation == .runFenceIgnored else { throw .fenced }
        // A run ends over nothing that it has not seen.
        if last.transition.status.isFinal, runs[index].wakes != last.wakes, mutation != .signalMissedAtEnd {
            throw .fenced
        }
        for step in chain {
            write(step, index, torn: torn)
            if torn { break }
        }
        return runs[index].wakes
    }

    private mutating func write(_ step: ModelStep, _ index: Int, torn: Bool) {
        advance(&runs[index], by: step)
        checkpoints.append(
            CheckpointRow(run: step.lease.run, seq: step.nextSeq, delta: step.delta, snapshot: step.snapshot))
        for (offset, event) in step.events.enumerated() {
            events.append(EventRow(run: step.lease.run, seq: step.seq + 1 + offset, event: event))
        }
        if torn { return }
        visit(step)
        for number in step.transition.takenJobs { change(step, number) { $0.isApplied = true } }
        orders(step)
        consume(step)
        rings(step)
        audit(step)
    }

    private func advance(_ row: inout RunRow, by step: ModelStep) {
        let transition = step.transition
        row.seq = step.nextSeq
        row.status = transition.status
        row.steps = max(row.steps, step.steps)
        row.waitingFor = transition.waitingFor.isEmpty ? nil : transition.waitingFor
        row.output = transition.output
        row.failure = transition.failure?.json
        row.startedAt = transition.status == .queued ? nil : row.startedAt ?? now
        row.finishedAt = transition.status.isFinal ? now : nil
        if transition.status.isFinal {
            row.readyAt = nil
        } else if row.wakes != step.wakes && mutation != .newsForgotten
            || transition.wakeAt.map({ $0 <= Int64(now) }) == true
        {
            row.readyAt = min(row.readyAt ?? now, now)
        } else {
            row.readyAt = transition.wakeAt.map { Int($0) }
        }
        if step.endsLease {
            row.owner = nil
            row.leaseUntil = nil
        }
    }

    private mutating func visit(_ step: ModelStep) {
        for (_, visit) in step.transition.steps.sorted(by: { $0.key < $1.key }) {
            let end = visit.status == .running ? nil : now
            if let index = steps.lastIndex(where: { $0.step == visit.step && $0.run == step.lease.run }) {
                steps[index].status = visit.status
                steps[index].attempt = visit.attempt
                steps[index].output = visit.output
                steps[index].failure = visit.failure?.json
                steps[index].finishedAt = end
            } else {
                steps.append(
                    StepRow(
                        run: step.lease.run, step: visit.step, node: visit.node, kind: visit.kind, input: visit.input,
                        startedAt: now, status: visit.status, attempt: visit.attempt, output: visit.output,
                        failure: visit.failure?.json, finishedAt: end))
            }
        }
    }

    private mutating func consume(_ step: ModelStep) {
        for id in step.transition.takenSignals {
            guard let index = signals.firstIndex(where: { $0.id == id && $0.run == step.lease.run }) else { continue }
            if signals[index].consumedSeq != nil { takenTwice.append(id) }
            if mutation == .signalKept, step.seq > 0 { continue }
            signals[index].consumedSeq = step.nextSeq
        }
    }

    private mutating func rings(_ step: ModelStep) {
        for order in step.transition.orders {
            switch order {
            case .plan(let plan): outbox.append(.job(JobID(run: step.lease.run, step: plan.step)))
            case .again(let number, delay: 0): outbox.append(.job(JobID(run: step.lease.run, step: number)))
            default: break
            }
        }
    }

    private mutating func audit(_ step: ModelStep) {
        for case .plan(let plan) in step.transition.orders where plan.effect != .read {
            note("effect.planned", JobID(run: step.lease.run, step: plan.step))
        }
        for event in step.events {
            switch event.kind {
            case .runStarted, .runSucceeded, .runFailed, .runCancelled, .approvalRequested, .approvalGranted,
                .approvalRejected, .approvalExpired, .approvalWithdrawn, .approvalRefused, .runCompensating,
                .compensationFailed, .runForked, .runMigrated:
                note(event.kind.rawValue, step.lease.run)
            case .effectUnknown, .effectReconciled, .effectUndecided, .effectDecided:
                let number = event.data["step"]?.int.flatMap { Int(exactly: $0) } ?? 0
                note(event.kind.rawValue, JobID(run: step.lease.run, step: number))
            default: break
            }
        }
    }

    // MARK: The effect ledger

    private mutating func change(_ step: ModelStep, _ number: Int, _ body: (inout JobRow) -> Void) {
        guard let index = index(JobID(run: step.lease.run, step: number)) else { return }
        body(&jobs[index])
    }

    private mutating func orders(_ step: ModelStep) {
        let orders = step.transition.orders
        for case .plan(let plan) in orders { add(plan, to: step.lease.run) }
        let now = now
        for case .again(let number, let delay) in orders {
            change(step, number) { Self.again(&$0, at: now + delay) }
        }
        for case .settle(let number, let output, let failure) in orders {
            change(step, number) { job in
                guard job.state == .unknown else { return }
                job.state = failure == nil ? .done : .failed
                job.result = output
                job.failure = failure?.json
                job.isApplied = true
                job.finishedAt = now
            }
        }
        let isAnyPhase = mutation == .transmittingCancelled
        for case .cancel(let number) in orders {
            change(step, number) { job in
                job.isApplied = true
                guard [.planned, .started].contains(job.state), isAnyPhase || job.phase == nil else { return }
                job.state = .cancelled
                job.finishedAt = now
            }
        }
    }

    private static func again(_ job: inout JobRow, at time: Int) {
        guard job.state == .failed || job.state == .unknown else { return }
        job.state = .planned
        job.phase = nil
        job.isApplied = false
        job.result = nil
        job.failure = nil
        job.finishedAt = nil
        job.owner = nil
        job.leaseUntil = nil
        job.runAfter = time
    }

    private mutating func add(_ plan: JobPlan, to run: RunID) {
        var input = plan.input
        if let asked = plan.reconciles.flatMap({ job(JobID(run: run, step: $0)) }) {
            input = ["effect_key": .string(asked.effectKey), "input": asked.input]
        }
        insert(
            JobRow(
                id: JobID(run: run, step: plan.step), run: run, step: plan.step, node: plan.node, item: plan.item,
                kind: plan.kind, tool: plan.tool, input: input, effect: plan.effect, effectKey: plan.effectKey,
                timeoutSeconds: plan.timeoutSeconds, priority: self.run(run)?.priority ?? 0, runAfter: now))
    }
}
