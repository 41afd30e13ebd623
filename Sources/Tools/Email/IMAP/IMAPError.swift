/// Why an exchange with an IMAP server ended, in words for an operator.
package struct IMAPError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The server or the way to it is away; worth another attempt.
        case unreachable
        /// The egress proxy forbids the server.
        case proxyRefused
        /// The certificate does not verify, or TLS failed otherwise.
        case untrusted
        case timedOut, closed, cancelled
        case authenticationFailed
        /// NO or BAD to a command.
        case refused
        /// Bytes that are no IMAP, or beyond the bounds.
        case protocolViolation
        case invalidArgument
    }

    package var code: Code
    package var message: String
    /// The response code of a refusal, upper case: `TRYCREATE`.
    package var responseCode: String?

    package init(_ code: Code, _ message: String, responseCode: String? = nil) {
        self.code = code
        self.message = message
        self.responseCode = responseCode
    }

    package var description: String { "\(code.rawValue): \(message)" }

    /// Whether the same exchange may succeed later.
    package var isTransient: Bool {
        switch code {
        case .unreachable, .timedOut, .closed, .cancelled: true
        case .refused: ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"].contains(responseCode)
        case .authenticationFailed: responseCode == "UNAVAILABLE"
        case .proxyRefused, .untrusted, .protocolViolation, .invalidArgument: false
        }
    }
}
