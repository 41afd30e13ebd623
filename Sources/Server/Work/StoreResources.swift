import Domain
import Egress
import Store
import ToolKit
import Vault
import Workers

/// What personas own, out of the store, opened with the tenant's key at the moment of a call.
struct StoreResources: ResourceResolver {
    let storage: Storage

    func resolve(
        _ resource: ToolResource, id: String, tenant: TenantID, persona: PersonaID
    ) async throws(ToolFailure) -> ResolvedResource {
        switch resource {
        case .mailbox: try await reading { try await mailbox(id, tenant, persona) }
        }
    }

    func secrets(_ names: [String], tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> [String: Secret]
    {
        [:]
    }

    /// The persona's policy, and the servers of its own mailboxes, which an administrator has named.
    func egress(tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> EgressPolicy {
        try await reading {
            guard let definition = try await Personas(storage.database).find(tenant, persona)?.definition else {
                throw Self.missing("persona")
            }
            var policy = EgressPolicy()
            if let egress = definition["egress"] {
                if egress["mode"]?.string == "listed" { policy.mode = .listed }
                policy.allow = egress["allow"]?.array?.compactMap(\.string) ?? []
                policy.private = egress["private"]?.array?.compactMap(\.string) ?? []
            }
            for mailbox in try await Mailboxes(storage.database).list(
                tenant, persona: persona, after: nil, limit: Self.mostMailboxes)
            {
                let servers = [mailbox.settings.imap, mailbox.settings.smtp].map { "\($0.host):\($0.port)" }
                policy.allow += servers
                policy.private += servers
            }
            for source in try await ToolSources(storage.database).list(tenant, after: nil, limit: ToolSources.most)
            where source.persona == nil || source.persona == persona {
                let (hosts, isPrivate) = ToolSourceHosts.of(source)
                policy.allow += hosts
                if isPrivate { policy.private += hosts }
            }
            return policy
        }
    }

    /// Mailboxes of one persona that its policy knows.
    static let mostMailboxes = 50

    private func mailbox(_ text: String, _ tenant: TenantID, _ persona: PersonaID) async throws -> ResolvedResource {
        let mailboxes = Mailboxes(storage.database)
        guard let id = MailboxID(text), let mailbox = try await mailboxes.find(tenant, id), mailbox.persona == persona
        else { throw Self.missing("mailbox") }
        let key = try await Tenants(storage.database).key(of: tenant, under: storage.master)
        let password = try key.open(
            try await mailboxes.password(tenant, id), at: Mailboxes.place(tenant, id))
        try await AuditLog(storage.database).append(
            tenant,
            AuditEntry(actor: "persona:\(persona)", action: "secret.used", subject: "mailbox:\(id)"))
        let settings = mailbox.settings
        var value: [String: JSONValue] = [
            "address": .string(settings.address), "display_name": .string(settings.displayName),
            "username": .string(settings.username), "imap": try JSONValue(encoding: settings.imap),
            "smtp": try JSONValue(encoding: settings.smtp), "inbox": .string(settings.inbox),
            "sent_folder": .string(settings.sentFolder),
        ]
        value["certificate_authority"] = settings.certificateAuthority.map { .string($0) }
        return ResolvedResource(value: .object(value), secrets: ["password": password])
    }

    private static func missing(_ what: String) -> ToolFailure {
        ToolFailure(.permanent, code: "\(what)_missing", "This persona has no such \(what) any more.")
    }

    /// The store may be away for a moment: then the call is tried again.
    private func reading<Value>(_ body: () async throws -> Value) async throws(ToolFailure) -> Value {
        do {
            return try await body()
        } catch let failure as ToolFailure {
            throw failure
        } catch let error as VaultError {
            throw ToolFailure(.permanent, code: "secret_unreadable", "\(error)")
        } catch {
            throw ToolFailure(.transient, code: "store_unavailable", "The platform's store did not answer: \(error)")
        }
    }
}
