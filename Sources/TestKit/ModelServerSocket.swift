import Glibc

/// Blocking sockets of the in-process servers; each runs on a thread of its own.
enum ModelServerSocket {
    /// A listening socket on 127.0.0.1 and its port.
    static func listen() throws(ModelServer.StartFailure) -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ModelServer.StartFailure(call: "socket", code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else {
            let code = errno
            close(descriptor)
            throw ModelServer.StartFailure(call: "bind", code: code)
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// A listening Unix socket.
    static func listen(path: String) throws(ModelServer.StartFailure) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ModelServer.StartFailure(call: "socket", code: errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8) + [0]
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard bytes.count <= buffer.count else { return false }
            buffer.copyBytes(from: bytes)
            return true
        }
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && Glibc.listen(descriptor, 64) == 0
            }
        }
        guard fits, isListening else {
            let code = fits ? errno : ENAMETOOLONG
            close(descriptor)
            throw ModelServer.StartFailure(call: "bind", code: code)
        }
        return descriptor
    }

    /// The next connection, closed on exec: a program that another test starts meanwhile would keep it open.
    /// Negative once the listener is shut down.
    static func accept(_ listener: Int32) -> Int32 {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0, errno == EINTR || errno == ECONNABORTED { continue }
            if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            return descriptor
        }
    }

    /// Up to 64 KiB; empty when the peer is gone.
    static func receive(_ descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(bytes[..<count]) : []
        }
    }

    /// Writes what fits at once; waits up to `milliseconds` for room. `nil` when the peer is gone, 0 when it reads
    /// nothing.
    static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>, milliseconds: Int32) -> Int? {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&request, 1, milliseconds)
        guard ready != 0 else { return 0 }
        let count = bytes.withUnsafeBytes { buffer in
            Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// Whether the peer closed within `milliseconds`; bytes that arrive meanwhile are dropped.
    static func waitForClose(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, milliseconds) > 0 {
            if receive(descriptor).isEmpty { return true }
        }
        return false
    }

    /// The next close sends RST in place of FIN.
    static func resetOnClose(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
