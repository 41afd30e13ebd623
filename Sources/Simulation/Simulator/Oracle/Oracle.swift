import Domain
import OrchestratorCore
import ToolKit

/// What must hold once a world has come to rest.
struct Oracle {
    let world: World
    private(set) var findings: [String] = []

    init(_ world: World) {
        self.world = world
        findings = world.findings
    }

    mutating func ask() {
        for id in world.runOrder { ends(id) }
        for job in world.store.jobs { effect(job) }
        for id in world.runOrder { history(id) }
        signals()
        leases()
        audit()
    }

    private mutating func find(_ text: String) { findings.append(text) }

    // MARK: Ends

    private mutating func ends(_ id: RunID) {
        guard let row = world.store.run(id) else { return find("run \(id) does not exist") }
        guard row.status.isFinal, row.finishedAt != nil else {
            return find(
                "run \(id) is stuck: \(row.status), ready at \(row.readyAt.map { $0 - World.start } ?? -1), owner "
                    + "\(row.owner ?? 0), waits for \(row.waitingFor ?? [])")
        }
        if row.owner != nil || row.leaseUntil != nil || row.readyAt != nil { find("run \(id) has ended and is leased") }
        for step in world.store.steps where step.run == id && step.status == .running {
            find("step \(step.step) of run \(id) is open after its end")
        }
    }

    // MARK: Effects

    private mutating func effect(_ job: JobRow) {
        let count = world.farEnd.count(job.effectKey)
        let isOpen = job.state == .planned || job.state == .started
        if isOpen { find("job \(job.id) (\(job.tool)) is left \(job.state)") }
        if job.state == .unknown, !world.cuts.contains(job.id) {
            find("job \(job.id) is unknown though its window was not cut")
        }
        switch job.effect {
        case .read: break
        case .idempotentByKey, .deduplicable:
            if job.state == .done, count == 0 { find("job \(job.id) (\(job.tool)) is done and never arrived") }
        case .nonIdempotent:
            if count > 1 { find("effect of job \(job.id) (\(job.tool)) arrived \(count) times") }
            if job.state == .done, count == 0 { find("job \(job.id) (\(job.tool)) is done and never arrived") }
            if job.state == .failed || job.state == .cancelled, count > 0 {
                find("job \(job.id) (\(job.tool)) is \(job.state) and arrived")
            }
        }
    }

    // MARK: History

    private mutating func history(_ id: RunID) {
        guard let run = world.runs[id], let row = world.store.run(id) else { return }
        let events = world.store.events.filter { $0.run == id }
        if !events.map(\.seq).elementsEqual(1..<(row.seq + 1)) {
            find("events of run \(id) are \(events.map(\.seq)), the run is at \(row.seq)")
        }
        do {
            try fold(run, row)
        } catch {
            find("checkpoints of run \(id) cannot be read: \(error)")
        }
    }

    private mutating func fold(_ run: SimulatedRun, _ row: RunRow) throws {
        var machine = run.machine
        var last = 0
        var committed = run.committed[...]
        for checkpoint in world.store.checkpoints where checkpoint.run == run.id {
            if checkpoint.seq <= last { find("checkpoint \(checkpoint.seq) of run \(run.id) follows \(last)") }
            last = checkpoint.seq
            machine.replay(try Checkpoint.changes(checkpoint.delta))
            guard let (seq, state) = committed.popFirst(), seq == checkpoint.seq, state == machine.state else {
                return find("the fold of run \(run.id) is not its state at \(checkpoint.seq)")
            }
            if let snapshot = checkpoint.snapshot, try Checkpoint.state(snapshot) != machine.state {
                find("the snapshot of run \(run.id) at \(checkpoint.seq) is not the fold")
            }
        }
        let state = machine.state
        if state.status != row.status || state.output != row.output || state.failure?.json != row.failure
            || state.steps != row.steps
        {
            find("the fold of run \(run.id) is not what its row says")
        }
    }

    // MARK: Signals, leases, audit

    private mutating func signals() {
        for id in world.store.takenTwice { find("signal \(id) was taken twice") }
        for id in world.accepted {
            guard let row = world.store.signals.first(where: { $0.id == id }) else {
                find("signal \(id) was accepted and is not there")
                continue
            }
            if row.consumedSeq == nil { find("signal \(id) (\(row.name)) was accepted and neither taken nor refused") }
        }
    }

    private mutating func leases() {
        for row in world.store.runs {
            guard let owner = row.owner, !world.store.living.contains(owner) else { continue }
            find("run \(row.id) is held by a dead owner")
        }
    }

    /// Each effect's own entries agree with where it ended.
    private mutating func audit() {
        for job in world.store.jobs where job.effect != .read {
            let actions = world.store.audit.filter { $0.subject == "job:\(job.id)" }.map(\.action)
            if actions.count(where: { $0 == "effect.planned" }) != 1 {
                find("job \(job.id) was planned \(actions.count(where: { $0 == "effect.planned" })) times by the audit")
            }
            let ends: [String] =
                switch job.state {
                case .done: ["effect.done", "effect.decided"]
                case .failed: ["effect.failed", "effect.decided", "effect.rescued"]
                case .unknown: ["effect.unknown", "effect.rescued"]
                default: []
                }
            if !ends.isEmpty, Set(ends).isDisjoint(with: actions) {
                find("job \(job.id) is \(job.state), and the audit has \(actions)")
            }
        }
    }
}
