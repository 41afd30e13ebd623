import Crypto
package import Domain

/// The SHA-256 of a value's canonical JSON, in 64 lower-case hexadecimal digits.
package enum ContentDigest {
    /// Throws for values that no JSON can hold: numbers that are not finite.
    package static func hex(of value: JSONValue) throws(ExpressionError) -> String {
        do {
            return hex(of: try value.canonicalBytes())
        } catch {
            throw ExpressionError(.typeMismatch, "\(value.kind) cannot be written as JSON: \(error)")
        }
    }

    static func hex(of bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.update(data: Array(bytes))
        return text(hash.finalize())
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
