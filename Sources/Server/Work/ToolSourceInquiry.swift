import Domain
import ForeignContracts
import Logging
import PersonaContainers
import Store
import ToolKit
import Vault

/// Asks MCP servers for their tools, each from within the sandbox of a persona that it is for.
struct ToolSourceInquiry {
    /// Between looks for sources that are to be asked.
    private static let pause = Duration.seconds(1)
    /// Sources that one look takes.
    private static let batch = 4
    /// Seconds for a server to start and to answer.
    private static let timeoutSeconds = 60

    let storage: Storage
    let containers: PersonaContainers
    let resources: StoreResources
    let logger: Logger

    func run() async {
        while !Task.isCancelled {
            do {
                for (tenant, id) in try await ToolSources(storage.database).takePending(limit: Self.batch) {
                    try await ask(tenant, id)
                }
            } catch {
                if !Task.isCancelled {
                    logger.warning("tool sources could not be asked", metadata: ["error": "\(error)"])
                }
            }
            try? await Task.sleep(for: Self.pause)  // cancelled: the loop ends
        }
    }

    private func ask(_ tenant: TenantID, _ id: ToolSourceID) async throws {
        let sources = ToolSources(storage.database)
        guard let source = try await sources.find(tenant, id) else { return }
        let answer: Result<[OfferedTool], ToolFailure>
        do {
            answer = .success(try await tools(of: source, tenant))
        } catch let failure as ToolFailure {
            answer = .failure(failure)
        } catch let fault as ForeignFault {
            answer = .failure(ToolFailure(.permanent, code: "source_invalid", "\(fault)"))
        }
        try await sources.answered(tenant, id, answer)
    }

    private func tools(of source: ToolSource, _ tenant: TenantID) async throws -> [OfferedTool] {
        guard let persona = try await persona(for: source, tenant) else {
            throw ToolFailure(.permanent, code: "no_persona", "There is no persona in whose sandbox it could be asked.")
        }
        let secrets = try await secrets(of: source, tenant)
        let server = try MCPSource.server(source.definition, secrets: Set(secrets.keys))
        let result = try await containers.call(
            SandboxCall(
                tenant: tenant, persona: persona, run: RunID(source.id.uuid), tool: "foreign.list",
                input: ["binding": try JSONValue(encoding: server)], effectKey: "list-\(source.id)",
                timeoutSeconds: Self.timeoutSeconds, secrets: secrets,
                egress: try await resources.egress(tenant: tenant, persona: persona)))
        let settings = try ForeignSettings(
            source: source.name, definition: source.definition, secrets: Set(secrets.keys))
        return try MCPSource.tools(
            result.output["tools"]?.array ?? [], server: server, settings: settings,
            believesHints: source.definition["believe_hints"] == .bool(true)
        ).map { OfferedTool(contract: $0.contract, binding: try JSONValue(encoding: $0.binding)) }
    }

    private func persona(for source: ToolSource, _ tenant: TenantID) async throws -> PersonaID? {
        if let persona = source.persona { return persona }
        return try await Personas(storage.database).list(tenant, after: nil, limit: 1).first?.id
    }

    private func secrets(of source: ToolSource, _ tenant: TenantID) async throws -> [String: Secret] {
        let key = try await Tenants(storage.database).key(of: tenant, under: storage.master)
        var secrets: [String: Secret] = [:]
        for (name, envelope) in try await ToolSources(storage.database).secrets(tenant, source.id) {
            secrets[name] = try key.open(envelope, at: ToolSources.place(tenant, source.id, name))
        }
        return secrets
    }
}

/// Where a source's calls go.
enum ToolSourceHosts {
    /// `host:port`s, and whether an administrator said that they may be of this network.
    static func of(_ source: ToolSource) -> (hosts: [String], isPrivate: Bool) {
        let urls = [source.definition["url"], source.definition["base_url"]].compactMap { $0?.string }
        return (urls.compactMap(host), source.definition["private"] == .bool(true))
    }

    private static func host(_ url: String) -> String? {
        guard let start = url.firstRange(of: "://") else { return nil }
        let authority = String(url[start.upperBound...].prefix { !"/?#".contains($0) })
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let hasPort = authority.hasSuffix("]") ? false : authority.split(separator: ":").count > 1
        return hasPort ? authority : authority + (url.hasPrefix("https") ? ":443" : ":80")
    }
}
