import FoundationEssentials
import Glibc
import Synchronization

/// A way to a Postgres that fails on demand: it reads the server's messages (protocol 3.0, "Message Formats") and can
/// drop the acknowledgement of a commit, reset a connection in the middle of a query, or fall silent.
package final class PostgresProxy: Sendable {
    private struct State {
        var pairs: [Int: Pair] = [:]
        var nextPair = 0
        var commits = 0
        var statements = 0
        var lostCommits = 0
        var resets = 0
        /// Every so many commits one answer is dropped; 0: none.
        var losesCommitEvery = 0
        /// Every so many statements the connection is reset before the answer; 0: never.
        var resetsEvery = 0
        var isSilent = false
        var isStopped = false
        var refuses = false
    }

    /// Two sockets of one session. The descriptors are closed once, when both directions have ended.
    private struct Pair {
        let client: Int32
        let server: Int32
        var directions = 2
        var isReset = false
    }

    private let state = Mutex(State())
    private let listener: Int32
    private let target: Target
    package let port: Int
    private let database: String

    /// Before `url`, a connection string of a Postgres on a Unix socket (`host=` names its directory) or on TCP.
    package init(before url: String) throws {
        target = Target(url)
        database = target.database
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = listener
        let answer = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listening, address, length) | listen(listening, 64) | getsockname(listening, address, &length)
            }
        }
        guard listener >= 0, answer == 0 else { throw ScriptedServerError(code: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        try TestThread.start { [self] in accept() }
    }

    /// The same database, through this proxy. In clear: what is encrypted cannot be understood.
    package var url: String {
        "postgresql://\(target.user)@127.0.0.1:\(port)/\(database)?sslmode=disable&gssencmode=disable"
    }

    package var commits: Int { state.withLock { $0.commits } }
    /// Commits that took effect and whose answer was dropped.
    package var lostCommits: Int { state.withLock { $0.lostCommits } }
    package var resets: Int { state.withLock { $0.resets } }
    package var sessions: Int { state.withLock { $0.pairs.count } }

    package func loseCommit(every count: Int) { state.withLock { ($0.losesCommitEvery, $0.commits) = (count, 0) } }
    package func reset(every count: Int) { state.withLock { ($0.resetsEvery, $0.statements) = (count, 0) } }

    /// From now on nothing gets through, in either direction, and nobody is told: a cable that was pulled.
    package func fallSilent() { state.withLock { $0.isSilent = true } }

    /// From now on new connections are closed at once; those that there are stay.
    package func refuse() { state.withLock { $0.refuses = true } }

    /// Ends what stood still, and lets new connections through.
    package func heal() {
        let numbers = state.withLock { state in
            state.isSilent = false
            return Array(state.pairs.keys)
        }
        for number in numbers { reset(number) }
    }

    package func stop() {
        state.withLock { $0.isStopped = true }
        heal()
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    // MARK: One session

    private func accept() {
        while true {
            let client = ModelServerSocket.accept(listener)
            guard client >= 0 else { return }
            let server = state.withLock { $0.refuses } ? -1 : target.connect()
            guard server >= 0 else {
                close(client)
                continue
            }
            let pair = state.withLock { state in
                state.nextPair += 1
                state.pairs[state.nextPair] = Pair(client: client, server: server)
                return state.nextPair
            }
            start(pair) { [self] in requests(pair, from: client, to: server) }
            start(pair) { [self] in answers(pair, from: server, to: client) }
        }
    }

    private func start(_ pair: Int, _ body: @escaping @Sendable () -> Void) {
        do {
            try TestThread.start { [self] in
                body()
                leave(pair)
            }
        } catch {
            leave(pair)
        }
    }

    private func leave(_ number: Int) {
        state.withLock { state in
            guard var pair = state.pairs[number] else { return }
            // An orderly end would take the reset's place.
            shutdown(pair.client, Int32(pair.isReset ? SHUT_RD : SHUT_RDWR))
            shutdown(pair.server, Int32(SHUT_RDWR))
            pair.directions -= 1
            state.pairs[number] = pair.directions > 0 ? pair : nil
            if pair.directions == 0 {
                close(pair.client)
                close(pair.server)
            }
        }
    }

    /// The first message has no type (StartupMessage); all others have.
    private func requests(_ number: Int, from client: Int32, to server: Int32) {
        var stream = MessageStream(client)
        guard let startup = stream.startup(), write(startup, server) else { return }
        while let message = stream.next() {
            guard waitWhileSilent(), write(message, server) else { return }
            // Sync ends a pipeline and Query is one statement: what was sent is on its way, and nothing has come back.
            guard message[0] == UInt8(ascii: "S") || message[0] == UInt8(ascii: "Q") else { continue }
            let isCut = state.withLock { state in
                state.statements += 1
                guard state.resetsEvery > 0, state.statements % state.resetsEvery == 0 else { return false }
                state.resets += 1
                return true
            }
            if isCut { return reset(number) }
        }
    }

    private func answers(_ number: Int, from server: Int32, to client: Int32) {
        var stream = MessageStream(server)
        var cycle = AnswerCycle()
        while let message = stream.next() {
            guard waitWhileSilent() else { return }
            if cycle.acknowledgesCommit(message), losesCommit() { return reset(number) }
            guard write(message, client) else { return }
        }
    }

    private func losesCommit() -> Bool {
        state.withLock { state in
            state.commits += 1
            guard state.losesCommitEvery > 0, state.commits % state.losesCommitEvery == 0 else { return false }
            state.lostCommits += 1
            return true
        }
    }

    /// False when the proxy is stopped meanwhile.
    private func waitWhileSilent() -> Bool {
        while true {
            let (isSilent, isStopped) = state.withLock { ($0.isSilent, $0.isStopped) }
            if isStopped { return false }
            guard isSilent else { return true }
            poll(nil, 0, 10)
        }
    }

    /// What has not been sent is thrown away, and the client sees ECONNRESET instead of an orderly end (SO_LINGER of 0).
    private func reset(_ number: Int) {
        state.withLock { state in
            guard let pair = state.pairs[number] else { return }
            state.pairs[number]?.isReset = true
            var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
            setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            shutdown(pair.server, Int32(SHUT_RDWR))
            shutdown(pair.client, Int32(SHUT_RD))
        }
    }

    private func write(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            offset += sent
        }
        return true
    }

    /// Where the server is.
    private struct Target {
        var user = "postgres"
        var database = "postgres"
        var socket: String?
        var port: UInt16 = 5432

        init(_ url: String) {
            guard let components = URLComponents(string: url) else { return }
            user = components.user ?? user
            database = String(components.path.drop { $0 == "/" })
            for item in components.queryItems ?? [] {
                if item.name == "host" { socket = item.value }
                if item.name == "port" { port = item.value.flatMap { UInt16($0) } ?? port }
            }
            if let given = components.port { port = UInt16(clamping: given) }
        }

        /// A connected socket, or a negative number.
        func connect() -> Int32 {
            guard let directory = socket else { return LoopbackSocket.connect(port: port) }
            return LoopbackSocket.connect(path: "\(directory)/.s.PGSQL.\(port)")
        }
    }
}

/// What the server has said since it was last ready: what it takes to tell a transaction's acknowledgement.
private struct AnswerCycle {
    private var statements = 0
    private var isSettled = false

    /// True for the answer of COMMIT, and for the ReadyForQuery that ends a pipeline of several statements without one:
    /// such a pipeline is a transaction of its own.
    mutating func acknowledgesCommit(_ message: [UInt8]) -> Bool {
        switch message[0] {
        case UInt8(ascii: "C"):
            statements += 1
            let tag = message.dropFirst(5)
            let isCommit = tag.elementsEqual(Array("COMMIT\0".utf8))
            if isCommit || tag.elementsEqual(Array("ROLLBACK\0".utf8)) { isSettled = true }
            return isCommit
        case UInt8(ascii: "E"):
            isSettled = true
            return false
        case UInt8(ascii: "Z"):
            defer { self = AnswerCycle() }
            return !isSettled && statements > 1 && message.last == UInt8(ascii: "I")
        default: return false
        }
    }
}

/// Whole messages of the protocol, as they come.
private struct MessageStream {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Four bytes of length, themselves included, and the rest.
    mutating func startup() -> [UInt8]? {
        guard fill(4), fill(length(at: 0)) else { return nil }
        return take(length(at: 0))
    }

    /// A byte of type, four bytes of length, themselves included, and the rest.
    mutating func next() -> [UInt8]? {
        guard fill(5), fill(1 + length(at: 1)) else { return nil }
        return take(1 + length(at: 1))
    }

    private func length(at offset: Int) -> Int {
        buffer[(start + offset)..<(start + offset + 4)].reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer {
            start += count
            if start == buffer.count { (buffer, start) = ([], 0) }
        }
        return Array(buffer[start..<(start + count)])
    }

    private mutating func fill(_ count: Int) -> Bool {
        while buffer.count - start < count {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let got = recv(descriptor, &chunk, chunk.count, 0)
            guard got > 0 else { return false }
            buffer += chunk[..<got]
        }
        return true
    }
}

/// Connected sockets of this machine, or negative numbers.
enum LoopbackSocket {
    static func connect(port: UInt16) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return connect(AF_INET, &address)
    }

    static func connect(path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return connect(AF_UNIX, &address)
    }

    private static func connect<Address>(_ family: Int32, _ address: inout Address) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        let size = socklen_t(MemoryLayout<Address>.size)
        let answer = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard answer == 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
    }
}
