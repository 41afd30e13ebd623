import Domain
import EmailTool
import Embedded
import FoundationEssentials
import Synchronization
import TestKit
import ToolKit

/// Mailboxes on the one real mail server of the test process.
enum MailHouse {
    static let password = "s3cret \"pass\" wörd"

    /// Added together: each addition is known to Dovecot only in the next second.
    private static let addresses = Mutex<[String]>([])
    private static let server = Task {
        let server = try await TestServices.shared.mailServer()
        let made = (0..<40).map { _ in TestServices.uniqueAddress("persona") }
        for address in made { try server.addUser(address, password: password) }
        try await server.usersAreKnown()
        addresses.withLock { $0 = made }
        return server
    }

    enum Way: String, Sendable, CaseIterable {
        case plain, tls, startTLS
    }

    /// A mailbox that nobody else uses.
    static func account(_ way: Way = .tls) async throws -> MailAccount {
        let server = try await server.value
        guard let address = addresses.withLock({ $0.popLast() }) else {
            throw EmbeddedError(.missing, "no mailbox left")
        }
        let ports = server.ports
        return MailAccount(
            address: address, displayName: "Ada Ω", username: address,
            imap: .init(
                host: server.host, port: Int(way == .plain ? ports.imap : ports.imaps),
                security: way == .plain ? "plain" : "tls"),
            smtp: .init(
                host: server.host, port: Int(way == .tls ? ports.submissions : ports.submission),
                security: way == .plain ? "plain" : way == .tls ? "tls" : "starttls"),
            certificateAuthority: server.certificateAuthority)
    }

    static func deliver(_ text: String, to account: MailAccount, from sender: String = "bo@example.com") async throws {
        try await server.value.deliver(Array(text.utf8), from: sender, to: account.address)
    }
}

/// The platform's side of a call, recorded.
final class Platform: ToolReporter {
    private let marks = Mutex<[EffectPhase]>([])
    private let fenced: Bool
    private let atMark: @Sendable (EffectPhase) async throws -> Void

    init(fenced: Bool = false, atMark: @escaping @Sendable (EffectPhase) async throws -> Void = { _ in }) {
        self.fenced = fenced
        self.atMark = atMark
    }

    var marked: [EffectPhase] { marks.withLock { $0 } }

    func mark(_ phase: EffectPhase) async throws {
        if fenced { throw ToolFailure(.permanent, code: "fenced", "Another worker owns this run.") }
        marks.withLock { $0.append(phase) }
        try await atMark(phase)
    }

    func progress(_ message: String, fraction: Double?) {}
    func publish(_ file: WorkspaceFile) {}

    static func directory() throws -> String { try TemporaryTree.make("email-run") }

    func context(
        key: String = UUID().uuidString.replacing("-", with: "").lowercased(), directory: String? = nil,
        seconds: Int = 60,
        password: String = MailHouse.password, proxy: String? = nil
    ) throws -> ToolContext {
        ToolContext(
            directory: try directory ?? Self.directory(), effectKey: key, attempt: 1,
            deadline: ContinuousClock.now + .seconds(seconds), proxy: proxy,
            secrets: ["mailbox.password": Secret(password)], reporter: self)
    }
}

extension EmailPoll.Input {
    init(_ account: MailAccount, validity: UInt32? = nil, last: UInt32 = 0, wait: Int = 0) {
        self.init(mailbox: account, uidValidity: validity, lastUID: last, waitSeconds: wait)
    }
}
