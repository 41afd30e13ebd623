import Egress
import FoundationEssentials
import Sockets
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct AddressTests {
    /// Spellings of addresses that are not the public Internet, as a hostile page or mail may write them.
    static let hostile = [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7F.1", "0177.0.0.1",
        "017700000001", "127.255.255.254", "0", "0.0.0.0", "0x0", "10.0.0.1", "10.1", "012.0.0.1", "0xa.0.0.1",
        "167772161", "172.16.0.1", "172.31.255.255", "0xac.0x10.0.1", "192.168.0.1", "192.168.1", "3232235521",
        "0300.0250.0.1", "169.254.169.254", "169.254.43518", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376", "025177524776", "169.16689662", "100.64.0.1", "100.127.255.255", "1681915905",
        "198.18.0.1", "192.0.2.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "4294967295", "168.63.129.16", "localhost", "LOCALHOST", "localhost.",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]",
        "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[2001:0:4136:e378:8000::1]",
        "[2001:db8::1]", "[100::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:ffff:7f00:0001]",
    ]

    @Test(arguments: hostile)
    func addressOutsideTheInternetIsRefusedInEverySpelling(host: String) async throws {
        let answer = try await Client.ask(
            "CONNECT \(host):80 HTTP/1.1\r\nHost: \(host)\r\n\r\n", policy: EgressPolicy())
        #expect(!answer.text.hasPrefix("HTTP/1.1 200"))
        #expect(answer.record?.verdict != .allowed)
        // glibc may not know a spelling at all, which is as good.
        #expect(answer.text.hasPrefix("HTTP/1.1 403") || answer.text.hasPrefix("HTTP/1.1 502"))
    }

    @Test(arguments: hostile)
    func addressOutsideTheInternetIsRefusedInPlainRequests(host: String) async throws {
        let request = "GET http://\(host)/latest/meta-data HTTP/1.1\r\nHost: example.org\r\n\r\n"
        let answer = try await Client.ask(request, policy: EgressPolicy())
        #expect(answer.text.hasPrefix("HTTP/1.1 403") || answer.text.hasPrefix("HTTP/1.1 502"))
    }

    @Test(arguments: [
        ("8.8.8.8", true), ("1.1.1.1", true), ("172.32.0.1", true), ("100.128.0.1", true), ("11.0.0.1", true),
    ])
    func publicAddressIsPublic(text: String, isPublic: Bool) {
        let parts = text.split(separator: ".").compactMap { UInt32($0) }
        #expect(NetworkAddress.v4(parts.reduce(0) { $0 << 8 | $1 }).isPublic == isPublic)
    }

    @Test func globalAddressOfVersion6IsPublic() {
        #expect(NetworkAddress.v6([0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111]).isPublic)
        #expect(!NetworkAddress.v6([0x2002, 0x4700, 0, 0, 0, 0, 0, 0x1111]).isPublic)
    }
}

@Suite(.timeLimit(.minutes(10))) struct PolicyTests {
    @Test(arguments: [
        ("example.org:443", true), ("a.example.org:443", false), ("x.wild.org:80", true), ("wild.org:80", false),
        ("evilwild.org:80", false), ("example.org:8443", false), ("special.org:8443", true), ("special.org:443", false),
        ("EXAMPLE.org.:443", true), ("intranet:3128", true),
    ])
    func listedPolicyAllowsItsEntriesAlone(target: String, isAllowed: Bool) throws {
        let policy = EgressPolicy(
            mode: .listed, allow: ["example.org", "*.wild.org", "special.org:8443"], private: ["intranet:3128"])
        #expect((policy.refusal(of: try #require(EgressTarget(target, defaultPort: nil))) == nil) == isAllowed)
    }

    @Test(arguments: [
        "", ":80", "a b:80", "a:0x50", "a:65536", "a:-1", "[::1:80", "a\u{0}b:80", "ex%61mple.org:80", "münchen.de:80",
        "a@b:80",
    ])
    func malformedTargetIsRefused(text: String) { #expect(EgressTarget(text, defaultPort: nil) == nil) }
}

@Suite(.timeLimit(.minutes(10))) struct RequestTests {
    @Test func absoluteFormBecomesOriginForm() throws {
        let head =
            "POST http://h.org:8080/a?b#c HTTP/1.1\r\nHost: evil\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n"
            + "Proxy-Authorization: x\r\nTransfer-Encoding: chunked\r\nX-Kept: 2\r\n\r\n"
        let request = try EgressRequest(Array(head.utf8))
        #expect(
            String(decoding: request.forwardedHead, as: UTF8.self)
                == "POST /a?b HTTP/1.1\r\nHost: h.org:8080\r\nTransfer-Encoding: chunked\r\nX-Kept: 2\r\nConnection: close\r\n\r\n"
        )
        #expect(request.body == .chunked)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET https://h/ HTTP/1.1\r\n\r\n", "GET http://h/\r\n\r\n",
        "CONNECT h HTTP/1.1\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nA\r\n\r\n", "GET http://h/ HTTP/1.1\r\n folded: x\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET http://h/ HTTP/1.1\nA: b\r\n\r\n",
        "GET http://u@h/ HTTP/1.1\r\n\r\n", "\r\n\r\n", "GET http://h/\u{0} HTTP/1.1\r\n\r\n",
    ])
    func malformedHeadIsRefused(head: String) {
        #expect(throws: EgressRequest.Malformed.self) { try EgressRequest(Array(head.utf8)) }
    }

    @Test(arguments: [
        ("5\r\nhello\r\n0\r\n\r\nGET", 15), ("5;x=y\r\nhello\r\n0\r\nT: v\r\n\r\nrest", 25), ("zz", 1),
        ("ffffffffffffffffffff\r\n", 16),
    ])
    func chunkedBodyEndsWhereItEnds(text: String, expected: Int) {
        var whole = BodyCounter(.chunked)
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBytes { whole.take($0) } == expected)
        var single = BodyCounter(.chunked)
        var taken = 0
        for byte in bytes { taken += [byte].withUnsafeBytes { single.take($0) } }
        #expect(taken == expected)
        #expect(single.isOver && whole.isOver)
    }
}
