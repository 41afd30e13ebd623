import Glibc
import Synchronization

/// An HTTP/1.1 server in this process that misbehaves on demand: a stand-in for a language-model provider on a real
/// socket. Each request takes the script's next reply; the last one repeats. One thread a connection.
package final class ModelServer: Sendable {
    package struct StartFailure: Error {
        package var call: String
        package var code: Int32
    }

    /// A request as it arrived.
    package struct Request: Sendable {
        package var method: String
        package var target: String
        /// Names in lower case.
        package var headers: [String: String]
        package var body: [UInt8]
        /// Numbers connections from 0.
        package var connection: Int
    }

    private struct State {
        var script: [ModelServerReply]
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var accepted = 0
        var sentBytes = 0
        var isStopped = false
        var peerHasClosed = false
        var hasStalled = false
        var waiters: [Waiter] = []
        var lastWaiter = 0
    }

    private struct Waiter {
        let number: Int
        let condition: Condition
        let continuation: CheckedContinuation<Void, Never>
    }

    private enum Condition: Sendable {
        case requests(Int)
        case peerClosed
        case stalled

        func isMet(_ state: borrowing State) -> Bool {
            switch self {
            case .requests(let count): state.requests.count >= count
            case .peerClosed: state.peerHasClosed
            case .stalled: state.hasStalled
            }
        }
    }

    /// Milliseconds without room in the socket after which the reader counts as holding back.
    private static let stallMilliseconds: Int32 = 300
    /// Bytes of one request, head and body: tests send little.
    private static let maximumRequestBytes = 32 * 1024 * 1024

    /// 0 on a Unix socket.
    package let port: UInt16
    private let listener: Int32
    private let state: Mutex<State>

    package convenience init(_ script: [ModelServerReply]) throws {
        let (descriptor, port) = try ModelServerSocket.listen()
        try self.init(script, listener: descriptor, port: port)
    }

    /// On a Unix socket at `path`, which must not exist; the caller removes it.
    package convenience init(_ script: [ModelServerReply], path: String) throws {
        try self.init(script, listener: try ModelServerSocket.listen(path: path), port: 0)
    }

    private init(_ script: [ModelServerReply], listener: Int32, port: UInt16) throws {
        self.listener = listener
        self.port = port
        state = Mutex(State(script: script))
        try TestThread.start { [weak self] in ModelServer.accept(listener) { [weak self] in self } }
    }

    deinit { stop() }

    package var baseURL: String { "http://127.0.0.1:\(port)/v1" }
    package var requests: [Request] { state.withLock { $0.requests } }
    /// Bytes handed to the kernel for all connections.
    package var sentBytes: Int { state.withLock { $0.sentBytes } }

    /// Closes the listener and every connection.
    package func stop() {
        let descriptors = state.withLock { state -> [Int32] in
            guard !state.isStopped else { return [] }
            state.isStopped = true
            return Array(state.connections) + [listener]
        }
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// Returns once `count` requests have arrived.
    package func waitForRequests(_ count: Int) async { await wait(.requests(count)) }
    /// Returns once a client has closed a connection on a reply that was not over.
    package func waitForPeerClosed() async { await wait(.peerClosed) }
    /// Returns once a client has read nothing for a while although there is more to send.
    package func waitForStall() async { await wait(.stalled) }

    /// Ends by cancellation too, so that a test's time limit ends the test.
    private func wait(_ condition: Condition) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isMet = state.withLock { state in
                    if condition.isMet(state) || Task.isCancelled { return true }
                    state.waiters.append(Waiter(number: number, condition: condition, continuation: continuation))
                    return false
                }
                if isMet { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume()
        }
    }

    /// Changes the state and wakes those who waited for it.
    @discardableResult private func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        let (result, met) = state.withLock { state in
            let result = change(&state)
            let met = state.waiters.filter { $0.condition.isMet(state) }
            let waiting = state.waiters.filter { !$0.condition.isMet(state) }
            state.waiters = waiting
            return (result, met)
        }
        for waiter in met { waiter.continuation.resume() }
        return result
    }

    private static func accept(_ listener: Int32, _ owner: @escaping @Sendable () -> ModelServer?) {
        defer { close(listener) }
        while true {
            let descriptor = ModelServerSocket.accept(listener)
            guard descriptor >= 0 else { return }
            guard let server = owner(), let number = server.register(descriptor) else {
                close(descriptor)
                return
            }
            do {
                try TestThread.start { [weak server] in
                    ModelServer.converse(descriptor, number) { [weak server] in server }
                    server?.forget(descriptor)
                    close(descriptor)
                }
            } catch {
                close(descriptor)
            }
        }
    }

    private func register(_ descriptor: Int32) -> Int? {
        state.withLock { state in
            guard !state.isStopped else { return nil }
            state.connections.insert(descriptor)
            defer { state.accepted += 1 }
            return state.accepted
        }
    }

    private func forget(_ descriptor: Int32) { state.withLock { _ = $0.connections.remove(descriptor) } }

    private static func converse(_ descriptor: Int32, _ number: Int, _ owner: () -> ModelServer?) {
        var pending: [UInt8] = []
        var isFirst = true
        while let request = readRequest(descriptor, number, &pending) {
            isFirst = false
            guard let server = owner(), let reply = server.record(request) else { return }
            for step in reply.steps {
                guard server.perform(step, on: descriptor) else { return }
            }
        }
        // A client that gave up before its request was whole has closed as well.
        if isFirst { _ = owner()?.peerClosed() }
    }

    private func record(_ request: Request) -> ModelServerReply? {
        update { state in
            state.requests.append(request)
            let reply = state.script.first
            if state.script.count > 1 { state.script.removeFirst() }
            return reply
        }
    }

    /// False when the connection is to be closed.
    private func perform(_ step: ModelServerReply.Step, on descriptor: Int32) -> Bool {
        switch step {
        case .send(let bytes): return send(bytes, on: descriptor)
        case .drip(let bytes, let milliseconds):
            for byte in bytes {
                if ModelServerSocket.waitForClose(descriptor, milliseconds: milliseconds) { return peerClosed() }
                guard send([byte], on: descriptor) else { return false }
            }
            return true
        case .hang:
            _ = ModelServerSocket.waitForClose(descriptor, milliseconds: -1)
            return peerClosed()
        case .close: return false
        case .reset:
            ModelServerSocket.resetOnClose(descriptor)
            return false
        }
    }

    private func peerClosed() -> Bool {
        update { $0.peerHasClosed = true }
        return false
    }

    private func send(_ bytes: [UInt8], on descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard
                let count = ModelServerSocket.send(descriptor, rest, milliseconds: Self.stallMilliseconds)
            else { return peerClosed() }
            rest = rest.dropFirst(count)
            let isStopped = state.withLock { state in
                state.sentBytes += count
                return state.isStopped
            }
            if isStopped { return false }
            if count == 0 { update { $0.hasStalled = true } }
        }
        return true
    }

    private static func readRequest(_ descriptor: Int32, _ number: Int, _ pending: inout [UInt8]) -> Request? {
        while true {
            if let (request, length) = parse(pending, number) {
                pending.removeFirst(length)
                return request
            }
            let bytes = ModelServerSocket.receive(descriptor)
            guard !bytes.isEmpty, pending.count + bytes.count <= maximumRequestBytes else { return nil }
            pending += bytes
        }
    }

    /// A request and its length once `bytes` hold it whole; bodies by Content-Length only.
    private static func parse(_ bytes: [UInt8], _ number: Int) -> (Request, Int)? {
        guard let end = headEnd(bytes) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }
            headers[name.lowercased()] = String(line.dropFirst(name.count + 1).drop { $0 == " " })
        }
        let length = max(Int(headers["content-length"] ?? "0") ?? 0, 0)
        guard bytes.count >= end + 4 + length else { return nil }
        let request = Request(
            method: words.first.map(String.init) ?? "", target: words.dropFirst().first.map(String.init) ?? "",
            headers: headers, body: Array(bytes[(end + 4)..<(end + 4 + length)]), connection: number)
        return (request, end + 4 + length)
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { bytes[$0..<($0 + 4)].elementsEqual([13, 10, 13, 10]) }
    }
}
