/// How often and how fast a node is tried again, and after which failures.
package struct RetryPolicy: Sendable, Hashable {
    /// How a delay is spread, so that neighbours do not come back together.
    package enum Jitter: String, Sendable, Hashable, CaseIterable {
        /// The whole delay, to the millisecond.
        case none
        /// Between half of it and all of it.
        case equal
        /// Between nothing and all of it.
        case full
    }

    /// Attempts in all, the first included.
    package var attempts: Int
    /// Milliseconds before the second attempt; doubled for each one after it.
    package var backoffMilliseconds: Int
    package var maxBackoffMilliseconds: Int
    package var jitter: Jitter
    /// Kinds (`transient`, `permanent`, `invalid_input`) and codes of the failures that are worth another attempt.
    /// `nil`: for a call the transient ones, for every other node all.
    package var on: Set<String>?

    package init(
        attempts: Int, backoffMilliseconds: Int, maxBackoffMilliseconds: Int, jitter: Jitter = .equal,
        on: Set<String>? = nil
    ) {
        self.attempts = attempts
        self.backoffMilliseconds = backoffMilliseconds
        self.maxBackoffMilliseconds = maxBackoffMilliseconds
        self.jitter = jitter
        self.on = on
    }

    /// Of calls.
    package static let standard = RetryPolicy(attempts: 3, backoffMilliseconds: 500, maxBackoffMilliseconds: 30_000)
    /// Of nodes that call nothing themselves.
    package static let once = RetryPolicy(attempts: 1, backoffMilliseconds: 500, maxBackoffMilliseconds: 30_000)

    /// Whether a failed call may be tried again, were there attempts left.
    package func covers(kind: String, code: String) -> Bool {
        guard let on else { return kind == "transient" }
        return on.contains(kind) || on.contains(code)
    }

    /// The same for a node that calls nothing itself: its failures have only codes.
    package func covers(code: String) -> Bool { on?.contains(code) ?? true }
}
