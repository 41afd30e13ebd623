import Domain
import IMAP
import SMTP
import ToolKit

/// A persona's mailbox as the platform hands it to a call in place of `mailbox_id`.
package struct MailAccount: Sendable, Hashable, Codable {
    package struct Server: Sendable, Hashable, Codable {
        package var host: String
        package var port: Int
        /// `tls`; for SMTP also `starttls`; `plain` only on loopback.
        package var security: String

        package init(host: String, port: Int, security: String) {
            self.host = host
            self.port = port
            self.security = security
        }
    }

    package var address: String
    package var displayName: String?
    package var username: String
    package var imap: Server
    package var smtp: Server
    /// `INBOX` where nil.
    package var inbox: String?
    /// `Sent` where nil.
    package var sentFolder: String?
    /// PEM, instead of the system's bundle.
    package var certificateAuthority: String?

    package init(
        address: String, displayName: String? = nil, username: String, imap: Server, smtp: Server,
        inbox: String? = nil, sentFolder: String? = nil, certificateAuthority: String? = nil
    ) {
        self.address = address
        self.displayName = displayName
        self.username = username
        self.imap = imap
        self.smtp = smtp
        self.inbox = inbox
        self.sentFolder = sentFolder
        self.certificateAuthority = certificateAuthority
    }

    enum CodingKeys: String, CodingKey {
        case address, username, imap, smtp, inbox
        case displayName = "display_name"
        case sentFolder = "sent_folder"
        case certificateAuthority = "certificate_authority"
    }

    static let passwordName = "mailbox.password"

    var sent: String { sentFolder ?? "Sent" }

    func imapEndpoint(proxy: String?) throws -> IMAPEndpoint {
        guard imap.security == "tls" || imap.security == "plain" else {
            throw ToolFailure(
                .invalidInput, code: "mailbox_invalid",
                "The security of IMAP is 'tls' or 'plain', not '\(imap.security)'.")
        }
        return IMAPEndpoint(
            host: imap.host, port: imap.port, usesTLS: imap.security == "tls", proxy: proxy,
            certificateAuthority: certificateAuthority)
    }

    func smtpEndpoint(proxy: String?) throws -> SMTPEndpoint {
        guard let security = SMTPEndpoint.Security(rawValue: smtp.security) else {
            throw ToolFailure(
                .invalidInput, code: "mailbox_invalid",
                "The security of SMTP is 'tls', 'starttls' or 'plain', not '\(smtp.security)'.")
        }
        return SMTPEndpoint(
            host: smtp.host, port: smtp.port, security: security, proxy: proxy,
            certificateAuthority: certificateAuthority)
    }
}

/// Opens IMAP sessions for one account; used on a mail thread.
struct MailSession: Sendable {
    let account: MailAccount
    let endpoint: IMAPEndpoint
    let password: Secret

    init(_ account: MailAccount, _ context: ToolContext) throws {
        self.account = account
        endpoint = try account.imapEndpoint(proxy: context.proxy)
        password = try context.secret(MailAccount.passwordName)
    }

    /// Connects and logs in.
    func open(before deadline: ContinuousClock.Instant, isCancelled: @escaping @Sendable () -> Bool) throws(IMAPError)
        -> IMAPClient
    {
        let transport = try CurlTransport(endpoint, before: deadline, isCancelled: isCancelled)
        let client = try IMAPClient(over: transport, deadline: deadline)
        try client.login(username: account.username, password: password.reveal())
        return client
    }
}

/// A sender or recipient in tool input and output.
package struct MailPerson: Sendable, Hashable, Codable {
    package var name: String?
    package var address: String

    package init(name: String? = nil, address: String) {
        self.name = name
        self.address = address
    }
}
