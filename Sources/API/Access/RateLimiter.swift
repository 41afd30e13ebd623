import Domain
import HTTPTypes
import Synchronization

/// Requests that one token may make in a window of time. Kept in memory by each API process: two processes allow twice
/// as many, which protects each of them all the same.
package final class RateLimiter: Sendable {
    package struct Policy: Sendable, Hashable {
        package var requests: Int
        /// Seconds.
        package var window: Int

        /// 600 requests a second in the mean: far above what a dashboard or a script asks, below what hurts others.
        package static let standard = Policy(requests: 6_000, window: 10)

        package init(requests: Int, window: Int) {
            self.requests = requests
            self.window = window
        }
    }

    /// What a token has left of its window.
    struct Quota: Sendable, Hashable {
        let policy: Policy
        let remaining: Int
        /// Seconds until the window ends, at least 1.
        let reset: Int
        let isExceeded: Bool

        /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).
        func write(to headers: inout HTTPFields) {
            headers[HeaderNames.rateLimitPolicy] = "\"token\";q=\(policy.requests);w=\(policy.window)"
            headers[HeaderNames.rateLimit] = "\"token\";r=\(remaining);t=\(reset)"
        }
    }

    /// Tokens remembered; when full, those whose window is over are forgotten, and then all.
    static let mostTokens = 20_000

    private struct Window {
        var count: Int
        var since: ContinuousClock.Instant
    }

    package let policy: Policy
    private let windows = Mutex<[TokenID: Window]>([:])

    package init(_ policy: Policy = .standard) { self.policy = policy }

    /// Counts one request.
    func take(_ token: TokenID, now: ContinuousClock.Instant = .now) -> Quota {
        let length = Duration.seconds(policy.window)
        let window = windows.withLock { windows in
            if windows.count >= Self.mostTokens, windows[token] == nil {
                windows = windows.filter { now - $0.value.since < length }
                if windows.count >= Self.mostTokens { windows = [:] }
            }
            var window = windows[token] ?? Window(count: 0, since: now)
            if now - window.since >= length { window = Window(count: 0, since: now) }
            window.count += 1
            windows[token] = window
            return window
        }
        let rest = length - (now - window.since)
        return Quota(
            policy: policy, remaining: max(0, policy.requests - window.count),
            reset: max(1, Int(rest.components.seconds) + (rest.components.attoseconds > 0 ? 1 : 0)),
            isExceeded: window.count > policy.requests)
    }
}
