import Domain
import FoundationEssentials
import OrchestratorCore
import ToolKit

/// `Orchestrator`, `RunAdvance` and `RunDesk` as one state machine: it claims, loads, advances the real `RunMachine`,
/// commits and rests.
final class SimulatedOrchestrator: SimulatedProcess {
    /// One leased run in memory.
    struct Hot {
        let run: SimulatedRun
        let lease: ModelLease
        var machine: RunMachine
        var seq: Int
        /// What is known to have come, where that need not be asked.
        var inbox: ModelInbox?
        /// The last commit of this pass: what the row says already of when to look again.
        var noted: ModelStep?
    }

    private static let sweepInterval = 2_000
    /// Steps of one commit: few, so that crashes fall between the chains of a run.
    private static let longestChain = 5
    private static let renewalInterval = 3_000

    private var hot: [RunID: Hot] = [:]
    /// Runs being worked on; true where they must be looked at once more.
    private var busy: [RunID: Bool] = [:]
    private var isRelaying = false
    private var sweeps = 0

    override func begin() {
        sweeps = 0
        sweep()
        keepLeases()
    }

    override func forget() {
        hot = [:]
        busy = [:]
        isRelaying = false
    }

    override func hear(_ ring: ModelRing) {
        if case .run(let run) = ring { take(run, nil) }
    }

    // MARK: Loops

    private func sweep() {
        let owner = owner
        sweeps += 1
        ask { store in
            _ = store.releaseDead(askedBy: owner)
            return store.lostJobs()
        } then: { [self] answer in
            guard case .success(let lost) = answer else { return sweepLater() }
            rescue(lost[...], rings: [])
        }
    }

    private func sweepLater() { after(sweeps < 5 ? 200 : Self.sweepInterval) { [self] in sweep() } }

    private func rescue(_ lost: ArraySlice<(job: JobID, epoch: Int)>, rings: [ModelRing]) {
        guard let next = lost.first else {
            if !rings.isEmpty { world.ring(rings) }
            return claimReady()
        }
        ask {
            $0.rescue(next.job, epoch: next.epoch)
        } then: { [self] answer in
            guard case .success(let more) = answer else { return sweepLater() }
            world.note("\(name) rescues \(next.job): \(more)")
            rescue(lost.dropFirst(), rings: rings + more)
        }
    }

    private func claimReady() {
        let (owner, isBlind) = (owner, world.mutation == .doorbellRequired)
        ask { store -> [ModelLease] in
            isBlind ? [] : store.claim(by: owner) + store.ready(heldBy: owner)
        } then: { [self] answer in
            guard case .success(let leases) = answer else { return sweepLater() }
            for lease in leases { take(lease.run, lease) }
            relay()
            sweepLater()
        }
    }

    private func keepLeases() {
        let owner = owner
        renew {
            $0.renew(owner)
        } then: { [self] answer in
            if case .success(let held) = answer { hot = hot.filter { held.contains($0.value.lease) } }
            guard isAlive else { return restart() }
            after(Self.renewalInterval) { [self] in keepLeases() }
        }
        // A renewal without an answer must not keep the process from fencing itself.
        after(Self.renewalInterval) { [self] in if !isAlive { restart() } }
    }

    private func relay() {
        guard !isRelaying else { return }
        isRelaying = true
        ask {
            $0.takeRings()
        } then: { [self] answer in
            isRelaying = false
            guard case .success(let rings) = answer, !rings.isEmpty else { return }
            world.ring(rings)
        }
    }

    // MARK: One run

    private func take(_ run: RunID, _ lease: ModelLease?) {
        guard busy[run] == nil else {
            busy[run] = true
            return
        }
        busy[run] = false
        if let held = hot.removeValue(forKey: run) { return pass(held) }
        if let lease { return load(lease) }
        let owner = owner
        ask {
            $0.claim(by: owner, only: run, limit: 1).first
        } then: { [self] answer in
            guard case .success(let lease?) = answer else {
                busy[run] = nil
                return
            }
            load(lease)
        }
    }

    private func load(_ lease: ModelLease) {
        ask {
            try $0.load(lease)
        } then: { [self] answer in
            guard case .success(let history) = answer, let run = world.runs[lease.run] else {
                return drop(lease)
            }
            do {
                world.note("\(name) loads \(lease.run) at \(history.seq), epoch \(lease.epoch)")
                let isNew = history.seq == 0 && history.wakes == 0
                pass(
                    Hot(
                        run: run, lease: lease, machine: try Checkpoint.machine(history, run), seq: history.seq,
                        inbox: isNew ? .empty(seq: 0, wakes: 0, now: history.now) : nil))
            } catch {
                world.find("a history cannot be read: \(error)")
            }
        }
    }

    private func pass(_ start: Hot) {
        var hot = start
        hot.inbox = nil
        if let known = start.inbox { return inbox(.success(known), hot) }
        let lease = hot.lease
        guard world.random.chance(300) else {
            return ask {
                try $0.inbox(lease)
            } then: { [self] answer in
                inbox(answer, hot)
            }
        }
        // Others commit between the statements of one transaction.
        ask {
            try $0.inboxHead(lease)
        } then: { [self] head in
            ask { store -> ModelInbox in
                var inbox = try head.get()
                inbox.outcomes = store.outcomes(lease.run)
                inbox.signals = store.pendingSignals(lease.run)
                return inbox
            } then: { [self] answer in
                inbox(answer, hot)
            }
        }
    }

    private func inbox(_ answer: Result<ModelInbox, RequestError>, _ start: Hot) {
        guard case .success(let inbox) = answer, inbox.seq == start.seq else { return drop(start.lease) }
        var hot = start
        do {
            let most = world.random.between(1, Self.longestChain)
            let (chain, states, rested) = try Checkpoint.chain(inbox, hot.lease, &hot.machine, most: most) {
                world.random.chance(250)
            }
            if chain.isEmpty { return rest(hot, inbox, rested) }
            commit(chain, states, inbox, hot)
        } catch {
            world.find("a step cannot be written: \(error)")
        }
    }

    private func rest(_ hot: Hot, _ inbox: ModelInbox, _ transition: Transition) {
        let isIdle = transition.status.isFinal || transition.status == .waiting
        if let noted = hot.noted, !isIdle, noted.transition.wakeAt == transition.wakeAt, noted.wakes == inbox.wakes {
            return stay(hot)
        }
        ask {
            $0.rest(hot.lease, wakes: inbox.wakes, wakeAt: transition.wakeAt.map { Int($0) }, release: isIdle)
        } then: { [self] answer in
            guard case .success = answer else { return drop(hot.lease) }
            if isIdle { leave(hot) } else { stay(hot) }
        }
    }

    private func commit(_ chain: [ModelStep], _ states: [RunState], _ inbox: ModelInbox, _ hot: Hot) {
        guard isAlive else { return drop(hot.lease) }
        self.step { [self] in send(chain, states, inbox, hot) }
    }

    private func send(_ chain: [ModelStep], _ states: [RunState], _ inbox: ModelInbox, _ hot: Hot) {
        guard let step = chain.last else { return }
        let isTorn = world.mutation == .commitTorn && world.happens(60)
        ask { store -> ModelInbox in
            let wakes = try store.commit(chain, torn: isTorn)
            hot.run.committed += zip(chain, states).map { ($0.nextSeq, $1) }
            if isTorn { throw RequestError.lost }
            return .empty(seq: step.nextSeq, wakes: wakes, now: store.now)
        } then: { [self] answer in
            world.note("\(name) commits \(hot.run.id) \(inbox.seq)...\(step.nextSeq): \(answer)")
            guard case .success(let receipt) = answer else { return drop(hot.lease) }
            // Nothing has come since the inbox was read: it is empty now.
            let isKnown = receipt.wakes == inbox.wakes && !inbox.cancelRequested
            self.step { [self] in committed(step, isKnown ? receipt : nil, hot) }
        }
    }

    private func committed(_ step: ModelStep, _ known: ModelInbox?, _ before: Hot) {
        relay()
        var hot = before
        hot.seq = step.nextSeq
        hot.inbox = known
        hot.noted = step
        if step.endsLease { leave(hot) } else { pass(hot) }
    }

    /// A machine that failed to commit is not trusted again: the lease goes back, the run is loaded anew.
    private func drop(_ lease: ModelLease) {
        let owner = owner
        ask {
            $0.release(lease, of: owner)
        } then: { [self] _ in
            busy[lease.run] = nil
        }
    }

    /// The lease went back with the last commit.
    private func leave(_ hot: Hot) {
        guard busy.removeValue(forKey: hot.run.id) == true else { return }
        take(hot.run.id, nil)
    }

    private func stay(_ hot: Hot) {
        guard busy[hot.run.id] != true else {
            busy[hot.run.id] = false
            var hot = hot
            hot.noted = nil
            return pass(hot)
        }
        busy[hot.run.id] = nil
        var resting = hot
        resting.noted = nil
        self.hot[hot.run.id] = resting
    }
}
