import Domain
import FoundationEssentials
import MIME
import PlatformKit
import Store
import Synchronization
import TestKit
import Vault

/// A running platform: all roles as `persona up` starts them, at log level trace, on the test process's Postgres (a
/// database of its own), Redis and mail server, with one tenant. All tests share it: each has mail addresses and pages of
/// its own.
struct House: Sendable {
    /// The tenant's one language model.
    static let model = "main"

    let data: String
    let databaseURL: String
    let seed: TenantSeed
    /// Writes by itself.
    let ada: Resident
    /// Has a language model.
    let bea: Resident
    let pages: PageServer
    /// The persona may go there, but nobody listens.
    let closedPort: UInt16
    let platform: PlatformProcess
    let client: PlatformClient

    var database: Database { seed.database }
    var tenant: TenantID { seed.tenant }

    /// A persona with its mailbox.
    struct Resident: Sendable {
        let name: String
        let account: Correspondent
        let persona: PersonaID
        let mailbox: MailboxID

        var address: String { account.address }
        var person: MIME.Mailbox { MIME.Mailbox(name: name, address: address) }
    }

    /// Started by the first test that asks; ends with the test process.
    static func open() async throws -> House { try await shared.value }

    private static let shared = Task { () throws -> House in
        try await withCheckedThrowingContinuation { opened in
            // The database lives as long as the platform that uses it: until the process ends.
            Task {
                let isOpened = Mutex(false)
                do {
                    try await OwnDatabase.with { own in
                        let house = try await start(own.url)
                        isOpened.withLock { $0 = true }
                        opened.resume(returning: house)
                        for await _ in AsyncStream<Never>.makeStream().stream {}
                    }
                } catch {
                    if !isOpened.withLock({ $0 }) { opened.resume(throwing: error) }
                }
            }
        }
    }

    private static func start(_ url: String) async throws -> House {
        let data = try TemporaryTree.make("e2e")
        let pages = try PageServer([:])
        let closed = try PageServer([:])
        closed.stop()
        let seed = TenantSeed(
            database: TenantSeed.open(url), master: try MasterKey(file: "\(data)/master.key"))
        try await seed.plant()
        let graph = try await seed.graph(try definition(), slug: "briefing")
        let ports = [pages.port, closed.port]
        let ada = try await settle("Ada", seed, graph, ports), bea = try await settle("Bea", seed, graph, ports, model)
        let platform = try await PlatformProcess.start(
            [
                "up", "--data-dir", data, "--database-url", url, "--redis-url",
                try await TestServices.shared.redisURL(), "--listen", "127.0.0.1:0", "--log-level", "trace",
                "--migrations", Repository.migrations, "--sandbox", "bubblewrap",
            ], log: "\(data)/platform.log")
        let client = try await PlatformClient.login(
            try await platform.address(), email: TenantSeed.owner, password: TenantSeed.ownerPassword)
        return House(
            data: data, databaseURL: url, seed: seed, ada: ada, bea: bea, pages: pages, closedPort: closed.port,
            platform: platform, client: client)
    }

    /// The demonstration's graph, but for its patience with a model that hangs.
    private static func definition() throws -> JSONValue {
        let text = String(decoding: try TenantSeed.briefing().canonicalBytes(), as: UTF8.self)
        return try JSONValue(
            parsing: Array(text.replacing("\"timeout_seconds\":120", with: "\"timeout_seconds\":6").utf8))
    }

    private static func settle(
        _ name: String, _ seed: TenantSeed, _ graph: GraphID, _ ports: [UInt16], _ model: String? = nil
    ) async throws -> Resident {
        let account = try await Correspondent.one()
        let persona = try await seed.persona(name, ports: ports, model: model)
        let mailbox = try await seed.mailbox(
            persona, account, name: name, senders: ["@example.test"], graph: graph)
        return Resident(name: name, account: account, persona: persona, mailbox: mailbox)
    }
}
