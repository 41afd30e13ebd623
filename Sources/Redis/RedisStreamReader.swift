import Synchronization

/// Reads a stream as a consumer of a group (XREADGROUP), on a connection and a thread of its own.
///
/// It creates the group where it is missing, also after FLUSHALL. It reads ahead no further than one batch, so a slow
/// reader leaves the entries in Redis. After a lost connection, entries that were not acknowledged come again.
package final class RedisStreamReader: Sendable {
    package enum Event: Sendable, Equatable {
        case entry(RedisStreamEntry)
        /// The connection or the group had been lost and is back: entries may be missing.
        case recovered
    }

    /// Entries fetched at once.
    package static let batch = 100

    private let loop: ReadLoop

    package init(_ configuration: RedisConfiguration, stream: String, group: String, consumer: String) throws {
        let loop = ReadLoop(configuration, stream: stream, group: group, consumer: consumer, try Doorbell())
        self.loop = loop
        try startThread { loop.run() }
    }

    deinit { loop.stop() }

    /// One reader at a time. Ends after `close`, or when the reading task is cancelled.
    package var events: AsyncStream<Event> { AsyncStream { [self] in await loop.next() } }

    package func close() { loop.stop() }
}

private final class ReadLoop: Sendable {
    typealias Event = RedisStreamReader.Event

    /// How long the server holds a read open; a dead peer is noticed after this and the command's time limit.
    static let block = Duration.seconds(5)

    private struct State {
        var ready: [Event] = []
        var demand: CheckedContinuation<Event?, Never>?
        var isStopped = false
    }

    private let configuration: RedisConfiguration
    private let stream: String
    private let group: String
    private let consumer: String
    private let bell: Doorbell
    private let state = Mutex(State())

    init(_ configuration: RedisConfiguration, stream: String, group: String, consumer: String, _ bell: Doorbell) {
        self.configuration = configuration
        self.stream = stream
        self.group = group
        self.consumer = consumer
        self.bell = bell
    }

    // MARK: - Reader's side

    func next() async -> Event? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { demand($0) }
        } onCancel: {
            state.withLock { $0.demand.take() }?.resume(returning: nil)
        }
    }

    private func demand(_ continuation: CheckedContinuation<Event?, Never>) {
        let answer: Event?? = state.withLock { state in
            if !state.ready.isEmpty { return .some(state.ready.removeFirst()) }
            if state.isStopped || Task.isCancelled || state.demand != nil { return .some(nil) }
            state.demand = continuation
            return nil
        }
        if let answer { continuation.resume(returning: answer) } else { bell.ring() }
    }

    func stop() {
        let demand = state.withLock { state in
            state.isStopped = true
            return state.demand.take()
        }
        demand?.resume(returning: nil)
        bell.ring()
    }

    // MARK: - Thread's side

    private var isStopped: Bool { state.withLock { $0.isStopped } }
    private var isWanted: Bool { state.withLock { $0.demand != nil } }

    private func deliver(_ events: [Event]) {
        guard !events.isEmpty else { return }
        let (demand, first) = state.withLock { state in
            state.ready += events
            guard let demand = state.demand.take() else {
                return (nil, nil) as (CheckedContinuation<Event?, Never>?, Event?)
            }
            return (demand, state.ready.removeFirst())
        }
        demand?.resume(returning: first)
    }

    func run() {
        var backOff = BackOff()
        var hadConnection = false
        while !isStopped {
            do throws(RedisError) {
                let session = try Session(configuration)
                try createGroup(session)
                if hadConnection { deliver([.recovered]) }
                hadConnection = true
                try readAll(session) { backOff.reset() }
            } catch {
                // Whatever the cause, only a new connection helps; `recovered` reports the gap.
                bell.wait(backOff.next())
            }
        }
    }

    private func createGroup(_ session: Session) throws(RedisError) {
        do throws(RedisError) {
            // From the beginning: entries that were added before the group existed are not lost.
            _ = try session.command(
                ["XGROUP", "CREATE", RedisWord(stream), RedisWord(group), "0", "MKSTREAM"],
                limit: configuration.commandTimeout)
        } catch {
            guard error.word == "BUSYGROUP" else { throw error }
        }
    }

    /// First what this consumer has not acknowledged, then what is new, until stopped.
    private func readAll(_ session: Session, _ succeeded: () -> Void) throws(RedisError) {
        var pending: String? = "0"
        while !isStopped {
            guard isWanted else {
                bell.wait(nil)
                continue
            }
            let reply: RedisValue?
            do throws(RedisError) {
                reply = try read(session, from: pending ?? ">")
            } catch {
                guard error.word == "NOGROUP" else { throw error }
                try createGroup(session)
                pending = "0"
                deliver([.recovered])
                continue
            }
            succeeded()
            guard let reply else { return }
            let entries = StreamReply.entries(reply)
            if pending != nil { pending = entries.last?.id }
            let gone = entries.filter { $0.fields == nil }.map(\.id)
            if !gone.isEmpty { try acknowledge(gone, session) }
            deliver(
                entries.compactMap { entry in
                    entry.fields.map { .entry(RedisStreamEntry(stream: stream, id: entry.id, fields: $0)) }
                })
        }
    }

    /// nil if stopped meanwhile.
    private func read(_ session: Session, from id: String) throws(RedisError) -> RedisValue? {
        let milliseconds = Int(Self.block.components.seconds) * 1_000
        session.append([
            "XREADGROUP", "GROUP", RedisWord(group), RedisWord(consumer), "COUNT", RedisWord(RedisStreamReader.batch),
            "BLOCK", RedisWord(milliseconds), "STREAMS", RedisWord(stream), RedisWord(id),
        ])
        try session.flush(until: .now + configuration.commandTimeout)
        let limit = ContinuousClock.now + Self.block + configuration.commandTimeout
        while !isStopped {
            if let value = try session.reply(until: limit, bell: bell) {
                if case .error(let message) = value { throw RedisError(.server, message) }
                return value
            }
            guard ContinuousClock.now < limit else { throw RedisError(.timedOut, "no answer to XREADGROUP") }
            bell.silence()
        }
        return nil
    }

    /// Entries that the stream has forgotten while they were pending.
    private func acknowledge(_ ids: [String], _ session: Session) throws(RedisError) {
        _ = try session.command(
            ["XACK", RedisWord(stream), RedisWord(group)] + ids.map { RedisWord($0) },
            limit: configuration.commandTimeout)
    }
}

/// The answer of XREADGROUP for one stream: `[[name, [[id, [field, value, …] or null], …]]]`, or null.
enum StreamReply {
    struct Entry {
        let id: String
        let fields: [String: [UInt8]]?
    }

    static func entries(_ reply: RedisValue) -> [Entry] {
        guard let stream = reply.array?.first?.array, stream.count == 2, let list = stream[1].array else { return [] }
        return list.compactMap { item in
            guard let parts = item.array, parts.count == 2, let id = parts[0].text else { return nil }
            return Entry(id: id, fields: parts[1].array.map(fields))
        }
    }

    private static func fields(_ list: [RedisValue]) -> [String: [UInt8]] {
        var fields: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            if let name = list[index].text, let value = list[index + 1].bytes { fields[name] = value }
        }
        return fields
    }
}
