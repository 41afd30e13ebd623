import Glibc
import Synchronization

/// Listens to channels on a connection and a thread of its own, for as long as it lives or until `close`.
///
/// Notifications are doorbells: one that was sent while the connection was down is lost. The listener says so by
/// `reconnected`, and who listens then looks at the tables.
package final class PostgresListener: Sendable {
    package enum Event: Sendable, Equatable {
        /// The first connection listens: what is sent from now on arrives.
        case listening
        case notification(channel: String, payload: String)
        /// The connection had been lost and listens again, or more than `buffer` events waited: some may be missing.
        case reconnected
    }

    /// Events held for a slow reader; beyond them the oldest are dropped, and `reconnected` tells.
    package static let buffer = 10_000

    /// One reader. The listener ends when its reader stops.
    package let events: AsyncStream<Event>
    private let loop: ListenerLoop

    package init(_ configuration: PostgresConfiguration, channels: [String]) throws {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.buffer))
        events = stream
        let loop = ListenerLoop(configuration, channels, continuation, try WakePipe())
        self.loop = loop
        continuation.onTermination = { _ in loop.stop() }
        try loop.start()
    }

    deinit { loop.stop() }

    /// Ends `events` and the connection.
    package func close() { loop.stop() }
}

private final class ListenerLoop: Sendable {
    /// Waits between attempts to connect: doubled from the first to the last.
    static let firstDelay = Duration.milliseconds(100)
    static let lastDelay = Duration.seconds(5)
    /// A silent connection is asked after this time whether it is still there.
    static let probeInterval = Duration.seconds(20)

    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let continuation: AsyncStream<PostgresListener.Event>.Continuation
    private let wake: WakePipe
    private let stopped = Atomic(false)

    init(
        _ configuration: PostgresConfiguration, _ channels: [String],
        _ continuation: AsyncStream<PostgresListener.Event>.Continuation, _ wake: WakePipe
    ) {
        self.configuration = configuration
        self.channels = channels
        self.continuation = continuation
        self.wake = wake
    }

    func start() throws(PostgresError) {
        let argument = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<ListenerLoop>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw PostgresError(.connectionFailed, "cannot start a thread for a listener (errno \(code))")
        }
        pthread_detach(thread)
    }

    func stop() {
        stopped.store(true, ordering: .releasing)
        wake.wake()
    }

    private var isStopped: Bool { stopped.load(ordering: .acquiring) }

    private func run() {
        var delay = Self.firstDelay
        var wasListening = false
        while !isStopped {
            do throws(PostgresError) {
                let wire = try open()
                emit(wasListening ? .reconnected : .listening)
                wasListening = true
                delay = Self.firstDelay
                try listen(wire)
            } catch {
                // Whatever the cause, only a new connection helps; `reconnected` reports the gap.
                pause(delay)
                delay = min(delay * 2, Self.lastDelay)
            }
        }
        continuation.finish()
    }

    private func open() throws(PostgresError) -> Wire {
        let wire = try Wire(configuration, wake: wake)
        for sql in configuration.onConnect { try wire.script(sql, limit: configuration.queryTimeout) }
        let statements = channels.map {
            "LISTEN \"\($0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\";"
        }
        try wire.script(statements.joined(), limit: configuration.queryTimeout)
        return wire
    }

    private func listen(_ wire: Wire) throws(PostgresError) {
        while !isStopped {
            for (channel, payload) in try wire.notifications() {
                emit(.notification(channel: channel, payload: payload))
            }
            let ready = Readiness.wait(
                socket: wire.socket, writing: false, wake: wake, until: .now + Self.probeInterval)
            if ready.contains(.wake) { wake.drain() }
            if ready.isEmpty { try wire.script("SELECT 1", limit: Wire.probeLimit) }
        }
    }

    private func emit(_ event: PostgresListener.Event) {
        if case .dropped = continuation.yield(event) { continuation.yield(.reconnected) }
    }

    private func pause(_ delay: Duration) {
        // poll ignores a negative descriptor, so only the wake pipe or the delay ends the pause.
        let ready = Readiness.wait(socket: -1, writing: false, wake: wake, until: .now + delay)
        if ready.contains(.wake) { wake.drain() }
    }
}
