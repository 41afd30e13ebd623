import Synchronization

/// An SMTP server without TLS that misbehaves at a chosen phase and counts what it would have delivered.
package final class SMTPFaultServer: Sendable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case greeting, hello, authentication, sender, recipient, data, content
    }

    package enum Act: Sendable, Hashable {
        /// This reply instead of the usual one.
        case reply(String)
        /// The connection ends without a reply.
        case close
        /// No reply until the client gives up.
        case silence
        /// A reply whose lines never end.
        case endless
        /// The message is taken; the connection ends before its 250.
        case takeAndClose
        /// The message is taken; its 250 comes only after the client gave up.
        case takeAndAnswerLate
    }

    private struct State {
        var delivered: [(recipients: [String], content: String)] = []
        var commands: [String] = []
    }

    private let state = Mutex(State())
    private let acts: [Phase: Act]
    private let refusals: [String: String]
    private let server = Mutex<ScriptedServer?>(nil)
    package let port: Int

    /// `refusals`: replies to RCPT by address.
    package init(_ acts: [Phase: Act] = [:], refusals: [String: String] = [:]) throws {
        self.acts = acts
        self.refusals = refusals
        let box = HandlerBox()
        let server = try ScriptedServer { connection in box.get()?.play(connection) }
        port = server.port
        self.server.withLock { $0 = server }
        box.set(self)
    }

    package var delivered: [(recipients: [String], content: String)] { state.withLock { $0.delivered } }
    package var commands: [String] { state.withLock { $0.commands } }
    package func stop() { server.withLock { $0?.stop() } }

    /// False ends the connection.
    private func act(_ phase: Phase, _ usual: String, _ connection: ScriptedConnection) -> Bool {
        switch acts[phase] {
        case nil: return connection.write(usual + "\r\n")
        case .reply(let reply):
            return connection.write(reply + "\r\n")
        case .close, .takeAndClose: return false
        case .silence:
            connection.hold()
            return false
        case .takeAndAnswerLate:
            connection.hold()
            return connection.write(usual + "\r\n")
        case .endless:
            while connection.write("\(usual.prefix(3))-more\r\n") {}
            return false
        }
    }

    private func play(_ connection: ScriptedConnection) {
        guard act(.greeting, "220 fault.example", connection) else { return }
        var recipients: [String] = []
        while let line = connection.readLine() {
            state.withLock { $0.commands.append(line) }
            let verb = line.prefix(4).uppercased()
            switch verb {
            case "EHLO", "HELO":
                guard act(.hello, "250-fault.example\r\n250 AUTH PLAIN", connection) else { return }
            case "AUTH":
                if line.uppercased() == "AUTH PLAIN" {
                    connection.write("334 \r\n")
                    _ = connection.readLine()
                }
                guard act(.authentication, "235 welcome", connection) else { return }
            case "MAIL": guard act(.sender, "250 sender", connection) else { return }
            case "RCPT":
                let address = line.split(separator: "<").last?.split(separator: ">").first.map(String.init) ?? ""
                if let refusal = refusals[address] {
                    connection.write(refusal + "\r\n")
                } else {
                    recipients.append(address)
                    guard act(.recipient, "250 recipient", connection) else { return }
                }
            case "DATA":
                guard act(.data, "354 go on", connection) else { return }
                if case .reply = acts[.data] { continue }
                guard content(recipients, connection) else { return }
                recipients = []
            case "QUIT":
                connection.write("221 bye\r\n")
                return
            default: connection.write("500 what\r\n")
            }
        }
    }

    private func content(_ recipients: [String], _ connection: ScriptedConnection) -> Bool {
        var text = ""
        while let line = connection.readLine() {
            if line == "." {
                let taken: Bool
                switch acts[.content] {
                case nil, .takeAndClose, .takeAndAnswerLate: taken = true
                case .reply(let reply): taken = reply.hasPrefix("2")
                case .close, .silence, .endless: taken = false
                }
                if taken { state.withLock { $0.delivered.append((recipients, text)) } }
                return act(.content, "250 taken", connection)
            }
            text += (line.hasPrefix(".") ? String(line.dropFirst()) : line) + "\r\n"
        }
        return false
    }

    /// The listener starts before `self` is complete.
    private final class HandlerBox: Sendable {
        private let handler = Mutex<SMTPFaultServer?>(nil)

        func get() -> SMTPFaultServer? { handler.withLock { $0 } }
        func set(_ server: SMTPFaultServer) { handler.withLock { $0 = server } }
    }
}
