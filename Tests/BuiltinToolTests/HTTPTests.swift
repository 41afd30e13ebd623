import Domain
import Egress
import Foundation
import HTTPTool
import TestKit
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct HTTPTests {
    private let bench: Bench

    init() throws { bench = try Bench(HTTPTools.all) }

    private func reached(_ far: FarEnd) throws -> WayOut {
        try WayOut(EgressPolicy(mode: .listed, private: ["127.0.0.1:\(far.port)"]))
    }

    @Test func aRequestCarriesWhatItWasGiven() async throws {
        let far = try FarEnd { _, connection in
            connection.answer(201, "{\"id\":7}", ["Content-Type: application/json", "X-Note: yes"])
        }
        let way = try reached(far)
        let output = try await bench.call(
            "http.request",
            [
                "url": .string(far.url("/items?x=1")), "method": "post", "query": ["q": "a b&c", "n": [1, 2]],
                "headers": ["X-Mine": "1"], "json": ["name": "Ü"],
                "secret_headers": ["Authorization": ["secret": "crm", "prefix": "Bearer "]],
            ], key: "effect-1", proxy: way.proxy, secrets: ["crm": Secret("s3cret")])
        #expect(output["status"] == 201)
        #expect(output["text"] == "{\"id\":7}")
        #expect(output["origin"] == "foreign")
        #expect(output["headers"]?["x-note"] == "yes")
        #expect(!"\(output)".contains("s3cret"))
        let heard = try #require(far.heard.first)
        #expect(heard.line == "POST /items?x=1&n=1&n=2&q=a%20b%26c HTTP/1.1")
        #expect(heard.headers["authorization"] == "Bearer s3cret")
        #expect(heard.headers["idempotency-key"] == "\"effect-1\"")
        #expect(heard.headers["content-type"] == "application/json")
        #expect(String(decoding: heard.body, as: UTF8.self) == "{\"name\":\"Ü\"}")
        #expect(bench.phases == [.transmitting, .accepted])
    }

    @Test func whatOnlyReadsIsNoEffect() async throws {
        let far = try FarEnd { _, connection in connection.answer(200, "hello") }
        let way = try reached(far)
        try await bench.call("http.request", ["url": .string(far.url("/"))], proxy: way.proxy)
        try await bench.call("http.request", ["url": .string(far.url("/")), "method": "DELETE"], proxy: way.proxy)
        try await bench.call("http.fetch", ["url": .string(far.url("/"))], proxy: way.proxy)
        #expect(bench.phases == [])
        #expect(far.heard.map { $0.headers["idempotency-key"] != nil } == [false, true, false])
        let failure = await bench.failure(
            "http.fetch", ["url": .string(far.url("/")), "method": "POST"], proxy: way.proxy)
        #expect(failure?.code == "input_invalid")
    }

    @Test func formsPartsAndFilesAreSent() async throws {
        let far = try FarEnd { _, connection in connection.answer(200, "ok") }
        let way = try reached(far)
        try bench.put("file body", "f.txt")
        let url = JSONValue.string(far.url("/"))
        try await bench.call(
            "http.request", ["url": url, "method": "POST", "form": ["a": "1 2", "b": "ü"]], proxy: way.proxy)
        try await bench.call("http.request", ["url": url, "method": "PUT", "body_path": "f.txt"], proxy: way.proxy)
        try await bench.call(
            "http.request",
            [
                "url": url, "method": "POST",
                "multipart": [["name": "t\"x", "text": "v"], ["name": "f", "path": "f.txt"]],
            ],
            proxy: way.proxy)
        let bodies = far.heard.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies[0] == "a=1%202&b=%C3%BC")
        #expect(bodies[1] == "file body")
        #expect(bodies[2].contains("name=\"t%22x\"\r\n\r\nv\r\n"))
        #expect(bodies[2].contains("filename=\"f.txt\""))
        let failure = await bench.failure(
            "http.request", ["url": url, "method": "POST", "text": "a", "json": 1], proxy: way.proxy)
        #expect(failure?.code == "input_invalid")
    }

    @Test func answersGoToFiles() async throws {
        let far = try FarEnd { path, connection in
            connection.answer(
                200, path == "/big" ? String(repeating: "b", count: 3_000_000) : "small", ["Content-Type: text/csv"])
        }
        let way = try reached(far)
        let output = try await bench.call(
            "http.fetch", ["url": .string(far.url("/big")), "save_to": "d/big.csv", "publish": true], proxy: way.proxy)
        #expect(output["file"]?["size"] == 3_000_000)
        #expect(output["text"] == nil)
        #expect(bench.published.map(\.mediaType) == ["text/csv"])
        #expect(try bench.text("d/big.csv").utf8.count == 3_000_000)
        let cut = try await bench.call(
            "http.fetch", ["url": .string(far.url("/big")), "max_bytes": 1_000], proxy: way.proxy)
        #expect(cut["bytes"] == 1_000)
        #expect(cut["truncated"] == true)
        let failure = await bench.failure(
            "http.fetch", ["url": .string(far.url("/big")), "save_to": "x.csv", "max_bytes": 1_000], proxy: way.proxy)
        #expect(failure?.code == "answer_too_large")
        #expect(!bench.exists("x.csv"))
        let path = await bench.failure(
            "http.fetch", ["url": .string(far.url("/")), "save_to": "../x"], proxy: way.proxy)
        #expect(path?.code == "path_invalid")
    }

    @Test func redirectsAreFollowedAndCheckedAgain() async throws {
        let far = try FarEnd { path, connection in
            switch path {
            case "/start": connection.answer(302, "", ["Location: ../end?x=1#frag"])
            case "/loop": connection.answer(302, "", ["Location: /loop"])
            case "/inside": connection.answer(302, "", ["Location: http://169.254.169.254/latest/meta-data"])
            case "/file": connection.answer(302, "", ["Location: file:///etc/passwd"])
            default: connection.answer(200, path)
            }
        }
        let way = try reached(far)
        let output = try await bench.call("http.fetch", ["url": .string(far.url("/start"))], proxy: way.proxy)
        #expect(output["text"] == "/end?x=1")
        #expect(output["url"]?.string == far.url("/end?x=1"))
        #expect(
            await bench.failure("http.fetch", ["url": .string(far.url("/loop"))], proxy: way.proxy)?.code
                == "too_many_redirects")
        #expect(
            await bench.failure("http.fetch", ["url": .string(far.url("/inside"))], proxy: way.proxy)?.code
                == "egress_refused")
        #expect(
            await bench.failure("http.fetch", ["url": .string(far.url("/file"))], proxy: way.proxy)?.code
                == "redirect_refused")
        let first = try await bench.call(
            "http.fetch", ["url": .string(far.url("/start")), "follow_redirects": false], proxy: way.proxy)
        #expect(first["status"] == 302)
    }

    @Test func secretsStayWithTheirOrigin() async throws {
        let other = try FarEnd { _, connection in connection.answer(200, "other") }
        let target = other.url("/")
        let far = try FarEnd { _, connection in connection.answer(302, "", ["Location: \(target)"]) }
        let way = try WayOut(
            EgressPolicy(mode: .listed, private: ["127.0.0.1:\(far.port)", "127.0.0.1:\(other.port)"]))
        try await bench.call(
            "http.fetch",
            ["url": .string(far.url("/")), "headers": ["Cookie": "c=1"], "secret_headers": ["X-Key": ["secret": "k"]]],
            proxy: way.proxy, secrets: ["k": Secret("s3cret")])
        #expect(far.heard.first?.headers["x-key"] == "s3cret")
        #expect(other.heard.first?.headers["x-key"] == nil)
        #expect(other.heard.first?.headers["cookie"] == nil)
    }

    @Test(arguments: [
        "http://127.0.0.1/", "http://localhost:1/", "http://[::1]/", "http://0x7f.1/", "http://2130706433/",
    ])
    func privateAddressesAreRefusedByTheProxy(url: String) async throws {
        let way = try WayOut(EgressPolicy())
        #expect(await bench.failure("http.fetch", ["url": .string(url)], proxy: way.proxy)?.code == "egress_refused")
    }

    @Test(arguments: [
        "ftp://x/", "file:///etc/passwd", "http://", "http://u:p@x/", "http://x y/", "//x/", "http://x\\y/",
        "javascript:1",
    ])
    func addressesThatAreNotOfTheWebAreRefused(url: String) async throws {
        #expect(
            await bench.failure("http.fetch", ["url": .string(url)], proxy: "127.0.0.1:1")?.code == "address_invalid")
    }

    @Test func headersCannotSplitARequest() async throws {
        for headers in [["Host": "x"], ["Content-Length": "1"], ["X": "a\r\nEvil: 1"], ["A B": "x"], ["": "x"]]
            as [JSONValue]
        {
            let failure = await bench.failure(
                "http.request", ["url": "http://x/", "headers": headers], proxy: "127.0.0.1:1")
            #expect(failure?.code == "input_invalid")
        }
        let missing = await bench.failure(
            "http.request", ["url": "http://x/", "secret_headers": ["A": ["secret": "none"]]], proxy: "127.0.0.1:1")
        #expect(missing?.code == "secret_missing")
        #expect(await bench.failure("http.fetch", ["url": "http://x/"])?.code == "no_network")
    }

    @Test func farEndsThatMisbehaveEndTheCall() async throws {
        let far = try FarEnd { path, connection in
            switch path {
            case "/lie": connection.write("HTTP/1.1 200 X\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nshort")
            case "/endless":
                connection.write("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")
                while connection.write([UInt8](repeating: 0x61, count: 65_536)) {}
            case "/drip":
                connection.write("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")
                while connection.write("a"), connection.isOpen(afterMilliseconds: 50) {}
            case "/silent": connection.hold()
            case "/cut": return
            case "/noise": connection.write("\u{1}\u{2} this is not HTTP\r\n\r\n")
            default:
                connection.write(
                    "HTTP/1.1 200 X\r\n"
                        + String(repeating: "X-H: \(String(repeating: "h", count: 1_000))\r\n", count: 2_000))
            }
        }
        let way = try reached(far)
        func failure(_ path: String, _ method: String = "GET") async -> ToolFailure? {
            await bench.failure(
                "http.request", ["url": .string(far.url(path)), "method": .string(method), "timeout_seconds": 2],
                proxy: way.proxy)
        }
        #expect(await failure("/lie")?.code == "http_cut_short")
        let endless = try await bench.call("http.fetch", ["url": .string(far.url("/endless"))], proxy: way.proxy)
        #expect(endless["truncated"] == true)
        #expect(await failure("/drip")?.code == "http_timed_out")
        #expect(await failure("/silent")?.kind == .transient)
        #expect(await failure("/cut") != nil)
        #expect(await failure("/noise") != nil)
        #expect(await failure("/headers") != nil)
        // What may have happened is never called a failure.
        #expect(await failure("/silent", "POST")?.kind == .unknownOutcome)
        #expect(await failure("/cut", "POST")?.kind == .unknownOutcome)
        let lie = try await bench.call(
            "http.request", ["url": .string(far.url("/lie")), "method": "POST"], proxy: way.proxy)
        #expect(lie["status"] == 200)
        #expect(lie["note"]?.string?.contains("not complete") == true)
    }

    @Test func bombsAreBoundedByWhatComesOut() async throws {
        let bomb = try await TestProgram.run([
            "/usr/bin/python3", "-c",
            "import gzip, sys, base64; print(base64.b64encode(gzip.compress(b'0' * (200 << 20))).decode(), end='')",
        ])
        let bytes = [UInt8](try #require(Data(base64Encoded: bomb.text)))
        let far = try FarEnd { _, connection in
            connection.write(
                "HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\r\n"
            )
            connection.write(bytes)
        }
        let way = try reached(far)
        let output = try await bench.call("http.fetch", ["url": .string(far.url("/"))], proxy: way.proxy)
        #expect(output["truncated"] == true)
        #expect((output["text"]?.string?.utf8.count ?? .max) <= 200 * 1024)
        #expect(output["text"]?.string?.hasPrefix("0000") == true)
    }
}
