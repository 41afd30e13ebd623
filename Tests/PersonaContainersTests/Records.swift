import Egress
import Sockets
import Synchronization

/// What the egress ledger heard.
final class Records: Sendable {
    private struct State {
        var list: [EgressRecord] = []
        var waiting: [(count: Int, reached: OneShot<Void>)] = []
    }

    private let state = Mutex(State())

    func append(_ record: EgressRecord) {
        let reached = state.withLock { state in
            state.list.append(record)
            return state.waiting.filter { $0.count <= state.list.count }.map(\.reached)
        }
        for waiter in reached { waiter.settle(()) }
    }

    /// The first `count` records, once they are there: a connection is recorded at its end.
    func first(_ count: Int) async -> [EgressRecord] {
        let reached = OneShot<Void>()
        let isThere = state.withLock { state in
            state.waiting.append((count, reached))
            return state.list.count >= count
        }
        if !isThere { await reached.value() }
        return state.withLock { Array($0.list.prefix(count)) }
    }
}
