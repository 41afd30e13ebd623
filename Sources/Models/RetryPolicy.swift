/// How long and how often a call is tried.
package struct ChatLimits: Sendable, Hashable {
    /// The whole call, retries and waits included.
    package var total: Duration
    /// Between two events of a stream, and before the first.
    package var idle: Duration
    package var connect: Duration
    /// Requests of one call.
    package var attempts: Int
    /// Bytes of one stream: text, framing and metadata.
    package var responseBytes: Int

    package init(
        total: Duration = .seconds(180), idle: Duration = .seconds(60), connect: Duration = .seconds(10),
        attempts: Int = 4, responseBytes: Int = 32 * 1024 * 1024
    ) {
        self.total = total
        self.idle = idle
        self.connect = connect
        self.attempts = attempts
        self.responseBytes = responseBytes
    }
}

/// When a failed attempt is followed by another: exponential with full jitter, never below the provider's
/// `Retry-After`, never past the deadline.
struct RetryPolicy {
    static let base: Duration = .milliseconds(500)
    static let cap: Duration = .seconds(8)

    /// The wait before the next attempt, or `nil` to give up. `random` is from 0 to 1.
    static func delay(
        after failure: ModelFailure, attempt: Int, limits: ChatLimits, remaining: Duration, random: Double
    ) -> Duration? {
        guard failure.isTransient, attempt < limits.attempts else { return nil }
        let ceiling = min(cap, base * (1 << min(max(attempt - 1, 0), 10)))
        let jittered = ceiling * min(max(random, 0), 1)
        let delay = max(jittered, failure.retryAfter ?? .zero)
        return delay < remaining ? delay : nil
    }
}

/// Keeps retries to a fraction of the calls, so that a provider in trouble is not hammered: each call earns a tenth
/// of a retry, each retry costs one, and ten can be saved.
struct RetryBudget {
    static let capacity = 10.0
    static let earnedPerCall = 0.1

    private(set) var tokens = capacity

    mutating func earn() { tokens = min(Self.capacity, tokens + Self.earnedPerCall) }

    mutating func spend() -> Bool {
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
