package import Domain
import FoundationEssentials
package import Store
package import ToolKit
package import Vault
package import Workers

/// The tenant's rules at the moment when a call begins: what is denied is not made, what is to be asked about is made
/// only as it was approved, and what has an effect is counted.
package struct StoreCallGate: CallGate {
    /// The sandbox's tool that makes calls of tenants' own tools.
    package static let foreignTool = "foreign.call"

    private let database: Database
    private let own: [String: ToolContract]
    private let tools: @Sendable (TenantID) async throws -> TenantTools
    private let key: @Sendable (TenantID) async throws -> TenantKey

    /// `tools` may be a moment old; `own` are the platform's contracts.
    package init(
        _ database: Database, own: [ToolContract], tools: @escaping @Sendable (TenantID) async throws -> TenantTools,
        key: @escaping @Sendable (TenantID) async throws -> TenantKey
    ) {
        self.database = database
        self.own = Dictionary(own.map { ($0.descriptor.name, $0) }) { first, _ in first }
        self.tools = tools
        self.key = key
    }

    package func admit(_ job: WorkerJob) async throws(ToolFailure) -> CallAdmission {
        do {
            return try await admission(of: job)
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            throw ToolFailure(
                .transient, code: "store_unavailable", "The rules for '\(job.tool)' could not be read: \(error)")
        }
    }

    package func toolsChanged(_ job: WorkerJob) async {
        // Asked for again by hand where this is lost.
        let tools = try? await TenantTools.load(database, job.tenant).tools
        guard let source = tools?.first(where: { $0.contract.descriptor.name == job.tool })?.source else { return }
        _ = try? await ToolSources(database).refresh(job.tenant, source)  // as above
    }

    private func admission(of job: WorkerJob) async throws -> CallAdmission {
        if let own = own[job.tool]?.descriptor, own.effect == .read, own.risk == .low {
            // Nothing that it could cost is worth a question to the store.
            return try await judged(job, own, try await tools(job.tenant), nil)
        }
        let fresh = try await TenantTools.load(database, job.tenant)
        if let own = own[job.tool] { return try await judged(job, own.descriptor, fresh, nil) }
        guard let tool = fresh.tools(of: job.persona).first(where: { $0.contract.descriptor.name == job.tool }) else {
            throw ToolFailure.unknownTool(job.tool)
        }
        return try await judged(job, tool.contract.descriptor, fresh, tool)
    }

    private func judged(
        _ job: WorkerJob, _ tool: ToolDescriptor, _ tenant: TenantTools, _ foreign: SourceTool?
    ) async throws -> CallAdmission {
        // What the platform asks by itself about an effect of its own is no call of the persona's.
        guard job.kind == .tool else { return .granted(AdmittedTool(descriptor: tool)) }
        let beginner =
            tool.effect == .read && tool.risk == .low && foreign == nil
            ? (user: nil, role: nil) : try await TenantTools.beginner(database, job.tenant, job.run)
        let policy = tenant.policy(persona: job.persona, role: beginner.role)
        switch policy.verdict(on: tool, input: job.input) {
        case .allow: break
        case .deny: throw try await refused(job, tool, "tool_denied", "may not be called: the rules deny it")
        case .ask:
            let isApproved = try await TenantTools.isApproved(
                database, job.tenant, run: job.run, step: job.step, tool: job.tool, input: job.input)
            guard isApproved else {
                throw try await refused(
                    job, tool, "approval_missing", "may be called only after a person has approved exactly this call")
            }
        }
        let counters = ToolCounter.all(of: tool, under: policy, persona: job.persona, user: beginner.user)
        do {
            try await ToolUsage(database).take(job.tenant, counters)
        } catch let exceeded as ToolUsage.Exceeded {
            return try await held(job, exceeded)
        }
        guard let foreign else { return .granted(AdmittedTool(descriptor: tool)) }
        return .granted(
            AdmittedTool(
                descriptor: tool, foreign: (Self.foreignTool, foreign.binding),
                secrets: try await secrets(of: foreign, job.tenant)))
    }

    private func held(_ job: WorkerJob, _ exceeded: ToolUsage.Exceeded) async throws -> CallAdmission {
        let counter = exceeded.counter
        let time = exceeded.resetsAt.formatted(.iso8601)
        let reason =
            "'\(job.tool)' has begun \(counter.perHour) calls within the hour, as many as \(counter.name) may; the next "
            + "may begin at \(time)."
        try await note(
            job, "tool.rate_limited",
            ["tool": .string(job.tool), "counter": .string(counter.name), "retry_at": .string(time)])
        guard counter.failsAboveLimit else { return .later(exceeded.resetsAt, reason: reason) }
        throw ToolFailure(.transient, code: "rate_limited", reason)
    }

    private func refused(_ job: WorkerJob, _ tool: ToolDescriptor, _ code: String, _ words: String) async throws
        -> ToolFailure
    {
        try await note(job, "tool.refused", ["tool": .string(job.tool), "reason": .string(code)])
        return ToolFailure(
            .permanent, code: code, "'\(job.tool)' (risk \(tool.risk.rawValue)) \(words). See /api/tool-rules.")
    }

    private func note(_ job: WorkerJob, _ action: String, _ detail: JSONValue) async throws {
        try await AuditLog(database).append(
            job.tenant,
            AuditEntry(
                actor: "persona:\(job.persona)", action: action, subject: "job:\(job.id)", run: job.run, detail: detail)
        )
    }

    private func secrets(of tool: SourceTool, _ tenant: TenantID) async throws -> [String: Secret] {
        guard !tool.contract.descriptor.secrets.isEmpty else { return [:] }
        let sealed = try await ToolSources(database).secrets(tenant, tool.source)
        guard !sealed.isEmpty else { return [:] }
        let key = try await key(tenant)
        var open: [String: Secret] = [:]
        for (name, envelope) in sealed {
            open[name] = try key.open(envelope, at: ToolSources.place(tenant, tool.source, name))
        }
        return open
    }
}
