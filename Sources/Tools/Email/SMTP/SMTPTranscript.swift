/// Follows commands and replies and keeps what decides the outcome. Pure: fed by libcurl's callbacks, or by a test.
package struct SMTPTranscript: Sendable {
    /// Bytes of one reply; RFC 5321 lines hold 512, and no honest reply has a hundred lines.
    package static let maximumReplyBytes = 64 * 1024

    private enum Awaited: Sendable, Hashable {
        case greeting, recipient(Int), content, quit, other
    }

    package let recipients: [String]
    private var awaited = Awaited.greeting
    private var nextRecipient = 0
    private var lines: [String] = []
    private var replyBytes = 0
    private var partial: [UInt8] = []

    /// By index into `recipients`.
    package private(set) var recipientReplies: [Int: SMTPReply] = [:]
    package private(set) var lastReply: SMTPReply?
    /// The answer to the content.
    package private(set) var contentReply: SMTPReply?
    package private(set) var contentStarted = false

    package init(recipients: [String]) { self.recipients = recipients }

    /// A command as it went out.
    package mutating func sent(_ bytes: some Collection<UInt8>) {
        let verb = String(decoding: bytes.prefix(4), as: UTF8.self).uppercased()
        switch verb {
        case "RCPT":
            awaited = .recipient(nextRecipient)
            nextRecipient += 1
        case "QUIT": awaited = .quit
        default: if !contentStarted { awaited = .other }
        }
    }

    /// The first byte of content is about to go.
    package mutating func contentBegins() {
        contentStarted = true
        awaited = .content
    }

    /// Bytes as they came, in any pieces. False when the reply is beyond its bound.
    package mutating func received(_ bytes: some Collection<UInt8>) -> Bool {
        replyBytes += bytes.count
        guard replyBytes <= Self.maximumReplyBytes else { return false }
        for byte in bytes {
            if byte == 10 {
                line(partial)
                partial = []
            } else if byte != 13 {
                partial.append(byte)
            }
        }
        return true
    }

    private mutating func line(_ bytes: [UInt8]) {
        guard bytes.count >= 3, let code = Int(String(decoding: bytes.prefix(3), as: UTF8.self)),
            (200..<600).contains(code)
        else { return }
        let text = bytes.dropFirst(4).map { $0 >= 32 && $0 != 127 ? $0 : 32 }
        lines.append(String(decoding: text, as: UTF8.self))
        guard bytes.count == 3 || bytes[3] != UInt8(ascii: "-") else { return }
        finish(SMTPReply(code: code, text: String(lines.joined(separator: " ").prefix(1_000))))
        lines = []
        replyBytes = 0
    }

    private mutating func finish(_ reply: SMTPReply) {
        switch awaited {
        case .recipient(let index): recipientReplies[index] = reply
        case .content: contentReply = reply
        case .quit: return
        case .greeting, .other: break
        }
        lastReply = reply
    }

    package var refused: [SMTPRefusal] {
        recipients.indices.compactMap { index in
            guard let reply = recipientReplies[index], reply.code >= 400 else { return nil }
            return SMTPRefusal(recipient: recipients[index], reply: reply)
        }
    }

    /// The outcome after the transfer ended with `problem`, or well where it is nil.
    package func outcome(problem: SMTPProblem?) -> SMTPOutcome {
        if let reply = contentReply {
            guard reply.code >= 400 else {
                guard (200..<300).contains(reply.code) else {
                    return .unknown("The server answered the content with \(reply).")
                }
                let taken = recipients.indices.filter { index in
                    recipientReplies[index].map { (200..<300).contains($0.code) } ?? false
                }
                return .accepted(recipients: taken.map { recipients[$0] }, refused: refused, reply: reply)
            }
            return .rejectedAfterContent(reply)
        }
        if contentStarted {
            return .unknown("No answer came after the message went out: \(problem?.message ?? "the connection ended").")
        }
        if let reply = lastReply, reply.code >= 400 {
            return .refusedBeforeContent(decidingReply(reply), refused: refused)
        }
        return .failedBeforeContent(
            problem ?? SMTPProblem(isTransient: true, message: "The server ended the session before the content."))
    }

    /// Where all recipients were refused one may come back with 4xx: then another attempt is worth it.
    private func decidingReply(_ last: SMTPReply) -> SMTPReply {
        guard !refused.isEmpty, refused.count == recipients.count else { return last }
        return refused.first { $0.reply.isTransient }?.reply ?? last
    }
}
