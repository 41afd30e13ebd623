import IMAP
import TestKit
import Testing

/// Answers commands by their words, tag left out; the rest of a line after `|` is sent as further lines.
private func server(_ answers: @escaping @Sendable (String, ScriptedConnection, String) -> Bool) throws
    -> ScriptedServer
{
    try ScriptedServer { connection in
        connection.write("* OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] hello\r\n")
        while let line = connection.readLine() {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            let tag = parts.first ?? ""
            let command = parts.count > 1 ? parts[1] : line
            if answers(command, connection, tag) { continue }
            switch command.uppercased() {
            case "AUTHENTICATE PLAIN":
                connection.write("+ \r\n")
                _ = connection.readLine()
                connection.write("\(tag) OK in\r\n")
            case "CAPABILITY": connection.write("* CAPABILITY IMAP4rev1 IDLE\r\n\(tag) OK\r\n")
            case "LOGOUT":
                connection.write("* BYE\r\n\(tag) OK\r\n")
                return
            default: connection.write("\(tag) OK\r\n")
            }
        }
    }
}

private func client(_ server: ScriptedServer, seconds: Int = 20) throws(IMAPError) -> IMAPClient {
    let deadline = ContinuousClock.now + .seconds(seconds)
    let endpoint = IMAPEndpoint(host: "127.0.0.1", port: server.port, usesTLS: false)
    let client = try IMAPClient(over: try CurlTransport(endpoint, before: deadline), deadline: deadline)
    try client.login(username: "ada", password: "secret")
    return client
}

@Suite(.timeLimit(.minutes(10))) struct IMAPClientTests {
    @Test func silentIdleIsHalfOpen() async throws {
        let server = try server { command, connection, _ in
            guard command == "IDLE" else { return false }
            connection.write("+ idling\r\n")
            connection.hold()
            return true
        }
        defer { server.stop() }
        let error = try await TestThread.run {
            do {
                _ = try client(server).idle(
                    until: ContinuousClock.now + .seconds(30), renewal: .milliseconds(50),
                    doneTimeout: .milliseconds(200))
                return IMAPError.Code?.none
            } catch let error as IMAPError {
                return error.code
            }
        }
        #expect(error == .timedOut)
    }

    @Test func idleEndsAtNewMail() async throws {
        let server = try server { command, connection, tag in
            guard command == "IDLE" else { return false }
            connection.write("+ idling\r\n* 4 EXISTS\r\n")
            _ = connection.readLine()
            connection.write("\(tag) OK done\r\n")
            return true
        }
        defer { server.stop() }
        #expect(try await TestThread.run { try client(server).idle(until: ContinuousClock.now + .seconds(15)) })
    }

    @Test func mailAnnouncedDuringASearchIsNotWaitedFor() async throws {
        let server = try server { command, connection, tag in
            guard command.hasPrefix("UID SEARCH") else { return false }
            connection.write("* SEARCH\r\n* 5 EXISTS\r\n\(tag) OK\r\n")
            return true
        }
        defer { server.stop() }
        let changed = try await TestThread.run {
            let client = try client(server)
            _ = try client.uids(from: 1)
            return try client.idle(until: ContinuousClock.now + .seconds(15))
        }
        #expect(changed)
    }

    @Test func idleRenewsItself() async throws {
        let server = try server { command, connection, tag in
            guard command == "IDLE" else { return false }
            connection.write("+ idling\r\n")
            _ = connection.readLine()
            connection.write("\(tag) OK done\r\n")
            return true
        }
        defer { server.stop() }
        let changed = try await TestThread.run {
            try client(server).idle(until: ContinuousClock.now + .seconds(15), renewal: .milliseconds(20))
        }
        #expect(!changed)
        #expect(IMAPClient.idleRenewal < .seconds(29 * 60))
    }

    @Test(arguments: [
        "* 1 FETCH (UID 5 BODY[] {4294967295}\r\n", "* 1 FETCH (UID 5 BODY[] {9999999999999}\r\n", "nonsense\r\n",
        "P9 OK other tag\r\n", "+ surprise\r\n",
    ])
    func hostileAnswersAreProtocolViolations(_ answer: String) async throws {
        let server = try server { command, connection, _ in
            guard command.hasPrefix("UID FETCH") else { return false }
            connection.write(answer)
            connection.hold()
            return true
        }
        defer { server.stop() }
        let code = try await TestThread.run {
            do {
                _ = try client(server).message(5)
                return IMAPError.Code?.none
            } catch let error as IMAPError {
                return error.code
            }
        }
        #expect(code == .protocolViolation)
    }

    @Test func searchLeavesOutTheLastMessageBelow() async throws {
        let server = try server { command, connection, tag in
            guard command.hasPrefix("UID SEARCH") else { return false }
            connection.write("* SEARCH 9 3\r\n\(tag) OK\r\n")
            return true
        }
        defer { server.stop() }
        #expect(try await TestThread.run { try client(server).uids(from: 10) } == [])
        #expect(try await TestThread.run { try client(server).uids(from: 3) } == [3, 9])
    }

    @Test func byeAndNoAreTold() async throws {
        let server = try server { command, connection, tag in
            if command.hasPrefix("CREATE") {
                connection.write("\(tag) NO [ALREADYEXISTS] there\r\n")
                return true
            }
            if command == "NOOP" {
                connection.write("* BYE tired\r\n")
                return true
            }
            return false
        }
        defer { server.stop() }
        let codes = try await TestThread.run {
            let client = try client(server)
            var codes: [String?] = []
            for command in [{ try client.create("Größe & \"x\"") }, { try client.noop() }] {
                do {
                    try command()
                } catch let error as IMAPError {
                    codes += [error.code.rawValue, error.responseCode]
                }
            }
            return codes
        }
        #expect(codes == ["refused", "ALREADYEXISTS", "closed", nil])
    }

    @Test func plainTextAcrossTheNetworkIsRefused() {
        #expect(throws: IMAPError.self) {
            _ = try CurlTransport(
                IMAPEndpoint(host: "mail.example.com", port: 143, usesTLS: false),
                before: ContinuousClock.now + .seconds(5))
        }
    }

    @Test func deadServerIsTransient() async throws {
        let server = try ScriptedServer { $0.hold() }
        defer { server.stop() }
        let error = try await TestThread.run {
            do {
                _ = try client(server, seconds: 1)
                return IMAPError?.none
            } catch let error as IMAPError {
                return error
            }
        }
        #expect(error?.code == .timedOut)
        #expect(error?.isTransient == true)
    }
}
