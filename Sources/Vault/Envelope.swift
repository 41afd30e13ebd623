package import Crypto
package import Domain
import FoundationEssentials

/// Where a secret is kept: the associated data of its envelope, so that one moved to another row does not open.
package struct SecretPlace: Sendable, Hashable, CustomStringConvertible {
    package let tenant: TenantID
    package let table: String
    package let row: String

    package init(tenant: TenantID, table: String, row: String) {
        self.tenant = tenant
        self.table = table
        self.row = row
    }

    package var description: String { "\(table) \(row)" }

    func associatedData(version: UInt8) -> Data { Data("\(tenant)|\(table)|\(row)|\(version)".utf8) }
}

/// A tenant's data key (AES-256-GCM, random 96-bit nonces; NIST SP 800-38D).
///
/// An envelope is one version byte, the nonce (12), the ciphertext and the tag (16).
package struct TenantKey: Sendable {
    static let envelopeVersion: UInt8 = 1

    let key: SymmetricKey

    /// A new random key and its wrapped form for the store.
    package static func make(for tenant: TenantID, under master: MasterKey) throws -> (key: TenantKey, wrapped: [UInt8])
    {
        let fresh = SymmetricKey(size: .bits256)
        let wrapped = try seal(fresh.withUnsafeBytes { Data($0) }, with: master.key, at: place(of: tenant))
        return (TenantKey(key: fresh), wrapped)
    }

    package init(unwrapping wrapped: [UInt8], for tenant: TenantID, under master: MasterKey) throws(VaultError) {
        key = SymmetricKey(data: try Self.open(wrapped, with: master.key, at: Self.place(of: tenant)))
    }

    private init(key: SymmetricKey) { self.key = key }

    package func seal(_ secret: Secret, at place: SecretPlace) throws -> [UInt8] {
        try Self.seal(Data(secret.reveal().utf8), with: key, at: place)
    }

    package func open(_ envelope: [UInt8], at place: SecretPlace) throws(VaultError) -> Secret {
        Secret(String(decoding: try Self.open(envelope, with: key, at: place), as: UTF8.self))
    }

    /// A key for one `purpose` (HKDF-SHA256, RFC 5869), such as the HMAC of effect keys.
    package func derivedKey(for purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Data(purpose.utf8), outputByteCount: 32)
    }

    private static func place(of tenant: TenantID) -> SecretPlace {
        SecretPlace(tenant: tenant, table: "tenant_keys", row: "\(tenant)")
    }

    private static func seal(_ plain: Data, with key: SymmetricKey, at place: SecretPlace) throws -> [UInt8] {
        let box = try AES.GCM.seal(plain, using: key, authenticating: place.associatedData(version: envelopeVersion))
        return [envelopeVersion] + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    private static func open(_ envelope: [UInt8], with key: SymmetricKey, at place: SecretPlace) throws(VaultError)
        -> Data
    {
        guard let version = envelope.first, version == envelopeVersion else {
            throw VaultError.envelopeRefused(place.description)
        }
        do {
            let box = try AES.GCM.SealedBox(combined: Data(envelope.dropFirst()))
            return try AES.GCM.open(box, using: key, authenticating: place.associatedData(version: version))
        } catch {
            throw VaultError.envelopeRefused(place.description)
        }
    }
}
