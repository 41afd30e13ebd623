import Embedded
import Foundation
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct MailServerTests {
    /// Python's own clients judge the servers: login, submission and what arrives.
    private func python(_ mail: MailServer, _ script: String) async throws -> String {
        let head = """
            import imaplib, smtplib, ssl, sys, time
            context = ssl.create_default_context(cafile='\(mail.certificateAuthorityFile)')
            IMAP, IMAPS, SMTP, SMTPS = \(mail.ports.imap), \(mail.ports.imaps), \(mail.ports.submission), \(mail.ports.submissions)
            def arrived(user, password):
                box = imaplib.IMAP4_SSL('localhost', IMAPS, ssl_context=context)
                box.login(user, password)
                for _ in range(500):
                    if box.select('INBOX')[1][0] != b'0':
                        return box.fetch('1', '(RFC822)')[1][0][1]
                    time.sleep(0.02)
                return b''

            """
        try await mail.usersAreKnown()
        let result = try await TestProgram.run(["/usr/bin/python3", "-"], input: head + script)
        #expect(result.status == 0, "\(result.text)")
        return result.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func submittedMailArrivesInTheMailbox() async throws {
        let mail = try await TestServices.shared.mailServer()
        let sender = TestServices.uniqueAddress("sender")
        let ada = TestServices.uniqueAddress("ada")
        try mail.addUser(sender, password: "pass: word")
        try mail.addUser(ada, password: "p%20\"'")
        let text = try await python(
            mail,
            """
            session = smtplib.SMTP('localhost', SMTP)
            session.starttls(context=context)
            session.login('\(sender)', 'pass: word')
            session.sendmail('\(sender)', ['\(ada)'], 'Subject: hello\\r\\n\\r\\n.dot\\r\\nend')
            session.quit()
            message = arrived('\(ada)', 'p%20"\\'')
            print(b'Subject: hello' in message, b'\\r\\n.dot\\r\\nend' in message)
            """)
        #expect(text == "True True")
    }

    @Test func strangersWrongPasswordsAndUnknownRecipientsAreRefused() async throws {
        let mail = try await TestServices.shared.mailServer()
        let user = TestServices.uniqueAddress("user")
        try mail.addUser(user, password: "right")
        let text = try await python(
            mail,
            """
            def attempt(body):
                try:
                    body(); print('accepted')
                except smtplib.SMTPRecipientsRefused as error:
                    print(list(error.recipients.values())[0][0])
                except (smtplib.SMTPException, imaplib.IMAP4.error) as error:
                    print(type(error).__name__)
            session = smtplib.SMTP_SSL('localhost', SMTPS, context=context)
            attempt(lambda: session.sendmail('x@example.test', ['\(user)'], 'x'))
            attempt(lambda: session.login('\(user)', 'wrong'))
            attempt(lambda: session.login('\(user)', 'right'))
            attempt(lambda: session.sendmail('\(user)', ['nobody@elsewhere.test'], 'x'))
            attempt(lambda: imaplib.IMAP4('localhost', IMAP).login('\(user)', 'wrong'))
            attempt(lambda: imaplib.IMAP4('localhost', IMAP).login('\(user)', 'right'))
            """)
        #expect(
            text.split(separator: "\n") == ["550", "SMTPAuthenticationError", "accepted", "550", "error", "accepted"])
    }

    @Test func aStrangersMailIsDeliveredAsItIs() async throws {
        let mail = try await TestServices.shared.mailServer()
        let ada = TestServices.uniqueAddress("ada")
        try mail.addUser(ada, password: "p")
        try await mail.deliver(Array("Subject: raw\n\n.hidden\n".utf8), from: "stranger@elsewhere.test", to: ada)
        let text = try await python(
            mail, "m = arrived('\(ada)', 'p'); print(b'Subject: raw' in m, b'\\r\\n.hidden' in m)")
        #expect(text == "True True")
    }

    @Test func fiftyMegabytesPass() async throws {
        let mail = try await TestServices.shared.mailServer()
        let ada = TestServices.uniqueAddress("ada")
        try mail.addUser(ada, password: "p")
        let text = try await python(
            mail,
            """
            session = smtplib.SMTP('localhost', SMTP)
            session.login('\(ada)', 'p')
            session.sendmail('\(ada)', ['\(ada)'], 'Subject: big\\r\\n\\r\\n' + ('x' * 70 + '\\r\\n') * 970000)
            print(len(arrived('\(ada)', 'p')) > 69000000)
            """)
        #expect(text == "True")
    }

    @Test(arguments: ["", "ada", "a b@x.test", "../x@x.test", "a@b@c", "a:b@x.test", "a/../b@x.test", ".a@x.test"])
    func anAddressThatWouldBreakTheServersTablesIsRefused(_ address: String) async throws {
        let mail = try await TestServices.shared.mailServer()
        #expect(throws: EmbeddedError.self) { try mail.addUser(address, password: "p") }
    }

    @Test func mailboxesUsersAndPortsOutliveARestart() async throws {
        let directory = try DataDirectory(try TemporaryTree.make("mail"), runtime: Repository.runtime)
        let first = try await MailServer.start(in: directory)
        try first.addUser("ada@example.test", password: "p")
        try await first.deliver(Array("Subject: kept\n\nx\n".utf8), from: "x@y.test", to: "ada@example.test")
        try await first.stop()
        #expect(try await eventually { processes(mentioning: directory.root).isEmpty })

        let second = try await MailServer.start(in: directory)
        #expect(!second.isAdopted)
        #expect(second.addresses == ["ada@example.test"])
        #expect(second.certificateAuthority == first.certificateAuthority)
        let text = try await python(second, "print(b'Subject: kept' in arrived('ada@example.test', 'p'))")
        #expect(text == "True")
        try await second.stop()
        #expect(try await eventually { processes(mentioning: directory.root).isEmpty })
    }
}
