import Egress
import FoundationEssentials
import Glibc
import Sockets
import Synchronization

/// One request to a proxy of its own, on a thread of its own.
enum Client {
    struct Answer: Sendable {
        var text: String
        var record: EgressRecord?
    }

    static func ask(_ request: String, policy: EgressPolicy) async throws -> Answer {
        let loop = try PollLoop(name: "egress-test")
        defer { loop.stop() }
        let path = "/tmp/egress-\(UUID().uuidString.prefix(18)).sock"
        let records = OneShot<EgressRecord>()
        let listener = try EgressProxy(on: loop).open(path, policy: policy) { records.settle($0) }
        defer { listener.close() }
        defer { unlink(path) }
        let text = OneShot<String>()
        try OwnThread.start(named: "client") { text.settle(talk(path, request)) }
        return Answer(text: await text.value(), record: await records.value())
    }

    private static func talk(_ path: String, _ request: String) -> String {
        guard let socket = try? UnixSocket.connect(to: path, nonBlocking: false) else { return "" }  // fails the test
        let bytes = Array(request.utf8)
        send(socket.raw, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(socket.raw, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += buffer[..<count]
        }
    }
}
