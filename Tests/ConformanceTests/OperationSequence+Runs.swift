import Domain
import OrchestratorCore
import Simulation
import Store
import ToolKit

/// Leases and steps.
extension OperationSequence {
    mutating func claim() async throws {
        let index = livingProcess
        let (process, only) = (processes[index], random.chance(500) ? random.pick(samples).id : nil)
        done.append("process \(index) claims \(only.map { "\($0)" } ?? "what is ready")")
        let real = try await process.leases.claim(only: only)
        try expect(Set(real.map(\.model)), Set(model.claim(by: process.owner.number, only: only)))
        leases += real.sorted { $0.run.description < $1.run.description }.map { (index, $0) }
        let ready = try await process.leases.ready().map(\.model)
        try expect(Set(ready), Set(model.ready(heldBy: process.owner.number)))
    }

    mutating func keep() async throws {
        let index = livingProcess
        let process = processes[index]
        done.append("process \(index) renews and frees the dead")
        let real = try await process.leases.renew().map(\.model)
        try expect(Set(real), model.renew(process.owner.number))
        try expect(try await process.leases.releaseDead(), model.releaseDead(askedBy: process.owner.number))
    }

    mutating func giveBack() async throws {
        guard !leases.isEmpty else { return }
        let (index, lease) = random.pick(leases)
        let process = processes[index]
        guard random.chance(800) else {
            done.append("process \(index) gives all back")
            try await process.leases.releaseAll()
            return model.releaseAll(of: process.owner.number)
        }
        done.append("process \(index) gives \(lease.run) of epoch \(lease.epoch) back")
        try await process.leases.release(lease)
        model.release(lease.model, of: process.owner.number)
    }

    /// Load, inbox, advance and commit or rest; now and then under a stale lease, or with news in between.
    mutating func advance() async throws {
        guard !leases.isEmpty else { return }
        let (index, lease) = random.chance(700) ? leases[leases.count - 1] : random.pick(leases)
        let held = lease.model
        guard let sample = samples.first(where: { $0.id == held.run }) else { return }
        done.append("process \(index) advances \(held.run) of epoch \(held.epoch)")
        let steps = RunSteps(pair.database)
        let loaded = try await both({ Self.history(try await steps.load(lease)) }, { try $0.load(held) })
        let seen = try await both({ Self.words(try await steps.inbox(lease)) }, { Self.words(try $0.inbox(held)) })
        guard let history = loaded, seen != nil else { return }
        let inbox = try model.inbox(held)
        if random.chance(150) {
            let id = SignalID(milliseconds: UInt64(model.now), using: &random)
            done.append("a signal comes in between")
            let outcome = try await Runs(pair.database).signal(
                pair.tenant, held.run, signal: id, name: "go", payload: [:], user: nil, actor: "user")
            try expect("\(outcome)", "\(model.signal(held.run, id, name: "go", payload: [:]))")
        }
        let chain = try sample.chain(history, inbox, held, most: random.between(1, 4)) { random.chance(300) }
        guard !chain.isEmpty else {
            let release = random.chance(500)
            let wakeAt = random.chance(300) ? model.now + 700 : nil
            done.append("rest")
            try await steps.rest(lease, wakes: inbox.wakes, wakeAt: wakeAt.map { Int64($0) }, release: release)
            return model.rest(held, wakes: inbox.wakes, wakeAt: wakeAt, release: release)
        }
        try await commit(chain, lease, steps)
        // The same once more, as a process does that has lost the answer: refused.
        if random.chance(100) { try await commit(chain, lease, steps) }
    }

    private mutating func commit(
        _ chain: [ModelStep], _ lease: RunLease, _ steps: RunSteps
    ) async throws {
        guard var commit = chain.first.map({ StepCommit($0, lease, pair.persona, known: model.lastStep(lease.run)) })
        else { return }
        for step in chain.dropFirst() {
            commit.follow(by: StepCommit(step, lease, pair.persona, known: commit.steps))
        }
        done.append("commit \(chain.count) steps to \(commit.nextSeq), \(commit.status)")
        _ = try await both({ try await steps.committed(commit)?.wakes }, { try $0.commit(chain) })
    }

    private static func history(_ stored: StoredRun) -> ModelHistory {
        ModelHistory(
            seq: stored.seq, wakes: stored.wakes, now: Int(stored.now), snapshot: stored.snapshot, deltas: stored.deltas
        )
    }

    private static func words(_ inbox: RunInbox) -> String {
        let outcomes = inbox.outcomes.map { outcome in
            switch outcome.result {
            case .done(let value): "\(outcome.step) done \(value)"
            case .failed(let failure): "\(outcome.step) failed \(failure)"
            case .unknown(let phase, let isAbandoned):
                "\(outcome.step) unknown \(phase?.rawValue ?? "-") \(isAbandoned)"
            }
        }
        return
            "\(inbox.seq) \(inbox.wakes) \(inbox.cancelRequested) \(inbox.now) \(outcomes) \(inbox.signals.map(\.id))"
    }

    private static func words(_ inbox: ModelInbox) -> String {
        let outcomes = inbox.outcomes.map { outcome in
            switch outcome.state {
            case .done: "\(outcome.step) done \(outcome.result ?? .null)"
            case .failed:
                "\(outcome.step) failed \(outcome.failure?["code"]?.string ?? "failed"): "
                    + "\(outcome.failure?["message"]?.string ?? "")"
            default: "\(outcome.step) unknown \(outcome.phase?.rawValue ?? "-") \(outcome.isAbandoned)"
            }
        }
        return
            "\(inbox.seq) \(inbox.wakes) \(inbox.cancelRequested) \(inbox.now) \(outcomes) \(inbox.signals.map(\.id))"
    }
}

extension RunLease {
    var model: ModelLease { ModelLease(run: run, epoch: epoch) }
}

extension StepCommit {
    /// The model's step as the repositories take it; visits above `known` are new to the tables.
    init(_ step: ModelStep, _ lease: RunLease, _ persona: PersonaID, known: Int) {
        let transition = step.transition
        self.init(
            lease: lease, persona: persona, seq: step.seq, wakes: step.wakes, events: step.events,
            status: transition.status, steps: step.steps, delta: step.delta, snapshot: step.snapshot,
            waitingFor: transition.waitingFor, wakeAt: transition.wakeAt, output: transition.output,
            failure: transition.failure,
            visits: transition.steps.sorted { $0.key < $1.key }.map { _, record in
                Visit(
                    step: record.step, node: record.node, kind: record.kind, status: record.status,
                    attempt: record.attempt, input: record.input, output: record.output, failure: record.failure,
                    isNew: record.step > known)
            }, orders: transition.orders.map(Order.init), takenJobs: transition.takenJobs,
            takenSignals: transition.takenSignals)
    }
}

extension StepCommit.Order {
    init(_ order: JobOrder) {
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
