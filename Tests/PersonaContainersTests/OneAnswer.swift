import Glibc
import Sockets

/// A web server's whole life: reads one request, gives its answer, closes.
final class OneAnswer: PollMember {
    private let socket: Descriptor
    private let answer: String
    let deadline: ContinuousClock.Instant? = nil

    init(_ socket: Descriptor, _ answer: String) {
        self.socket = socket
        self.answer = answer
    }

    func interests(_ interests: inout PollInterests) { interests.add(socket.raw, POLLIN) }

    func advance(_ ready: PollReady, in context: PollContext) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard recv(socket.raw, &bytes, bytes.count, 0) > 0 else { return false }
        let answer = Array(answer.utf8)
        send(socket.raw, answer, answer.count, Int32(MSG_NOSIGNAL))
        return false
    }
}
