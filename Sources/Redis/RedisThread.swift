import Glibc

/// Runs `body` on a thread of its own, for hiredis blocks.
func startThread(_ body: @escaping @Sendable () -> Void) throws(RedisError) {
    let argument = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { pointer in
            guard let pointer else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, argument.toOpaque())
    guard code == 0 else {
        argument.release()
        throw RedisError(.unavailable, "cannot start a thread for a connection (errno \(code))")
    }
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Interrupts a thread that waits in `poll`: a byte in a pipe.
final class Doorbell: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(RedisError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw RedisError(.unavailable, "cannot open a pipe (errno \(errno)); too many open files?")
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// A full pipe already wakes the reader, so a refused byte is no loss.
    func ring() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func silence() {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &buffer, buffer.count) > 0 {}
    }

    /// Waits for a ring or for the time to pass; without a time for as long as it takes.
    func wait(_ time: Duration?) {
        let events = Polled.wait(socket: -1, writing: false, bell: self, until: time.map { .now + $0 })
        if events.contains(.bell) { silence() }
    }
}

struct Polled: OptionSet {
    let rawValue: Int
    static let socket = Polled(rawValue: 1)
    static let bell = Polled(rawValue: 2)

    /// Blocks until the socket is ready, the bell rings, or the limit passes: then empty. poll ignores a socket of -1.
    static func wait(
        socket: Int32, writing: Bool, bell: Doorbell?, until limit: ContinuousClock.Instant?
    ) -> Polled {
        var entries = [pollfd(fd: socket, events: Int16(writing ? POLLOUT : POLLIN), revents: 0)]
        if let bell { entries.append(pollfd(fd: bell.readEnd, events: Int16(POLLIN), revents: 0)) }
        while true {
            let code = poll(&entries, nfds_t(entries.count), milliseconds(until: limit))
            if code < 0 && errno == EINTR { continue }
            if code == 0 {
                if let limit, ContinuousClock.now >= limit { return [] }
                continue
            }
            var ready: Polled = []
            if code < 0 || entries[0].revents != 0 { ready.insert(.socket) }
            if entries.count > 1, entries[1].revents != 0 { ready.insert(.bell) }
            return ready
        }
    }

    private static func milliseconds(until limit: ContinuousClock.Instant?) -> Int32 {
        guard let limit else { return -1 }
        let rest = ContinuousClock.now.duration(to: limit)
        guard rest > .zero else { return 0 }
        let (seconds, attoseconds) = rest.components
        // An hour at a time: the caller loops.
        guard seconds < 3_600 else { return 3_600_000 }
        return Int32(seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}

/// Waits between attempts to connect, doubled from the first to the last.
struct BackOff {
    static let first = Duration.milliseconds(50)
    static let last = Duration.seconds(2)
    private var delay = first

    mutating func next() -> Duration {
        defer { delay = min(delay * 2, Self.last) }
        return delay
    }

    mutating func reset() { delay = Self.first }
}
