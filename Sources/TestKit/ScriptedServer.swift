import Glibc
import Synchronization

/// A TCP server on 127.0.0.1 whose connections are played by a closure, each on its own thread. For tests: a far end
/// that misbehaves on demand over real sockets.
package final class ScriptedServer: Sendable {
    private let listener: Int32
    package let port: Int
    private let open = Mutex<Set<Int32>>([])

    package init(_ play: @escaping @Sendable (ScriptedConnection) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = listener
        let answer = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listening, address, length) | listen(listening, 16) | getsockname(listening, address, &length)
            }
        }
        guard listener >= 0, answer == 0 else { throw ScriptedServerError(code: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        try TestThread.start { [self] in accept(play) }
    }

    private func accept(_ play: @escaping @Sendable (ScriptedConnection) -> Void) {
        while true {
            let descriptor = ModelServerSocket.accept(listener)
            guard descriptor >= 0 else { return }
            open.withLock { _ = $0.insert(descriptor) }
            do {
                try TestThread.start { [self] in
                    play(ScriptedConnection(descriptor))
                    finish(descriptor)
                }
            } catch {
                finish(descriptor)
            }
        }
    }

    private func finish(_ descriptor: Int32) {
        open.withLock { open in
            open.remove(descriptor)
            close(descriptor)
        }
    }

    /// Ends the listener and every connection.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        open.withLock { descriptors in
            for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}

package struct ScriptedServerError: Error {
    package let code: Int32
}

/// One client of a `ScriptedServer`; used by its own thread.
package final class ScriptedConnection {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A line without its end; nil when the client has closed.
    package func readLine() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = buffer[..<end]
                buffer.removeSubrange(...end)
                return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    /// Exactly `count` bytes; nil when the client closes before.
    package func read(_ count: Int) -> [UInt8]? {
        while buffer.count < count {
            guard fill() else { return nil }
        }
        defer { buffer.removeSubrange(..<count) }
        return Array(buffer[..<count])
    }

    /// False when the client is gone.
    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
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

    /// Says nothing until the client closes.
    package func hold() {
        while fill() { buffer = [] }
    }

    /// Waits so long for the client to leave; false when it has.
    package func isOpen(afterMilliseconds time: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, time) > 0 else { return true }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }
}
