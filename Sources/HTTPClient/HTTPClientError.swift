/// Why an exchange failed below the level of status codes. Holds no header, no body and no credentials.
package struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case invalidRequest = "invalid_request"
        case nameNotResolved = "name_not_resolved"
        case connectionFailed = "connection_failed"
        case proxyFailed = "proxy_failed"
        /// The proxy does not allow this destination.
        case proxyRefused = "proxy_refused"
        case tlsFailed = "tls_failed"
        case timedOut = "timed_out"
        /// The far end fell silent for longer than `HTTPLimits.idle`.
        case idle = "idle"
        /// The connection ended before the response did.
        case cutShort = "cut_short"
        case malformedResponse = "malformed_response"
        case responseTooLarge = "response_too_large"
        case shutDown = "shut_down"
        case failed = "failed"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same request may well succeed later.
    package var isTransient: Bool {
        switch code {
        case .nameNotResolved, .connectionFailed, .proxyFailed, .timedOut, .idle, .cutShort: true
        case .invalidRequest, .proxyRefused, .tlsFailed, .malformedResponse, .responseTooLarge, .shutDown, .failed:
            false
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
