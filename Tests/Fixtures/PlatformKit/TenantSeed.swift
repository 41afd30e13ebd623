package import Domain
import Embedded
import FoundationEssentials
import Postgres
package import Store
import TestKit
import ToolKit
package import Vault

/// A tenant in a database: its owner, graphs, personas and mailboxes, as the demonstration seeds its own.
package struct TenantSeed: Sendable {
    package static let owner = "owner@demo.test"
    package static let ownerPassword = "canary-owner-c63e0d97"

    package let database: Database
    package let master: MasterKey
    package let tenant = TenantID.new()

    package init(database: Database, master: MasterKey) {
        self.database = database
        self.master = master
    }

    /// As the platform opens it: row-level security bound to a tenant, and the dispatcher beside it.
    package static func open(_ url: String, connections: Int = 3) -> Database {
        Database(
            app: PostgresPool(
                PostgresConfiguration(dsn: url, onConnect: ["SET ROLE persona_app"]), size: connections),
            dispatch: PostgresPool(PostgresConfiguration(dsn: url, onConnect: ["SET ROLE persona_dispatch"]), size: 1))
    }

    /// The tenant and its owner.
    package func plant() async throws {
        try await Tenants(database).create(tenant, slug: "demo", name: "Demo", master: master, actor: "system")
        _ = try await Users(database).create(
            tenant, id: .new(), email: Self.owner, name: "Owner", role: "owner",
            passwordHash: try await PasswordHasher().hash(Secret(Self.ownerPassword)), isPlatformAdmin: true,
            actor: "system")
        // Tests of faults send more mails in an hour than a persona may by itself.
        if let all = ToolPattern("email.*") {
            _ = try await ToolRules(database).create(
                tenant, ToolRule(subject: .tenant, pattern: all, verdict: nil, perHour: 1_000_000), actor: "system")
        }
    }

    package func graph(_ definition: JSONValue, slug: String) async throws -> GraphID {
        let id = GraphID.new()
        _ = try await Graphs(database).create(
            tenant, id: id, slug: slug, name: slug, definition: definition, by: nil, actor: "system")
        return id
    }

    /// The demonstration's graph.
    package static func briefing() throws -> JSONValue {
        try JSONValue(parsing: Data(contentsOf: URL(filePath: "\(Repository.root)/Demo/briefing.graph.json")))
    }

    /// `ports` of this machine the persona may reach.
    package func persona(_ name: String, ports: [UInt16], model: String? = nil) async throws -> PersonaID {
        let id = PersonaID.new()
        var definition: [String: JSONValue] = [
            "egress": ["mode": "public", "private": .array(ports.map { .string("127.0.0.1:\($0)") })]
        ]
        definition["model"] = model.map { .string($0) }
        _ = try await Personas(database).create(
            tenant, id: id, slug: name.lowercased(), name: name, definition: .object(definition), by: nil,
            actor: "system")
        return id
    }

    /// A mailbox of the persona's at the test process's mail server, or with another way out (`smtp`).
    package func mailbox(
        _ persona: PersonaID, _ account: Correspondent, name: String, senders: [String], graph: GraphID,
        smtp: MailServerAddress? = nil, status: String = "active"
    ) async throws -> MailboxID {
        let id = MailboxID.new()
        let server = account.server
        let settings = MailboxSettings(
            address: account.address, displayName: name, username: account.address,
            imap: MailServerAddress(host: server.host, port: Int(server.ports.imaps), security: "tls"),
            smtp: smtp
                ?? MailServerAddress(host: server.host, port: Int(server.ports.submission), security: "starttls"),
            certificateAuthority: server.certificateAuthority, allowedSenders: senders, graph: graph, status: status)
        let key = try await Tenants(database).key(of: tenant, under: master)
        _ = try await Mailboxes(database).create(
            tenant, id: id, persona: persona, settings: settings,
            password: try key.seal(Secret(Correspondent.password), at: Mailboxes.place(tenant, id)), actor: "system")
        return id
    }

    /// Points the tenant's model of this name at a provider.
    package func model(_ name: String, at baseURL: String, model: String, apiKey: String) async throws {
        let key = try await Tenants(database).key(of: tenant, under: master)
        try await ModelProviders(database).put(
            tenant, name: name, baseURL: baseURL, model: model,
            apiKey: try key.seal(Secret(apiKey), at: ModelProviders.place(tenant, name: name)), actor: "system")
    }

    /// How many rows a table has of this tenant's.
    package func count(_ table: String) async throws -> Int {
        try await database.rows(
            tenant, "SELECT count(*) AS n FROM \(table) WHERE tenant_id = $1", [tenant.value]
        ).first?.int("n") ?? 0
    }

    package func close() async {
        await database.app.close()
        await database.dispatch.close()
    }
}
