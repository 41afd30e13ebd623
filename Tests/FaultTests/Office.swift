import Domain
import Embedded
import FoundationEssentials
import Postgres
import Store
import TestKit
import Vault

/// A tenant with a persona, its mailbox and graph, in a database and a data directory of their own. Postgres, Redis, the
/// mail server and the pages are those of the test process: they survive whatever happens to the platform.
struct Office: Sendable {
    let data: String
    let databaseURL: String
    let redisURL: String
    let database: Database
    let master: MasterKey
    let mail: Correspondence
    let pages: PageServer
    let tenant = TenantID.new()
    let persona = PersonaID.new()
    let mailbox = MailboxID.new()
    let graph = GraphID.new()

    static let pages = ["/tides", "/harbours"]

    /// Only these may run beside each other: each is a whole platform with a browser.
    static let gate = Gate(2)

    static func with(_ body: (Office) async throws -> Void) async throws {
        try await gate.with {
            try await OwnDatabase.with { own in
                let data = try TemporaryTree.make("fault")
                let office = Office(
                    data: data, databaseURL: own.url, redisURL: try await TestServices.shared.redisURL(),
                    database: open(own.url), master: try MasterKey(file: "\(data)/master.key"),
                    mail: try await Correspondence.open(), pages: try pageServer())
                do {
                    try await office.seed()
                    try await body(office)
                } catch {
                    await office.close()
                    throw error
                }
                await office.close()
            }
        }
    }

    /// In a data directory whose Postgres answers at `url`; to be seeded, and closed at the end.
    static func moved(into data: String, url: String) async throws -> Office {
        Office(
            data: data, databaseURL: url, redisURL: "", database: open(url),
            master: try MasterKey(file: "\(data)/master.key"), mail: try await Correspondence.open(),
            pages: try pageServer())
    }

    func start(failpoint: String? = nil, logLevel: String = "notice") async throws -> Platform {
        try await Platform.start(
            [
                "up", "--data-dir", data, "--database-url", databaseURL, "--redis-url", redisURL, "--listen",
                "127.0.0.1:0", "--log-level", logLevel, "--migrations", Repository.migrations, "--sandbox",
                "bubblewrap",
            ], log: "\(data)/platform.log", failpoint: failpoint)
    }

    func request() async throws -> String { try await mail.request(pages: Self.pages.map { pages.url($0) }) }

    /// The run that the mail began, once there is one.
    func run() async throws -> Run? { try await Runs(database).list(tenant, limit: 2).last }

    /// The run, once nothing more happens by itself.
    func settled() async throws -> Run {
        var last: Run?
        try await until("the run ends") {
            last = try await run()
            return last?.status.isFinal == true || last?.status == .waiting
        }
        guard let last else { throw Overdue(description: "there is no run") }
        return last
    }

    static func open(_ url: String) -> Database {
        Database(
            app: PostgresPool(PostgresConfiguration(dsn: url, onConnect: ["SET ROLE persona_app"]), size: 2),
            dispatch: PostgresPool(PostgresConfiguration(dsn: url, onConnect: ["SET ROLE persona_dispatch"]), size: 1))
    }

    func close() async {
        pages.stop()
        await database.app.close()
        await database.dispatch.close()
    }

    private static func pageServer() throws -> PageServer {
        let prose = String(
            repeating: "<p>Tides rise and fall twice a day, pulled by the moon, and harbours keep tables of them.</p>",
            count: 6)
        return try PageServer(
            Dictionary(
                uniqueKeysWithValues: pages.map { path in
                    (path, .answer(body: "<!doctype html><title>On \(path.dropFirst())</title><h1>Tides</h1>\(prose)"))
                }))
    }

    /// As the demonstration seeds its tenant.
    func seed() async throws {
        try await Tenants(database).create(tenant, slug: "fault", name: "Fault", master: master, actor: "system")
        _ = try await Users(database).create(
            tenant, id: .new(), email: "owner@example.test", name: "Owner", role: "owner",
            passwordHash: try await PasswordHasher().hash(Secret(Correspondence.password)), isPlatformAdmin: false,
            actor: "system")
        let definition = try JSONValue(
            parsing: Data(contentsOf: URL(filePath: "\(Repository.root)/Demo/briefing.graph.json")))
        _ = try await Graphs(database).create(
            tenant, id: graph, slug: "briefing", name: "Briefing", definition: definition, by: nil, actor: "system")
        _ = try await Personas(database).create(
            tenant, id: persona, slug: "ada", name: "Ada",
            definition: ["egress": ["mode": "public", "private": [.string("127.0.0.1:\(pages.port)")]]], by: nil,
            actor: "system")
        let ports = mail.server.ports
        let settings = MailboxSettings(
            address: mail.persona, displayName: "Ada", username: mail.persona,
            imap: MailServerAddress(host: mail.server.host, port: Int(ports.imaps), security: "tls"),
            smtp: MailServerAddress(host: mail.server.host, port: Int(ports.submission), security: "starttls"),
            certificateAuthority: mail.server.certificateAuthority, allowedSenders: [mail.sender], graph: graph)
        let key = try await Tenants(database).key(of: tenant, under: master)
        let envelope = try key.seal(Secret(Correspondence.password), at: Mailboxes.place(tenant, mailbox))
        _ = try await Mailboxes(database).create(
            tenant, id: mailbox, persona: persona, settings: settings, password: envelope, actor: "system")
    }
}
