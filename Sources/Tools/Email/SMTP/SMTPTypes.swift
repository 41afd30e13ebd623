/// Where a submission server is and how it is reached.
package struct SMTPEndpoint: Sendable {
    package enum Security: String, Sendable, Hashable, Codable {
        /// TLS from the first byte (RFC 8314).
        case tls
        /// STARTTLS, and nothing without it (RFC 3207).
        case startTLS = "starttls"
        /// No TLS; only to a loopback address.
        case plain
    }

    package var host: String
    package var port: Int
    package var security: Security
    /// `host:port` of an HTTP proxy that tunnels by CONNECT.
    package var proxy: String?
    /// Authorities as PEM, instead of the system's bundle.
    package var certificateAuthority: String?
    /// The name given in EHLO.
    package var clientName: String

    package init(
        host: String, port: Int, security: Security, proxy: String? = nil, certificateAuthority: String? = nil,
        clientName: String = "localhost"
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.proxy = proxy
        self.certificateAuthority = certificateAuthority
        self.clientName = clientName
    }
}

package enum SMTPCredential: Sendable {
    case none
    /// AUTH PLAIN, LOGIN or what else the server offers.
    case password(username: String, password: String)
    /// AUTH OAUTHBEARER or XOAUTH2.
    case bearer(username: String, token: String)
}

/// A server's reply, its lines joined by spaces (RFC 5321 section 4.2).
package struct SMTPReply: Sendable, Hashable, CustomStringConvertible {
    package var code: Int
    package var text: String

    package init(code: Int, text: String) {
        self.code = code
        self.text = text
    }

    package var isTransient: Bool { (400..<500).contains(code) }
    package var description: String { text.isEmpty ? "\(code)" : "\(code) \(text)" }
}

package struct SMTPRefusal: Sendable, Hashable {
    package var recipient: String
    package var reply: SMTPReply

    package init(recipient: String, reply: SMTPReply) {
        self.recipient = recipient
        self.reply = reply
    }
}

/// What became of a message.
package enum SMTPOutcome: Sendable, Hashable {
    /// The server took it for `recipients`.
    case accepted(recipients: [String], refused: [SMTPRefusal], reply: SMTPReply)
    /// A 4xx or 5xx before the content: nothing was sent. 4xx is worth another attempt.
    case refusedBeforeContent(SMTPReply, refused: [SMTPRefusal])
    /// No answer that decides, and nothing was sent.
    case failedBeforeContent(SMTPProblem)
    /// The content went out and the server said no: nothing was delivered.
    case rejectedAfterContent(SMTPReply)
    /// The content began and no answer came: it may have been delivered or not.
    case unknown(String)
}

/// What stood in the way before the content.
package struct SMTPProblem: Sendable, Hashable {
    package var isTransient: Bool
    package var message: String

    package init(isTransient: Bool, message: String) {
        self.isTransient = isTransient
        self.message = message
    }
}
