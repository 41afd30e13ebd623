import Domain
import Synchronization

/// The calls that a process has begun and not yet ended.
final class RunningCalls: Sendable {
    struct Call: Sendable, Hashable {
        let job: JobID
        let epoch: Int
    }

    private let calls = Mutex<Set<Call>>([])

    var all: Set<Call> { calls.withLock { $0 } }

    func begin(_ jobs: [ClaimedJob]) { calls.withLock { $0.formUnion(jobs.map(Call.init)) } }

    func end(_ job: ClaimedJob) { calls.withLock { _ = $0.remove(Call(job)) } }

    /// Forgets those of `asked` that are not `held` any more.
    func keep(_ held: Set<JobID>, of asked: Set<Call>) {
        calls.withLock { calls in calls.subtract(asked.filter { !held.contains($0.job) }) }
    }
}

extension RunningCalls.Call {
    init(_ job: ClaimedJob) { self.init(job: job.id, epoch: job.epoch) }
}
