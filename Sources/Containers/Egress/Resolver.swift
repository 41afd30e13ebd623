import Glibc
package import Sockets
import Synchronization

/// Looks names up with getaddrinfo(3) on threads of its own, which go when there is nothing to do.
package final class Resolver: Sendable {
    package struct Found: Sendable, Hashable {
        package let address: NetworkAddress
        /// A `sockaddr` with the port, ready for connect(2).
        let socketAddress: [UInt8]
    }

    package typealias Answer = Result<[Found], SocketError>

    private let find: @Sendable (EgressTarget) -> Answer

    /// Looks up with `find`, which may block; by default in the system's way.
    package init(find: @escaping @Sendable (EgressTarget) -> Answer = lookUp) { self.find = find }

    /// A resolver that does not answer holds a thread for up to half a minute.
    private static let maximumThreads = 8
    private static let maximumWaiting = 512

    private struct State {
        var waiting: [(target: EgressTarget, answer: @Sendable (Answer) -> Void)] = []
        var threads = 0
    }

    private let state = Mutex(State())

    /// `answer` is called on another thread, once.
    package func resolve(_ target: EgressTarget, answer: @escaping @Sendable (Answer) -> Void) {
        let (isTaken, needsThread) = state.withLock { state in
            guard state.waiting.count < Self.maximumWaiting else { return (false, false) }
            state.waiting.append((target, answer))
            let needsThread = state.threads < Self.maximumThreads
            if needsThread { state.threads += 1 }
            return (true, needsThread)
        }
        guard isTaken else {
            return answer(.failure(SocketError(code: "resolver_busy", "too many names are being looked up")))
        }
        guard needsThread else { return }
        do throws(SocketError) {
            try OwnThread.start(named: "resolver") { [self] in work() }
        } catch {
            state.withLock { $0.threads -= 1 }
            work(countsThread: false)
        }
    }

    private func work(countsThread: Bool = true) {
        while true {
            let next = state.withLock { state -> (target: EgressTarget, answer: @Sendable (Answer) -> Void)? in
                guard !state.waiting.isEmpty else {
                    if countsThread { state.threads -= 1 }
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let next else { return }
            next.answer(find(next.target))
        }
    }

    /// getaddrinfo(3): the files of the machine, then its name servers.
    package static func lookUp(_ target: EgressTarget) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(target.host, "\(target.port)", &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            return .failure(
                SocketError(
                    code: "name_unknown", "\(target.host) cannot be found: \(String(cString: gai_strerror(code)))"))
        }
        var found: [Found] = []
        var entry = list
        while let current = entry {
            if let one = Self.read(current.pointee) { found.append(one) }
            entry = current.pointee.ai_next
        }
        return .success(found)
    }

    private static func read(_ entry: addrinfo) -> Found? {
        guard let pointer = entry.ai_addr else { return nil }
        let bytes = Array(UnsafeRawBufferPointer(start: pointer, count: Int(entry.ai_addrlen)))
        switch entry.ai_family {
        case AF_INET where bytes.count >= 8:
            return Found(address: .v4(bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) }), socketAddress: bytes)
        case AF_INET6 where bytes.count >= 24:
            let groups = (0..<8).map { UInt16(bytes[8 + 2 * $0]) << 8 | UInt16(bytes[9 + 2 * $0]) }
            return Found(address: .v6(groups), socketAddress: bytes)
        default:
            return nil
        }
    }
}
