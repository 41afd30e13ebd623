import Domain
import PersonaContainers
import ToolKit

/// Turns a job's input, which names resources by id, into what the tool takes.
struct ToolInput: Sendable {
    var value: JSONValue
    var secrets: [String: Secret]

    static func resolve(
        _ job: WorkerJob, _ tool: AdmittedTool, by resolver: any ResourceResolver
    ) async throws(ToolFailure) -> ToolInput {
        let descriptor = tool.descriptor
        var input = ToolInput(value: job.input, secrets: [:])
        if job.kind == .reconcile {
            // The reconciler needs the resources of the call that it asks about.
            var inner = ToolInput(value: job.input["input"] ?? .null, secrets: [:])
            for resource in descriptor.resources { try await inner.put(resource, job, resolver) }
            input.value = input.value.setting("input", to: inner.value)
            input.secrets = inner.secrets
        } else {
            for resource in descriptor.resources { try await input.put(resource, job, resolver) }
        }
        input.secrets.merge(tool.secrets) { first, _ in first }
        let missing = descriptor.secrets.filter { input.secrets[$0] == nil }
        if !missing.isEmpty {
            let own = try await resolver.secrets(missing, tenant: job.tenant, persona: job.persona)
            input.secrets.merge(own) { first, _ in first }
        }
        input.secrets = input.secrets.filter { descriptor.secrets.contains($0.key) }
        return input
    }

    private mutating func put(
        _ resource: ToolResource, _ job: WorkerJob, _ resolver: any ResourceResolver
    ) async throws(ToolFailure) {
        let name = resource.rawValue
        guard let id = value["\(name)_id"]?.string else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "The input names no '\(name)_id'.")
        }
        let resolved = try await resolver.resolve(resource, id: id, tenant: job.tenant, persona: job.persona)
        value = value.setting("\(name)_id", to: nil).setting(name, to: resolved.value)
        for (key, secret) in resolved.secrets { secrets["\(name).\(key)"] = secret }
    }
}

extension JSONValue {
    /// This object with one member replaced or removed.
    func setting(_ key: String, to value: JSONValue?) -> JSONValue {
        var members = object ?? [:]
        members[key] = value
        return .object(members)
    }
}
