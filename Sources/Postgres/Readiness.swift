import Glibc

/// What `poll` reported.
struct Readiness: OptionSet {
    let rawValue: Int
    static let socket = Readiness(rawValue: 1)
    static let wake = Readiness(rawValue: 2)

    /// Blocks until the socket is readable (or writable too), the pipe is woken, or the limit passes: then empty.
    static func wait(
        socket: Int32, writing: Bool, wake: WakePipe?, until limit: ContinuousClock.Instant
    ) -> Readiness {
        var entries = [pollfd(fd: socket, events: Int16(POLLIN) | (writing ? Int16(POLLOUT) : 0), revents: 0)]
        if let wake { entries.append(pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0)) }
        while true {
            let code = poll(&entries, nfds_t(entries.count), milliseconds(until: limit))
            if code < 0 && errno == EINTR { continue }
            if code == 0 {
                if ContinuousClock.now < limit { continue }
                return []
            }
            var ready: Readiness = []
            if code < 0 || entries[0].revents != 0 { ready.insert(.socket) }
            if entries.count > 1, entries[1].revents != 0 { ready.insert(.wake) }
            return ready
        }
    }

    private static func milliseconds(until limit: ContinuousClock.Instant) -> Int32 {
        let rest = ContinuousClock.now.duration(to: limit)
        guard rest > .zero else { return 0 }
        let (seconds, attoseconds) = rest.components
        // An hour at a time: the caller loops.
        guard seconds < 3_600 else { return 3_600_000 }
        return Int32(seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
