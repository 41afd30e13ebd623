import MIME
import Testing

@Suite(.timeLimit(.minutes(10))) struct OutgoingMessageTests {
    private func draft(_ text: String = "Hello") -> OutgoingMessage {
        OutgoingMessage(
            from: Mailbox(name: "Ada", address: "ada@persona.example"), to: [Mailbox(address: "bo@example.com")],
            subject: "Re: Zahlen für Ω", date: MailDate(seconds: 880_127_706, offsetMinutes: -360),
            messageID: "abc123@persona.example", text: text)
    }

    @Test func whatIsWrittenIsRead() throws {
        let text =
            "Grüße,\n.dot\nFrom here\ntrailing \n" + String(repeating: "long words ", count: 40)
            + "\n=_abc123\n--=_abc123\n"
        var outgoing = draft(text)
        let data = (0..<10_007).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        outgoing.to = [
            Mailbox(name: "Lovelace, \"Ada\"", address: "a@b.example"), Mailbox(name: "Jörg", address: "j@b.example"),
        ]
        outgoing.inReplyTo = "parent@x"
        outgoing.references = (0..<30).map { "reference-number-\($0)@some.host.example" }
        outgoing.attachments = [
            .init(
                name: "Übersicht für das dritte Quartal mit sehr langem Namen und noch mehr davon.pptx",
                mediaType: "application/pdf", data: data),
            .init(name: "a b.csv", mediaType: "text/csv", data: []),
        ]
        let bytes = try outgoing.serialised()
        #expect(bytes == (try outgoing.serialised()))
        let mail = Message(parsing: bytes)
        #expect(mail.problems.isEmpty)
        #expect(mail.subject == outgoing.subject)
        #expect(mail.from == [outgoing.from])
        #expect(mail.to == outgoing.to)
        #expect(mail.messageID == outgoing.messageID)
        #expect(mail.inReplyTo == ["parent@x"])
        #expect(mail.references == outgoing.references)
        #expect(mail.date == outgoing.date)
        #expect(mail.text + "\n" == text || mail.text == text)
        #expect(mail.attachments.map(\.data) == [data, []])
        #expect(mail.attachments.map(\.fileName) == outgoing.attachments.map(\.name))
    }

    @Test func everyLineIsShortAndEndsInCRLF() throws {
        var outgoing = draft(String(repeating: "Ж", count: 5_000))
        outgoing.subject = String(repeating: "Übermäßig ", count: 60) + String(repeating: "x", count: 300)
        outgoing.attachments = [
            .init(
                name: String(repeating: "ж", count: 200) + ".pdf", mediaType: "a/b",
                data: Array(repeating: 0, count: 3_000))
        ]
        let bytes = try outgoing.serialised()
        #expect(bytes.allSatisfy { $0 < 127 })
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\r\n", omittingEmptySubsequences: false) {
            #expect(line.utf8.count <= 78)
            #expect(!line.utf8.contains(10) && !line.utf8.contains(13))
        }
        #expect(Message(parsing: bytes).subject == outgoing.subject)
    }

    @Test(arguments: ["a\r\nBcc: x@y.example", "a\nb", "a\u{0}", "a\rb"])
    func refusesControlsInHeaders(_ value: String) {
        var subject = draft()
        subject.subject = value
        #expect(throws: OutgoingMessageError.controlInHeader("Subject")) { try subject.serialised() }
        var name = draft()
        name.from.name = value
        #expect(throws: OutgoingMessageError.controlInHeader("From")) { try name.serialised() }
        var extra = draft()
        extra.extraFields = [("X-A", value)]
        #expect(throws: OutgoingMessageError.controlInHeader("X-A")) { try extra.serialised() }
        var identifier = draft()
        identifier.references = [value]
        #expect(throws: OutgoingMessageError.messageIDInvalid) { try identifier.serialised() }
        var address = draft()
        address.to = [Mailbox(address: value + "@b.example")]
        #expect(throws: OutgoingMessageError.self) { try address.serialised() }
    }

    @Test(arguments: [
        ("a@b.example", true), ("a.b+c@b.example", true), ("a@[192.0.2.1]", true), ("a", false), ("@b", false),
        ("a@", false),
        ("a b@c.example", false), ("a@b@c", false), ("<a@b.example>", false), ("a@b.example\r\nRCPT", false),
        ("é@b.example", false),
    ])
    func sendsOnlyToPlainAddresses(_ address: String, _ expected: Bool) {
        #expect(MailAddress.isSendable(address) == expected)
    }
}
