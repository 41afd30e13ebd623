import HTTPTypes
import Synchronization

/// Slows the guessing of passwords: after `mostFailures` for one address within `window`, logins for it wait.
///
/// Kept in memory by each API process: it spends no write on an attacker, and a restart gives away one window at most.
package final class LoginThrottle: Sendable {
    static let mostFailures = 10
    static let window = Duration.seconds(300)
    /// Addresses remembered; when full, those whose window is over go first, then the oldest.
    static let mostAddresses = 10_000

    private struct Failures {
        var count: Int
        var since: ContinuousClock.Instant
    }

    private let known = Mutex<[String: Failures]>([:])

    package init() {}

    /// Throws a 429 while `address` has failed too often.
    func check(_ address: String, now: ContinuousClock.Instant = .now) throws {
        let remaining: Duration? = known.withLock { known in
            guard let failures = known[address], failures.count >= Self.mostFailures else { return nil }
            let left = Self.window - (now - failures.since)
            return left > .zero ? left : nil
        }
        if let remaining {
            throw Problem(
                .tooManyRequests, "too-many-logins", "Too many failed logins for this address; wait a few minutes.",
                retryAfter: Int(remaining.components.seconds) + 1)
        }
    }

    func failed(_ address: String, now: ContinuousClock.Instant = .now) {
        known.withLock { known in
            if known.count >= Self.mostAddresses, known[address] == nil {
                known = known.filter { now - $0.value.since < Self.window }
                if known.count >= Self.mostAddresses, let oldest = known.min(by: { $0.value.since < $1.value.since }) {
                    known[oldest.key] = nil
                }
            }
            var failures = known[address] ?? Failures(count: 0, since: now)
            if now - failures.since >= Self.window { failures = Failures(count: 0, since: now) }
            failures.count += 1
            known[address] = failures
        }
    }

    func succeeded(_ address: String) { known.withLock { $0[address] = nil } }
}
