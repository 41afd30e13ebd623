import Domain
import Embedded
import FoundationEssentials
import MIME
import Store
import TestKit
import Testing

/// Input that is wrong gets words, and loses nothing.
@Suite(.timeLimit(.minutes(10))) struct BadInputTests {
    @Test func strangersMachinesAndGiantsAreRecordedAndNotAnswered() async throws {
        try await Office.with { office in
            let platform = try await office.start()
            try await office.mail.deliver(from: "stranger@elsewhere.test", subject: "Buy now")
            try await office.mail.deliver(
                from: office.mail.sender, subject: "Out of office", fields: [("Auto-Submitted", "auto-replied")])
            try await office.mail.server.deliver(
                Self.large(from: office.mail.sender, to: office.mail.persona), from: office.mail.sender,
                to: office.mail.persona)
            var mails: [Mail] = []
            try await until("all are recorded") {
                mails = try await Mails(office.database).list(
                    office.tenant, mailbox: office.mailbox, before: nil, limit: 9)
                return mails.count == 3
            }
            #expect(mails.allSatisfy { $0.verdict == "refused" && $0.run == nil })
            let reasons = mails.compactMap(\.reason).joined(separator: "\n")
            for expected in ["stranger@elsewhere.test", "machine", "too large"] {
                #expect(reasons.contains(expected), "no reason says \(expected): \(reasons)")
            }
            #expect(try await office.run() == nil)
            #expect(try office.mail.submissions() == 0)
            #expect(await platform.stop() == 0)
        }
    }

    @Test func whatCannotBeReadIsNamedInTheAnswer() async throws {
        try await Office.with { office in
            let missing = office.pages.url("/no-such-page"), metadata = "http://169.254.169.254/latest/meta-data/"
            let platform = try await office.start()
            try await office.mail.deliver(
                from: office.mail.sender, subject: "Briefing on what there is",
                text: "Ada, please read \(missing) and \(metadata) and \(office.pages.url("/tides")) for me.",
                attachments: [
                    .init(name: "figures.csv", mediaType: "text/csv", data: Array("%PDF-1.7\n\u{0}\u{1}\u{2}".utf8))
                ])
            let run = try await office.settled()
            #expect(run.status == .succeeded, "\(run.error.map { "\($0)" } ?? "")")
            try await until("the answer is delivered") { try !office.mail.received().isEmpty }
            let answer = try #require(try office.mail.received().first)
            for expected in [missing, "404", metadata, "attached table"] {
                #expect(answer.text.contains(expected), "the answer does not name \(expected):\n\(answer.text)")
            }
            #expect(answer.attachments.compactMap(\.fileName).sorted() == ["briefing.pdf", "briefing.pptx"])
            #expect(await platform.stop() == 0)
        }
    }

    /// A mail with an attachment of 50 MB, put together without encoding anything.
    private static func large(from sender: String, to recipient: String) -> [UInt8] {
        let head = """
            From: <\(sender)>\r
            To: <\(recipient)>\r
            Subject: Our film\r
            Message-ID: <\(UUID().uuidString.lowercased())@example.test>\r
            MIME-Version: 1.0\r
            Content-Type: video/mp4; name="film.mp4"\r
            Content-Disposition: attachment; filename="film.mp4"\r
            Content-Transfer-Encoding: base64\r
            \r

            """
        let line = String(repeating: "QUFB", count: 19) + "\r\n"
        return Array((head + String(repeating: line, count: 50_000_000 / 57 + 1)).utf8)
    }
}

extension Correspondence {
    /// Puts a mail into the persona's mailbox.
    func deliver(
        from sender: String, subject: String, text: String = "Hello Ada.",
        attachments: [OutgoingMessage.Attachment] = [], fields: [(name: String, value: String)] = []
    ) async throws {
        var message = OutgoingMessage(
            from: Mailbox(name: nil, address: sender), to: [Mailbox(name: "Ada", address: persona)], subject: subject,
            date: MailDate(seconds: Int64(Date().timeIntervalSince1970)),
            messageID: "\(UUID().uuidString.lowercased())@example.test", text: text)
        message.attachments = attachments
        message.extraFields = fields
        try await server.deliver(try message.serialised(), from: sender, to: persona)
    }
}
