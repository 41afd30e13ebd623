import Synchronization

/// Subscribes to channels on a connection and a thread of its own, across lost connections.
package final class RedisSubscription: Sendable {
    package enum Event: Sendable, Equatable {
        /// The first subscription holds: what is published from now on arrives.
        case listening
        case message(channel: String, payload: [UInt8])
        /// The connection had been lost and is back, or more than `buffer` events waited: some may be missing.
        case reconnected
    }

    /// Events held for a slow reader; beyond them the oldest are dropped, and `reconnected` tells.
    package static let buffer = 10_000

    /// One reader. The subscription ends when its reader stops.
    package let events: AsyncStream<Event>
    private let loop: SubscriptionLoop

    package init(_ configuration: RedisConfiguration, channels: [String]) throws {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.buffer))
        events = stream
        let loop = SubscriptionLoop(configuration, channels, continuation, try Doorbell())
        self.loop = loop
        continuation.onTermination = { _ in loop.stop() }
        try startThread { loop.run() }
    }

    deinit { loop.stop() }

    /// Ends `events` and the connection.
    package func close() { loop.stop() }
}

private final class SubscriptionLoop: Sendable {
    /// A silent connection is pinged after this time.
    static let probeInterval = Duration.seconds(15)

    private let configuration: RedisConfiguration
    private let channels: [String]
    private let continuation: AsyncStream<RedisSubscription.Event>.Continuation
    private let bell: Doorbell
    private let stopped = Atomic(false)

    init(
        _ configuration: RedisConfiguration, _ channels: [String],
        _ continuation: AsyncStream<RedisSubscription.Event>.Continuation, _ bell: Doorbell
    ) {
        self.configuration = configuration
        self.channels = channels
        self.continuation = continuation
        self.bell = bell
    }

    func stop() {
        stopped.store(true, ordering: .releasing)
        bell.ring()
    }

    private var isStopped: Bool { stopped.load(ordering: .acquiring) }

    func run() {
        var backOff = BackOff()
        var wasListening = false
        while !isStopped {
            do throws(RedisError) {
                let session = try subscribe()
                emit(wasListening ? .reconnected : .listening)
                wasListening = true
                backOff.reset()
                try listen(session)
            } catch {
                // Whatever the cause, only a new connection helps; `reconnected` reports the gap.
                bell.wait(backOff.next())
            }
        }
        continuation.finish()
    }

    private func subscribe() throws(RedisError) -> Session {
        let session = try Session(configuration)
        let limit = ContinuousClock.now + configuration.commandTimeout
        session.append(["SUBSCRIBE"] + channels.map { RedisWord($0) })
        try session.flush(until: limit)
        for _ in channels {
            guard let value = try session.reply(until: limit) else {
                throw RedisError(.timedOut, "no answer to SUBSCRIBE")
            }
            if case .error(let message) = value { throw RedisError(.server, message) }
        }
        return session
    }

    private func listen(_ session: Session) throws(RedisError) {
        var isProbing = false
        while !isStopped {
            let patience = isProbing ? configuration.commandTimeout : Self.probeInterval
            let limit = ContinuousClock.now + patience
            if let value = try session.reply(until: limit, bell: bell) {
                isProbing = false
                if let event = Self.event(value) { emit(event) }
            } else if ContinuousClock.now >= limit {
                guard !isProbing else { throw RedisError(.timedOut, "no answer to PING") }
                session.append(["PING"])
                try session.flush(until: .now + configuration.commandTimeout)
                isProbing = true
            } else {
                bell.silence()
            }
        }
    }

    private static func event(_ value: RedisValue) -> RedisSubscription.Event? {
        guard let parts = value.array, parts.count == 3, parts[0].text == "message", let channel = parts[1].text,
            let payload = parts[2].bytes
        else { return nil }
        return .message(channel: channel, payload: payload)
    }

    private func emit(_ event: RedisSubscription.Event) {
        if case .dropped = continuation.yield(event) { continuation.yield(.reconnected) }
    }
}
