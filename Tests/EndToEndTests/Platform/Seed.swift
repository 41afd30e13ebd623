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
    let pages: PageServer
    let senders: [String]

    func plant(_ tenant: TenantID, _ graph: GraphID, _ residents: [House.Resident]) async throws {
        try await Tenants(database).create(tenant, slug: "demo", name: "Demo", master: master, actor: "system")
        _ = try await Users(database).create(
            tenant, id: .new(), email: House.owner, name: "Owner", role: "owner",
            passwordHash: try await PasswordHasher().hash(Secret(Canary.owner)), isPlatformAdmin: true,
            actor: "system")
        let definition = try JSONValue(
            parsing: Data(contentsOf: URL(filePath: "\(Repository.root)/Demo/briefing.graph.json")))
        _ = try await Graphs(database).create(
            tenant, id: graph, slug: "briefing", name: "Briefing", definition: definition, by: nil, actor: "system")
        for resident in residents {
            try await settle(resident, tenant, graph, hasModel: resident.name == "Bea")
        }
    }

    private func settle(_ resident: House.Resident, _ tenant: TenantID, _ graph: GraphID, hasModel: Bool) async throws {
        var definition: [String: JSONValue] = [
            "egress": ["mode": "public", "private": [.string("127.0.0.1:\(pages.port)")]]
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
