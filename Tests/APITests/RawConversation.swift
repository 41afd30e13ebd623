import Dispatch
import Glibc

/// Bytes to a port and back as they are: for requests that no client would make.
enum RawConversation {
    /// Seconds that an answer may take.
    static let patience = 20

    struct Broken: Error {}

    /// Sends `bytes` as far as the server takes them and reads what comes until it closes or `isDone` says so.
    static func ask(
        _ port: Int, _ bytes: [UInt8], then block: [UInt8] = [], times: Int = 0,
        until isDone: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "raw").async {
                continuation.resume(with: Result { try converse(port, bytes, block, times, isDone) })
            }
        }
    }

    private static func converse(
        _ port: Int, _ bytes: [UInt8], _ block: [UInt8], _ times: Int, _ isDone: (String) -> Bool
    ) throws -> String {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Broken() }
        defer { close(socket) }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Broken() }
        if deliver(bytes, to: socket) {
            for _ in 0..<times where !deliver(block, to: socket) { break }
        }
        var heard: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            heard += buffer[..<count]
            if isDone(String(decoding: heard, as: UTF8.self)) { break }
        }
        return String(decoding: heard, as: UTF8.self)
    }

    /// False once the server has heard enough and closed.
    private static func deliver(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
