import Domain
package import HTTPClient
import Synchronization

/// One tenant's model. There is no way to ask that does not stream.
package final class ChatModel: Sendable {
    /// What a test replaces to be free of time and chance.
    package struct Environment: Sendable {
        package var sleep: @Sendable (Duration) async throws -> Void
        /// From 0 to 1.
        package var random: @Sendable () -> Double

        package init(
            sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
            random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }
        ) {
            self.sleep = sleep
            self.random = random
        }
    }

    package let endpoint: ModelEndpoint
    private let client: HTTPClient
    private let limits: ChatLimits
    private let environment: Environment
    private let budget = Mutex(RetryBudget())

    package init(
        _ endpoint: ModelEndpoint, client: HTTPClient, limits: ChatLimits = ChatLimits(),
        environment: Environment = Environment()
    ) {
        self.endpoint = endpoint
        self.client = client
        self.limits = limits
        self.environment = environment
    }

    /// Streams the answer to `onDelta` piece by piece and returns it whole.
    ///
    /// Attempts that fail before the first piece are repeated within the limits; after it the call fails, since the
    /// caller has seen text. Throws `ModelFailure`, `CancellationError`, or what `onDelta` throws.
    package func complete(
        _ request: ChatRequest, onDelta: @Sendable (String) async throws -> Void = { _ in }
    ) async throws -> ChatCompletion {
        let deadline = ContinuousClock.now + limits.total
        budget.withLock { $0.earn() }
        var attempt = 1
        while true {
            do throws(AttemptFailure) {
                return try await self.attempt(request, number: attempt, deadline: deadline, onDelta: onDelta)
            } catch {
                guard case .model(let failure, let hasStarted) = error else { throw error.underlying }
                let remaining = deadline - .now
                guard !hasStarted,
                    let delay = RetryPolicy.delay(
                        after: failure, attempt: attempt, limits: limits, remaining: remaining,
                        random: environment.random()),
                    budget.withLock({ $0.spend() })
                else { throw failure }
                try await environment.sleep(delay)
                attempt += 1
            }
        }
    }

    private enum AttemptFailure: Error {
        case model(ModelFailure, hasStarted: Bool)
        /// Cancellation, or the caller's own error.
        case other(any Error)

        var underlying: any Error {
            switch self {
            case .model(let failure, _): failure
            case .other(let error): error
            }
        }
    }

    private func attempt(
        _ request: ChatRequest, number: Int, deadline: ContinuousClock.Instant,
        onDelta: @Sendable (String) async throws -> Void
    ) async throws(AttemptFailure) -> ChatCompletion {
        var accumulator = ChatAccumulator(problems: ProviderProblem(key: endpoint.key))
        do {
            try await read(request, deadline: deadline, into: &accumulator, onDelta: onDelta)
            return try accumulator.completion(model: endpoint.model, attempts: number)
        } catch let failure as ModelFailure {
            throw .model(failure, hasStarted: !accumulator.text.isEmpty)
        } catch let error as HTTPClientError {
            // The answer was whole: what was lost is only the stream's end.
            if accumulator.isComplete, let whole = try? accumulator.completion(model: endpoint.model, attempts: number)
            {
                return whole
            }
            let hasHead = !accumulator.text.isEmpty
            throw .model(Self.failure(error, hasStarted: hasHead, limits: limits), hasStarted: hasHead)
        } catch {
            throw .other(error)
        }
    }

    private func read(
        _ request: ChatRequest, deadline: ContinuousClock.Instant, into accumulator: inout ChatAccumulator,
        onDelta: @Sendable (String) async throws -> Void
    ) async throws {
        let remaining = deadline - .now
        guard remaining > .zero else { throw Self.timeOut(limits) }
        let http = try ChatWire.request(
            request, to: endpoint,
            limits: HTTPLimits(
                connect: min(limits.connect, remaining), total: remaining, idle: limits.idle,
                responseBytes: limits.responseBytes))
        let (head, body) = try await client.stream(http)
        try await check(head, body)
        var parser = ServerSentEventParser()
        var lastEvent = ContinuousClock.now
        for try await bytes in body {
            let events: [ServerSentEvent]
            do {
                events = try parser.feed(bytes)
            } catch {
                throw ModelFailure(.malformedStream, "An event of the model's stream is too large.")
            }
            for event in events {
                let delta = try accumulator.receive(event)
                if !delta.isEmpty { try await onDelta(delta) }
            }
            if accumulator.isDone { return }
            // Bytes that never make an event are a drip: the transport's idle limit does not see it.
            if !events.isEmpty { lastEvent = .now }
            guard .now - lastEvent < limits.idle else {
                throw ModelFailure(.timedOut, "The model's stream made no progress for \(limits.idle).")
            }
        }
    }

    /// Reads a refusal's body, bounded, and throws what it says.
    private func check(_ head: HTTPHead, _ body: HTTPBody) async throws {
        guard head.status == 200 else {
            var bytes: [UInt8] = []
            do {
                for try await chunk in body {
                    bytes += chunk
                    if bytes.count > Self.maximumProblemBytes { break }
                }
            } catch is HTTPClientError {
                // The status alone says enough.
            }
            throw ProviderProblem(key: endpoint.key).failure(head, body: bytes)
        }
        let type = (head.headers["Content-Type"] ?? "").prefix { $0 != ";" }.lowercased()
        guard type.filter({ !$0.isWhitespace }) == "text/event-stream" else {
            throw ModelFailure(.malformedStream, "The provider answered with '\(type.prefix(80))', not with a stream.")
        }
    }

    /// Bytes of a refusal that are looked at.
    private static let maximumProblemBytes = 64 * 1024

    private static func timeOut(_ limits: ChatLimits) -> ModelFailure {
        ModelFailure(.timedOut, "The model did not answer within \(limits.total).")
    }

    private static func failure(_ error: HTTPClientError, hasStarted: Bool, limits: ChatLimits) -> ModelFailure {
        switch error.code {
        case .timedOut: timeOut(limits)
        case .idle: ModelFailure(.timedOut, "The model's stream was silent for \(limits.idle).")
        case .cutShort: ModelFailure(.truncated, "The connection to the provider broke before its answer was whole.")
        case .responseTooLarge: ModelFailure(.answerTooLarge, "The model's stream is too large. \(error.message)")
        case .nameNotResolved, .connectionFailed, .proxyFailed:
            ModelFailure(.unreachable, "The provider cannot be reached: \(error.message)")
        case .malformedResponse: ModelFailure(.malformedStream, error.message)
        case .proxyRefused: ModelFailure(.misconfigured, error.message)
        case .tlsFailed, .invalidRequest: ModelFailure(.misconfigured, "The provider's address fails: \(error.message)")
        case .shutDown, .failed: ModelFailure(.unreachable, error.message)
        }
    }
}
