import Domain
import Egress
import FoundationEssentials
import Glibc
import PersonaContainers
import Sockets
import Synchronization
import Testing

/// The network as a program inside a sandbox finds it: one proxy, which goes nowhere that it must not.
@Suite(.timeLimit(.minutes(10))) struct ReachTests {
    /// Loopback, private, carrier-grade, link-local and metadata addresses, spelled as hostile pages spell them.
    static let spellings = [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7F.1", "0177.0.0.1",
        "017700000001", "0", "0.0.0.0", "0x0", "10.1", "012.0.0.1", "0xa.0.0.1", "167772161", "172.16.0.1",
        "0xac.0x10.0.1", "192.168.1", "3232235521", "0300.0250.0.1", "169.254.169.254", "169.254.43518", "2852039166",
        "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "025177524776", "169.16689662", "100.64.0.1",
        "1681915905", "168.63.129.16", "255.255.255.255", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[fe80::1]",
        "[fd00:ec2::254]", "[2002:7f00:1::]", "[64:ff9b::169.254.169.254]", "[0:0:0:0:0:0:0:1]",
    ]

    @Test(arguments: Engine.all) func everySpellingIsRefused(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            // By hand, because curl rewrites what it takes for an address.
            let script = """
                for host in \(Self.spellings.map { "'\($0)'" }.joined(separator: " ")); do
                  for request in "CONNECT $host:80" "GET http://$host/latest/meta-data"; do
                    exec 3<>/dev/tcp/${PROXY%:*}/${PROXY#*:}
                    printf '%s HTTP/1.1\\r\\nHost: example.org\\r\\n\\r\\n' "$request" >&3
                    read -r line <&3; exec 3>&-
                    echo "$line $request"
                  done
                done
                """
            let text = try await harness.shell("cat >ask <<'EOF'\n\(script)\nEOF\nbash ask")
            let lines = text.split(separator: "\n")
            #expect(lines.count == 2 * Self.spellings.count)
            for line in lines {
                // A spelling that glibc does not know at all cannot be looked up, which is as good.
                #expect(line.hasPrefix("HTTP/1.1 403") || line.hasPrefix("HTTP/1.1 502"), "\(line)")
            }
            let records = await harness.records.first(lines.count)
            #expect(records.allSatisfy { $0.verdict != .allowed })
        }
    }

    @Test(arguments: Engine.all) func redirectIsAsHardAsTheWayItself(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let inner = try Site(
                harness.loop, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            let targets = [
                "http://127.0.0.1:\(inner.port)/", "http://169.254.169.254/latest/meta-data", "http://0x7f.1/",
                "http://[::1]:\(inner.port)/", "//2130706433:\(inner.port)/",
            ]
            for target in targets {
                let site = try Site(
                    harness.loop,
                    answer:
                        "HTTP/1.1 302 Found\r\nLocation: \(target)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                let policy = EgressPolicy(private: ["127.0.0.1:\(site.port)"])
                let text = try await harness.shell(
                    "curl -sSL -m 20 --noproxy '' -x http://$PROXY -w '\\n%{http_code}' http://127.0.0.1:\(site.port)/",
                    egress: policy)
                #expect(text.hasSuffix("403") || text.hasSuffix("502"), "\(target): \(text)")
                #expect(!text.contains("hello"))
                #expect(site.visits == 1)
            }
            #expect(inner.visits == 0)
        }
    }

    /// A name server that answers with the site first and with what must not be reached afterwards.
    @Test(arguments: Engine.all) func nameThatTurnsInwardIsLookedUpOncePerConnection(engine: Engine) async throws {
        let lookups = Mutex<[String]>([])
        let resolver = Resolver { target in
            let count = lookups.withLock { lookups in
                lookups.append(target.host)
                return lookups.count
            }
            // TEST-NET addresses are not public either; 1.1.1.1 is, and nothing of it is reached: there is no network.
            let address = count == 1 ? "1.1.1.1" : "127.0.0.1"
            return EgressTarget("\(address):\(target.port)", defaultPort: nil).map(Resolver.lookUp) ?? .success([])
        }
        try await withHarness(engine, resolver: resolver) { harness in
            let ask = "curl -s -o /dev/null -m 20 --noproxy '' -x http://$PROXY -w '%{http_code}' http://turns.example/"
            let first = try await harness.shell(ask)
            #expect(first != "403")
            #expect(lookups.withLock { $0 } == ["turns.example"])
            let second = try await harness.shell(ask)
            #expect(second == "403")
            #expect(lookups.withLock { $0 } == ["turns.example", "turns.example"])
            let records = await harness.records.first(2)
            #expect(records.last?.reason == "turns.example is 127.0.0.1, which is not a public address")
        }
    }

    @Test func ofSeveralAddressesOnlyThePublicOnesAreTried() async throws {
        let resolver = Resolver { target in
            let found = ["127.0.0.1", "169.254.169.254", "10.0.0.1"].compactMap {
                EgressTarget("\($0):\(target.port)", defaultPort: nil).flatMap { try? Resolver.lookUp($0).get() }
            }
            return .success(found.flatMap { $0 })
        }
        try await withHarness(.bubblewrap, resolver: resolver) { harness in
            let ask = "curl -s -o /dev/null -m 20 --noproxy '' -x http://$PROXY -w '%{http_code}' http://many.example/"
            let code = try await harness.shell(ask)
            #expect(code == "403")
        }
    }

    /// Whoever has listed a name has not listed the machine's metadata service.
    @Test func listedNameDoesNotLeadToTheMetadataService() async throws {
        let resolver = Resolver { target in
            EgressTarget("169.254.169.254:\(target.port)", defaultPort: nil).map(Resolver.lookUp) ?? .success([])
        }
        try await withHarness(.bubblewrap, resolver: resolver) { harness in
            let ask = "curl -s -o /dev/null -m 20 --noproxy '' -x http://$PROXY -w '%{http_code}' http://mail.example/"
            let code = try await harness.shell(ask, egress: EgressPolicy(private: ["mail.example:80"]))
            #expect(code == "403")
        }
    }

    @Test(arguments: Engine.all) func proxyIsTheOnlyWayOutAndIsRecorded(engine: Engine) async throws {
        try await withHarness(engine) { harness in
            let site = try Site(
                harness.loop, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            let url = "http://127.0.0.1:\(site.port)/x"
            let script = "curl -sS -m 20 --noproxy '' -x http://$PROXY \(url)"
            let refused = try await harness.shell(script)
            #expect(refused.contains("may use"))
            let allowed = try await harness.shell(script, egress: EgressPolicy(private: ["127.0.0.1:\(site.port)"]))
            #expect(allowed == "hello")
            let records = await harness.records.first(2)
            #expect(records.map(\.verdict) == [.refused, .allowed])
            #expect(records.last.map { $0.bytesDown > 5 && $0.bytesUp > 5 } == true)
        }
    }
}

/// A web server that gives every visitor the same answer.
private final class Site: Sendable {
    let port: UInt16
    private let count = Mutex(0)

    init(_ loop: PollLoop, answer: String) throws {
        let listener = try LoopbackListener()
        port = listener.port
        loop.submit { [self] context in
            context.add(
                Acceptor(listener.descriptor) { socket, context in
                    self.count.withLock { $0 += 1 }
                    context.add(OneAnswer(socket, answer))
                    return true
                })
        }
    }

    var visits: Int { count.withLock { $0 } }
}
