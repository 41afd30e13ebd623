import API
import Domain
import FoundationEssentials
import HTTPClient
import Postgres
import Store
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct EdgeTests {
    @Test(
        arguments: [
            ("{", 400, "malformed"), ("", 400, "malformed"), ("{\"email\": \"a@b\"} x", 400, "malformed"),
            ("\u{FEFF}\u{0}", 400, "malformed"), ("\"\\ud800\"", 400, "malformed"),
            (String(repeating: "[", count: 100_000), 400, "malformed"), ("[]", 422, "invalid"),
            ("{\"email\": 1, \"password\": \"x\"}", 422, "invalid"), ("null", 422, "invalid"),
        ])
    func aBadBodyIsAProblem(body: String, status: Int, kind: String) async throws {
        try await House.with { house in
            let answer = try await house.call(
                "POST", "/api/auth/login", bytes: Array(body.utf8), headers: ["Content-Type": "application/json"])
            #expect(answer.status == status)
            #expect(answer.problem == kind)
            #expect(answer.headers["Content-Type"] == "application/problem+json")
            let id = answer.headers["X-Request-Id"] ?? ""
            #expect(!id.isEmpty)
            #expect(answer.json["instance"]?.string == "urn:uuid:\(id)")
        }
    }

    @Test func everyFaultHasItsPointer() async throws {
        try await House.with { house in
            let answer = try await house.call(
                "POST", "/api/auth/login", ["email": "no address", "password": 7, "more": true])
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/email", "/password", "/more"])
        }
    }

    @Test func unknownPathsAndMethodsAreProblems() async throws {
        try await House.with { house in
            let absent = try await house.call("GET", "/api/nothing")
            #expect(absent.status == 404)
            #expect(absent.problem == "not-found")
            let method = try await house.call("DELETE", "/api/personas")
            #expect(method.status == 405)
            #expect(method.headers["Allow"] == "GET, HEAD, POST")
            #expect(method.problem == "method-not-allowed")
        }
    }

    @Test func anotherMediaTypeIsRefused() async throws {
        try await House.with { house in
            for (type, status) in [
                ("text/plain", 415), ("application/xml", 415), ("application/jsonx", 415),
                ("application/json; charset=utf-8", 401), ("application/merge-patch+json", 401),
            ] {
                let answer = try await house.call(
                    "POST", "/api/auth/login", bytes: Array("{\"email\":\"a@b.c\",\"password\":\"x\"}".utf8),
                    headers: ["Content-Type": type])
                #expect(answer.status == status, "\(type)")
            }
        }
    }

    @Test func headAnswersAsGetWithoutABody() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let file = try await house.call("POST", "/api/files", as: owner, bytes: Array("content".utf8)).id
            for path in ["/healthz", "/api/me", "/api/files/\(file)/content", "/api/openapi.json"] {
                let head = try await ask(house, "HEAD \(path) HTTP/1.1", token: owner.token)
                let get = try await house.call("GET", path, as: owner)
                #expect(head.hasPrefix("HTTP/1.1 200"), "\(path)")
                #expect(head.lowercased().contains("content-length: \(get.body.count)\r\n"), "\(path)")
                #expect(head.hasSuffix("\r\n\r\n"), "\(path)")
            }
        }
    }

    private func ask(_ house: House, _ line: String, token: String, more: String = "") async throws -> String {
        let request = "\(line)\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nConnection: close\r\n\(more)\r\n"
        return try await RawConversation.ask(house.port, Array(request.utf8)) { _ in false }
    }

    @Test func theTraceGoesInAndOut() async throws {
        try await House.with { house in
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            #expect(
                try await house.call("GET", "/healthz", headers: ["traceparent": trace]).headers["traceparent"] == trace
            )
            for bad in ["", "00-0-0-00", trace.uppercased(), "00-00000000000000000000000000000000-00f067aa0ba902b7-01"]
            {
                let own = try await house.call("GET", "/healthz", headers: ["traceparent": bad]).headers["traceparent"]
                #expect(own?.utf8.count == 55 && own != bad)
            }
            let owner = try await house.person(of: try await house.tenant())
            let (persona, graph) = (try await house.persona(owner), try await house.graph(owner))
            let run = try await house.call(
                "POST", "/api/runs", as: owner, ["persona_id": .string(persona), "graph": .string(graph)],
                headers: ["traceparent": trace])
            #expect(run.json["trace_id"]?.string == "4bf92f3577b34da6a3ce929d0e0e4736")
        }
    }

    @Test func aTokenThatAsksTooOftenIsHeldBack() async throws {
        try await House.with(limiter: RateLimiter(.init(requests: 5, window: 60))) { house in
            let tenant = try await house.tenant()
            let (one, two) = (try await house.person(of: tenant), try await house.person("member", of: tenant))
            for left in [4, 3, 2, 1, 0] {
                let answer = try await house.call("GET", "/api/me", as: one)
                #expect(answer.status == 200)
                #expect(answer.headers["RateLimit-Policy"] == "\"token\";q=5;w=60")
                #expect(answer.headers["RateLimit"]?.hasPrefix("\"token\";r=\(left);t=") == true)
            }
            let held = try await house.call("GET", "/api/me", as: one)
            #expect(held.status == 429)
            #expect(held.headers["Retry-After"].flatMap { Int($0) }.map { (1...60).contains($0) } == true)
            #expect(try await house.call("GET", "/api/me", as: two).status == 200)
        }
    }

    @Test(arguments: ["/api/audit?actor=%00", "/api/runs?trigger=a%00b", "/api/audit?from=x", "/api/runs?persona_id=1"])
    func aQueryThatCannotBeIsBadInput(path: String) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            #expect(try await house.call("GET", path, as: owner).status == 400)
        }
    }

    @Test(arguments: ["audit", "graphs/GRAPH/versions"])
    func aNumberBeyondPostgresIsBadInput(list: String) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let path = list.replacing("GRAPH", with: try await house.graph(owner))
            let cursor = Data("9223372036854775807".utf8).base64URL
            let status = try await house.call("GET", "/api/\(path)?cursor=\(cursor)", as: owner).status
            #expect(status == 200 || status == 400)
        }
    }

    // MARK: Size

    @Test func aBodyOverTheLimitIsRefused() async throws {
        try await House.with { house in
            let text = "{\"email\":\"a@b.c\",\"password\":\"" + String(repeating: "x", count: 1_100_000) + "\"}"
            let declared = try await house.call(
                "POST", "/api/auth/login", bytes: Array(text.utf8), headers: ["Content-Type": "application/json"])
            #expect(declared.status == 413)
            let chunk = String(repeating: "y", count: 0x10000)
            let chunks = String(repeating: "10000\r\n\(chunk)\r\n", count: 40) + "0\r\n\r\n"
            let chunked = try await RawConversation.ask(
                house.port,
                Array("POST /api/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)".utf8)
            ) { $0.contains("\r\n\r\n") }
            #expect(chunked.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test(arguments: ["/api/auth/login", "/api/files"])
    func aGigabyteIsRefusedBeforeItIsSent(path: String) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let head =
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n"
                + "Authorization: Bearer \(owner.token)\r\n\r\n{"
            // Not one byte more is sent: an answer shows that the server did not wait for the body.
            let answer = try await RawConversation.ask(house.port, Array(head.utf8)) { $0.contains("too-large") }
            #expect(answer.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func aFloodOfBodyLeavesMemoryFlat() async throws {
        try await House.with { house in
            let head = "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n"
            let before = try Self.resident()
            let answer = try await RawConversation.ask(
                house.port, Array(head.utf8), then: [UInt8](repeating: 0x20, count: 1024 * 1024), times: 768
            ) { $0.contains("too-large") }
            #expect(answer.hasPrefix("HTTP/1.1 413"))
            // A third of what was sent: other tests of this process take some memory meanwhile.
            #expect(try Self.resident() < before + 256 * 1024)
            #expect(try await house.call("GET", "/healthz").status == 200)
        }
    }

    /// KiB of this process in memory.
    private static func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter { $0.isNumber }) ?? 0
    }

    @Test(arguments: ["fields", "field", "line"])
    func aHeaderWithoutEndIsRefused(kind: String) async throws {
        try await House.with { house in
            let head: String =
                switch kind {
                case "fields": "GET /healthz HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 1_000_000)
                case "field": "GET /healthz HTTP/1.1\r\nA: " + String(repeating: "x", count: 4_000_000)
                default: "GET /" + String(repeating: "x", count: 4_000_000)
                }
            let answer = try await RawConversation.ask(house.port, Array(head.utf8)) { $0.contains("\r\n\r\n") }
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 431"))
            #expect(try await house.call("GET", "/healthz").status == 200)
        }
    }

    // MARK: Dependencies

    @Test func anAbsentDatabaseIsSaidAndNotA500() async throws {
        try await TestDatabase.with { database in
            let nowhere = PostgresConfiguration(dsn: "postgresql://persona_app@127.0.0.1:1/none")
            let store = Database(app: PostgresPool(nowhere, size: 1), dispatch: PostgresPool(nowhere, size: 1))
            try await House.with(database, store) { house in
                let ready = try await house.call("GET", "/readyz")
                #expect(ready.status == 503)
                #expect(ready.json["dependencies"]?["database"]?["ok"] == .bool(false))
                #expect(ready.headers["Retry-After"] != nil)
                #expect(try await house.call("GET", "/healthz").status == 200)
                let metrics = try await house.call("GET", "/metrics")
                #expect(metrics.text.contains("persona_database_up 0\n"))
                let login = try await house.call("POST", "/api/auth/login", ["email": "a@b.c", "password": "x"])
                #expect(login.status == 503)
                #expect(login.headers["Retry-After"] != nil)
                #expect(!login.text.contains("127.0.0.1"))
            }
        }
    }

    @Test func readinessNamesEachDependency() async throws {
        let redis = Services.Probe("redis") { throw CancellationError() }
        try await House.with(probes: [redis]) { house in
            let ready = try await house.call("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(ready.json["dependencies"]?["database"]?["ok"] == .bool(true))
            #expect(ready.json["dependencies"]?["redis"]?["ok"] == .bool(false))
        }
        try await House.with { house in
            let ready = try await house.call("GET", "/readyz")
            #expect(ready.json["status"]?.string == "ready")
        }
    }
}
