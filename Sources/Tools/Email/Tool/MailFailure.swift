import IMAP
import SMTP
import ToolKit

extension ToolFailure {
    /// Words and kind for an IMAP exchange that ended early.
    init(_ error: IMAPError) {
        let code =
            switch error.code {
            case .unreachable, .timedOut, .closed: "imap_unreachable"
            case .cancelled: "cancelled"
            case .proxyRefused: "egress_refused"
            case .untrusted: "imap_untrusted"
            case .authenticationFailed: "imap_authentication_failed"
            case .refused: "imap_refused"
            case .protocolViolation: "imap_protocol"
            case .invalidArgument: "mailbox_invalid"
            }
        self.init(error.isTransient ? .transient : .permanent, code: code, "IMAP: \(error.message)")
    }

    /// nil where the server accepted the message.
    init?(_ outcome: SMTPOutcome) {
        switch outcome {
        case .accepted: return nil
        case .refusedBeforeContent(let reply, _):
            let code = [530, 534, 535].contains(reply.code) ? "smtp_authentication_failed" : "smtp_refused"
            self.init(
                reply.isTransient ? .transient : .permanent, code: code,
                "The mail server refused the message before it was sent: \(reply)")
        case .failedBeforeContent(let problem):
            self.init(
                problem.isTransient ? .transient : .permanent, code: "smtp_unreachable",
                "Nothing was sent: \(problem.message)")
        case .rejectedAfterContent(let reply):
            self.init(
                reply.isTransient ? .transient : .permanent, code: "smtp_rejected",
                "The mail server rejected the message, nothing was delivered: \(reply)")
        case .unknown(let words):
            self.init(
                .unknownOutcome, code: "smtp_unknown",
                "\(words). The recipient may or may not have the message.")
        }
    }
}

/// Runs an IMAP exchange with its errors as tool failures.
func withMailFailures<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as IMAPError {
        throw ToolFailure(error)
    }
}
