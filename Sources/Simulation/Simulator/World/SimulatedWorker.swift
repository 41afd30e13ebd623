import Domain
import ToolKit

/// `Worker` and `StoreJobSource` as one state machine: it claims jobs into slots and runs their calls.
final class SimulatedWorker: SimulatedProcess {
    private static let sweep = 5_000
    private static let heartbeat = 3_000
    private static let slots = 3

    private(set) var calls: [JobID: SimulatedCall] = [:]
    /// The wait for news that counts; earlier ones are over.
    private var wait = 0
    private var isClaiming = false
    private var isPoked = false

    override func begin() {
        poll()
        beat()
        watch()
    }

    override func forget() {
        cutCalls()
        calls = [:]
        isClaiming = false
        isPoked = false
    }

    override func stopped() { cutCalls() }

    override func cutSession() {
        cutCalls()
        super.cutSession()
    }

    private func cutCalls() {
        for call in calls.values { call.cut() }
    }

    override func hear(_ ring: ModelRing) {
        guard case .job = ring else { return }
        if isClaiming { isPoked = true } else { poll() }
    }

    // MARK: Claims

    private func poll() {
        let free = Self.slots - calls.count
        guard !isClaiming, free > 0 else { return }
        isClaiming = true
        isPoked = false
        wait += 1
        let owner = owner
        ask {
            $0.begin(by: owner, limit: free)
        } then: { [self] answer in
            guard case .success(let begun) = answer else { return pollLater(1_000) }
            if begun.isEmpty { waitForNews() } else { load(begun[...], []) }
        }
    }

    /// All that was begun is loaded before any of it runs; where one cannot be, none is.
    private func load(_ begun: ArraySlice<(job: JobID, epoch: Int)>, _ loaded: [JobRow]) {
        guard let next = begun.first else {
            isClaiming = false
            for job in loaded {
                let call = SimulatedCall(job, self)
                calls[job.id] = call
                call.start()
                guard isUp else { return }
            }
            return poll()
        }
        ask {
            $0.loadJob(next.job, epoch: next.epoch)
        } then: { [self] answer in
            guard case .success(let job) = answer else { return pollLater(1_000) }
            load(begun.dropFirst(), loaded + (job.map { [$0] } ?? []))
        }
    }

    private func waitForNews() {
        ask {
            $0.nextDue()
        } then: { [self] answer in
            let due = (try? answer.get()) ?? nil  // unknown: the sweep comes anyway
            pollLater(isPoked ? 0 : min(Self.sweep, due ?? Self.sweep))
        }
    }

    private func pollLater(_ delay: Int) {
        isClaiming = false
        wait += 1
        let wait = wait
        after(delay) { [self] in if wait == self.wait { poll() } }
    }

    func ended(_ call: SimulatedCall) {
        if calls[call.job.id] === call { calls[call.job.id] = nil }
        poll()
    }

    // MARK: Leases

    private func beat() {
        let (owner, running) = (owner, calls)
        let named = world.mutation == .forgottenProlonged ? nil : Array(running.keys)
        renew {
            $0.heartbeat(owner, running: named)
        } then: { answer in
            guard case .success(let held) = answer else { return }
            for call in running.values.sorted(by: { $0.job.step < $1.job.step }) where !held.contains(call.job.id) {
                call.take()
            }
        }
        after(Self.heartbeat) { [self] in beat() }
    }

    /// A process that has lost its session or its lease ends with its calls.
    private func watch() {
        after(500) { [self] in
            if isAlive { watch() } else if world.mutation == .sessionIsLife { drain() } else { restart() }
        }
    }

    /// What a worker must not do then: it lets the calls end first.
    private func drain() {
        guard !calls.isEmpty else { return restart() }
        after(500) { [self] in drain() }
    }
}
