import CLinux
import Glibc

/// Stream sockets of this machine.
package enum UnixSocket {
    /// Connections waiting to be accepted.
    private static let backlog: Int32 = 64

    /// Binds and listens, closed on exec and non-blocking; a socket left over at `path` is replaced.
    ///
    /// The path may be longer than the 107 bytes of `sockaddr_un`: its directory is opened and named through
    /// `/proc/self/fd`.
    package static func listen(at path: String) throws(SocketError) -> Descriptor {
        let socket = try make()
        unlink(path)
        try withAddress(of: path) { address, size throws(SocketError) in
            guard bind(socket.raw, address, size) == 0 else { throw .system("bind_failed", "cannot bind \(path)") }
        }
        guard Glibc.listen(socket.raw, backlog) == 0 else { throw .system("listen_failed", "cannot listen on \(path)") }
        return socket
    }

    /// Connects, and leaves the socket blocking or not as told. A local peer answers at once or refuses.
    package static func connect(to path: String, nonBlocking: Bool = true) throws(SocketError) -> Descriptor {
        let socket = try make(nonBlocking: false)
        try withAddress(of: path) { address, size throws(SocketError) in
            guard Glibc.connect(socket.raw, address, size) == 0 else {
                throw .system("connect_failed", "cannot connect to \(path)")
            }
        }
        if nonBlocking { socket.makeNonBlocking() }
        return socket
    }

    /// The next waiting connection, non-blocking, or `nil` when there is none.
    package static func accept(_ listener: Descriptor) -> Descriptor? {
        let raw = persona_accept(listener.raw)
        return raw < 0 ? nil : Descriptor(raw)
    }

    /// The user id of the process at the other end.
    package static func peerUser(of socket: Descriptor) -> UInt32? {
        var user: UInt32 = 0
        return persona_peer_user(socket.raw, &user) == 0 ? user : nil
    }

    private static func make(nonBlocking: Bool = true) throws(SocketError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let raw = socket(AF_UNIX, type | (nonBlocking ? Int32(SOCK_NONBLOCK.rawValue) : 0), 0)
        guard raw >= 0 else { throw .system("socket_failed", "no Unix socket could be made") }
        return Descriptor(raw)
    }

    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SocketError) -> Void
    ) throws(SocketError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        var bytes = Array(path.utf8)
        var directory: Descriptor?
        if bytes.count > room, let slash = path.lastIndex(of: "/") {
            let raw = open(String(path[..<slash]), persona_open_path_only | O_DIRECTORY | O_CLOEXEC)
            guard raw >= 0 else { throw .system("directory_missing", "cannot open the directory of \(path)") }
            directory = Descriptor(raw)
            bytes = Array("/proc/self/fd/\(raw)\(path[slash...])".utf8)
        }
        guard bytes.count <= room else { throw SocketError(code: "path_too_long", "\(path) is too long a socket name") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        var failure: SocketError?
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                do throws(SocketError) { try body(address, size) } catch { failure = error }
            }
        }
        withExtendedLifetime(directory) {}
        if let failure { throw failure }
    }
}
