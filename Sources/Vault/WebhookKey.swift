import Crypto
package import Domain
import FoundationEssentials

/// A symmetric key of Standard Webhooks 1.0: `whsec_` and base64 of 24 to 64 bytes. It signs
/// `<message id>.<seconds since 1970>.<body>` by HMAC-SHA256.
package struct WebhookKey: Sendable {
    static let prefix = "whsec_"
    /// Bytes that the standard allows.
    static let sizes = 24...64
    /// Signatures looked at in one header: a sender in rotation gives two.
    static let mostSignatures = 8

    private let key: SymmetricKey

    /// A new random one of 32 bytes.
    package init() { key = SymmetricKey(size: .bits256) }

    /// Reads the text form; `nil` for anything else.
    package init?(_ text: Secret) {
        let text = text.reveal()
        guard text.hasPrefix(Self.prefix), let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            Self.sizes.contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// The text form, for its owner: shown once.
    package var secret: Secret { Secret(Self.prefix + key.withUnsafeBytes { Data($0) }.base64EncodedString()) }

    /// One entry of `webhook-signature`: `v1,<base64>`.
    package func signature(id: String, timestamp: Int, body: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.content(id, timestamp, body), using: key)
        return "v1,\(Data(code).base64EncodedString())"
    }

    /// Whether one of the header's entries is of this key. Compares in constant time.
    package func verifies(header: String, id: String, timestamp: Int, body: [UInt8]) -> Bool {
        let content = Self.content(id, timestamp, body)
        return header.split(separator: " ").prefix(Self.mostSignatures).contains { entry in
            guard entry.hasPrefix("v1,"), let code = Data(base64Encoded: String(entry.dropFirst(3))) else {
                return false
            }
            return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: content, using: key)
        }
    }

    private static func content(_ id: String, _ timestamp: Int, _ body: [UInt8]) -> Data {
        Data("\(id).\(timestamp).".utf8) + body
    }
}
