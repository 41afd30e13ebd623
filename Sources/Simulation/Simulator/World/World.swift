import Domain
import OrchestratorCore

/// One seed's world: processes, the network between them, the far ends and the people, over virtual time. One thread;
/// everything that could differ comes from the seed.
final class World {
    /// The platform's clock at the beginning, in milliseconds since 1970.
    static let start = 1_700_000_000_000
    /// Virtual milliseconds of settling after which a run that has not ended is stuck.
    static let patience = 300_000
    /// Happenings after which a world that has not settled runs in circles.
    static let happenings = 200_000

    let mutation: Mutation?
    var random: SeededGenerator
    var queue = EventQueue()
    var now = World.start
    var store: ModelStore
    let plan: FaultPlan
    let farEnd = FarEnd()
    private(set) var runs: [RunID: SimulatedRun] = [:]
    private(set) var runOrder: [RunID] = []
    private(set) var processes: [SimulatedProcess] = []
    private(set) var orchestrators: [SimulatedOrchestrator] = []
    private(set) var workers: [SimulatedWorker] = []
    /// Until when the database answers nobody.
    private(set) var awayUntil = 0
    /// No fault any more: everything may come to rest.
    private(set) var isSettling = false
    /// Calls whose undecidable window was cut: only these may be `unknown`.
    var cuts: Set<JobID> = []
    /// Signals that the store has accepted.
    var accepted: [SignalID] = []
    /// Requests of clients that have had no answer yet.
    var openRequests = 0
    var findings: [String] = []
    private(set) var happened = 0
    private let isTracing: Bool
    private(set) var trace: [String] = []

    init(seed: UInt64, mutation: Mutation? = nil, isTracing: Bool = false) throws(GraphFaults) {
        random = SeededGenerator(seed: seed)
        self.mutation = mutation
        self.isTracing = isTracing
        plan = FaultPlan(&random)
        store = ModelStore(now: Self.start, mutation: mutation)
        for number in 0..<plan.orchestrators { add(SimulatedOrchestrator(self, "orchestrator \(number + 1)")) }
        for number in 0..<plan.workers { add(SimulatedWorker(self, "worker \(number + 1)")) }
        for _ in 0..<plan.runs { begin(try SimulatedRun(&random)) }
    }

    private func add(_ process: SimulatedOrchestrator) {
        orchestrators.append(process)
        processes.append(process)
    }

    private func add(_ process: SimulatedWorker) {
        workers.append(process)
        processes.append(process)
    }

    private func begin(_ run: SimulatedRun) {
        runs[run.id] = run
        runOrder.append(run.id)
        at(Self.start + random.between(0, 300)) { [self] in
            store.create(run.id)
            ring([.run(run.id)])
            Client(self, run).start()
        }
    }

    /// Runs until everything has come to rest or patience is at its end.
    func run() {
        for process in processes { process.launch(after: random.between(0, 200)) }
        for fault in plan.faults { at(Self.start + fault.time) { [self] in strike(fault) } }
        at(Self.start + plan.horizon) { [self] in settle() }
        while let event = queue.next() {
            now = max(now, event.time)
            store.now = now
            happened += 1
            event.action()
            if isSettling, now - Self.start > plan.horizon + Self.patience || happened > Self.happenings { break }
            if happened % 16 == 0, isAtRest { break }
        }
    }

    /// Every run has ended and nothing is left to do.
    var isAtRest: Bool {
        runOrder.allSatisfy { store.run($0)?.finishedAt != nil } && openRequests == 0
            && store.jobs.allSatisfy { $0.state != .planned && $0.state != .started }
            && workers.allSatisfy { $0.calls.isEmpty }
    }

    /// Lets go of everything that is still planned, and so of what it holds.
    func end() { queue = EventQueue() }

    func at(_ time: Int, _ action: @escaping () -> Void) { queue.add(at: time, action) }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(now - Self.start) ms \(line())") }
    }

    func find(_ text: String) {
        note("FOUND: \(text)")
        findings.append(text)
    }

    // MARK: Faults

    private func strike(_ fault: FaultPlan.Fault) {
        note("fault: \(fault.kind.rawValue) \(processes[fault.target].name) \(fault.length) ms")
        let process = processes[fault.target]
        switch fault.kind {
        case .crash: process.crash(restartAfter: fault.length)
        case .stop: process.stop(for: fault.length)
        case .session: process.cutSession()
        case .outage: awayUntil = max(awayUntil, now + fault.length)
        }
    }

    /// Who was stopped goes on by itself when its time comes: perhaps long after its lease.
    private func settle() {
        note("settling")
        isSettling = true
        awayUntil = 0
    }

    /// True in `share` of a thousand until the settling.
    func happens(_ share: Int) -> Bool { !isSettling && random.chance(share) }

    var delay: Int { random.between(1, isSettling ? 5 : plan.slowest) }

    // MARK: Doorbells

    func ring(_ rings: [ModelRing]) {
        for ring in rings {
            for process in processes {
                if happens(plan.ringLost) { continue }
                deliver(ring, to: process)
                if happens(plan.ringDoubled) { deliver(ring, to: process) }
            }
        }
    }

    private func deliver(_ ring: ModelRing, to process: SimulatedProcess) {
        let time = happens(plan.ringDelayed) ? random.between(10, 6_000) : random.between(1, 4)
        process.after(time) { process.hear(ring) }
    }
}
