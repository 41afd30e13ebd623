import Synchronization

/// A connection that any number of tasks share: commands that meet are sent together.
///
/// It connects by itself and again after a loss. While Redis is away every command fails at once; none waits longer
/// than twice `commandTimeout` and the time to connect. Ignores SIGPIPE for the whole process, which hiredis needs.
package final class RedisConnection: Sendable {
    /// Commands that may wait to be sent.
    package static let queueLimit = 10_000

    private let line: CommandLine

    package init(_ configuration: RedisConfiguration) throws {
        let line = CommandLine(configuration, try Doorbell())
        self.line = line
        try startThread { line.run() }
    }

    deinit { line.close() }

    package func close() { line.close() }

    /// Sends one command; throws `RedisError.server` for an error reply.
    @discardableResult
    package func command(_ words: [RedisWord]) async throws -> RedisValue {
        try await pipeline([words]).first?.get() ?? .null
    }

    /// Sends the commands together; each has its own outcome.
    package func pipeline(_ commands: [[RedisWord]]) async throws -> [Result<RedisValue, RedisError>] {
        guard !commands.isEmpty else { return [] }
        guard commands.allSatisfy({ !$0.isEmpty }) else {
            throw RedisError(.server, "an empty command cannot be sent")
        }
        return try await withCheckedThrowingContinuation { line.send(commands, $0) }
    }

    package func ping() async throws { try await command(["PING"]) }

    /// Adds an entry and lets the stream forget its oldest beyond about `maximum`; returns the entry's id.
    @discardableResult
    package func add(
        to stream: String, _ fields: [(String, RedisWord)], maximum: Int = 100_000
    ) async throws -> String {
        let head: [RedisWord] = ["XADD", RedisWord(stream), "MAXLEN", "~", RedisWord(maximum), "*"]
        let reply = try await command(head + fields.flatMap { [RedisWord($0.0), $0.1] })
        guard let id = reply.text else { throw RedisError(.unexpectedReply, "XADD did not answer with an id") }
        return id
    }

    /// The number of entries that were still pending.
    @discardableResult
    package func acknowledge(_ ids: [String], stream: String, group: String) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        return try await count(["XACK", RedisWord(stream), RedisWord(group)] + ids.map { RedisWord($0) })
    }

    /// The number of subscribers that received it.
    @discardableResult
    package func publish(_ payload: RedisWord, to channel: String) async throws -> Int {
        try await count(["PUBLISH", RedisWord(channel), payload])
    }

    /// Counts in a window: the first increment sets the expiry, in the same step.
    package func increment(_ key: String, by amount: Int = 1, expiry: Duration) async throws -> Int {
        let (seconds, attoseconds) = expiry.components
        let milliseconds = max(1, Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000))
        let script = """
            local n = redis.call('INCRBY', KEYS[1], ARGV[1])
            if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
            return n
            """
        let reply = try await evaluate(script, keys: [key], [RedisWord(amount), RedisWord(milliseconds)])
        guard let number = reply.integer else {
            throw RedisError(.unexpectedReply, "INCRBY did not answer with a number")
        }
        return number
    }

    /// Runs a Lua script (EVAL).
    package func evaluate(_ script: String, keys: [String], _ arguments: [RedisWord] = []) async throws -> RedisValue {
        try await command(
            ["EVAL", RedisWord(script), RedisWord(keys.count)] + keys.map { RedisWord($0) } + arguments)
    }

    private func count(_ words: [RedisWord]) async throws -> Int {
        guard let number = try await command(words).integer else {
            throw RedisError(.unexpectedReply, "\(Session.name(words)) did not answer with a number")
        }
        return number
    }
}

/// The queue of commands and the thread that sends them.
private final class CommandLine: Sendable {
    typealias Answers = [Result<RedisValue, RedisError>]

    private struct Request {
        let commands: [[RedisWord]]
        let continuation: CheckedContinuation<Answers, any Error>
    }

    private struct State {
        var requests: [Request] = []
        var count = 0
        var isClosed = false
    }

    private let configuration: RedisConfiguration
    private let bell: Doorbell
    private let state = Mutex(State())

    init(_ configuration: RedisConfiguration, _ bell: Doorbell) {
        self.configuration = configuration
        self.bell = bell
    }

    func send(_ commands: [[RedisWord]], _ continuation: CheckedContinuation<Answers, any Error>) {
        let refusal: RedisError? = state.withLock { state in
            if state.isClosed { return RedisError(.closed, "the connection is closed") }
            guard state.count + commands.count <= RedisConnection.queueLimit else {
                return RedisError(.overloaded, "\(state.count) commands already wait")
            }
            state.count += commands.count
            state.requests.append(Request(commands: commands, continuation: continuation))
            return nil
        }
        if let refusal { continuation.resume(throwing: refusal) } else { bell.ring() }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
    }

    func run() {
        var session: Session?
        var backOff = BackOff()
        var outage: (error: RedisError, until: ContinuousClock.Instant)?
        while let requests = next() {
            if let known = outage, ContinuousClock.now < known.until {
                fail(requests, known.error)
                continue
            }
            do throws(RedisError) {
                if session?.isStale ?? true { session = nil }
                let current: Session
                if let session { current = session } else { current = try Session(configuration) }
                session = current
                backOff.reset()
                outage = nil
                if !serve(requests, current) { session = nil }
            } catch {
                session = nil
                outage = (error, .now + backOff.next())
                fail(requests, error)
            }
        }
    }

    /// Waits for requests; nil after `close`, when the last has been answered.
    private func next() -> [Request]? {
        while true {
            let (requests, isClosed) = state.withLock { state in
                defer {
                    state.requests = []
                    state.count = 0
                }
                return (state.requests, state.isClosed)
            }
            if !requests.isEmpty { return requests }
            if isClosed { return nil }
            bell.wait(nil)
        }
    }

    /// Answers every request; false if the session must not be used again.
    private func serve(_ requests: [Request], _ session: Session) -> Bool {
        for request in requests { for command in request.commands { session.append(command) } }
        let deadline = ContinuousClock.now + configuration.commandTimeout
        var failure: RedisError?
        do throws(RedisError) { try session.flush(until: deadline) } catch { failure = error }
        for request in requests {
            var answers: Answers = []
            for command in request.commands {
                if failure == nil {
                    do throws(RedisError) {
                        if let value = try session.reply(until: deadline) {
                            answers.append(Self.outcome(value))
                            continue
                        }
                        failure = RedisError(
                            .timedOut, "no answer to \(Session.name(command)) within \(configuration.commandTimeout)")
                    } catch {
                        failure = error
                    }
                }
                if let failure { answers.append(.failure(failure)) }
            }
            request.continuation.resume(returning: answers)
        }
        return failure == nil
    }

    private static func outcome(_ value: RedisValue) -> Result<RedisValue, RedisError> {
        if case .error(let message) = value { .failure(RedisError(.server, message)) } else { .success(value) }
    }

    private func fail(_ requests: [Request], _ error: RedisError) {
        for request in requests {
            request.continuation.resume(returning: request.commands.map { _ in .failure(error) })
        }
    }
}
