import Glibc
import Synchronization

/// An SMTP server without TLS that takes every mail and counts them by Message-ID: the far end of effects. It can hold
/// the answer to one recipient's mail, so that a test knows exactly where a call stands.
package final class MailSink: Sendable {
    package enum Hold: Sendable {
        /// The recipient gets no answer: nothing has been transmitted.
        case recipient
        /// The message has been taken and counted, and gets no answer: the sender cannot know.
        case content
    }

    private struct State {
        var counts: [String: Int] = [:]
        var recipients: [String: Int] = [:]
        var holds: [String: Hold] = [:]
        var held: Set<String> = []
        var connections = 0
    }

    private let state = Mutex(State())
    private let server = Mutex<ScriptedServer?>(nil)
    package let port: Int

    package init() throws {
        let shared = Shared()
        let server = try ScriptedServer { connection in shared.sink?.play(connection) }
        port = server.port
        self.server.withLock { $0 = server }
        shared.set(self)
    }

    /// How often each Message-ID arrived, by what stands before its `@`: the effect's key.
    package var counts: [String: Int] { state.withLock { $0.counts } }
    package func count(to recipient: String) -> Int { state.withLock { $0.recipients[recipient] ?? 0 } }
    /// What has been taken when nobody is in the middle of anything; nil while somebody is.
    package var settledCounts: [String: Int]? { state.withLock { $0.connections == 0 ? $0.counts : nil } }

    package func hold(_ recipient: String, at place: Hold) { state.withLock { $0.holds[recipient] = place } }
    /// Whether a mail to `recipient` is being held now.
    package func isHolding(_ recipient: String) -> Bool { state.withLock { $0.held.contains(recipient) } }
    package func release(_ recipient: String) { state.withLock { _ = $0.holds.removeValue(forKey: recipient) } }
    package func stop() { server.withLock { $0?.stop() } }

    private func play(_ connection: ScriptedConnection) {
        state.withLock { $0.connections += 1 }
        defer { state.withLock { $0.connections -= 1 } }
        connection.write("220 sink.example\r\n")
        var recipients: [String] = []
        while let line = connection.readLine() {
            switch line.prefix(4).uppercased() {
            case "EHLO", "HELO": connection.write("250-sink.example\r\n250 AUTH PLAIN\r\n")
            case "AUTH":
                if line.uppercased() == "AUTH PLAIN" {
                    connection.write("334 \r\n")
                    _ = connection.readLine()
                }
                connection.write("235 welcome\r\n")
            case "MAIL": connection.write("250 sender\r\n")
            case "RCPT":
                let address = line.split(separator: "<").last?.split(separator: ">").first.map(String.init) ?? ""
                recipients.append(address)
                guard pass(address, .recipient, connection) else { return }
                connection.write("250 recipient\r\n")
            case "DATA":
                connection.write("354 go on\r\n")
                guard take(recipients, connection) else { return }
                recipients = []
            case "QUIT":
                connection.write("221 bye\r\n")
                return
            default: connection.write("250 fine\r\n")
            }
        }
    }

    /// False when the client left in the middle of it.
    private func take(_ recipients: [String], _ connection: ScriptedConnection) -> Bool {
        var key: String?
        var isHead = true
        while let line = connection.readLine() {
            if isHead, line.lowercased().hasPrefix("message-id:") {
                key = line.split(separator: "<").last?.split(separator: "@").first.map(String.init)
            }
            if line.isEmpty { isHead = false }
            guard line == "." else { continue }
            state.withLock { state in
                state.counts[key ?? "none", default: 0] += 1
                for recipient in recipients { state.recipients[recipient, default: 0] += 1 }
            }
            for recipient in recipients where !pass(recipient, .content, connection) { return false }
            return connection.write("250 taken\r\n")
        }
        return false
    }

    /// Waits while the recipient's mail is to be held here; false when the client has left meanwhile.
    private func pass(_ recipient: String, _ place: Hold, _ connection: ScriptedConnection) -> Bool {
        defer { state.withLock { _ = $0.held.remove(recipient) } }
        while true {
            let isHeld = state.withLock { state in
                guard state.holds[recipient] == place else { return false }
                state.held.insert(recipient)
                return true
            }
            guard isHeld else { return true }
            guard connection.isOpen(afterMilliseconds: 10) else { return false }
        }
    }

    /// The listener starts before `self` is complete.
    private final class Shared: Sendable {
        private let box = Mutex<MailSink?>(nil)

        var sink: MailSink? { box.withLock { $0 } }
        func set(_ sink: MailSink) { box.withLock { $0 = sink } }
    }
}
