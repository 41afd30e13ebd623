import Crypto
package import Domain
package import FoundationEssentials

/// The deterministic name of an effect: HMAC-SHA256 (RFC 2104) under the tenant's key over the run, the step, the
/// tool and its canonical arguments. The same on each attempt, another for each step.
package struct EffectKey: Sendable {
    private let key: SymmetricKey

    /// `secret`: at least 16 bytes, one for each tenant.
    package init(secret: some ContiguousBytes) { key = SymmetricKey(data: secret) }

    /// 64 lower-case hexadecimal digits. Fields are separated by NUL, which no id or tool name contains.
    package func key(run: RunID, step: Int, tool: String, arguments: JSONValue) throws -> String {
        var message = Data("\(run)\0\(step)\0\(tool)\0".utf8)
        message += try arguments.canonicalBytes()
        return ContentDigest.text(HMAC<SHA256>.authenticationCode(for: message, using: key))
    }
}
