import Domain
import OrchestratorCore
import Synchronization

/// Tenants' keys for effect keys, which never change, so that not each load of a run asks for one.
final class TenantKeys: Sendable {
    /// Beyond it all are forgotten: a key costs one question and some 100 bytes.
    private static let most = 10_000

    private let find: @Sendable (TenantID) async throws -> EffectKey
    private let known = Mutex<[TenantID: EffectKey]>([:])

    init(_ find: @escaping @Sendable (TenantID) async throws -> EffectKey) { self.find = find }

    func key(of tenant: TenantID) async throws -> EffectKey {
        if let key = known.withLock({ $0[tenant] }) { return key }
        let key = try await find(tenant)
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[tenant] = key
        }
        return key
    }
}
