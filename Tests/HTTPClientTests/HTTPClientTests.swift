import Glibc
import HTTPClient
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct HTTPClientTests {
    private func failure(_ work: () async throws -> Void) async -> HTTPClientError? {
        do {
            try await work()
            return nil
        } catch {
            return error as? HTTPClientError
        }
    }

    @Test func aRequestArrivesAsWritten() async throws {
        let server = try ModelServer([
            .response(201, headers: [("X-Two", "a"), ("x-two", "b")], body: Array("ok".utf8))
        ])
        let client = try HTTPClient()
        let response = try await client.send(
            HTTPRequest(
                "POST", server.baseURL + "/things?q=1", headers: ["X-Name": "value", "X-Empty": ""],
                body: [0, 1, 2, 255]))
        #expect(response.status == 201)
        #expect(response.headers.values("X-TWO") == ["a", "b"])
        #expect(response.body == Array("ok".utf8))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/v1/things?q=1")
        #expect(request.body == [0, 1, 2, 255])
        #expect(request.headers["x-name"] == "value")
        #expect(request.headers["x-empty"] == "")
        #expect(request.headers["content-type"] == nil)
        #expect(request.headers["expect"] == nil)
        await client.shutdown()
    }

    @Test(arguments: ["GET", "DELETE", "PUT", "POST", "PATCH", "HEAD"])
    func methodsGoOutWithAndWithoutABody(_ method: String) async throws {
        let server = try ModelServer([method == "HEAD" ? .response(200, body: []) : .response(200, body: [65])])
        let client = try HTTPClient()
        let empty = try await client.send(HTTPRequest(method, server.baseURL))
        #expect(empty.status == 200)
        #expect(server.requests.map(\.method) == [method])
        guard method != "HEAD" else { return }
        _ = try await client.send(HTTPRequest(method, server.baseURL, body: []))
        _ = try await client.send(HTTPRequest(method, server.baseURL, body: Array("x".utf8)))
        #expect(server.requests.map(\.method) == [method, method, method])
        #expect(server.requests.map(\.body) == [[], [], [0x78]])
    }

    @Test func anAddressIsConnectedToWhateverTheHostIs() async throws {
        let server = try ModelServer([.response(200, body: [])])
        let client = try HTTPClient()
        let port = server.baseURL.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
        let url = "http://no-such-host.invalid:\(port)/x"
        #expect(try await client.send(HTTPRequest("GET", url, address: "127.0.0.1")).status == 200)
        #expect(server.requests.first?.headers["host"] == "no-such-host.invalid:\(port)")
        for address in ["", "localhost", "[::1]", "::1]:1", "1.1.1.1\n"] {
            let error = await failure { _ = try await client.send(HTTPRequest("GET", url, address: address)) }
            #expect(error?.code == .invalidRequest, "\(address)")
        }
        await client.shutdown()
    }

    @Test func printingARequestShowsNoSecret() {
        let request = HTTPRequest(
            "POST", "https://a.example/v1?token=canary", headers: ["Authorization": "Bearer canary"],
            body: Array("canary".utf8))
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(text.contains("POST https://a.example/v1"))
            #expect(!text.contains("canary"))
        }
    }

    @Test func connectionsAreReused() async throws {
        let server = try ModelServer([.response(200, body: [65])])
        let client = try HTTPClient()
        for _ in 0..<3 { _ = try await client.send(HTTPRequest("GET", server.baseURL)) }
        #expect(Set(server.requests.map(\.connection)) == [0])
    }

    @Test func manyRequestsRunAtOnce() async throws {
        let server = try ModelServer([.response(200, body: [65])])
        let client = try HTTPClient()
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await client.send(HTTPRequest("GET", server.baseURL)).body.count } }
            return try await group.reduce(0, +)
        }
        #expect(total == 100)
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let server = try ModelServer([.response(302, headers: [("Location", "http://127.0.0.1:1/")], body: [])])
        let response = try await HTTPClient().send(HTTPRequest("GET", server.baseURL))
        #expect(response.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func interimResponsesAreSkipped() async throws {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        let server = try ModelServer([
            ModelServerReply([.send(Array((early + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA").utf8))])
        ])
        let response = try await HTTPClient().send(HTTPRequest("GET", server.baseURL))
        #expect(response.status == 200)
        #expect(response.headers["Link"] == nil)
    }

    @Test(arguments: [
        HTTPRequest("GET", "file:///etc/passwd"), HTTPRequest("GET", "gopher://127.0.0.1/"),
        HTTPRequest("GET", "http://a b/"), HTTPRequest("GET", "http://a/\r\nX: y"), HTTPRequest("G ET", "http://a/"),
        HTTPRequest("", "http://a/"), HTTPRequest("GET", ""),
        HTTPRequest("GET", "http://a/", headers: ["X": "a\r\nY: b"]),
        HTTPRequest("GET", "http://a/", headers: ["X: y\r\nZ": "a"]),
        HTTPRequest("GET", "http://a/", headers: ["": "a"]),
        HTTPRequest("GET", "http://a/", unixSocketPath: "/a\0b"),
    ])
    func whatIsNotOneHTTPRequestIsRefused(_ request: HTTPRequest) async throws {
        let client = try HTTPClient()
        let error = await failure { _ = try await client.send(request) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.isTransient == false)
    }

    @Test func aBodyOverTheBoundFails() async throws {
        let server = try ModelServer([.response(200, body: [UInt8](repeating: 65, count: 100_001))])
        let client = try HTTPClient()
        let limits = HTTPLimits(responseBytes: 100_000)
        let error = await failure { _ = try await client.send(HTTPRequest("GET", server.baseURL, limits: limits)) }
        #expect(error?.code == .responseTooLarge)
    }

    @Test func headersOverTheBoundFail() async throws {
        let fields = (0..<6000).map { "X-\($0): \(String(repeating: "a", count: 60))\r\n" }.joined()
        let server = try ModelServer([ModelServerReply([.send(Array("HTTP/1.1 200 OK\r\n\(fields)\r\n".utf8)), .hang])])
        let client = try HTTPClient()
        let error = await failure { _ = try await client.send(HTTPRequest("GET", server.baseURL)) }
        #expect(error?.code == .responseTooLarge)
    }

    @Test(arguments: [
        ("", HTTPClientError.Code.cutShort), ("HTTP/1.1 200 OK\r\nContent-Le", .cutShort),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .cutShort),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", .cutShort),
    ])
    func aResponseCutShortIsAnError(_ sent: String, _ code: HTTPClientError.Code) async throws {
        let server = try ModelServer([ModelServerReply([.send(Array(sent.utf8)), .close])])
        let client = try HTTPClient()
        let error = await failure { _ = try await client.send(HTTPRequest("GET", server.baseURL)) }
        #expect(error?.code == code)
        #expect(error?.isTransient == true)
    }

    @Test func aResetIsAnError() async throws {
        let sent = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc".utf8)
        let server = try ModelServer([ModelServerReply([.send(sent), .reset])])
        let client = try HTTPClient()
        let error = await failure { _ = try await client.send(HTTPRequest("GET", server.baseURL)) }
        #expect(error?.isTransient == true)
    }

    @Test func nobodyListeningIsAConnectionFailure() async throws {
        let server = try ModelServer([.hang])
        let url = server.baseURL
        server.stop()
        let client = try HTTPClient()
        let error = await failure { _ = try await client.send(HTTPRequest("GET", url)) }
        #expect(error?.isTransient == true)
    }

    @Test func theTotalTimeOutEndsAnExchange() async throws {
        let server = try ModelServer([.hang])
        let client = try HTTPClient()
        let limits = HTTPLimits(total: .seconds(1))
        let error = await failure { _ = try await client.send(HTTPRequest("GET", server.baseURL, limits: limits)) }
        #expect(error?.code == .timedOut)
        await server.waitForPeerClosed()
    }

    @Test func silenceEndsAStream() async throws {
        let server = try ModelServer([ModelServerReply([.send(ModelServerReply.streamHead()), .hang])])
        let client = try HTTPClient()
        let limits = HTTPLimits(total: nil, idle: .seconds(5))
        let (head, body) = try await client.stream(HTTPRequest("GET", server.baseURL, limits: limits))
        #expect(head.status == 200)
        let error = await failure { for try await _ in body {} }
        #expect(error?.code == .idle)
    }

    @Test func bytesBeforeACutAreDeliveredFirst() async throws {
        let sent = Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".utf8)
        let server = try ModelServer([ModelServerReply([.send(sent), .close])])
        let (_, body) = try await HTTPClientTests.shared.stream(HTTPRequest("GET", server.baseURL))
        var received: [UInt8] = []
        let error = await failure { for try await chunk in body { received += chunk } }
        #expect(received == Array("abc".utf8))
        #expect(error?.code == .cutShort)
    }

    @Test func aSlowReaderMakesTheFarEndWait() async throws {
        let size = 64 * 1024 * 1024
        let server = try ModelServer([.response(200, body: [UInt8](repeating: 7, count: size))])
        let client = try HTTPClient()
        let limits = HTTPLimits(responseBytes: size)
        let (_, body) = try await client.stream(HTTPRequest("GET", server.baseURL, limits: limits))
        await server.waitForStall()
        #expect(server.sentBytes < size / 2)
        var received = 0
        for try await chunk in body {
            received += chunk.count
            #expect(chunk.count <= 256 * 1024)
        }
        #expect(received == size)
    }

    @Test func cancellationClosesTheConnection() async throws {
        let server = try ModelServer([.hang])
        let client = try HTTPClient()
        let task = Task { try await client.send(HTTPRequest("GET", server.baseURL)) }
        await server.waitForRequests(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await server.waitForPeerClosed()
    }

    @Test func aDroppedBodyClosesTheConnection() async throws {
        let server = try ModelServer([ModelServerReply([.send(ModelServerReply.streamHead()), .hang])])
        let client = try HTTPClient()
        do {
            let (head, _) = try await client.stream(HTTPRequest("GET", server.baseURL))
            #expect(head.status == 200)
        }
        await server.waitForPeerClosed()
    }

    @Test func shutdownFailsWhatIsInFlight() async throws {
        let server = try ModelServer([.hang])
        let client = try HTTPClient()
        let task = Task { try await client.send(HTTPRequest("GET", server.baseURL)) }
        await server.waitForRequests(1)
        await client.shutdown()
        let error = await failure { _ = try await task.value }
        #expect(error?.code == .shutDown)
        let late = await failure { _ = try await client.send(HTTPRequest("GET", server.baseURL)) }
        #expect(late?.code == .shutDown)
        await client.shutdown()
    }

    @Test func aProxyGetsTheAbsoluteForm() async throws {
        let proxy = try ModelServer([.response(200, body: [65])])
        let request = HTTPRequest("GET", "http://example.invalid/page", proxy: "127.0.0.1:\(proxy.port)")
        let response = try await HTTPClientTests.shared.send(request)
        #expect(response.body == [65])
        #expect(proxy.requests.first?.target == "http://example.invalid/page")
    }

    @Test(arguments: [(403, HTTPClientError.Code.proxyRefused), (407, .proxyRefused), (502, .proxyFailed)])
    func aProxyThatRefusesATunnelIsNamed(_ status: Int, _ code: HTTPClientError.Code) async throws {
        let proxy = try ModelServer([.response(status, body: Array("no".utf8))])
        let request = HTTPRequest("GET", "https://example.invalid/", proxy: "127.0.0.1:\(proxy.port)")
        let error = await failure { _ = try await HTTPClientTests.shared.send(request) }
        #expect(error?.code == code)
        #expect(error?.isTransient == (code == .proxyFailed))
        #expect(proxy.requests.first?.method == "CONNECT")
        #expect(proxy.requests.first?.target == "example.invalid:443")
    }

    @Test func aUnixSocketServesAsTheHost() async throws {
        let path = "/tmp/http-client-\(UInt64.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        let server = try ModelServer([.response(200, body: [65])], path: path)
        let response = try await HTTPClientTests.shared.send(
            HTTPRequest("GET", "http://engine/version", unixSocketPath: path))
        #expect(response.body == [65])
        #expect(server.requests.first?.headers["host"] == "engine")
        #expect(server.requests.first?.target == "/version")
    }

    @Test func aBodyOverTheBoundFailsAlsoWhenItWasHeldBack() async throws {
        let server = try ModelServer([.response(200, body: [UInt8](repeating: 7, count: 2_000_000))])
        let limits = HTTPLimits(responseBytes: 1_000_000)
        let (_, body) = try await HTTPClientTests.shared.stream(
            HTTPRequest("GET", server.baseURL, limits: limits))
        var received = 0
        let error = await failure { for try await chunk in body { received += chunk.count } }
        #expect(error?.code == .responseTooLarge)
        #expect(received <= 1_000_000)
    }

    @Test func anUnknownAuthorityFileIsATLSFailure() async throws {
        let server = try ModelServer([.hang])
        let request = HTTPRequest(
            "GET", "https://127.0.0.1:\(server.port)/", certificateAuthorityFile: "/nonexistent/authority.pem")
        let client = try HTTPClient()
        let error = await failure { _ = try await client.send(request) }
        #expect(error?.code == .tlsFailed)
    }

    private static var shared: HTTPClient { get throws { try client.get() } }
    private static let client = Result { try HTTPClient() }
}
