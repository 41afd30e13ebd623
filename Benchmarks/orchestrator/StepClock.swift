import Domain
import Store
import Synchronization

/// Stands around the committer that is measured: tells who waits for a run that it has ended, and notes how long each
/// step took, from the end of the run's step before to the end of its own commit.
final class StepClock: StepCommitter {
    private struct State {
        var waiters: [RunID: CheckedContinuation<Void, Never>] = [:]
        var ended: Set<RunID> = []
        var last: [RunID: ContinuousClock.Instant] = [:]
        var durations: [Duration] = []
        var waiting = 0
    }
    private let committer: any StepCommitter
    private let state = Mutex(State())

    init(_ committer: any StepCommitter) { self.committer = committer }

    func commit(_ step: StepCommit) async throws { _ = try await committed(step) }

    func committed(_ step: StepCommit) async throws -> StepReceipt? {
        let receipt = try await committer.committed(step)
        let now = ContinuousClock.now
        let run = step.lease.run
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if let last = state.last[run] { state.durations.append(now - last) }
            if step.status == .waiting { state.waiting += 1 }
            guard step.status.isFinal else {
                if step.status == .running { state.last[run] = now }
                return nil
            }
            state.last[run] = nil
            let waiter = state.waiters.removeValue(forKey: run)
            if waiter == nil { state.ended.insert(run) }
            return waiter
        }
        waiter?.resume()
        return receipt
    }

    func untilEnded(_ run: RunID) async {
        await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                guard state.ended.remove(run) == nil else { return true }
                state.waiters[run] = continuation
                return false
            }
            if isEnded { continuation.resume() }
        }
    }

    /// Runs that have come to wait for a signal.
    var waiting: Int { state.withLock { $0.waiting } }

    /// Forgets what the warm-up noted.
    func reset() { state.withLock { $0.durations = [] } }

    /// Milliseconds below which that share of steps stayed.
    func quantile(_ share: Double) -> Double {
        let sorted = state.withLock { $0.durations }.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] / .milliseconds(1)
    }
}
