/// Why a model gave no answer. Never holds the key or the prompt.
package struct ModelFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case rateLimited = "rate_limited"
        /// The account has no credit left: waiting does not help.
        case quotaExhausted = "quota_exhausted"
        case unauthorized = "unauthorized"
        case contextLength = "context_length"
        case timedOut = "timed_out"
        case malformedStream = "malformed_stream"
        /// The stream ended before the answer did.
        case truncated = "truncated"
        case answerTooLarge = "answer_too_large"
        case unavailable = "unavailable"
        case unreachable = "unreachable"
        /// The provider refused the request as it stands.
        case rejected = "rejected"
        case misconfigured = "misconfigured"
    }

    package var code: Code
    package var message: String
    /// What the provider asked for.
    package var retryAfter: Duration?

    package init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// Whether the same request may succeed later.
    package var isTransient: Bool {
        switch code {
        case .rateLimited, .timedOut, .truncated, .unavailable, .unreachable: true
        case .quotaExhausted, .unauthorized, .contextLength, .malformedStream, .answerTooLarge, .rejected,
            .misconfigured:
            false
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
