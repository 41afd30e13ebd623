import Domain
import Embedded
import FoundationEssentials
import Store
import TestKit
import Vault

/// The tenant of a house: its owner, the demonstration's graph, personas with mailboxes, one with a language model.
struct Seed {
    static let provider = "main"

    let database: Database
    let master: MasterKey
    let mail: MailServer
    /// Of this machine, that personas may reach.
    let ports: [UInt16]
    let senders: [String]

    func plant(_ tenant: TenantID, _ graph: GraphID, _ residents: [House.Resident]) async throws {
        try await Tenants(database).create(tenant, slug: "demo", name: "Demo", master: master, actor: "system")
        _ = try await Users(database).create(
            tenant, id: .new(), email: House.owner, name: "Owner", role: "owner",
            passwordHash: try await PasswordHasher().hash(Secret(Canary.owner)), isPlatformAdmin: true,
            actor: "system")
        // The demonstration's graph, but for its patience with a model that hangs.
        let text = try String(contentsOfFile: "\(Repository.root)/Demo/briefing.graph.json", encoding: .utf8)
            .replacing("\"timeout_seconds\": 120", with: "\"timeout_seconds\": 6")
        let definition = try JSONValue(parsing: Array(text.utf8))
        _ = try await Graphs(database).create(
            tenant, id: graph, slug: "briefing", name: "Briefing", definition: definition, by: nil, actor: "system")
        for resident in residents {
            try await settle(resident, tenant, graph, hasModel: resident.name == "Bea")
        }
    }

    private func settle(_ resident: House.Resident, _ tenant: TenantID, _ graph: GraphID, hasModel: Bool) async throws {
        var definition: [String: JSONValue] = [
            "egress": ["mode": "public", "private": .array(ports.map { .string("127.0.0.1:\($0)") })]
        ]
        if hasModel { definition["model"] = .string(Self.provider) }
        _ = try await Personas(database).create(
            tenant, id: resident.persona, slug: resident.name.lowercased(), name: resident.name,
            definition: .object(definition), by: nil, actor: "system")
        let settings = MailboxSettings(
            address: resident.address, displayName: resident.name, username: resident.address,
            imap: MailServerAddress(host: mail.host, port: Int(mail.ports.imaps), security: "tls"),
            smtp: MailServerAddress(host: mail.host, port: Int(mail.ports.submission), security: "starttls"),
            certificateAuthority: mail.certificateAuthority, allowedSenders: senders, graph: graph)
        let key = try await Tenants(database).key(of: tenant, under: master)
        _ = try await Mailboxes(database).create(
            tenant, id: resident.mailbox, persona: resident.persona, settings: settings,
            password: try key.seal(Secret(Canary.mailbox), at: Mailboxes.place(tenant, resident.mailbox)),
            actor: "system")
    }
}

extension House {
    /// Points the tenant's one language model at a provider.
    func model(at baseURL: String, named name: String) async throws {
        let key = try await Tenants(database).key(of: tenant, under: master)
        try await ModelProviders(database).put(
            tenant, name: Seed.provider, baseURL: baseURL, model: name,
            apiKey: try key.seal(Secret(Canary.model), at: ModelProviders.place(tenant, name: Seed.provider)),
            actor: "system")
    }
}
