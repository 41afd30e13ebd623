import Domain
import FoundationEssentials
import HTTPClient

/// Turns a provider's refusal into a failure that an operator can act on.
struct ProviderProblem {
    /// Characters of the provider's own words that an error repeats.
    static let maximumQuote = 300

    let key: Secret?

    func failure(_ head: HTTPHead, body: [UInt8]) -> ModelFailure {
        let problem = try? JSONDecoder().decode(ChatWire.ProblemBody.self, from: Data(body))  // any body may come
        let words = quote(problem?.error.message ?? "")
        let name = problem?.error.name ?? ""
        let retryAfter = head.headers["Retry-After"].flatMap(Self.delay)
        switch head.status {
        case 401, 403:
            // Providers repeat part of the key in their words, so these are not quoted.
            return ModelFailure(
                .unauthorized, "The provider refused the key with status \(head.status); check the tenant's key.")
        case 429 where name == "insufficient_quota":
            return ModelFailure(.quotaExhausted, "The provider's account has no quota left.\(words)")
        case 429:
            return ModelFailure(.rateLimited, "The provider limits the rate.\(words)", retryAfter: retryAfter)
        case 413:
            return ModelFailure(.contextLength, "The request is too long for the model.\(words)")
        case 400, 422:
            return Self.isContextLength(name, problem?.error.message ?? "")
                ? ModelFailure(.contextLength, "The request is too long for the model.\(words)")
                : ModelFailure(.rejected, "The provider refused the request with status \(head.status).\(words)")
        case 408, 500, 502, 503, 504, 529:
            return ModelFailure(
                .unavailable, "The provider answered with status \(head.status).\(words)", retryAfter: retryAfter)
        case 404:
            return ModelFailure(.misconfigured, "The provider knows no such model or address (status 404).\(words)")
        case 300..<400:
            return ModelFailure(
                .misconfigured, "The provider redirects (status \(head.status)); set its final base URL.")
        default:
            return ModelFailure(.rejected, "The provider answered with status \(head.status).\(words)")
        }
    }

    /// An error object within a stream.
    func failure(_ problem: ChatWire.Problem) -> ModelFailure {
        let words = quote(problem.message ?? "")
        let name = problem.name
        if Self.isContextLength(name, problem.message ?? "") {
            return ModelFailure(.contextLength, "The request is too long for the model.\(words)")
        }
        if name.contains("rate_limit") || name == "429" {
            return ModelFailure(.rateLimited, "The provider limits the rate.\(words)")
        }
        return ModelFailure(.unavailable, "The provider broke off the answer.\(words)")
    }

    /// Delta-seconds of RFC 9110, section 10.2.3; dates are not used by providers and count as absent.
    static func delay(_ value: String) -> Duration? {
        guard let seconds = Double(value), seconds.isFinite, (0...86_400).contains(seconds) else { return nil }
        return .milliseconds(Int64(seconds * 1000))
    }

    private static func isContextLength(_ name: String, _ message: String) -> Bool {
        let text = message.lowercased()
        return name == "context_length_exceeded" || text.contains("context length") || text.contains("context window")
            || text.contains("maximum context") || text.contains("too many tokens")
    }

    private func quote(_ text: String) -> String {
        var text = text
        if let key = key?.reveal(), !key.isEmpty { text = text.replacing(key, with: "***") }
        let cleaned = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }
        guard !cleaned.isEmpty else { return "" }
        return " It says: \(String(cleaned.prefix(Self.maximumQuote)))"
    }
}
