import Domain
import Store
import Synchronization

/// Which runs this process holds in memory and which it is working on.
final class RunDesk: Sendable {
    enum Start: Sendable {
        /// Someone is at it, and has been told to look once more.
        case busy
        case hot(HotRun)
        /// Not held here: claim and load it.
        case cold
    }

    private struct State {
        var hot: [RunID: HotRun] = [:]
        /// Runs being worked on; true where they must be looked at once more.
        var busy: [RunID: Bool] = [:]
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func begin(_ run: RunID) -> Start {
        state.withLock { state in
            guard state.busy[run] == nil else {
                state.busy[run] = true
                return .busy
            }
            state.busy[run] = false
            return state.hot.removeValue(forKey: run).map { .hot($0) } ?? .cold
        }
    }

    enum Rest: Sendable {
        /// The run was rung for meanwhile: look once more.
        case again
        /// It stays in memory; the lease of another one that had to leave is to be given back.
        case resting(evicted: RunLease?)
    }

    /// Ends the work on a run that stays leased here, unless it was rung for since `begin` or the last `rest`.
    func rest(_ run: RunID, _ hot: HotRun) -> Rest {
        state.withLock { state in
            guard state.busy[run] != true else {
                state.busy[run] = false
                return .again
            }
            state.busy[run] = nil
            state.hot[run] = hot
            guard state.hot.count > limit, let victim = state.hot.keys.first(where: { $0 != run }) else {
                return .resting(evicted: nil)
            }
            return .resting(evicted: state.hot.removeValue(forKey: victim)?.lease)
        }
    }

    /// Ends the work on a run that is not held any more; true where it was rung for meanwhile.
    @discardableResult
    func forget(_ run: RunID) -> Bool {
        state.withLock { $0.busy.removeValue(forKey: run) == true }
    }

    /// Forgets the runs whose leases are held no more.
    func keep(_ held: Set<RunLease>) {
        state.withLock { state in state.hot = state.hot.filter { held.contains($0.value.lease) } }
    }

    func clear() { state.withLock { $0.hot = [:] } }
}
