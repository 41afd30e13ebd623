import Dispatch
import Embedded
import FoundationEssentials
import IMAP
import MIME
import SMTP

/// The person who writes to the demo's persona, with a real mailbox on the demo's own mail server.
struct DemoCorrespondent: Sendable {
    let address: String
    let name: String
    let password: String
    let host: String
    let ports: MailServer.Ports
    let certificateAuthority: String

    /// Blocking libcurl calls of the correspondent.
    private static let thread = DispatchQueue(label: "demo-correspondent")
    static let sendSeconds = 30

    /// Sends `message` by submission with STARTTLS; throws in words where the server does not take it.
    func send(_ message: OutgoingMessage, to recipient: String) async throws {
        let content = try message.serialised()
        let outcome = try await Self.blocking {
            try SMTPSubmission(
                endpoint: SMTPEndpoint(
                    host: host, port: Int(ports.submission), security: .startTLS,
                    certificateAuthority: certificateAuthority),
                credential: .password(username: address, password: password), sender: address,
                recipients: [recipient], content: content, deadline: .now + .seconds(Self.sendSeconds)
            ).send {}
        }
        guard case .accepted = outcome else { throw MainJobFailure("The request was not taken by SMTP: \(outcome)") }
    }

    /// The answers to `messageID` that are in the inbox now, as received.
    func answers(to messageID: String) async throws -> [[UInt8]] {
        try await Self.blocking {
            let deadline = ContinuousClock.now + .seconds(Self.sendSeconds)
            let transport = try CurlTransport(
                IMAPEndpoint(host: host, port: Int(ports.imaps), certificateAuthority: certificateAuthority),
                before: deadline)
            let client = try IMAPClient(over: transport, deadline: deadline)
            try client.login(username: address, password: password)
            _ = try client.select("INBOX", readOnly: true)
            let found = try client.uids(whereField: "In-Reply-To", contains: messageID)
            let messages = try found.compactMap { try client.message($0) }
            client.logout()
            return messages
        }
    }

    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            thread.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}

/// Why the main job did not end well.
struct MainJobFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
