package import Domain

/// How long to wait before an attempt: doubling, bounded, and spread so that neighbours do not come back together.
/// The spread comes from the run and the step, so that a replay gives the same delays.
package enum Backoff {
    /// Milliseconds before the attempt after `failures` failed ones.
    package static func delay(_ policy: RetryPolicy, failures: Int, run: RunID, step: Int) -> Int {
        let doublings = min(max(failures - 1, 0), 20)  // 2^20 already exceeds the longest delay allowed
        let full = min(policy.backoffMilliseconds << doublings, policy.maxBackoffMilliseconds)
        guard full > 1, policy.jitter != .none else { return max(full, 0) }
        var seed: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a, 64 bits
        for byte in "\(run)/\(step)/\(failures)".utf8 { seed = (seed ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let least = policy.jitter == .equal ? full / 2 : 0
        return least + Int(seed % UInt64(full - least + 1))
    }
}
