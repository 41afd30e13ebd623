import Domain
import Synchronization
import ToolKit
import ToolSearch

/// Search indexes, one a tenant, made anew when its tools have changed.
final class ToolIndexes: Sendable {
    /// Tenants remembered; when full, all are forgotten: an index of 500 tools is made in some milliseconds.
    private static let mostTenants = 100

    private let known = Mutex<[TenantID: (tools: [ToolDescriptor], index: ToolIndex)]>([:])

    func index(_ tenant: TenantID, _ tools: [ToolDescriptor]) -> ToolIndex {
        if let entry = known.withLock({ $0[tenant] }), entry.tools == tools { return entry.index }
        let index = ToolIndex(tools)
        known.withLock { known in
            if known.count >= Self.mostTenants { known = [:] }
            known[tenant] = (tools, index)
        }
        return index
    }
}
