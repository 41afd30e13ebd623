import SMTP
import Synchronization
import TestKit
import Testing

private struct Stop: Error {}

private func submit(
    _ server: SMTPFaultServer, recipients: [String] = ["bo@example.com"],
    content: String = "Subject: x\r\n\r\n.dot\r\nhi\r\n",
    seconds: Int = 20, beforeContent: @escaping @Sendable () throws -> Void = {}
) async throws -> SMTPOutcome {
    let submission = SMTPSubmission(
        endpoint: SMTPEndpoint(host: "127.0.0.1", port: server.port, security: .plain),
        credential: .password(username: "ada", password: "secret"), sender: "ada@persona.example",
        recipients: recipients, content: Array(content.utf8), deadline: ContinuousClock.now + .seconds(seconds))
    return try await TestThread.run { try submission.send(beforeContent: beforeContent) }
}

@Suite(.timeLimit(.minutes(10))) struct SMTPSubmissionTests {
    @Test func contentArrivesUnchangedAndTheMarkComesFirst() async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        let content = "Subject: x\r\n\r\n.\r\n..two\r\n" + String(repeating: ".line that is long\r\n", count: 9_000)
        let deliveredAtMark = Mutex(-1)
        let outcome = try await submit(server, content: content) {
            let commands = server.commands
            deliveredAtMark.withLock { $0 = commands.contains("DATA") ? server.delivered.count : -2 }
        }
        #expect(
            outcome
                == .accepted(recipients: ["bo@example.com"], refused: [], reply: SMTPReply(code: 250, text: "taken")))
        #expect(server.delivered.map(\.content) == [content])
        #expect(deliveredAtMark.withLock { $0 } == 0)
    }

    @Test func fencedCallSendsNothing() async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        await #expect(throws: Stop.self) { _ = try await submit(server) { throw Stop() } }
        #expect(server.delivered.isEmpty)
        #expect(server.commands.contains("DATA"))
    }

    @Test(arguments: [
        SMTPFaultServer.Phase.greeting, .hello, .authentication, .sender, .recipient, .data,
    ])
    func cutBeforeContentMayBeRepeated(_ phase: SMTPFaultServer.Phase) async throws {
        let server = try SMTPFaultServer([phase: .close])
        defer { server.stop() }
        let marked = Mutex(false)
        let outcome = try await submit(server) { marked.withLock { $0 = true } }
        guard case .failedBeforeContent(let problem) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(problem.isTransient)
        #expect(!marked.withLock { $0 })
        #expect(server.delivered.isEmpty)
    }

    @Test(arguments: [SMTPFaultServer.Act.close, .takeAndClose, .takeAndAnswerLate, .silence, .endless])
    func cutBetweenContentAndAnswerIsUnknown(_ act: SMTPFaultServer.Act) async throws {
        let server = try SMTPFaultServer([.content: act])
        defer { server.stop() }
        let outcome = try await submit(server, seconds: 2)
        guard case .unknown = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(server.delivered.count == (act == .takeAndClose || act == .takeAndAnswerLate ? 1 : 0))
    }

    @Test(
        arguments: [
            SMTPFaultServer.Phase.greeting, .hello, .authentication, .sender, .recipient, .data,
        ], ["421 later", "554 never"])
    func refusalBeforeContentTellsWhetherToRepeat(_ phase: SMTPFaultServer.Phase, _ reply: String) async throws {
        let server = try SMTPFaultServer([phase: .reply(reply)])
        defer { server.stop() }
        let outcome = try await submit(server)
        guard case .refusedBeforeContent(let answer, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(answer.isTransient == reply.hasPrefix("4"))
        #expect(server.delivered.isEmpty)
    }

    @Test(arguments: ["452 full", "554 spam"])
    func rejectionAfterContentIsNoDelivery(_ reply: String) async throws {
        let server = try SMTPFaultServer([.content: .reply(reply)])
        defer { server.stop() }
        let outcome = try await submit(server)
        guard case .rejectedAfterContent(let answer) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(answer.isTransient == reply.hasPrefix("4"))
        #expect(server.delivered.isEmpty)
    }

    @Test func someRecipientsRefusedIsALedger() async throws {
        let server = try SMTPFaultServer(refusals: [
            "no@example.com": "550 unknown", "later@example.com": "450 greylisted",
        ])
        defer { server.stop() }
        let outcome = try await submit(
            server, recipients: ["no@example.com", "bo@example.com", "later@example.com", "cy@example.com"])
        guard case .accepted(let recipients, let refused, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(recipients == ["bo@example.com", "cy@example.com"])
        #expect(refused.map(\.recipient) == ["no@example.com", "later@example.com"])
        #expect(refused.map(\.reply.code) == [550, 450])
        #expect(server.delivered.map(\.recipients) == [["bo@example.com", "cy@example.com"]])
    }

    @Test(arguments: [SMTPFaultServer.Phase.greeting, .hello, .sender, .data])
    func endlessReplyEnds(_ phase: SMTPFaultServer.Phase) async throws {
        let server = try SMTPFaultServer([phase: .endless])
        defer { server.stop() }
        guard case .failedBeforeContent = try await submit(server, seconds: 10) else {
            Issue.record("not a failure")
            return
        }
    }

    @Test(arguments: [
        ("mail.example.com", "a@b.example", "c@d.example"), ("127.0.0.1", "a@b.example\r\nDATA", "c@d.example"),
        ("127.0.0.1", "a@b.example", "c@d.example> NOTIFY=NEVER"), ("127.0.0.1\r\n", "a@b.example", "c@d.example"),
        ("127.0.0.1", "a@b.example", "nobody"),
    ])
    func refusesPlainTextAcrossTheNetworkAndBrokenAddresses(_ host: String, _ sender: String, _ recipient: String)
        async throws
    {
        let submission = SMTPSubmission(
            endpoint: SMTPEndpoint(host: host, port: 25, security: .plain), credential: .none, sender: sender,
            recipients: [recipient], content: [], deadline: ContinuousClock.now + .seconds(5))
        guard case .failedBeforeContent(let problem) = try await TestThread.run({ try submission.send {} }) else {
            Issue.record("not refused")
            return
        }
        #expect(!problem.isTransient)
    }

    @Test func missingStartTLSIsRefused() async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        let submission = SMTPSubmission(
            endpoint: SMTPEndpoint(host: "127.0.0.1", port: server.port, security: .startTLS),
            credential: .password(username: "ada", password: "canary-secret"), sender: "a@b.example",
            recipients: ["c@d.example"], content: Array("x\r\n".utf8), deadline: ContinuousClock.now + .seconds(10))
        guard case .failedBeforeContent(let problem) = try await TestThread.run({ try submission.send {} }) else {
            Issue.record("not refused")
            return
        }
        #expect(!problem.isTransient)
        #expect(!server.commands.contains { $0.hasPrefix("AUTH") })
    }
}
