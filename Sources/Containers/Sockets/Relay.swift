import Glibc

/// Two sockets joined: what either says, the other hears, until both are done or one fails.
package final class Relay: PollMember {
    /// What it moved, for ledgers.
    package struct Totals: Sendable, Hashable {
        package var up: Int
        package var down: Int
    }

    /// Longer than the 29 minutes that an IMAP connection may idle (RFC 2177).
    private static let idleLimit = Duration.seconds(35 * 60)

    private let near: Descriptor
    private let far: Descriptor
    private var up: ByteStream
    private var down: ByteStream
    private var gone: Set<Int32> = []
    /// Where requests are counted out, the far end's end is the end: no second request can follow.
    private let endsWithDown: Bool
    private let ended: (Totals) -> Void
    package private(set) var deadline: ContinuousClock.Instant?

    /// `upFirst` and `downFirst` go out before anything read; `ended` is called once, on the loop's thread.
    package init(
        near: Descriptor, far: Descriptor, upFirst: [UInt8] = [], downFirst: [UInt8] = [], shutsFar: Bool = true,
        upFilter: ByteStream.Filter? = nil, upIsOver: Bool = false, ended: @escaping (Totals) -> Void = { _ in }
    ) {
        self.near = near
        self.far = far
        up = ByteStream(from: near.raw, to: far.raw, first: upFirst, shutsSink: shutsFar, filter: upFilter)
        if upIsOver { up.endSource() }
        down = ByteStream(from: far.raw, to: near.raw, first: downFirst)
        endsWithDown = !shutsFar
        self.ended = ended
        deadline = .now + Self.idleLimit
    }

    package func interests(_ interests: inout PollInterests) {
        add(near.raw, reads: up, writes: down, to: &interests)
        add(far.raw, reads: down, writes: up, to: &interests)
    }

    private func add(_ descriptor: Int32, reads: ByteStream, writes: ByteStream, to interests: inout PollInterests) {
        let events = (reads.wantsToRead ? POLLIN : 0) | (writes.wantsToWrite ? POLLOUT : 0)
        // A hang-up is reported whether asked for or not: once seen, asking again without need would spin.
        if events != 0 || !gone.contains(descriptor) { interests.add(descriptor, events) }
    }

    package func advance(_ ready: PollReady, in context: PollContext) -> Bool {
        guard isAlive(after: ready) else {
            ended(Totals(up: up.transferred, down: down.transferred))
            return false
        }
        deadline = .now + Self.idleLimit
        return true
    }

    private func isAlive(after ready: PollReady) -> Bool {
        if let deadline, deadline <= .now { return false }
        let moved = withUnsafeTemporaryAllocation(byteCount: ByteStream.bufferBytes, alignment: 16) { buffer in
            up.move(buffer) && down.move(buffer)
        }
        guard moved, !down.isOver || !(up.isOver || endsWithDown) else { return false }
        for (descriptor, reading) in [(near.raw, up), (far.raw, down)]
        where ready[descriptor] & (POLLHUP | POLLERR) != 0 {
            // Nothing more can be told to a peer that is gone; what it said before is still read out.
            if reading.isSourceOver { return false }
            gone.insert(descriptor)
        }
        return true
    }
}
