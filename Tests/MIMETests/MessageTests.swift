import MIME
import Testing

private func message(_ text: String) -> Message { Message(parsing: Array(text.utf8)) }

@Suite(.timeLimit(.minutes(10))) struct HeaderTests {
    @Test(arguments: [
        ("=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOf?= =?utf-8?B?ZQ==?=", "Grüße"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9t=C3=A9?=", "été"),
        ("=?ISO-8859-1?Q?caf=E9?= au lait", "café au lait"),
        ("=?iso-8859-15?Q?=A4_5?=", "€ 5"),
        ("=?windows-1251?B?z/Do4uXy?=", "Привет"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?GB2312?B?xOO6ww==?=", "你好"),
        ("=?big5?B?p0Gmbg==?=", "你好"),
        ("=?Shift_JIS?B?k/qWew==?=", "日本"),
        ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?EUC-KR?B?x9GxuQ==?=", "한국"),
        ("=?utf-7?Q?Hi_+AOk-?=", "Hi é"),
        ("=?utf-8*de?Q?Stra=C3=9Fe?=", "Straße"),
        ("=?nonsense?Q?a=20b?=", "a b"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q?cut", "=?utf-8?Q?cut"),
        ("a =?utf-8?Q?b?= c", "a b c"),
        ("Füße", "Füße"),
        ("=?", "=?"), ("=", "="), ("=?a?q??=", ""),
    ])
    func decodesEncodedWords(_ value: String, _ expected: String) {
        #expect(message("Subject: \(value)\r\n\r\n").subject == expected)
    }

    @Test(arguments: [
        ("a@b.example", [Mailbox(address: "a@b.example")]),
        ("Ada <a@b.example>", [Mailbox(name: "Ada", address: "a@b.example")]),
        (
            "\"Lovelace, Ada\" <a@b.example>, c@d.example",
            [
                Mailbox(name: "Lovelace, Ada", address: "a@b.example"), Mailbox(address: "c@d.example"),
            ]
        ),
        ("a@b.example (Ada (of) Lovelace)", [Mailbox(name: "Ada (of) Lovelace", address: "a@b.example")]),
        ("=?utf-8?Q?J=C3=B6rg?= Q. Public <j@b.example>", [Mailbox(name: "Jörg Q. Public", address: "j@b.example")]),
        (
            "Friends: a@b.example, Bo <b@b.example>;, c@d.example",
            [
                Mailbox(address: "a@b.example"), Mailbox(name: "Bo", address: "b@b.example"),
                Mailbox(address: "c@d.example"),
            ]
        ),
        ("undisclosed-recipients:;", []),
        ("<@relay.example,@two.example:a@b.example>", [Mailbox(address: "a@b.example")]),
        ("<\"odd local\"@b.example>", [Mailbox(address: "\"odd local\"@b.example")]),
        ("<\"plain\"@b.example>", [Mailbox(address: "plain@b.example")]),
        ("a@[192.0.2.1]", [Mailbox(address: "a@[192.0.2.1]")]),
        (
            "a@[IPv6:2001:db8::1], b@c.example",
            [Mailbox(address: "a@[IPv6:2001:db8::1]"), Mailbox(address: "b@c.example")]
        ),
        ("<>", [Mailbox(address: "")]), ("", []), (",,,", []), ("\"", []), ("(", []), ("<", [Mailbox(address: "")]),
    ])
    func readsAddressLists(_ value: String, _ expected: [Mailbox]) {
        #expect(AddressList.mailboxes(Array(value.utf8)) == expected)
    }

    @Test(arguments: [
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", nil),
        ("Thu, 13 Feb 1969 23:32 -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"),
        ("Sat, 1 Jan 2000 00:00:00 EST", "2000-01-01T00:00:00-05:00"),
        ("Tue, 29 Feb 2000 12:00:60 +0000", "2000-02-29T12:00:59Z"),
        ("Mon Nov 21 09:55:06 2022", "2022-11-21T09:55:06Z"),
        ("29 Feb 2001 00:00:00 +0000", nil), ("32 Jan 2001 00:00:00 +0000", nil), ("nonsense", nil), ("", nil),
        ("1 Jan 99999999999999999999 00:00:00", nil), ("1 Jan 2001 25:00:00", nil),
    ])
    func readsDates(_ value: String, _ expected: String?) {
        #expect(MailDate(parsing: Array(value.utf8))?.timestamp == expected)
    }

    @Test func datesRoundTrip() {
        for seconds in stride(from: Int64(-2_000_000_000), through: 8_000_000_000, by: 86_399 * 997) {
            let date = MailDate(seconds: seconds, offsetMinutes: 90)
            #expect(MailDate(parsing: Array(date.formatted.utf8)) == date)
        }
    }

    @Test(arguments: [
        ("attachment; filename=a.csv", "a.csv"), ("attachment; filename=\"a b.csv\"", "a b.csv"),
        ("attachment; filename*=UTF-8''%e2%82%ac.csv", "€.csv"),
        ("attachment; filename*0=\"long \"; filename*1=\"name.csv\"", "long name.csv"),
        ("attachment; filename*0*=iso-8859-1'de'%fc; filename*1=\"ber.csv\"", "über.csv"),
        ("attachment; filename=\"=?utf-8?Q?=C3=BC.csv?=\"", "ü.csv"),
        ("attachment; filename=\"a\\\"b.csv\"", "a\"b.csv"), ("attachment; filename=x.csv (why)", "x.csv"),
    ])
    func readsParameters(_ value: String, _ expected: String) {
        let part = message("Content-Disposition: \(value)\r\n\r\n").root
        #expect(part.fileName == expected)
        #expect(part.disposition?.value == "attachment")
    }

    @Test func namesWhatASenderMustNotDo() {
        let two = message("From: a@b.example\r\nFrom: c@d.example\r\nSubject: a\rb\u{0}\r\n\r\n")
        #expect(two.problems.contains(.repeatedField("From")))
        #expect(two.problems.contains(.controlInHeader("Subject")))
        #expect(two.problems.contains(.bareLineEnd))
        #expect(two.from.count == 2)
    }
}

@Suite(.timeLimit(.minutes(10))) struct BodyTests {
    @Test func picksPlainTextOfAnAlternative() {
        let mail = message(
            """
            Content-Type: multipart/mixed; boundary=o

            --o
            Content-Type: multipart/alternative; boundary=i

            --i
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Gr=C3=BC=
            =C3=9Fe https://example.com/a(b).
            --i
            Content-Type: text/html

            <p>Hi <a href="https://example.org/x?a=1&amp;b=2">here</a></p>
            --i--
            --o
            Content-Type: text/csv; name=a.csv
            Content-Transfer-Encoding: base64

            YSxiCjEsMgo=
            --o--
            """)
        #expect(mail.text == "Grüße https://example.com/a(b).")
        #expect(mail.links == ["https://example.com/a(b)", "https://example.org/x?a=1&b=2"])
        #expect(mail.attachments.map(\.data) == [Array("a,b\n1,2\n".utf8)])
        #expect(mail.attachments.first?.fileName == "a.csv")
        #expect(mail.problems.isEmpty)
    }

    @Test func readsHTMLWhereThereIsNothingElse() {
        let mail = message(
            "Content-Type: text/html; charset=utf-8\n\n<html><head><title>x</title><style>p{}</style></head><body>"
                + "<h1>A &amp; B</h1><script>evil()</script><p>one<br>two&nbsp;three</p><ul><li>x</li><li>y</li></ul>")
        #expect(mail.text == "A & B\n\none\ntwo three\n\n- x\n- y")
    }

    @Test(arguments: [
        "<", "<a", "<a href", "<a href=", "<a href='", "<!--", "<script>", "&", "&#", "&#x110000;", "</", "<br",
        "<p/ / >",
    ])
    func htmlFragmentsEnd(_ html: String) { _ = HTMLText(html).plain }

    @Test func missingCloseDelimiterKeepsThePart() {
        let mail = message("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\n\nlast")
        #expect(mail.text == "first\nlast")
        #expect(mail.problems == [.missingCloseDelimiter])
    }

    @Test func nestingBombIsBounded() {
        var text = ""
        for level in 0..<100_000 { text += "Content-Type: multipart/mixed; boundary=b\(level)\n\n--b\(level)\n" }
        let mail = message(text + "\ninnermost")
        #expect(mail.problems.contains(.nestedTooDeep))
        var depth = 0
        var part = mail.root
        while case .multipart(let children) = part.content, let first = children.first {
            depth += 1
            part = first
        }
        #expect(depth == MIMELimits().depth)
    }

    @Test(arguments: [
        "=?x?q?a", "=?x?q?a?= ", "<", "\"", "(", "a:;", "<a@b>,", ".", "@ :", ";a*1=b", "http://a)", "))", "&", "<a ",
        "<!-- ",
    ])
    func hostileRepetitionsEnd(_ piece: String) {
        let many = String(repeating: piece, count: 40_000 / piece.utf8.count)
        let fields = [
            "Subject", "From", "To", "Date", "References", "Content-Disposition: a; filename=", "Content-Type",
        ]
        for field in fields {
            let mail = message("\(field): \(many)\n\nx")
            _ = (mail.subject, mail.from, mail.to, mail.date, mail.references)
            _ = mail.root.fileName.map { AttachmentName.display($0) }
        }
        _ = Links.inText("http://a/" + many)
        _ = HTMLText(many).plain
    }

    @Test func messageBombIsBounded() {
        let text = String(repeating: "Content-Type: message/rfc822\n\n", count: 100_000)
        #expect(message(text).problems.contains(.nestedTooDeep))
    }

    @Test func millionSiblingsAreBounded() {
        let text = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\nx\n", count: 1_000_000)
        let mail = message(text)
        #expect(mail.problems.contains(.tooManyParts))
        guard case .multipart(let children) = mail.root.content else {
            Issue.record("not a multipart")
            return
        }
        #expect(children.count == MIMELimits().parts - 1)
    }

    @Test func headersAreBounded() {
        let many = message(String(repeating: "X: y\n", count: 50_000) + "\nbody")
        #expect(many.header.fields.count == MIMELimits().headerFields)
        #expect(many.text == "body")
        let long = message("X: " + String(repeating: "y", count: 3_000_000) + "\n\nbody")
        #expect(long.header.first("X").map { $0.count <= MIMELimits().headerBytes } == true)
        let folded = message(
            "X: y" + String(repeating: "\n " + String(repeating: "z", count: 70), count: 20_000) + "\n\nbody")
        #expect(folded.problems.contains(.headerTooLong))
        #expect(folded.text == "body")
    }

    @Test(arguments: [
        ("../../etc/passwd", "passwd"), ("C:\\a\\b.csv", "b.csv"), ("a\u{202E}vsc.exe", "avsc.exe"), ("..", nil),
        ("a\u{0}b\r\n.csv", "ab .csv"), (".htaccess", "htaccess"), ("", nil), ("Größe.csv", "Größe.csv"),
    ])
    func namesOfAttachmentsAreNeverPaths(_ name: String, _ expected: String?) {
        #expect(AttachmentName.display(name)?.replacing(" ", with: "") == expected?.replacing(" ", with: ""))
    }

    @Test(arguments: [
        ("", ""), ("=", ""), ("====", ""), ("QQ", "A"), ("QQ==QQ==", "AA"), ("Q Q\r\n=\r\n=", "A"), ("Q", ""),
        ("*QUJD*", "ABC"),
    ])
    func base64IsTolerant(_ text: String, _ expected: String) {
        #expect(Base64.decode(Array(text.utf8)) == Array(expected.utf8))
    }

    @Test(arguments: [
        ("a=", "a"), ("a=\r\nb", "ab"), ("a= \r\nb", "ab"), ("=zz", "=zz"), ("a  \r\nb", "a\r\nb"), ("=4", "=4"),
        ("=C3=A9", "é"),
    ])
    func quotedPrintableIsTolerant(_ text: String, _ expected: String) {
        #expect(QuotedPrintable.decode(Array(text.utf8)[...]) == Array(expected.utf8))
    }
}
