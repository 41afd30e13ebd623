import Synchronization

/// Requests that this process has answered, for `/metrics`.
package final class RequestCounts: Sendable {
    struct Snapshot: Sendable {
        /// By class of status: index 2 for 2xx.
        var byClass = [Int](repeating: 0, count: 6)
        var seconds = 0.0
    }

    private let counts = Mutex(Snapshot())

    package init() {}

    func add(status: Int, took: Duration) {
        let (seconds, attoseconds) = took.components
        counts.withLock { counts in
            if counts.byClass.indices.contains(status / 100) { counts.byClass[status / 100] += 1 }
            counts.seconds += Double(seconds) + Double(attoseconds) / 1e18
        }
    }

    var snapshot: Snapshot { counts.withLock { $0 } }
}
