import Glibc
import Synchronization

/// An HTTP/1.1 server on a real loopback socket that answers as scripted, for tests of what fetches pages.
///
/// Each connection has a thread and serves one request. `stop()` ends all of them.
package final class PageServer: Sendable {
    /// What a path answers with.
    package enum Script: Sendable {
        /// Status, media type and body.
        case answer(status: Int = 200, type: String = "text/html; charset=utf-8", body: String, headers: [String] = [])
        /// 302 to a location.
        case redirect(String)
        /// Reads the request and never answers.
        case hang
        /// Announces the whole body, sends `body`, and never the rest.
        case stall(body: String)
        /// Sends `body` byte by byte, this many milliseconds apart.
        case drip(body: String, milliseconds: UInt32)
        /// Sends a page with this many bytes of text.
        case huge(bytes: Int)
        /// Closes without an answer.
        case cut
    }

    private struct State {
        var scripts: [String: Script]
        var requests: [String] = []
        var connections: Set<Int32> = []
        var isStopped = false
        var waiters: [(number: Int, path: String, continuation: CheckedContinuation<Void, Never>)] = []
        var lastWaiter = 0
    }

    private let listener: Int32
    private let state: Mutex<State>
    package let port: UInt16

    /// Listens on a free port of 127.0.0.1. Paths without a script answer 404.
    package init(_ scripts: [String: Script]) throws {
        state = Mutex(State(scripts: scripts))
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw PageServerError(step: "socket", number: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, length) == 0, listen(descriptor, 64) == 0 else { return Int32(-1) }
                return getsockname(descriptor, generic, &length)
            }
        }
        guard result == 0 else {
            let number = errno
            close(descriptor)
            throw PageServerError(step: "bind", number: number)
        }
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        try TestThread.start { [self] in accept() }
    }

    deinit { close(listener) }

    /// `http://127.0.0.1:port` and `path`.
    package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Paths asked for so far (absolute-form targets as they came), in order.
    package var requests: [String] { state.withLock { $0.requests } }

    package func script(_ path: String, _ script: Script) { state.withLock { $0.scripts[path] = script } }

    /// Returns once `path` was asked for, or when cancelled, so that a test's time limit ends the test.
    package func requested(_ path: String) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.requests.contains(path) || Task.isCancelled { return true }
                    state.waiters.append((number, path, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume()
        }
    }

    /// Ends listening and every connection.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let connection = ModelServerSocket.accept(listener)
            guard connection >= 0 else { return }
            let isStopped = state.withLock { state in
                state.connections.insert(connection)
                return state.isStopped
            }
            guard !isStopped else { return finish(connection) }
            do {
                try TestThread.start { [self] in
                    serve(connection)
                    finish(connection)
                }
            } catch {
                finish(connection)
            }
        }
    }

    private func finish(_ connection: Int32) {
        state.withLock { state in
            state.connections.remove(connection)
            close(connection)
        }
    }

    private func serve(_ connection: Int32) {
        guard let path = readPath(connection) else { return }
        let (script, waiters) = state.withLock { state in
            state.requests.append(path)
            let due = state.waiters.filter { $0.path == path }
            state.waiters.removeAll { $0.path == path }
            return (state.scripts[path], due)
        }
        for waiter in waiters { waiter.continuation.resume() }
        perform(script ?? .answer(status: 404, body: "<title>Not found</title><p>Nothing here.</p>"), on: connection)
    }

    private func perform(_ script: Script, on connection: Int32) {
        switch script {
        case .answer(let status, let type, let body, let headers):
            send(Self.head(status, type, length: body.utf8.count, headers) + body, to: connection)
        case .redirect(let location):
            send(Self.head(302, "text/plain", length: 0, ["Location: \(location)"]), to: connection)
        case .hang:
            awaitEnd(of: connection)
        case .stall(let body):
            send(
                Self.head(200, "text/html; charset=utf-8", length: body.utf8.count + 1_000_000, []) + body,
                to: connection)
            awaitEnd(of: connection)
        case .drip(let body, let milliseconds):
            send(Self.head(200, "text/html; charset=utf-8", length: body.utf8.count, []), to: connection)
            for byte in body.utf8 {
                guard send([byte], to: connection) else { return }
                usleep(milliseconds * 1_000)
            }
        case .huge(let bytes):
            let open = "<!doctype html><title>Huge</title><body>"
            send(Self.head(200, "text/html; charset=utf-8", length: open.utf8.count + bytes, []) + open, to: connection)
            let paragraph = Array("<p>A long page goes on, and on, and says the same thing once more.</p>\n".utf8)
            var left = bytes
            while left > 0 {
                guard send(Array(paragraph.prefix(left)), to: connection) else { return }
                left -= paragraph.count
            }
        case .cut:
            return
        }
    }

    private static func head(_ status: Int, _ type: String, length: Int, _ headers: [String]) -> String {
        let lines =
            ["HTTP/1.1 \(status) Scripted", "Content-Type: \(type)", "Content-Length: \(length)", "Connection: close"]
            + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    private func readPath(_ connection: Int32) -> String? {
        var request: [UInt8] = []
        var byte: UInt8 = 0
        while request.count < 65_536, !request.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            request.append(byte)
        }
        let line = String(decoding: request.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
        return line.count == 3 ? String(line[1]) : nil
    }

    private func awaitEnd(of connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }

    private func send(_ text: String, to connection: Int32) { send(Array(text.utf8), to: connection) }

    @discardableResult
    private func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }
}

package struct PageServerError: Error, CustomStringConvertible {
    var step: String
    var number: Int32
    package var description: String { "\(step): \(String(cString: strerror(number)))" }
}
