import Crypto
import Domain
import FoundationEssentials
import Glibc
import Testing
import Vault

@Suite(.timeLimit(.minutes(10))) struct VaultTests {
    let tenant = TenantID.new()
    let master = MasterKey(SymmetricKey(size: .bits256))

    @Test func secretsOpenInTheirOwnPlaceOnly() throws {
        let (key, wrapped) = try TenantKey.make(for: tenant, under: master)
        let place = SecretPlace(tenant: tenant, table: "mailboxes", row: "1")
        let envelope = try key.seal(Secret("canary"), at: place)
        let again = try TenantKey(unwrapping: wrapped, for: tenant, under: master)
        #expect(try again.open(envelope, at: place).reveal() == "canary")
        let elsewhere = [
            SecretPlace(tenant: tenant, table: "mailboxes", row: "2"),
            SecretPlace(tenant: tenant, table: "model_providers", row: "1"),
            SecretPlace(tenant: .new(), table: "mailboxes", row: "1"),
        ]
        for place in elsewhere {
            #expect(throws: VaultError.self) { try again.open(envelope, at: place) }
        }
        #expect(throws: VaultError.self) { try TenantKey(unwrapping: wrapped, for: .new(), under: master) }
    }

    @Test func anyChangedByteIsRefused() throws {
        let (key, _) = try TenantKey.make(for: tenant, under: master)
        let place = SecretPlace(tenant: tenant, table: "t", row: "1")
        let envelope = try key.seal(Secret("x"), at: place)
        for index in envelope.indices {
            var changed = envelope
            changed[index] ^= 1
            #expect(throws: VaultError.self) { try key.open(changed, at: place) }
        }
        #expect(throws: VaultError.self) { try key.open([], at: place) }
    }

    @Test func passwordsVerifyAndStrangersFail() async throws {
        let hasher = PasswordHasher()
        let encoded = try await hasher.hash(Secret("correct horse"))
        #expect(encoded.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await hasher.verify(Secret("correct horse"), against: encoded))
        #expect(try await hasher.verify(Secret("wrong"), against: encoded) == false)
        #expect(try await hasher.verify(Secret("correct horse"), against: nil) == false)
        #expect(try await hasher.hash(Secret("correct horse")) != encoded)
    }

    @Test func tokensNameTheirTenant() throws {
        let token = TokenSecret(.session, tenant: tenant)
        let read = try #require(TokenSecret(token.reveal()))
        #expect(read.tenant == tenant && read.hash == token.hash && read.kind == .session)
        #expect(TokenSecret(token.reveal() + "x") == nil)
    }

    @Test(arguments: ["", "pps", "pps__", "ppx_00_11", "pps_zz_aa", "Bearer x"])
    func otherTextIsNoToken(text: String) { #expect(TokenSecret(text) == nil) }

    @Test func masterKeyIsMadeOnceAndMustBePrivate() throws {
        let path = "/tmp/persona-master-\(UUID().uuidString)"
        defer { unlink(path) }
        let (_, wrapped) = try TenantKey.make(for: tenant, under: MasterKey(file: path))
        _ = try TenantKey(unwrapping: wrapped, for: tenant, under: MasterKey(file: path))
        chmod(path, 0o644)
        #expect(throws: VaultError.self) { try MasterKey(file: path) }
    }
}
