import Glibc

/// Accepts connections of a listening socket on a loop.
package final class Acceptor: PollMember {
    private let listener: Descriptor
    private let accepted: (Descriptor, PollContext) -> Bool
    private let expired: (() -> Void)?
    private let limit: ContinuousClock.Instant?
    private let isOver: () -> Bool

    /// `accepted` answers whether to go on; `expired` is called at `deadline`, which ends it; `isOver` ends it too,
    /// when the loop wakes.
    package init(
        _ listener: Descriptor, deadline: ContinuousClock.Instant? = nil, isOver: @escaping () -> Bool = { false },
        expired: (() -> Void)? = nil, accepted: @escaping (Descriptor, PollContext) -> Bool
    ) {
        self.listener = listener
        limit = deadline
        self.isOver = isOver
        self.expired = expired
        self.accepted = accepted
    }

    package var deadline: ContinuousClock.Instant? { isOver() ? PollContext.immediately : limit }

    package func interests(_ interests: inout PollInterests) { interests.add(listener.raw, POLLIN) }

    package func advance(_ ready: PollReady, in context: PollContext) -> Bool {
        if isOver() { return false }
        while let socket = UnixSocket.accept(listener) {
            if !accepted(socket, context) { return false }
        }
        if let deadline, deadline <= .now {
            expired?()
            return false
        }
        return true
    }
}
