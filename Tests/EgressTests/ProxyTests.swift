import Egress
import FoundationEssentials
import Glibc
import Sockets
import Synchronization
import Testing

/// A server on loopback that records what it hears until `end` of it was heard, answers, and closes.
private final class Server: PollMember {
    private let socket: Descriptor
    private let end: String
    private let answer: [UInt8]
    private let heard: OneShot<String>
    private var bytes: [UInt8] = []
    let deadline: ContinuousClock.Instant? = nil

    init(_ socket: Descriptor, until end: String, answer: String, heard: OneShot<String>) {
        self.socket = socket
        self.end = end
        self.answer = Array(answer.utf8)
        self.heard = heard
    }

    static func start(until end: String, answer: String) throws -> (
        port: UInt16, heard: OneShot<String>, loop: PollLoop
    ) {
        let loop = try PollLoop(name: "server")
        let listener = try LoopbackListener()
        let heard = OneShot<String>()
        loop.submit { context in
            context.add(
                Acceptor(listener.descriptor) { socket, context in
                    context.add(Server(socket, until: end, answer: answer, heard: heard))
                    return true
                })
        }
        return (listener.port, heard, loop)
    }

    func interests(_ interests: inout PollInterests) { interests.add(socket.raw, POLLIN) }

    func advance(_ ready: PollReady, in context: PollContext) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket.raw, &buffer, buffer.count, 0)
        if count > 0 { bytes += buffer[..<count] }
        guard count <= 0 || bytes.suffix(end.utf8.count).elementsEqual(end.utf8) else { return true }
        heard.settle(String(decoding: bytes, as: UTF8.self))
        send(socket.raw, answer, answer.count, Int32(MSG_NOSIGNAL))
        return false
    }
}

@Suite(.timeLimit(.minutes(10))) struct ProxyTests {
    @Test func tunnelCarriesBothWays() async throws {
        let server = try Server.start(until: "ping", answer: "pong")
        defer { server.loop.stop() }
        let answer = try await Client.ask(
            "CONNECT 127.0.0.1:\(server.port) HTTP/1.1\r\n\r\nping",
            policy: EgressPolicy(private: ["127.0.0.1:\(server.port)"]))
        #expect(answer.text == "HTTP/1.1 200 Connection established\r\n\r\npong")
        #expect(await server.heard.value() == "ping")
        #expect(answer.record?.bytesUp == 4)
        #expect(answer.record?.address == "127.0.0.1")
    }

    @Test func secondRequestOnAConnectionNeverReachesTheFarEnd() async throws {
        let server = try Server.start(until: "hello", answer: "HTTP/1.1 200 OK\r\n\r\ndone")
        defer { server.loop.stop() }
        let url = "http://127.0.0.1:\(server.port)"
        let answer = try await Client.ask(
            "POST \(url)/one HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET \(url)/two HTTP/1.1\r\nHost: other\r\n\r\n",
            policy: EgressPolicy(private: ["127.0.0.1:\(server.port)"]))
        #expect(answer.text.hasSuffix("done"))
        #expect(await server.heard.value().hasSuffix("\r\n\r\nhello"))
    }

    @Test func privateEntryOpensItsPortAlone() async throws {
        let answer = try await Client.ask(
            "CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n", policy: EgressPolicy(private: ["127.0.0.1:2525"]))
        #expect(answer.text.hasPrefix("HTTP/1.1 403"))
        #expect(answer.text.hasSuffix("127.0.0.1 is 127.0.0.1, which is not a public address\n"))
    }

    @Test func nobodyListeningIsABadGateway() async throws {
        let listener = try LoopbackListener()
        let port = listener.port
        withExtendedLifetime(consume listener) {}
        let answer = try await Client.ask(
            "CONNECT 127.0.0.1:\(port) HTTP/1.1\r\n\r\n", policy: EgressPolicy(private: ["127.0.0.1:\(port)"]))
        #expect(answer.text.hasPrefix("HTTP/1.1 502"))
    }

    @Test func endlessHeadIsCutOff() async throws {
        let answer = try await Client.ask(
            "GET http://h/ HTTP/1.1\r\nA: " + String(repeating: "x", count: 70_000), policy: EgressPolicy())
        #expect(answer.text.isEmpty || answer.text.hasPrefix("HTTP/1.1 431"))
        #expect(answer.record?.verdict == .failed)
    }
}
