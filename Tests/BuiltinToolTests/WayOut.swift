import Egress
import Foundation
import Sockets
import Synchronization
import TestKit

/// The platform's proxy behind an address on the loopback interface, as a sandbox has it.
final class WayOut: Sendable {
    let proxy: String
    private let loop: PollLoop
    private let listener: EgressListener
    private let path: String
    private let ledger = Ledger()

    private final class Ledger: Sendable {
        let records = Mutex<[EgressRecord]>([])
    }

    var records: [EgressRecord] { ledger.records.withLock { $0 } }

    init(_ policy: EgressPolicy) throws {
        let loop = try PollLoop(name: "way-out")
        let path = "/tmp/way-out-\(UUID().uuidString.prefix(18)).sock"
        let ledger = ledger
        listener = try EgressProxy(on: loop).open(path, policy: policy) { record in
            ledger.records.withLock { $0.append(record) }
        }
        let near = try LoopbackListener()
        loop.submit { context in
            context.add(
                Acceptor(near.descriptor) { client, context in
                    if let far = try? UnixSocket.connect(to: path) {  // fails the test
                        context.add(Relay(near: client, far: far, ended: { _ in }))
                    }
                    return true
                })
        }
        proxy = "127.0.0.1:\(near.port)"
        self.loop = loop
        self.path = path
    }

    deinit {
        listener.close()
        loop.stop()
        unlink(path)
    }
}

/// A far end that notes what it was sent and misbehaves by path.
final class FarEnd: Sendable {
    struct Heard: Sendable {
        var line: String
        var headers: [String: String]
        var body: [UInt8]
    }

    private let notes = Notes()
    private let server: ScriptedServer
    var port: Int { server.port }
    var heard: [Heard] { notes.heard.withLock { $0 } }

    private final class Notes: Sendable {
        let heard = Mutex<[Heard]>([])
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    init(_ answer: @escaping @Sendable (String, ScriptedConnection) -> Void) throws {
        let notes = notes
        server = try ScriptedServer { connection in
            guard let line = connection.readLine() else { return }
            var headers: [String: String] = [:]
            while let field = connection.readLine(), !field.isEmpty {
                let sides = field.split(separator: ":", maxSplits: 1)
                headers[sides[0].lowercased()] = sides.dropFirst().first.map { $0.trimmingCharacters(in: .whitespaces) }
            }
            let body = connection.read(headers["content-length"].flatMap { Int($0) } ?? 0) ?? []
            notes.heard.withLock { $0.append(Heard(line: line, headers: headers, body: body)) }
            let words = line.split(separator: " ")
            answer(words.count > 1 ? String(words[1]) : "", connection)
        }
    }

    deinit { server.stop() }
}

extension ScriptedConnection {
    func answer(_ status: Int, _ body: String, _ headers: [String] = []) {
        let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}
