import Glibc
import Sockets

/// A web server's whole life: reads one request, says hello, closes.
final class OneAnswer: PollMember {
    private let socket: Descriptor
    let deadline: ContinuousClock.Instant? = nil

    init(_ socket: Descriptor) { self.socket = socket }

    func interests(_ interests: inout PollInterests) { interests.add(socket.raw, POLLIN) }

    func advance(_ ready: PollReady, in context: PollContext) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard recv(socket.raw, &bytes, bytes.count, 0) > 0 else { return false }
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello".utf8)
        send(socket.raw, answer, answer.count, Int32(MSG_NOSIGNAL))
        return false
    }
}
