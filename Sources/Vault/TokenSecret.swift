import Crypto
package import Domain
import FoundationEssentials

/// A bearer token: `<kind>_<tenant, 32 hex>_<256 random bits, base64url>`. The tenant stands in the text so that a
/// token is looked up behind its tenant's row-level security; only the SHA-256 of the whole is stored.
package struct TokenSecret: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case session = "pps"
        case api = "ppt"
    }

    package let kind: Kind
    package let tenant: TenantID
    private let text: String

    /// A new token from the system's generator.
    package init(_ kind: Kind, tenant: TenantID) {
        self.kind = kind
        self.tenant = tenant
        let random = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        text = "\(kind.rawValue)_\(tenant.description.replacing("-", with: ""))_\(random)"
    }

    /// Reads a token's text; `nil` for anything that is not of the form.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let kind = Kind(rawValue: String(parts[0])), parts[2].utf8.count == 43,
            let tenant = Self.tenant(hex: parts[1])
        else { return nil }
        self.kind = kind
        self.tenant = tenant
        self.text = text
    }

    /// The text for its owner: shown once.
    package func reveal() -> String { text }

    /// SHA-256 of the text: what the store keeps.
    package var hash: [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    /// What a client sends back in `X-CSRF-Token` beside the cookie: derived, so that nothing else is stored.
    package var csrfToken: String {
        HMAC<SHA256>.authenticationCode(for: Data("csrf".utf8), using: SymmetricKey(data: Data(text.utf8)))
            .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func tenant(hex: Substring) -> TenantID? {
        guard hex.utf8.count == 32 else { return nil }
        let digits = Array(hex)
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return TenantID(groups.joined(separator: "-"))
    }
}
