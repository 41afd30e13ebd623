package import Domain
import Synchronization

/// Wakes those who follow a run's events: one subscription to the doorbell for the whole process, begun by the first
/// follower. A ring may be lost; whoever follows also sweeps.
package final class RunEventBell: Sendable {
    /// Streams that one process keeps open: each costs a connection and a sweep's query every two seconds.
    static let mostFollowers = 1_000

    private struct State {
        var followers: [RunID: [Int: AsyncStream<Void>.Continuation]] = [:]
        var count = 0
        var next = 0
        var reader: Task<Void, Never>?
    }

    private let doorbell: (any Doorbell)?
    private let state = Mutex(State())

    package init(_ doorbell: (any Doorbell)?) { self.doorbell = doorbell }

    deinit { state.withLock { $0.reader?.cancel() } }

    /// Yields to `continuation` at each ring for `run`, until `leave` with the number that this gives. `nil` where too
    /// many follow already.
    func join(_ run: RunID, _ continuation: AsyncStream<Void>.Continuation) -> Int? {
        state.withLock { state in
            guard state.count < Self.mostFollowers else { return nil }
            state.count += 1
            state.next += 1
            state.followers[run, default: [:]][state.next] = continuation
            if state.reader == nil, let doorbell { state.reader = read(doorbell) }
            return state.next
        }
    }

    func leave(_ run: RunID, _ number: Int) {
        state.withLock { state in
            guard state.followers[run]?.removeValue(forKey: number) != nil else { return }
            if state.followers[run]?.isEmpty == true { state.followers[run] = nil }
            state.count -= 1
        }
    }

    var followers: Int { state.withLock { $0.count } }

    private func read(_ doorbell: any Doorbell) -> Task<Void, Never> {
        Task { [weak self] in
            for await ring in await doorbell.rings() {
                guard let self else { return }
                switch ring {
                case .event(_, let run), .run(_, let run): wake(run)
                case .job: break
                }
            }
            self?.state.withLock { $0.reader = nil }  // the subscription ended: the next follower begins another
        }
    }

    private func wake(_ run: RunID) {
        let continuations = state.withLock { Array(($0.followers[run] ?? [:]).values) }
        for continuation in continuations { continuation.yield() }
    }
}
