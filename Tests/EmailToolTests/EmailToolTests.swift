import Domain
import EmailTool
import FoundationEssentials
import MIME
import TestKit
import Testing
import ToolKit

private let request = """
    Return-Path: <bo@example.com>
    From: =?utf-8?Q?B=C3=B6?= <bo@example.com>
    To: ada@persona.example
    Subject: Briefing about rivers
    Date: Fri, 20 Nov 2026 10:00:00 +0100
    Message-ID: <request-1@example.com>
    References: <root@example.com>
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary=b

    --b
    Content-Type: text/plain; charset=utf-8

    Please read http://pages.example/one and <http://pages.example/two>.
    --b
    Content-Type: text/csv; name="../../length.csv"
    Content-Disposition: attachment; filename="../../length.csv"
    Content-Transfer-Encoding: base64

    cml2ZXIsa20KTmlsZSw2NjUwCg==
    --b--

    """

private func poll(_ input: EmailPoll.Input, _ platform: Platform = Platform()) async throws -> EmailPoll.Output {
    try await EmailPoll().call(input, in: try platform.context())
}

@Suite(.timeLimit(.minutes(10))) struct MainJobMailTests {
    @Test(arguments: MailHouse.Way.allCases)
    func mailIsFoundReadAndAnsweredInItsThread(_ way: MailHouse.Way) async throws {
        let ada = try await MailHouse.account(way)
        let bo = try await MailHouse.account(way)
        try await MailHouse.deliver(request.replacing("bo@example.com", with: bo.address), to: ada, from: bo.address)
        let news = try await poll(.init(ada, wait: 10))
        let item = try #require(news.messages.first)
        #expect(item.from == MailPerson(name: "Bö", address: bo.address))
        #expect(item.subject == "Briefing about rivers")
        #expect(item.date == "2026-11-20T10:00:00+01:00")
        #expect(item.problems.isEmpty)
        #expect(news.highestUID == item.uid)
        #expect(try await poll(.init(ada, validity: news.uidValidity, last: news.highestUID)).messages.isEmpty)

        let platform = Platform()
        let context = try platform.context()
        let read = try await EmailRead().call(
            .init(mailbox: ada, uidValidity: news.uidValidity, uid: item.uid), in: context)
        #expect(read.links == ["http://pages.example/one", "http://pages.example/two"])
        #expect(read.messageID == "request-1@example.com" || read.messageID.hasPrefix("request-1@"))
        let file = try #require(read.attachments.first)
        #expect(
            file
                == WorkspaceFile(
                    path: "attachments/\(item.uid)-1.csv", name: "length.csv", mediaType: "text/csv", size: 19))
        let stored = try Data(contentsOf: URL(filePath: context.directory + "/" + file.path))
        #expect(stored == Data("river,km\nNile,6650\n".utf8))

        let original = try JSONValue(encoding: read).decode(EmailReply.Original.self)
        let answer = try await EmailReply().call(
            .init(mailbox: ada, original: original, text: "Here it is.\n.\nAda", attachments: [file]), in: context)
        #expect(answer.accepted == [bo.address])
        #expect(answer.refused.isEmpty)
        #expect(answer.savedToSent)
        #expect(answer.messageID == "\(context.effectKey)@example.test")
        #expect(platform.marked == [.transmitting, .accepted])

        let received = try await poll(.init(bo, wait: 20))
        let arrived = try #require(received.messages.first)
        #expect(arrived.subject == "Re: Briefing about rivers")
        #expect(arrived.autoSubmitted == "auto-replied")
        let reading = try Platform().context()
        let reply = try await EmailRead().call(
            .init(mailbox: bo, uidValidity: received.uidValidity, uid: arrived.uid), in: reading)
        #expect(reply.inReplyTo == read.messageID)
        #expect(reply.references == read.references + [read.messageID])
        #expect(reply.from == MailPerson(name: "Ada Ω", address: ada.address))
        #expect(reply.text.hasPrefix("Here it is.\n.\nAda\n"))
        #expect(reply.text.contains("> Please read"))
        #expect(reply.attachments.map(\.name) == ["length.csv"])
        let copy = try Data(contentsOf: URL(filePath: reading.directory + "/" + reply.attachments[0].path))
        #expect(copy == stored)

        let input = try JSONValue(
            encoding: EmailReply.Input(mailbox: ada, original: original, text: "", attachments: []))
        let found = try await EmailFindSent().call(.init(effectKey: context.effectKey, input: input), in: context)
        #expect(found.outcome == .done)
        #expect(found.output?["accepted"]?.array?.first?.string == bo.address)
        let other = try await EmailFindSent().call(.init(effectKey: "0123456789abcdef", input: input), in: context)
        #expect(other.outcome == .unknown)

        // The answer to the answer would be ping-pong.
        let loop = try JSONValue(encoding: reply).decode(EmailReply.Original.self)
        await #expect(throws: ToolFailure.self) {
            _ = try await EmailReply().call(.init(mailbox: bo, original: loop, text: "x", attachments: []), in: reading)
        }
    }

    @Test func waitingPollWakesAtNewMail() async throws {
        let ada = try await MailHouse.account()
        let first = try await poll(.init(ada))
        #expect(first.messages.isEmpty)
        async let waiting = poll(.init(ada, validity: first.uidValidity, last: 0, wait: 40))
        try await MailHouse.deliver(request, to: ada)
        let output = try await waiting
        #expect(output.messages.count == 1)
        #expect(!output.rescan)
    }

    @Test func changedUIDValidityIsARescan() async throws {
        let ada = try await MailHouse.account()
        try await MailHouse.deliver(request, to: ada)
        let news = try await poll(.init(ada, wait: 10))
        let again = try await poll(.init(ada, validity: news.uidValidity &+ 1, last: 4_000, wait: 10))
        #expect(again.rescan)
        #expect(again.messages == news.messages)
        await #expect(throws: ToolFailure.self) {
            _ = try await EmailRead().call(
                .init(mailbox: ada, uidValidity: news.uidValidity &+ 1, uid: 1), in: try Platform().context())
        }
    }

    @Test func mailsWithoutMessageIDAreBothListedAndBadHeadersNamed() async throws {
        let ada = try await MailHouse.account()
        let plain = "From: bo@example.com\nSubject: same\n\nx\n"
        try await MailHouse.deliver(plain, to: ada)
        try await MailHouse.deliver(plain, to: ada)
        try await MailHouse.deliver(
            "From: bo@example.com, eve@example.net\nFrom: mallory@example.org\nSubject: x\n\nx\n", to: ada)
        try await MailHouse.deliver("Subject: nobody\nAuto-Submitted: Auto-Generated (cron)\n\nx\n", to: ada)
        let news = try await poll(.init(ada, wait: 10))
        #expect(news.messages.count == 4)
        #expect(Set(news.messages.map(\.uid)).count == 4)
        #expect(news.messages[2].problems.contains("several From addresses"))
        #expect(news.messages[3].problems.contains("no usable From address"))
        #expect(news.messages[3].autoSubmitted == "auto-generated")
    }

    @Test func attachmentsBeyondTheCapAreNamedAndLeftOut() async throws {
        let ada = try await MailHouse.account()
        let line = String(repeating: "x", count: 900) + "\n"
        let large = String(repeating: line, count: 26 * 1024 * 1024 / 901)
        try await MailHouse.deliver(
            "From: bo@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\nContent-Type: text/csv; name=big.csv\n\n\(large)\n--b\nContent-Type: text/csv; name=small.csv\n\na,b\n--b--\n",
            to: ada)
        let news = try await poll(.init(ada, wait: 10))
        let read = try await EmailRead().call(
            .init(mailbox: ada, uidValidity: news.uidValidity, uid: try #require(news.messages.first).uid),
            in: try Platform().context())
        #expect(read.text == "hello")
        #expect(read.attachments.map(\.name) == ["small.csv"])
        #expect(read.problems.contains { $0.contains("big.csv") && $0.contains("too large") })
    }
}

/// An IMAP server that says what a test wants and is otherwise agreeable.
private func scriptedMailbox(_ answers: @escaping @Sendable (String) -> String?) throws -> (ScriptedServer, MailAccount)
{
    let server = try ScriptedServer { connection in
        connection.write("* OK [CAPABILITY IMAP4rev1] hello\r\n")
        while let line = connection.readLine() {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            let command = words.count > 1 ? words[1] : ""
            let usual = command.hasPrefix("EXAMINE") || command.hasPrefix("SELECT") ? "* OK [UIDVALIDITY 7] x\r\n" : ""
            connection.write((answers(command) ?? usual) + "\(words.first ?? "*") OK done\r\n")
        }
    }
    let account = MailAccount(
        address: "ada@persona.example", username: "ada",
        imap: .init(host: "127.0.0.1", port: server.port, security: "plain"),
        smtp: .init(host: "127.0.0.1", port: 1, security: "plain"))
    return (server, account)
}

@Suite(.timeLimit(.minutes(10))) struct OddMailboxTests {
    @Test func messageBeyondTheCapIsListedAndNotFetched() async throws {
        let header = "From: a@b.example\r\n\r\n"
        let (server, ada) = try scriptedMailbox { command in
            if command.hasPrefix("UID SEARCH") { return "* SEARCH 5\r\n" }
            if command == "UID FETCH 5 (UID RFC822.SIZE)" { return "* 1 FETCH (UID 5 RFC822.SIZE 70000000)\r\n" }
            guard command.hasPrefix("UID FETCH 5 (UID RFC822.SIZE BODY.PEEK[HEADER]") else { return nil }
            return "* 1 FETCH (UID 5 RFC822.SIZE 70000000 BODY[HEADER]<0> {\(header.utf8.count)}\r\n\(header))\r\n"
        }
        defer { server.stop() }
        let news = try await poll(.init(ada))
        #expect(news.messages.map(\.problems) == [["too large"]])
        do {
            _ = try await EmailRead().call(.init(mailbox: ada, uidValidity: 7, uid: 5), in: try Platform().context())
            Issue.record("was read")
        } catch let failure as ToolFailure {
            #expect(failure.code == "message_too_large")
        }
    }

    @Test func messageThatIsGoneIsSaid() async throws {
        let (server, ada) = try scriptedMailbox { _ in nil }
        defer { server.stop() }
        do {
            _ = try await EmailRead().call(.init(mailbox: ada, uidValidity: 7, uid: 5), in: try Platform().context())
            Issue.record("was read")
        } catch let failure as ToolFailure {
            #expect(failure.code == "message_gone")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct MailRefusalTests {
    private func original(_ change: (inout EmailReply.Original) -> Void = { _ in }) -> EmailReply.Original {
        var original = EmailReply.Original(
            messageID: "a@b.example", references: [], from: MailPerson(address: "bo@example.com"), subject: "x",
            text: "y")
        change(&original)
        return original
    }

    private func failure(_ body: () async throws -> Void) async -> ToolFailure? {
        do {
            try await body()
            return nil
        } catch {
            return error as? ToolFailure
        }
    }

    @Test(arguments: 0..<8)
    func neverAnswersMachines(_ number: Int) async throws {
        let ada = MailAccount(
            address: "ada@persona.example", username: "ada", imap: .init(host: "127.0.0.1", port: 1, security: "plain"),
            smtp: .init(host: "127.0.0.1", port: 1, security: "plain"))
        let changes: [(inout EmailReply.Original) -> Void] = [
            { $0.autoSubmitted = "auto-replied" }, { $0.autoSubmitted = "Auto-Generated; owner-email=x" },
            { $0.precedence = "Bulk" }, { $0.precedence = "list" }, { $0.precedence = "junk" }, { $0.returnPath = "" },
            { $0.from = MailPerson(address: "ADA@persona.example") },
            { $0.replyTo = MailPerson(address: "ada@Persona.example") },
        ]
        let platform = Platform()
        let failure = await failure {
            _ = try await EmailReply().call(
                .init(mailbox: ada, original: original(changes[number]), text: "x", attachments: []),
                in: try platform.context())
        }
        #expect(failure?.code == "auto_reply_refused")
        #expect(failure?.kind == .permanent)
        #expect(platform.marked.isEmpty)
    }

    private func reply(
        _ server: SMTPFaultServer, _ platform: Platform, attachments: [WorkspaceFile] = [], seconds: Int = 60
    ) async -> ToolFailure? {
        let ada = MailAccount(
            address: "ada@persona.example", username: "ada", imap: .init(host: "127.0.0.1", port: 1, security: "plain"),
            smtp: .init(host: "127.0.0.1", port: server.port, security: "plain"))
        return await failure {
            let output = try await EmailReply().call(
                .init(mailbox: ada, original: original(), text: "x", attachments: attachments),
                in: try platform.context(seconds: seconds))
            #expect(!output.savedToSent)
            #expect(output.accepted == ["bo@example.com"])
        }
    }

    @Test func missingSentFolderServerIsNoFailure() async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        let platform = Platform()
        #expect(await reply(server, platform) == nil)
        #expect(platform.marked == [.transmitting, .accepted])
        #expect(server.delivered.count == 1)
    }

    @Test func markIsCommittedBeforeTheFirstByte() async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        let platform = Platform { phase in
            if phase == .transmitting { #expect(server.delivered.isEmpty) }
        }
        #expect(await reply(server, platform) == nil)
    }

    @Test func fencedCallSendsNothing() async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        #expect(await reply(server, Platform(fenced: true))?.code == "fenced")
        #expect(server.delivered.isEmpty)
    }

    struct Fault: Sendable {
        var phase: SMTPFaultServer.Phase
        var act: SMTPFaultServer.Act
        var kind: ToolFailure.Kind
        var transmitted: Bool
    }

    static let faults = [
        Fault(phase: .greeting, act: .close, kind: .transient, transmitted: false),
        Fault(phase: .data, act: .close, kind: .transient, transmitted: false),
        Fault(phase: .recipient, act: .reply("450 later"), kind: .transient, transmitted: false),
        Fault(phase: .recipient, act: .reply("550 never"), kind: .permanent, transmitted: false),
        Fault(phase: .authentication, act: .reply("535 wrong"), kind: .permanent, transmitted: false),
        Fault(phase: .content, act: .close, kind: .unknownOutcome, transmitted: true),
        Fault(phase: .content, act: .takeAndClose, kind: .unknownOutcome, transmitted: true),
        Fault(phase: .content, act: .reply("451 try again"), kind: .transient, transmitted: true),
        Fault(phase: .content, act: .reply("554 spam"), kind: .permanent, transmitted: true),
    ]

    @Test(arguments: faults)
    func faultsHaveTheirKind(_ fault: Fault) async throws {
        let server = try SMTPFaultServer([fault.phase: fault.act])
        defer { server.stop() }
        let platform = Platform()
        let failure = await reply(server, platform)
        #expect(failure?.kind == fault.kind)
        #expect(platform.marked == (fault.transmitted ? [.transmitting] : []))
    }

    @Test(arguments: ["../secret", "/etc/passwd", "a/../../b", "", "link", "missing"])
    func attachmentsComeFromTheRunOnly(_ path: String) async throws {
        let server = try SMTPFaultServer()
        defer { server.stop() }
        let platform = Platform()
        let directory = try Platform.directory()
        try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "/etc/passwd")
        let ada = MailAccount(
            address: "ada@persona.example", username: "ada", imap: .init(host: "127.0.0.1", port: 1, security: "plain"),
            smtp: .init(host: "127.0.0.1", port: server.port, security: "plain"))
        let failure = await failure {
            let file = WorkspaceFile(path: path, name: "x", mediaType: "text/plain", size: 1)
            _ = try await EmailReply().call(
                .init(mailbox: ada, original: original(), text: "x", attachments: [file]),
                in: try platform.context(directory: directory))
        }
        #expect(failure != nil)
        #expect(platform.marked.isEmpty)
        #expect(server.commands.isEmpty)
    }

    @Test func wrongPasswordIsPermanentAndUnsaid() async throws {
        let ada = try await MailHouse.account()
        let failure = await failure {
            _ = try await EmailPoll().call(.init(ada), in: try Platform().context(password: "canary-secret"))
        }
        #expect(failure?.code == "imap_authentication_failed")
        #expect(failure?.kind == .permanent)
        #expect(failure?.message.contains("canary-secret") == false)
    }

    @Test func unknownAuthorityIsRefused() async throws {
        var ada = try await MailHouse.account()
        ada.certificateAuthority = nil
        let account = ada
        let poll = await failure { _ = try await EmailPoll().call(.init(account), in: try Platform().context()) }
        #expect(poll?.code == "imap_untrusted")
        let platform = Platform()
        let reply = await failure {
            _ = try await EmailReply().call(
                .init(mailbox: account, original: original(), text: "x", attachments: []), in: try platform.context())
        }
        #expect(reply?.kind == .permanent)
        #expect(platform.marked.isEmpty)
    }

    @Test func everythingGoesThroughTheProxy() async throws {
        let ada = try await MailHouse.account()
        let refusing = try ScriptedServer { connection in
            let line = connection.readLine() ?? ""
            while let rest = connection.readLine(), !rest.isEmpty {}
            connection.write(line.hasPrefix("CONNECT ") ? "HTTP/1.1 403 Forbidden\r\n\r\n" : "HTTP/1.1 400 Bad\r\n\r\n")
        }
        defer { refusing.stop() }
        let proxy = "127.0.0.1:\(refusing.port)"
        let poll = await failure {
            _ = try await EmailPoll().call(.init(ada), in: try Platform().context(proxy: proxy))
        }
        #expect(poll?.code == "egress_refused")
        let reply = await failure {
            _ = try await EmailReply().call(
                .init(mailbox: ada, original: original(), text: "x", attachments: []),
                in: try Platform().context(proxy: proxy))
        }
        #expect(reply?.kind == .permanent)
        #expect(reply?.message.contains("egress proxy") == true)
    }

    @Test func cancelledPollEnds() async throws {
        let ada = try await MailHouse.account()
        let task = Task { try await EmailPoll().call(.init(ada, wait: 50), in: try Platform().context()) }
        task.cancel()
        let failure = await failure { _ = try await task.value }
        #expect(failure?.code == "cancelled")
    }
}
