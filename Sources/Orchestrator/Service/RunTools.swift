package import Domain
package import OrchestratorCore
package import Store
import Synchronization
package import ToolKit

/// What a run may call.
package struct RunTools: Sendable {
    /// By tenant, the persona and revision of what was loaded, and the role of the person who began it.
    package typealias Lookup = @Sendable (TenantID, StoredRun) async throws -> RunTools

    package var catalog: ToolCatalog
    package var policy: ToolPolicy

    package init(catalog: ToolCatalog, policy: ToolPolicy) {
        self.catalog = catalog
        self.policy = policy
    }
}

/// Every tenant's rules and own tools: read anew where a run was loaded at another revision of them, and where nobody knows
/// the revision once they are older than a moment. What decides is asked again, freshly, when a call is claimed.
package final class TenantToolCache: Sendable {
    private static let freshness = Duration.seconds(1)
    /// Tenants remembered; when full, all are forgotten.
    private static let mostTenants = 1_000

    private struct Entry {
        var tools: TenantTools
        var catalogs: [PersonaID: ToolCatalog] = [:]
        var readAt: ContinuousClock.Instant
    }

    private let database: Database
    private let own: [ToolContract]
    private let entries = Mutex<[TenantID: Entry]>([:])

    /// `own` are the platform's tools.
    package init(_ database: Database, own: [ToolContract]) {
        self.database = database
        self.own = own
    }

    /// At `revision`, or a moment old at most.
    package func tools(_ tenant: TenantID, revision: Int? = nil) async throws -> TenantTools {
        let known = entries.withLock { $0[tenant] }
        if let known, revision.map({ $0 == known.tools.revision }) ?? (.now - known.readAt < Self.freshness) {
            return known.tools
        }
        let tools = try await TenantTools.load(database, tenant)
        entries.withLock { entries in
            if entries.count >= Self.mostTenants { entries = [:] }
            entries[tenant] = Entry(tools: tools, readAt: .now)
        }
        return tools
    }

    package func tools(_ tenant: TenantID, of run: StoredRun) async throws -> RunTools {
        let persona = run.persona
        let tools = try await tools(tenant, revision: run.toolRevision)
        let policy = tools.policy(persona: persona, role: run.beginnerRole)
        let known = entries.withLock { entries in
            entries[tenant].flatMap { $0.tools.revision == tools.revision ? $0.catalogs[persona] : nil }
        }
        if let known { return RunTools(catalog: known, policy: policy) }
        let catalog = ToolCatalog(tools.tools(of: persona).map(\.contract) + own)
        entries.withLock { entries in
            if entries[tenant]?.tools.revision == tools.revision { entries[tenant]?.catalogs[persona] = catalog }
        }
        return RunTools(catalog: catalog, policy: policy)
    }
}
