import CLinux
import Glibc

/// A TCP listener on 127.0.0.1 with a port of the system's choice.
package struct LoopbackListener: Sendable {
    package let descriptor: Descriptor
    package let port: UInt16

    package init() throws(SocketError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let raw = socket(AF_INET, type, 0)
        guard raw >= 0 else { throw .system("socket_failed", "no TCP socket could be made") }
        descriptor = Descriptor(raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(raw, address, size) == 0 && listen(raw, 64) == 0 && getsockname(raw, address, &size) == 0
            }
        }
        guard result else { throw .system("listen_failed", "cannot listen on 127.0.0.1") }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// The next waiting connection, non-blocking, or `nil` when there is none.
    package func accept() -> Descriptor? {
        let raw = persona_accept(descriptor.raw)
        return raw < 0 ? nil : Descriptor(raw)
    }
}
