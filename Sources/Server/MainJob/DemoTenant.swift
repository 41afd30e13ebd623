import Domain
import Embedded
import FoundationEssentials
import Store
import Vault

/// The demo's tenant: made once, brought up to date at each start.
struct DemoTenant: Sendable {
    static let slug = "demo"
    static let owner = "owner@demo.test"
    static let personaAddress = "ada@demo.test"
    static let correspondentAddress = "mira@demo.test"
    static let modelProvider = "default"

    let tenant: TenantID
    let persona: PersonaID
    let mailbox: MailboxID
    /// The owner's password; it is kept in the data directory, readable by its owner alone.
    let ownerPassword: String

    /// Seeds whatever is missing. `sitePort` is where the demo's pages are served.
    static func seed(
        _ configuration: Configuration, _ storage: Storage, mail: MailServer, mailPassword: String, sitePort: Int
    ) async throws -> DemoTenant {
        let password = try DemoSecrets.text(named: "demo-owner-password", in: configuration.dataDirectory)
        let tenant = try await self.tenant(storage, password: password)
        try await provider(configuration, storage, tenant)
        let graph = try await graph(storage, tenant)
        let persona = try await persona(configuration, storage, tenant, sitePort: sitePort)
        let mailbox = try await mailbox(
            storage, tenant, persona, graph, mail: mail, password: Secret(mailPassword))
        return DemoTenant(tenant: tenant, persona: persona, mailbox: mailbox, ownerPassword: password)
    }

    private static func tenant(_ storage: Storage, password: String) async throws -> TenantID {
        let tenants = Tenants(storage.database)
        if let known = try await tenants.find(slug: slug) { return known.id }
        let id = TenantID.new()
        try await tenants.create(id, slug: slug, name: "Demo", master: storage.master, actor: "system")
        _ = try await Users(storage.database).create(
            id, id: .new(), email: owner, name: "Demo Owner", role: "owner",
            passwordHash: try await PasswordHasher().hash(Secret(password)), isPlatformAdmin: true, actor: "system")
        return id
    }

    private static func provider(_ configuration: Configuration, _ storage: Storage, _ tenant: TenantID) async throws {
        let providers = ModelProviders(storage.database)
        guard let model = configuration.model else {
            _ = try await providers.remove(tenant, name: modelProvider, actor: "system")
            return
        }
        let key = try await Tenants(storage.database).key(of: tenant, under: storage.master)
        let envelope = try key.seal(model.key, at: ModelProviders.place(tenant, name: modelProvider))
        try await providers.put(
            tenant, name: modelProvider, baseURL: model.baseURL, model: model.name, apiKey: envelope, actor: "system")
    }

    private static func graph(_ storage: Storage, _ tenant: TenantID) async throws -> GraphID {
        let definition = try JSONValue(parsing: Data(contentsOf: URL(filePath: "Demo/briefing.graph.json")))
        _ = try GraphDefinition(definition)
        let graphs = Graphs(storage.database)
        guard let known = try await graphs.find(tenant, slug: "briefing") else {
            return try await graphs.create(
                tenant, id: .new(), slug: "briefing", name: "Briefing by mail", definition: definition, by: nil,
                actor: "system"
            ).id
        }
        if known.definition != definition {
            _ = try await graphs.update(
                tenant, known.id, revision: nil, name: nil, status: nil, definition: definition, by: nil,
                actor: "system")
        }
        return known.id
    }

    private static func persona(
        _ configuration: Configuration, _ storage: Storage, _ tenant: TenantID, sitePort: Int
    ) async throws -> PersonaID {
        var definition: [String: JSONValue] = [
            "description": "Prepares briefings: slides, a workbook and a page to print.", "language": "en",
            "egress": ["mode": "public", "private": ["127.0.0.1:\(sitePort)".json]],
        ]
        if configuration.model != nil { definition["model"] = .string(modelProvider) }
        let personas = Personas(storage.database)
        guard let known = try await personas.find(tenant, slug: "ada") else {
            return try await personas.create(
                tenant, id: .new(), slug: "ada", name: "Ada", definition: .object(definition), by: nil, actor: "system"
            ).id
        }
        if known.definition != .object(definition) {
            _ = try await personas.update(
                tenant, known.id, revision: nil, name: nil, status: nil, definition: .object(definition), by: nil,
                actor: "system")
        }
        return known.id
    }

    private static func mailbox(
        _ storage: Storage, _ tenant: TenantID, _ persona: PersonaID, _ graph: GraphID, mail: MailServer,
        password: Secret
    ) async throws -> MailboxID {
        let settings = MailboxSettings(
            address: personaAddress, displayName: "Ada", username: personaAddress,
            imap: MailServerAddress(host: mail.host, port: Int(mail.ports.imaps), security: "tls"),
            smtp: MailServerAddress(host: mail.host, port: Int(mail.ports.submission), security: "starttls"),
            certificateAuthority: mail.certificateAuthority, allowedSenders: [correspondentAddress], graph: graph)
        let mailboxes = Mailboxes(storage.database)
        let known = try await mailboxes.list(tenant, persona: persona, after: nil, limit: 1).first
        let id = known?.id ?? .new()
        let key = try await Tenants(storage.database).key(of: tenant, under: storage.master)
        let envelope = try key.seal(password, at: Mailboxes.place(tenant, id))
        if let known {
            guard known.settings != settings else { return id }
            _ = try await mailboxes.update(
                tenant, id, revision: nil, settings: settings, password: envelope, actor: "system")
        } else {
            _ = try await mailboxes.create(
                tenant, id: id, persona: persona, settings: settings, password: envelope, actor: "system")
        }
        return id
    }
}

extension String {
    fileprivate var json: JSONValue { .string(self) }
}

/// Passwords that the demo makes up once and keeps, mode 0600.
enum DemoSecrets {
    static func text(named name: String, in directory: String) throws -> String {
        let path = "\(try DataPath.absolute(directory))/\(name)"
        // Unreadable: not made yet.
        if let known = try? String(contentsOfFile: path, encoding: .utf8), !known.isEmpty { return known }
        let fresh = Password.random().reveal()
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(fresh.utf8), attributes: [.posixPermissions: 0o600])
        else { throw MainJobFailure("\(path) cannot be written.") }
        return fresh
    }
}
