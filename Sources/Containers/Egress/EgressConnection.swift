import Glibc
import Sockets

/// One client of the proxy, from its request's head to a relay or a refusal.
final class EgressConnection: PollMember {
    private enum Phase {
        case head([UInt8])
        case resolving(EgressRequest, rest: [UInt8], OneShot<Resolver.Answer>)
        case connecting(EgressRequest, rest: [UInt8], Descriptor, Resolver.Found, later: ArraySlice<Resolver.Found>)
        case answering([UInt8])
    }

    /// For the head, and for each address's connect.
    private static let patience = Duration.seconds(15)
    /// A lookup may try several servers.
    private static let resolvePatience = Duration.seconds(30)
    /// Addresses of one name that are tried in turn.
    private static let maximumAddresses = 4

    private let client: Descriptor
    private let policy: EgressPolicy
    private let resolver: Resolver
    private let wake: @Sendable () -> Void
    private let ended: (EgressRecord) -> Void
    private let begun = ContinuousClock.now
    private var phase = Phase.head([])
    private var limit: ContinuousClock.Instant

    init(
        _ client: Descriptor, policy: EgressPolicy, resolver: Resolver, wake: @escaping @Sendable () -> Void,
        ended: @escaping (EgressRecord) -> Void
    ) {
        self.client = client
        self.policy = policy
        self.resolver = resolver
        self.wake = wake
        self.ended = ended
        limit = begun + Self.patience
    }

    var deadline: ContinuousClock.Instant? {
        if case .resolving(_, _, let answer) = phase, answer.settled != nil { return PollContext.immediately }
        return limit
    }

    func interests(_ interests: inout PollInterests) {
        switch phase {
        case .head: interests.add(client.raw, POLLIN)
        case .resolving: interests.add(client.raw, 0)
        case .connecting(_, _, let far, _, _):
            interests.add(client.raw, 0)
            interests.add(far.raw, POLLOUT)
        case .answering: interests.add(client.raw, POLLOUT)
        }
    }

    func advance(_ ready: PollReady, in context: PollContext) -> Bool {
        let isLate = limit <= .now
        switch phase {
        case .head(let bytes):
            if isLate { return close(.failed, "no request came in time", nil) }
            return readHead(bytes)
        case .resolving(let request, let rest, let answer):
            if ready[client.raw] & (POLLHUP | POLLERR) != 0 { return close(.failed, "the client went away", request) }
            if let found = answer.settled { return resolved(found, request, rest) }
            return isLate ? refuse(504, "\(request.target.host) could not be looked up in time", request) : true
        case .connecting(let request, let rest, let far, let found, let later):
            if ready[client.raw] & (POLLHUP | POLLERR) != 0 { return close(.failed, "the client went away", request) }
            if ready[far.raw] != 0 { return connected(request, rest, far, found, later, in: context) }
            return isLate ? connect(request, rest, later, after: "it did not answer in time") : true
        case .answering(let bytes):
            return isLate ? false : answer(bytes)
        }
    }

    private func readHead(_ before: [UInt8]) -> Bool {
        var bytes = before
        let count = withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { buffer in
            let count = recv(client.raw, buffer.baseAddress, buffer.count, 0)
            if count > 0 { bytes.append(contentsOf: buffer[0..<count]) }
            return count
        }
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return true }
            return close(.failed, "the client went away", nil)
        }
        // The end may straddle two reads.
        guard let end = Self.headEnd(bytes, from: max(0, before.count - 3)) else {
            guard bytes.count <= EgressRequest.maximumHeadBytes else {
                return refuse(431, "the request's head is above \(EgressRequest.maximumHeadBytes) bytes", nil)
            }
            phase = .head(bytes)
            return true
        }
        do throws(EgressRequest.Malformed) {
            return begin(try EgressRequest(Array(bytes[..<end])), rest: Array(bytes[end...]))
        } catch {
            return refuse(400, error.reason, nil)
        }
    }

    private static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= start + 4 else { return nil }
        for index in start...(bytes.count - 4)
        where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 && bytes[index + 3] == 10 {
            return index + 4
        }
        return nil
    }

    private func begin(_ request: EgressRequest, rest: [UInt8]) -> Bool {
        if let reason = policy.refusal(of: request.target) { return refuse(403, reason, request) }
        let answer = OneShot<Resolver.Answer>()
        phase = .resolving(request, rest: rest, answer)
        limit = .now + Self.resolvePatience
        resolver.resolve(request.target) { [wake] found in
            answer.settle(found)
            wake()
        }
        return true
    }

    private func resolved(_ answer: Resolver.Answer, _ request: EgressRequest, _ rest: [UInt8]) -> Bool {
        switch answer {
        case .failure(let error):
            return refuse(502, error.message, request)
        case .success(let found):
            let permitted = found.filter { policy.refusal(of: $0.address, for: request.target) == nil }
            guard permitted.isEmpty else {
                return connect(request, rest, permitted.prefix(Self.maximumAddresses), after: "")
            }
            let reason = found.first.flatMap { policy.refusal(of: $0.address, for: request.target) }
            return refuse(403, reason ?? "\(request.target.host) has no address", request)
        }
    }

    private func connect(
        _ request: EgressRequest, _ rest: [UInt8], _ addresses: ArraySlice<Resolver.Found>, after reason: String
    ) -> Bool {
        var reason = reason
        var left = addresses
        while let found = left.popFirst() {
            let family = found.socketAddress.count >= 24 ? AF_INET6 : AF_INET
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let raw = socket(family, type, 0)
            guard raw >= 0 else {
                reason = String(cString: strerror(errno))
                continue
            }
            let far = Descriptor(raw)
            let result = found.socketAddress.withUnsafeBytes { bytes in
                bytes.baseAddress.map {
                    Glibc.connect(raw, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
                }
            }
            guard result == 0 || errno == EINPROGRESS else {
                reason = String(cString: strerror(errno))
                continue
            }
            phase = .connecting(request, rest: rest, far, found, later: left)
            limit = .now + Self.patience
            return true
        }
        return refuse(502, "\(request.target) cannot be reached: \(reason)", request)
    }

    private func connected(
        _ request: EgressRequest, _ rest: [UInt8], _ far: Descriptor, _ found: Resolver.Found,
        _ later: ArraySlice<Resolver.Found>, in context: PollContext
    ) -> Bool {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(far.raw, SOL_SOCKET, SO_ERROR, &error, &size)
        guard error == 0 else { return connect(request, rest, later, after: String(cString: strerror(error))) }
        var on: Int32 = 1
        setsockopt(far.raw, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        let totals: (Relay.Totals) -> Void = { [ended, begun] totals in
            ended(
                EgressRecord(
                    verdict: .allowed, host: request.target.host, port: request.target.port,
                    address: "\(found.address)", bytesUp: totals.up, bytesDown: totals.down, duration: .now - begun))
        }
        if request.isTunnel {
            let opened = Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)
            context.add(Relay(near: client, far: far, upFirst: rest, downFirst: opened, ended: totals))
        } else {
            var counter = BodyCounter(request.body)
            let first = rest.withUnsafeBytes { Array($0[0..<counter.take($0)]) }
            let isOver = counter.isOver
            context.add(
                Relay(
                    near: client, far: far, upFirst: request.forwardedHead + first, shutsFar: false,
                    upFilter: { bytes in
                        let taken = counter.take(bytes)
                        return (taken, counter.isOver)
                    }, upIsOver: isOver, ended: totals))
        }
        return false
    }

    /// Answers in one line that a tool can show, and closes.
    private func refuse(_ status: Int, _ reason: String, _ request: EgressRequest?) -> Bool {
        record(status == 403 ? .refused : .failed, reason, request)
        let line = String(reason.map { $0.isNewline ? " " : $0 })
        let text = """
            HTTP/1.1 \(status) \(Self.phrase(status))\r\nContent-Type: text/plain; charset=utf-8\r
            Content-Length: \(line.utf8.count + 1)\r\nX-Egress-Reason: \(line)\r\nConnection: close\r\n\r\n\(line)\n
            """
        limit = .now + Self.patience
        return answer(Array(text.utf8))
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 431: "Request Header Fields Too Large"
        case 504: "Gateway Timeout"
        default: "Bad Gateway"
        }
    }

    private func answer(_ bytes: [UInt8]) -> Bool {
        let count = bytes.withUnsafeBytes { send(client.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count == bytes.count { return false }
        guard count >= 0 || errno == EAGAIN || errno == EINTR else { return false }
        phase = .answering(Array(bytes.dropFirst(max(0, count))))
        return true
    }

    private func close(_ verdict: EgressRecord.Verdict, _ reason: String, _ request: EgressRequest?) -> Bool {
        record(verdict, reason, request)
        return false
    }

    private func record(_ verdict: EgressRecord.Verdict, _ reason: String, _ request: EgressRequest?) {
        ended(
            EgressRecord(
                verdict: verdict, reason: reason, host: request?.target.host ?? "", port: request?.target.port ?? 0,
                duration: .now - begun))
    }
}
