import SMTP
import Testing

/// `>` lines are commands, `<` lines replies, `#` is the first byte of content.
private func transcript(_ lines: [String], recipients: [String] = ["a@b.example", "c@d.example"]) -> SMTPTranscript {
    var transcript = SMTPTranscript(recipients: recipients)
    for line in lines {
        let rest = Array((line.dropFirst() + "\r\n").utf8)
        switch line.first {
        case ">": transcript.sent(rest)
        case "<": _ = transcript.received(rest)
        default: transcript.contentBegins()
        }
    }
    return transcript
}

private let opening = ["<220 hi", ">EHLO x", "<250-x", "<250 AUTH PLAIN", ">MAIL FROM:<x@y>", "<250 ok"]

@Suite(.timeLimit(.minutes(10))) struct SMTPTranscriptTests {
    @Test func repliesGoToTheirRecipients() {
        let session =
            opening + [
                ">RCPT TO:<a@b.example>", "<250 ok", ">RCPT TO:<c@d.example>", "<550-no", "<550 such user", ">DATA",
                "<354 go",
                "#", "<250 2.0.0 queued", ">QUIT", "<221 bye",
            ]
        let refused = [SMTPRefusal(recipient: "c@d.example", reply: SMTPReply(code: 550, text: "no such user"))]
        #expect(
            transcript(session).outcome(problem: nil)
                == .accepted(
                    recipients: ["a@b.example"], refused: refused, reply: SMTPReply(code: 250, text: "2.0.0 queued")))
    }

    @Test func temporaryRefusalOfOneRecipientDecidesWhenAllAreRefused() {
        let session = opening + [">RCPT TO:<a@b.example>", "<450 later", ">RCPT TO:<c@d.example>", "<550 never"]
        guard case .refusedBeforeContent(let reply, let refused) = transcript(session).outcome(problem: nil) else {
            Issue.record("not refused")
            return
        }
        #expect(reply.isTransient)
        #expect(refused.count == 2)
    }

    static let ends: [([String], String)] = {
        let content = opening + ["#"]
        var ends: [([String], String)] = [
            (["<554 go away"], "refused"), (["<421 busy"], "refused"), ([], "failed"), (opening, "failed"),
            (["<garbage", "<999 x", "<-12 x"], "failed"), (opening + [">DATA", "<354 go", "#"], "unknown"),
        ]
        ends += [(content + ["<452 full"], "rejected"), (content + ["<554 spam"], "rejected")]
        ends += ["<2", "<25x", "<250-half", "<354 odd"].map { (content + [$0], "unknown") }
        return ends
    }()

    @Test(arguments: ends)
    func everyEndHasItsOutcome(_ session: [String], _ expected: String) {
        let name =
            switch transcript(session).outcome(problem: nil) {
            case .accepted: "accepted"
            case .refusedBeforeContent: "refused"
            case .failedBeforeContent: "failed"
            case .rejectedAfterContent: "rejected"
            case .unknown: "unknown"
            }
        #expect(name == expected)
    }

    @Test func repliesMayComeInAnyPieces() {
        var whole = SMTPTranscript(recipients: ["a@b.example"])
        whole.contentBegins()
        for byte in "250-one\r\n250 two\r\n".utf8 {
            let taken = whole.received([byte])
            #expect(taken)
        }
        #expect(whole.contentReply == SMTPReply(code: 250, text: "one two"))
    }

    @Test func endlessReplyIsBounded() {
        var session = SMTPTranscript(recipients: [])
        var bytes = 0
        while session.received(Array("250-more\r\n".utf8)) {
            bytes += 10
            if bytes > 10 * SMTPTranscript.maximumReplyBytes { break }
        }
        #expect(bytes <= SMTPTranscript.maximumReplyBytes)
    }
}
