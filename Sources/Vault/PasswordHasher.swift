import CArgon2
import Dispatch
package import Domain
import FoundationEssentials
import Synchronization

/// argon2id (RFC 9106) with 19 MiB, two passes, one lane: the OWASP minimum, 25 to 40 ms on this class of machine.
///
/// At most `atOnce` hashes run at a time, on threads of their own, so that a flood of logins costs 38 MiB and not the
/// machine.
package struct PasswordHasher: Sendable {
    package static let atOnce = 2
    static let memoryKiB: UInt32 = 19 * 1024
    static let passes: UInt32 = 2
    static let saltBytes = 16
    static let hashBytes = 32
    /// Longer passwords are refused before hashing.
    package static let longestPassword = 1_000

    private static let queues = (0..<atOnce).map { DispatchQueue(label: "argon2id.\($0)") }
    private static let turn = Atomic<Int>(0)

    package init() {}

    /// The PHC string (`$argon2id$v=19$…`) of `password` with a new salt.
    package func hash(_ password: Secret) async throws -> String {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return try await Self.onOwnThread { try Self.encode(password, salt: salt) }
    }

    /// Whether `password` is the one that `encoded` was made from. `nil` for `encoded` (no such user) takes as long
    /// as a real comparison, so that an answer's time does not tell who exists.
    package func verify(_ password: Secret, against encoded: String?) async throws -> Bool {
        try await Self.onOwnThread {
            guard let encoded else {
                _ = try Self.encode(password, salt: [UInt8](repeating: 0, count: Self.saltBytes))
                return false
            }
            let text = password.reveal()
            return argon2id_verify(encoded, text, text.utf8.count) == ARGON2_OK.rawValue
        }
    }

    private static func encode(_ password: Secret, salt: [UInt8]) throws -> String {
        let length = argon2_encodedlen(
            passes, memoryKiB, 1, UInt32(saltBytes), UInt32(hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: length)
        let text = password.reveal()
        let code = argon2id_hash_encoded(
            passes, memoryKiB, 1, text, text.utf8.count, salt, salt.count, hashBytes, &encoded, encoded.count)
        guard code == ARGON2_OK.rawValue else { throw VaultError.passwordHashing(code) }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func onOwnThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let queue = queues[abs(turn.wrappingAdd(1, ordering: .relaxed).newValue % atOnce)]
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: work)) }
        }
    }
}
